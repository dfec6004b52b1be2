"""« Conservation »: what is kept, for how long, what is due now, and the certificates of past purges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.actor import Actor
from engine.errors import NotFound
from engine.expiry import NIGHTLY_PURGE, PURGE, expired, persons_expired
from engine.models import ErasureHold, Job, TerritoryRow
from engine.policies import may_administer, may_coordinate
from engine.retention import LENGTHS, Kept, Length, kept_for

LATEST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptClass:
    """One class: how long it is kept, and how much is past it now."""

    what: Kept
    days: int
    bounds: Length
    due: int
    by_itself: bool
    """True when the nightly purge deletes it; False when somebody must ask."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purge:
    """A purge, running or done: its certificate is the numbers of `detail`."""

    id: UUID
    nightly: bool
    asked_by: str
    created_at: datetime
    finished_at: datetime | None
    done: int
    total: int
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionPage:
    """The whole page."""

    classes: Sequence[KeptClass]
    held_back: int
    purges: Sequence[Purge]
    may_choose: bool


def retention_page(session: Session, *, by: Actor, now: datetime) -> RetentionPage:
    """Raises NotFound but for the coordination, the administration included."""
    _check(by)
    settings = session.execute(select(TerritoryRow.settings).where(TerritoryRow.id == by.territory_id)).scalar_one()
    held = select(func.count()).select_from(ErasureHold).where(ErasureHold.territory_id == by.territory_id)
    jobs = session.execute(
        select(Job)
        .where(Job.territory_id == by.territory_id, Job.kind.in_((PURGE, NIGHTLY_PURGE)), Job.total > 0)
        .order_by(Job.created_at.desc(), Job.id)
        .limit(LATEST)
    ).scalars()
    return RetentionPage(
        classes=tuple(_class(session, what, settings, by, now) for what in Kept),
        held_back=session.execute(held).scalar_one(),
        purges=tuple(_purge(job) for job in jobs),
        may_choose=may_administer(by),
    )


def purge_of(session: Session, *, job_id: UUID, by: Actor) -> Purge:
    """One purge. Raises NotFound."""
    _check(by)
    job = session.execute(
        select(Job).where(
            Job.id == job_id, Job.territory_id == by.territory_id, Job.kind.in_((PURGE, NIGHTLY_PURGE))
        )
    ).scalar_one_or_none()  # fmt: skip
    if job is None:
        raise NotFound("Cette purge n'existe pas.")
    return _purge(job)


def unfinished_purges(session: Session, *, territory_id: UUID) -> Sequence[UUID]:
    """The purges the worker has to carry on."""
    return (
        session.execute(
            select(Job.id).where(Job.territory_id == territory_id, Job.kind == PURGE, Job.finished_at.is_(None))
        )
        .scalars()
        .all()
    )


def _check(by: Actor) -> None:
    if not may_coordinate(by):
        raise NotFound("Cette page n'existe pas.")


def _class(session: Session, what: Kept, settings: Mapping[str, Any], by: Actor, now: datetime) -> KeptClass:
    length = kept_for(settings, what)
    if what is Kept.CLOSED_CASES:
        counted = select(func.count()).select_from(persons_expired(by.territory_id, now - length).subquery())
    else:
        table, condition = expired(what, by.territory_id, now - length, now)
        counted = select(func.count()).select_from(table).where(condition)
    return KeptClass(
        what=what, days=length.days, bounds=LENGTHS[what], due=session.execute(counted).scalar_one(),
        by_itself=what is not Kept.CLOSED_CASES,
    )  # fmt: skip


def _purge(job: Job) -> Purge:
    return Purge(
        id=job.id, nightly=job.kind == NIGHTLY_PURGE, asked_by=job.detail.get("by", {}).get("name", ""),
        created_at=job.created_at, finished_at=job.finished_at, done=job.done, total=job.total, detail=job.detail,
    )  # fmt: skip
