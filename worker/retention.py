"""The sweeps of forgetting: purges somebody asked for, and every night what the machinery need not keep."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import structlog

from engine.clock import shifted
from engine.commands import retention
from engine.db import Database
from engine.queries.clocks import territory_clocks
from engine.queries.retention import unfinished_purges
from engine.retention import Kept

log = structlog.get_logger("parcours.worker")

PERSONS_AT_ONCE = 20
"""Persons of one purge in one sweep: the timers and letters of everybody else come in between."""
BETWEEN_NIGHTS = timedelta(hours=20)
BY_ITSELF = tuple(what for what in Kept if what is not Kept.CLOSED_CASES)


def sweep_purges(database: Database) -> int:
    """Carry on the purges that were asked for. Returns how many persons were taken."""
    with database.reading() as session:
        jobs = [
            (clock.territory_id, shifted(clock.offset_seconds), job_id)
            for clock in territory_clocks(session)
            for job_id in unfinished_purges(session, territory_id=clock.territory_id)
        ]
    return sum(carry_on(database, job_id, territory_id=territory, now=now) for territory, now, job_id in jobs)


def carry_on(database: Database, job_id: UUID, *, territory_id: UUID, now: datetime) -> int:
    """The next persons of one purge. One whose erasure fails is passed over, and the certificate says so."""
    for taken in range(1, PERSONS_AT_ONCE + 1):
        try:
            with database.transaction() as session:
                more = retention.purge_next(session, job_id=job_id, territory_id=territory_id, now=now)
        except Exception as problem:
            log.error("purge_failed", job=str(job_id), problem=type(problem).__name__, exc_info=True)
            with database.transaction() as session:
                more = retention.purge_next(session, job_id=job_id, territory_id=territory_id, now=now, skip=True)
        if not more:
            return taken
    return PERSONS_AT_ONCE


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
