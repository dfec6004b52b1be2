"""A patient opposes the sharing of their data: it stops at once, and those around the patient are told."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine import policies, trace
from engine.actor import Actor
from engine.at_hand import patient_at_hand
from engine.commands.case_life import cancel
from engine.commands.emergencies import tell
from engine.eligibility import in_circle_now
from engine.errors import Conflict
from engine.models import CareCircleMember, Case, EmergencyAccess, Patient


def oppose(session: Session, *, patient_id: UUID, by: Actor, now: datetime) -> int:
    """Note the opposition: open cases are closed, the care circle ends, nobody but the coordination sees anything.

    Returns how many cases were closed. The members of the circle get a notice without a name: the coordination calls.
    """
    policies.check_may_coordinate(by)
    patient = patient_at_hand(session, patient_id=patient_id, by=by)
    if patient.opposition_at is not None:
        raise Conflict("L'opposition de ce patient est déjà notée.")
    now_member = (
        CareCircleMember.patient_id == patient_id,
        in_circle_now(CareCircleMember, now),
    )
    told = session.execute(select(CareCircleMember.professional_id).where(*now_member)).scalars().all()
    open_cases = (
        session.execute(select(Case.id).where(Case.patient_id == patient_id, Case.closed_at.is_(None))).scalars().all()
    )
    for case_id in open_cases:
        cancel(session, case_id=case_id, reason="Opposition du patient au partage de ses données.", by=by, now=now)
    session.execute(update(CareCircleMember).where(*now_member).values(valid_to=now, usual=False))
    session.execute(
        update(EmergencyAccess)
        .where(EmergencyAccess.patient_id == patient_id, EmergencyAccess.ends_at > now)
        .values(ends_at=now)
    )
    session.execute(update(Patient).where(Patient.id == patient_id).values(opposition_at=now))
    trace.record(session, action="patients.oppose", by=by, now=now, patient_id=patient_id)
    others = tuple(person for person in told if person is not None)
    tell(session, "opposition", patient_id, by=by, now=now, others=others)
    return len(open_cases)


def withdraw(session: Session, *, patient_id: UUID, by: Actor, now: datetime) -> None:
    """The patient agrees again: new cases may be opened; what was closed stays closed."""
    policies.check_may_coordinate(by)
    if patient_at_hand(session, patient_id=patient_id, by=by).opposition_at is None:
        raise Conflict("Aucune opposition n'est notée pour ce patient.")
    session.execute(update(Patient).where(Patient.id == patient_id).values(opposition_at=None))
    trace.record(session, action="patients.withdraw_opposition", by=by, now=now, patient_id=patient_id)
