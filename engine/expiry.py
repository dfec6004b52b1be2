"""What is past its keeping, as SQL: the same conditions tell the page how much is due and the purge what to delete."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_, select

from engine.models import (
    Case,
    CaseState,
    EarlyMessage,
    ErasureHold,
    IdempotencyKey,
    Job,
    Outbox,
    Patient,
    SignIn,
    Table,
)
from engine.retention import Kept

PURGE, NIGHTLY_PURGE = "purge", "nightly_purge"
"""Kinds of the jobs that keep the certificates: never purged themselves."""


def expired(what: Kept, territory_id: UUID, before: datetime, now: datetime) -> tuple[type[Table], ColumnElement[bool]]:
    """The table and condition of the rows of a class kept until `before`. Raises KeyError for CLOSED_CASES."""
    closed = select(Case.id).where(Case.id == Outbox.case_id, Case.closed_at.is_not(None)).exists()
    found: dict[Kept, tuple[type[Table], ColumnElement[bool]]] = {
        Kept.RECEIVED_MESSAGES: (
            EarlyMessage,
            and_(EarlyMessage.territory_id == territory_id, EarlyMessage.received_at < before,
                 EarlyMessage.expires_at < now),
        ),
        Kept.NOTIFICATIONS: (
            Outbox,
            and_(Outbox.territory_id == territory_id, Outbox.created_at < before, Outbox.state != "waiting",
                 or_(Outbox.case_id.is_(None), closed)),
        ),
        Kept.SENT_COMMANDS: (
            IdempotencyKey, and_(IdempotencyKey.territory_id == territory_id, IdempotencyKey.created_at < before),
        ),
        Kept.FORMER_STATES: (CaseState, and_(CaseState.territory_id == territory_id, CaseState.kept_at < before)),
        Kept.ENDED_SESSIONS: (SignIn, and_(SignIn.territory_id == territory_id, SignIn.last_seen_at < before)),
        Kept.FINISHED_JOBS: (
            Job,
            and_(Job.territory_id == territory_id, Job.finished_at < before, Job.kind.not_in((PURGE, NIGHTLY_PURGE))),
        ),
    }  # fmt: skip
    return found[what]


def persons_expired(territory_id: UUID, before: datetime) -> Select[UUID]:
    """Patients whose every case closed before that day, not erased yet and not held back; in a steady order."""
    kept = select(ErasureHold.patient_id).where(ErasureHold.patient_id == Patient.id).exists()
    alive = (
        select(Case.id)
        .where(Case.patient_id == Patient.id, or_(Case.closed_at.is_(None), Case.closed_at >= before))
        .exists()
    )
    known = select(Case.id).where(Case.patient_id == Patient.id).exists()
    return (
        select(Patient.id)
        .where(Patient.territory_id == territory_id, Patient.erased_at.is_(None), known, ~alive, ~kept)
        .order_by(Patient.id)
    )
