"""« Mes sorties »: what the ward prepares and what became of those who left."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from engine.errors import NotAllowed
from engine.queries.discharges import discharges
from web import visitor
from web.calendar import calendar
from web.texts import gettext as _
from web.wording import HOSPITAL_ROLES

bp = Blueprint("discharges", __name__)


@bp.get("/sorties")
def index() -> ResponseReturnValue:
    """The discharges of my ward, most pressing first."""
    by = visitor.current_actor()
    if by.roles.isdisjoint(HOSPITAL_ROLES):
        raise NotAllowed(_("Cette liste est celle des services de l'hôpital."))
    closed = request.args.get("voir") == "closes"
    text = request.args.get("q", "").strip()[:100]
    page = max(request.args.get("page", 1, type=int), 1)
    with visitor.database().reading() as session:
        found = discharges(session, by=by, now=visitor.now(), calendar=calendar(), closed=closed, text=text, page=page)
    return render_template("discharges/index.html", list=found, closed=closed, text=text, page=page)
