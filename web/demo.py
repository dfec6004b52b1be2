"""The demonstration: become one of the fictitious people, and move the clock forward."""

from __future__ import annotations

from flask import Blueprint, current_app, flash, redirect, request
from flask.typing import ResponseReturnValue

from engine.errors import InvalidRequest, NotAllowed
from web import visitor
from web.addresses import safe_path
from web.texts import gettext as _
from web.texts import lazy_gettext as _l
from web.texts import ngettext

bp = Blueprint("demo", __name__)

HOUR = 3600
MOVES = (
    (HOUR, _l("+1 h")),
    (6 * HOUR, _l("+6 h")),
    (24 * HOUR, _l("+1 j")),
    (72 * HOUR, _l("+3 j")),
    (168 * HOUR, _l("+7 j")),
)


@bp.post("/demo/horloge")
def move_clock() -> ResponseReturnValue:
    """Move the clock of the demo forward; everything due on the way happens, each thing at its own time."""
    visitor.current_actor()
    territory = visitor.current_territory()
    if territory is None or not territory.is_demo:
        raise NotAllowed(_("Seule l'horloge d'un territoire de démonstration peut être avancée."))
    seconds = request.form.get("seconds", type=int)
    if seconds not in {length for length, _label in MOVES}:
        raise InvalidRequest(_("L'horloge avance d'une heure, six heures, un, trois ou sept jours."))
    advance = current_app.extensions["parcours_advance"]
    fired = advance(territory_id=territory.id, seconds=seconds, now=visitor.now())
    flash(
        _("L'horloge a avancé.")
        + " "
        + (
            ngettext("%(num)s échéance est passée.", "%(num)s échéances sont passées.", fired)
            if fired
            else _("Aucune échéance sur le chemin.")
        ),
        "done",
    )
    return redirect(safe_path(request.form.get("suite")), 303)
