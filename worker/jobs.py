"""Long pieces of work carried on a little at each sweep: one thing a transaction, and what fails is passed over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from engine.clock import shifted
from engine.db import Database
from engine.errors import CaseChanged
from engine.queries.clocks import territory_clocks

log = structlog.get_logger("parcours.worker")


class Unfinished(Protocol):
    """Says which jobs of a territory have something left to do."""

    def __call__(self, session: Session, *, territory_id: UUID) -> Sequence[UUID]: ...


def sweep_jobs(database: Database, unfinished: Unfinished, carry_on: Callable[[UUID, UUID, datetime], int]) -> int:
    """Carry on the jobs of every territory: `carry_on(job, territory, now)`. Returns how many things were taken."""
    with database.reading() as session:
        jobs = [
            (job_id, clock.territory_id, shifted(clock.offset_seconds))
            for clock in territory_clocks(session)
            for job_id in unfinished(session, territory_id=clock.territory_id)
        ]
    return sum(carry_on(*job) for job in jobs)


def take_some(
    database: Database,
    *,
    most: int,
    take: Callable[[Session], bool],
    pass_over: Callable[[Session, Exception], bool],
    about: str,
) -> int:
    """Take the next things of one job, at most so many. Returns how many.

    `take` says whether there is more; when it raises, `pass_over` marks the thing as left, and says the same. A case
    somebody is at work in stops the sweep there: the next one finds it quiet.
    """
    for taken in range(1, most + 1):
        try:
            with database.transaction() as session:
                more = take(session)
        except CaseChanged:
            return taken
        except Exception as problem:
            log.error("job_failed", job=about, problem=type(problem).__name__, exc_info=True)
            with database.transaction() as session:
                more = pass_over(session, problem)
        if not more:
            return taken
    return most
