"""The outbox: letters claimed by a sweep, carried out or sent, and marked. Claimed by one sweep at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.actor import system_actor
from engine.commands import cases, messages
from engine.models import Account, Outbox, Professional

INTERNAL_CHANNELS = ("pathway", "message")
CLAIM_SECONDS = 120
RETRY_MINUTES = (1, 5, 15, 60, 240, 720)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One row of the outbox, ready to be sent. `path` is the page of the product that it points to."""

    id: int
    territory_id: UUID
    channel: str
    address: str
    template: str
    created_at: datetime
    case_id: UUID | None = None
    reference: str = ""
    path: str = "/"
    locale: str = "fr"
    parameters: dict[str, Any] = field(default_factory=dict)
    not_before: datetime | None = None
    """When it may leave: later than `created_at` for what is asked for another day."""


def claim(session: Session, *, territory_id: UUID, now: datetime, limit: int) -> tuple[Letter, ...]:
    """Take up to `limit` waiting letters of a territory, oldest first; no other sweep gets them for two minutes."""
    free = (Outbox.claimed_until.is_(None)) | (Outbox.claimed_until <= now)
    due = (
        select(Outbox.id)
        .where(Outbox.territory_id == territory_id, Outbox.state == "waiting", Outbox.not_before <= now, free)
        .order_by(Outbox.not_before, Outbox.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    claimed = (
        session.execute(
            update(Outbox)
            .where(Outbox.id.in_(due.scalar_subquery()), free)
            .values(claimed_until=now + timedelta(seconds=CLAIM_SECONDS), attempts=Outbox.attempts + 1)
            .returning(Outbox.id)
            .execution_options(synchronize_session=False)
        )
        .scalars()
        .all()
    )
    rows = session.execute(
        select(Outbox, Professional.email, Account.locale)
        .outerjoin(Professional, Professional.id == Outbox.recipient_id)
        .outerjoin(Account, Account.professional_id == Outbox.recipient_id)
        .where(Outbox.id.in_(claimed))
        .order_by(Outbox.id)
    )
    return tuple({row.Outbox.id: _letter(row.Outbox, row.email, row.locale) for row in rows}.values())


def carry_out(session: Session, *, letter: Letter, now: datetime) -> None:
    """Do what a letter to the engine itself asks: start a case of another pathway, or tell the patient's others."""
    by = system_actor(letter.territory_id)
    if letter.channel == "pathway":
        cases.start_from_effect(
            session,
            parameters=letter.parameters,
            from_case_id=letter.case_id,
            by=by,
            now=now,
            key=f"outbox-{letter.id}",
        )
    else:
        messages.deliver_from_effect(
            session,
            parameters=letter.parameters,
            from_case_id=letter.case_id,
            by=by,
            now=now,
            key=f"outbox-{letter.id}",
        )


def mark_sent(session: Session, *, letter_id: int, now: datetime) -> None:
    """The letter left; it is never sent again."""
    session.execute(update(Outbox).where(Outbox.id == letter_id).values(state="sent", sent_at=now, problem=""))


def mark_failed(session: Session, *, letter_id: int, problem: str, now: datetime) -> None:
    """Try again later, less and less often; give up (state `failed`, visible to the operator) after the last try."""
    attempts = session.execute(select(Outbox.attempts).where(Outbox.id == letter_id)).scalar_one()
    if attempts > len(RETRY_MINUTES):
        values: dict[str, Any] = {"state": "failed"}
    else:
        values = {"not_before": now + timedelta(minutes=RETRY_MINUTES[attempts - 1]), "claimed_until": None}
    session.execute(update(Outbox).where(Outbox.id == letter_id).values(problem=problem[:300], **values))


def _letter(row: Outbox, email: str | None, locale: str | None) -> Letter:
    return Letter(
        id=row.id,
        territory_id=row.territory_id,
        channel=row.channel,
        address=row.address or email or "",
        template=row.template,
        created_at=row.created_at,
        not_before=row.not_before,
        case_id=row.case_id,
        reference=str(row.parameters.get("reference", "")),
        path=f"/taches/{row.task_id}" if row.task_id else "/",
        locale=locale or "fr",
        parameters=dict(row.parameters),
    )
