"""The sweep of migrations: the cases of unfinished jobs, one transaction each, a batch at a time."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import structlog

from engine.clock import shifted
from engine.commands import case_migrations
from engine.db import Database
from engine.errors import CaseChanged
from engine.queries.case_migrations import unfinished
from engine.queries.clocks import territory_clocks

log = structlog.get_logger("parcours.worker")

BATCH = 50
"""Cases of one job in one sweep: the timers and letters of everybody else come in between."""


def sweep_migrations(database: Database) -> int:
    """Carry on the migrations of every territory. Returns how many cases were taken."""
    with database.reading() as session:
        jobs = [
            (clock.territory_id, shifted(clock.offset_seconds), job_id)
            for clock in territory_clocks(session)
            for job_id in unfinished(session, territory_id=clock.territory_id)
        ]
    return sum(carry_on(database, job_id, territory_id=territory, now=now) for territory, now, job_id in jobs)


def carry_on(database: Database, job_id: UUID, *, territory_id: UUID, now: datetime) -> int:
    """The next batch of one job. A case that cannot be taken is passed over, and the job says so."""
    for taken in range(1, BATCH + 1):
        try:
            with database.transaction() as session:
                more = case_migrations.apply_next(session, job_id=job_id, territory_id=territory_id, now=now)
        except CaseChanged:
            return taken  # somebody is at work in this case: the next sweep finds it quiet
        except Exception as problem:
            log.error("migration_failed", job=str(job_id), problem=type(problem).__name__, exc_info=True)
            with database.transaction() as session:
                case_migrations.skip_next(
                    session, job_id=job_id, territory_id=territory_id, problem=type(problem).__name__, now=now
                )
            more = True
        if not more:
            return taken
    return BATCH
