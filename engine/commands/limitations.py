"""The right to limitation: the data of a patient stays where it is, and nothing more is done with it for now."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import policies, trace
from engine.actor import Actor
from engine.commands.case_life import hold, resume
from engine.errors import Conflict
from engine.models import Case

WHY = "Le patient demande la limitation de l'usage de ses données."


def limit(session: Session, *, patient_id: UUID, by: Actor, now: datetime) -> int:
    """Put every running case of the patient on hold. Returns how many. Raises NotAllowed, Conflict when none runs."""
    policies.check_may_coordinate(by)
    running = _cases(session, patient_id, by, "active")
    if not running:
        raise Conflict("Aucun dossier de ce patient n'est en cours : il n'y a rien à limiter.")
    for case_id in running:
        hold(session, case_id=case_id, reason=WHY, by=by, now=now)
    trace.record(session, action="patients.limit", by=by, now=now, patient_id=patient_id)
    return len(running)


def lift(session: Session, *, patient_id: UUID, by: Actor, now: datetime) -> int:
    """Take the suspended cases of the patient up again. Returns how many. Raises NotAllowed, Conflict when none is."""
    policies.check_may_coordinate(by)
    held = _cases(session, patient_id, by, "on_hold")
    if not held:
        raise Conflict("Aucun dossier de ce patient n'est suspendu.")
    for case_id in held:
        resume(session, case_id=case_id, reason="Le patient est d'accord.", by=by, now=now)
    trace.record(session, action="patients.lift_limitation", by=by, now=now, patient_id=patient_id)
    return len(held)


def _cases(session: Session, patient_id: UUID, by: Actor, state: str) -> list[UUID]:
    return list(
        session.execute(
            select(Case.id)
            .where(Case.patient_id == patient_id, Case.territory_id == by.territory_id, Case.state == state)
            .order_by(Case.opened_at, Case.id)
        ).scalars()
    )
