"""One patient over all their pathways."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from engine.queries.patient_page import patient_page
from web import visitor
from web.calendar import calendar

bp = Blueprint("patients", __name__, url_prefix="/patients/<uuid:patient_id>/parcours")


@bp.get("")
def show(patient_id: UUID) -> ResponseReturnValue:
    """One circle, one timeline, and what falls together."""
    with visitor.database().reading() as session:
        found = patient_page(
            session, patient_id=patient_id, by=visitor.current_actor(), now=visitor.now(), calendar=calendar()
        )
    visitor.note_read(kind="patient", object_id=found.id, patient_id=found.id)
    return render_template("patients/show.html", page=found)
