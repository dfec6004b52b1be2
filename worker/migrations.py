"""The sweep of migrations: the cases of unfinished jobs, one transaction each, a batch at a time."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from engine.commands import case_migrations
from engine.db import Database
from engine.queries.case_migrations import unfinished
from worker.jobs import sweep_jobs, take_some

BATCH = 50
"""Cases of one job in one sweep: the timers and letters of everybody else come in between."""


def sweep_migrations(database: Database) -> int:
    """Carry on the migrations of every territory. Returns how many cases were taken."""
    return sweep_jobs(
        database, unfinished, lambda job, territory, now: carry_on(database, job, territory_id=territory, now=now)
    )


def carry_on(database: Database, job_id: UUID, *, territory_id: UUID, now: datetime) -> int:
    """The next batch of one job. A case that cannot be taken is passed over, and the job says so."""

    def take(session: Session) -> bool:
        return case_migrations.apply_next(session, job_id=job_id, territory_id=territory_id, now=now)

    def pass_over(session: Session, problem: Exception) -> bool:
        case_migrations.skip_next(
            session, job_id=job_id, territory_id=territory_id, problem=type(problem).__name__, now=now
        )
        return True

    return take_some(database, most=BATCH, take=take, pass_over=pass_over, about=f"migration {job_id}")
