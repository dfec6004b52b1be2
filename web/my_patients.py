"""« Mes patients »: in hospital, back home, and what is to do for each."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from engine.queries.my_patients import my_patients
from web import visitor
from web.calendar import calendar

bp = Blueprint("my_patients", __name__)


@bp.get("/mes-patients")
def index() -> ResponseReturnValue:
    """The patients whose care circle the person belongs to."""
    text = request.args.get("q", "").strip()[:100]
    with visitor.database().reading() as session:
        found = my_patients(session, by=visitor.current_actor(), now=visitor.now(), calendar=calendar(), text=text)
    groups = [(place, [one for one in found if one.place == place]) for place in ("home", "hospital", "pathway")]
    return render_template(
        "my_patients/index.html",
        groups=[(place, some) for place, some in groups if some],
        text=text,
        to_do=sum(len(one.tasks) for one in found),
        count=len(found),
    )
