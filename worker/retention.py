"""The sweeps of forgetting: purges somebody asked for, and every night what the machinery need not keep."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from engine.clock import shifted
from engine.commands import retention
from engine.db import Database
from engine.queries.clocks import territory_clocks
from engine.queries.retention import unfinished_purges
from engine.retention import Kept
from worker.jobs import sweep_jobs, take_some

PERSONS_AT_ONCE = 20
"""Persons of one purge in one sweep: the timers and letters of everybody else come in between."""
BETWEEN_NIGHTS = timedelta(hours=20)
BY_ITSELF = tuple(what for what in Kept if what is not Kept.CLOSED_CASES)


def sweep_purges(database: Database) -> int:
    """Carry on the purges that were asked for. Returns how many persons were taken."""
    return sweep_jobs(
        database,
        unfinished_purges,
        lambda job, territory, now: carry_on(database, job, territory_id=territory, now=now),
    )


def carry_on(database: Database, job_id: UUID, *, territory_id: UUID, now: datetime) -> int:
    """The next persons of one purge. One whose erasure fails is passed over, and the certificate says so."""

    def take(session: Session) -> bool:
        return retention.purge_next(session, job_id=job_id, territory_id=territory_id, now=now)

    def pass_over(session: Session, _problem: Exception) -> bool:
        return retention.purge_next(session, job_id=job_id, territory_id=territory_id, now=now, skip=True)

    return take_some(database, most=PERSONS_AT_ONCE, take=take, pass_over=pass_over, about=f"purge {job_id}")


def sweep_retention(database: Database) -> int:
    """Once a night and territory, delete what the machinery kept long enough. Returns how many rows went."""
    with database.reading() as session:
        clocks = territory_clocks(session)
    return sum(
        purge_night(database, territory_id=clock.territory_id, now=shifted(clock.offset_seconds)) for clock in clocks
    )


def purge_night(database: Database, *, territory_id: UUID, now: datetime) -> int:
    """The nightly purge of one territory, in short transactions. Nothing when it ran less than 20 hours ago."""
    with database.reading() as session:
        if retention.purged_since(session, territory_id=territory_id, since=now - BETWEEN_NIGHTS):
            return 0
    deleted: dict[Kept, int] = dict.fromkeys(BY_ITSELF, 0)
    for what in BY_ITSELF:
        while True:
            with database.transaction() as session:
                count = retention.purge_expired(session, territory_id=territory_id, what=what, now=now)
            deleted[what] += count
            if count < retention.AT_ONCE:
                break
    with database.transaction() as session:
        retention.certify_night(session, territory_id=territory_id, deleted=deleted, now=now)
    return sum(deleted.values())
