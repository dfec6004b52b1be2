"""Where each person lands and what their bar holds: by the work they do, others' areas are not shown at all."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Flask, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue

from engine.actor import Actor
from web import visitor
from web.texts import lazy_gettext as _l
from web.wording import HOSPITAL_ROLES

bp = Blueprint("home", __name__)

COORDINATION = frozenset({"coordinator", "dac_case_manager", "mission_lead", "quality_lead", "territory_admin"})
DESIGN = frozenset({"pathway_designer", "territory_admin"})
OBSERVERS = frozenset({"board_member", "user_representative"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One link of the bar. `roles`: who has it (None: all who have tasks); `first_for`: whose landing page it is."""

    endpoint: str
    label: object
    shortcut: str
    roles: frozenset[str] | None
    first_for: frozenset[str] = frozenset()


ENTRIES = (
    Entry("control_tower.index", _l("Suivi"), "g s", COORDINATION | OBSERVERS, (COORDINATION | OBSERVERS) - DESIGN),
    Entry("designer.index", _l("Modèles"), "g m", DESIGN, DESIGN),
    Entry("discharges.index", _l("Mes sorties"), "g o", HOSPITAL_ROLES, HOSPITAL_ROLES),
    Entry("sessions.index", _l("Séances"), "g c", frozenset({"etp_educator", "etp_coordinator"})),
    Entry("my_patients.index", _l("Mes patients"), "g p", frozenset({"gp"}), frozenset({"gp"})),
    Entry("worklist.mine", _l("Ma journée"), "g j", None),
    Entry("new_case.new", _l("Nouveau parcours"), "g n", HOSPITAL_ROLES | COORDINATION | {"gp"}),
    Entry("cases.index", _l("Dossiers"), "g d", COORDINATION),
    Entry("offline.outbox", _l("Envois"), "g e", frozenset({"home_nurse", "home_help", "physiotherapist"})),
)

OVERSIGHT = frozenset({"coordinator", "mission_lead"})
ACCOUNT_ENTRIES = (
    Entry("professionals.index", _l("Professionnels"), "", frozenset({"coordinator", "territory_admin"})),
    Entry("person_rights.reviews", _l("Accès d'urgence"), "", OVERSIGHT),
    Entry("retention.index", _l("Conservation"), "", OVERSIGHT | {"territory_admin"}),
)
"""What is needed now and then: in the menu of the person's name."""


def entries_for(actor: Actor) -> list[Entry]:
    """The bar of a person, the landing page first. An area that is not installed is left out."""
    known = [entry for entry in ENTRIES if entry.endpoint in current_app.view_functions]
    allowed = [entry for entry in known if _has(actor, entry)]
    return sorted(allowed, key=lambda entry: actor.roles.isdisjoint(entry.first_for))


def home_address(actor: Actor) -> str:
    """The page a person starts on."""
    entries = entries_for(actor)
    return url_for(entries[0].endpoint) if entries else url_for("worklist.mine")


def _has(actor: Actor, entry: Entry) -> bool:
    if entry.roles is None:
        return bool(actor.roles - OBSERVERS - DESIGN)
    return not actor.roles.isdisjoint(entry.roles)


@bp.get("/")
def home() -> ResponseReturnValue:
    """Everybody's own first page."""
    return redirect(home_address(visitor.current_actor()), 302)


def init(app: Flask) -> None:
    """Give every page its bar."""

    @app.context_processor
    def bar() -> dict[str, object]:
        found = visitor.visitor()
        return {
            "visitor": found,
            "territory": visitor.current_territory(),
            "nav_entries": entries_for(found.actor) if found is not None else [],
            "account_entries": [one for one in ACCOUNT_ENTRIES if found is not None and _has(found.actor, one)],
            "current_section": request.blueprint,
        }
