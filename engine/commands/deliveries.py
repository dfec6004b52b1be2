"""One message to one case, locked: delivered, or kept until a step waits for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from engine import trace
from engine.actor import Actor
from engine.bpmn import runner
from engine.course import settle, surroundings
from engine.errors import CaseClosed
from engine.expressions import to_json
from engine.library import Version
from engine.outcome import Value
from engine.projection import tables
from engine.projection.acting import Acting
from engine.projection.history import history_row
from engine.projection.loading import LoadedCase
from engine.projection.waits import default_delay
from engine.projection.writing import apply

DEFAULT_KEPT_FOR = "P7D"
"""How long an early message is kept (parameter `default_message_kept_for`)."""
OPEN_STATES = ("draft", "active", "on_hold")
"""States in which a case may still be told something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What became of a message, as a sentence. `delivered` is False while it is kept for later."""

    delivered: bool
    sentence: str
    case_numbers: tuple[str, ...] = ()


def deliver_to(
    session: Session,
    case: LoadedCase,
    version: Version,
    name: str,
    values: Mapping[str, Value],
    correlation_key: str | None,
    *,
    by: Actor,
    now: datetime,
) -> Delivery:
    """Deliver typed values to one locked case, or keep them until something waits for them."""
    if case.state not in OPEN_STATES:
        raise CaseClosed(f"Le dossier {case.number} est clos : le message « {name} » ne change plus rien.")
    if case.state == "on_hold":
        why = f"Le dossier {case.number} est suspendu"
        return _keep(session, case, version, name, values, correlation_key, why, by=by, now=now)
    outcome = runner.signal(
        version.program, case.control_state, message=name, payload=values, correlation_key=correlation_key,
        around=surroundings(case, version, now),
    )  # fmt: skip
    if outcome.incident is None and not outcome.delivered:
        return _keep(session, case, version, name, values, correlation_key, _why_not(case, name), by=by, now=now)
    attempted: dict[str, object] = {"verb": "signal"}
    if outcome.incident is not None:
        attempted["early"] = str(_store(session, case, version, name, values, correlation_key, "incident", by, now))
    settled = settle(session, case, version, outcome, facts=case.facts, attempted=attempted, now=now)
    acting = Acting(kind="message", detail={"message": name, "from": by.name[:200]})
    written = apply(session, case, version, settled, acting=acting, by=by, now=now)
    _trace(session, case, name, by, now)
    if written.incident is not None:
        return Delivery(
            delivered=False, case_numbers=(case.number,),
            sentence=f"Le message « {name} » est gardé, mais le parcours n'a pas pu avancer. {written.incident}",
        )  # fmt: skip
    sentence = f"Le message « {name} » est remis au dossier {case.number}."
    return Delivery(delivered=True, sentence=sentence, case_numbers=(case.number,))


def _keep(
    session: Session,
    case: LoadedCase,
    version: Version,
    name: str,
    values: Mapping[str, Value],
    correlation_key: str | None,
    why: str,
    *,
    by: Actor,
    now: datetime,
) -> Delivery:
    _store(session, case, version, name, values, correlation_key, why, by, now)
    connection = session.connection()
    connection.execute(tables.TOUCH_CASE, {"case": case.id, "before": case.version, "now": now})
    row = history_row(case, "message_kept", now, by=by, detail={"message": name})
    tables.add(connection, tables.HISTORY, [row])
    _trace(session, case, name, by, now)
    return Delivery(
        delivered=False, case_numbers=(case.number,),
        sentence=f"{why} : le message « {name} » est gardé et sera remis dès qu'une étape l'attendra.",
    )  # fmt: skip


def _store(
    session: Session,
    case: LoadedCase,
    version: Version,
    name: str,
    values: Mapping[str, Value],
    correlation_key: str | None,
    why: str,
    by: Actor,
    now: datetime,
) -> UUID:
    message_id = uuid4()
    row = {
        "id": message_id, "territory_id": case.territory_id, "case_id": case.id, "name": name,
        "correlation_key": correlation_key, "payload": {field: to_json(value) for field, value in values.items()},
        "received_at": now, "received_from": by.name[:200], "why": why,
        "expires_at": case.calendar.due(default_delay(version, "default_message_kept_for", DEFAULT_KEPT_FOR), now),
    }  # fmt: skip
    tables.add(session.connection(), tables.EARLY, [row])
    return message_id


def _why_not(case: LoadedCase, name: str) -> str:
    awaited = sorted({row["name"] for row in case.subscriptions})
    if name in awaited:
        return f"Dans le dossier {case.number}, l'étape qui attend « {name} » porte une autre clé de correspondance"
    others = f" (il attend : {', '.join(awaited)})" if awaited else ""
    return f"Aucune étape du dossier {case.number} n'attend ce message maintenant{others}"


def _trace(session: Session, case: LoadedCase, name: str, by: Actor, now: datetime) -> None:
    trace.record(
        session, action="messages.deliver", by=by, now=now, patient_id=case.patient_id, case_id=case.id,
        object_kind="message", object_id=name,
    )  # fmt: skip
