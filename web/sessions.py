"""« Séances »: the group sessions of an education team; who came is noted once for everybody."""

from __future__ import annotations

from uuid import UUID, uuid4

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.commands.education import Attendance, record_attendance
from engine.errors import InvalidRequest
from engine.queries.education import SlotPage, slot_list, slot_page
from web import visitor
from web.texts import gettext as _
from web.texts import ngettext

bp = Blueprint("sessions", __name__, url_prefix="/seances")


@bp.get("")
def index() -> ResponseReturnValue:
    """The sessions of my programmes."""
    with visitor.database().reading() as session:
        found = slot_list(session, by=visitor.current_actor(), now=visitor.now())
    return render_template("sessions/index.html", slots=found)


@bp.get("/<uuid:slot_id>")
def show(slot_id: UUID) -> ResponseReturnValue:
    """One session: one table, everybody expected."""
    page = _page(slot_id)
    visitor.note_read(kind="slot", object_id=page.id, patient_id=None)
    return render_template("sessions/show.html", page=page, sent={}, key=str(uuid4()), problem="")


@bp.post("/<uuid:slot_id>")
def record(slot_id: UUID) -> ResponseReturnValue:
    """Note the whole group at once."""
    page = _page(slot_id)
    key = request.form.get("cle", "")[:60]
    try:
        with visitor.database().transaction() as session:
            recorded = record_attendance(
                session,
                slot_id=slot_id,
                lines=_lines(page),
                by=visitor.current_actor(),
                now=visitor.now(),
                key=f"seance-{key}" if key else None,
            )
    except InvalidRequest as refusal:
        shown = render_template("sessions/show.html", page=page, sent=request.form, key=key, problem=str(refusal))
        return shown, 422
    count = len(recorded.told)
    flash(
        ngettext("La séance est enregistrée : %(num)s dossier a avancé.",
                 "La séance est enregistrée : %(num)s dossiers ont avancé.", count), "done",
    )  # fmt: skip
    if recorded.left:
        flash(_("Sans effet pour : %(numbers)s (dossier clos ou suspendu).", numbers=", ".join(recorded.left)), "late")
    return redirect(url_for("sessions.show", slot_id=slot_id), 303)


def _page(slot_id: UUID) -> SlotPage:
    with visitor.database().reading() as session:
        return slot_page(session, slot_id=slot_id, by=visitor.current_actor(), now=visitor.now())


def _lines(page: SlotPage) -> dict[UUID, Attendance]:
    """What was chosen for each expected patient; the competence worked on is the same for the group."""
    worked_on = request.form.get("competence", "")
    known = {code for code, _label in page.competences}
    found = {}
    for one in page.attendees:
        level = request.form.get(f"niveau-{one.case_id}", "")
        learnt = [{"code": worked_on, "level": level}] if worked_on in known and level in ("0", "1", "2") else []
        found[one.case_id] = Attendance(
            status=request.form.get(f"presence-{one.case_id}", ""),
            competences=learnt,
            note=request.form.get(f"note-{one.case_id}", "")[:2000],
        )
    return found
