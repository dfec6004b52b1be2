"""Compactions: asked for by an erasure, carried out by the worker, so that no byte of a destroyed key stays on disk.

Nobody waits for one: the keys cannot be read from the moment the erasure is committed.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from engine.models import Job

COMPACTION = "compaction"


def ask(session: Session, *, territory_id: UUID, now: datetime) -> None:
    """Have the files of the database compacted soon; one compaction serves every erasure before it."""
    session.execute(
        insert(Job).values(
            id=uuid4(), territory_id=territory_id, kind=COMPACTION, detail={}, total=1, created_at=now
        )
    )  # fmt: skip


def asked(session: Session) -> tuple[UUID, ...]:
    """The compactions that wait."""
    waiting = select(Job.id).where(Job.kind == COMPACTION, Job.finished_at.is_(None)).order_by(Job.created_at)
    return tuple(session.execute(waiting).scalars())


def done(session: Session, *, job_ids: tuple[UUID, ...], now: datetime) -> None:
    """The files have been compacted since these were asked for."""
    session.execute(update(Job).where(Job.id.in_(job_ids)).values(done=1, finished_at=now))
