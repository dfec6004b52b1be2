"""The sweeps: what is due is claimed, acted upon and marked. Safe to run twice, by several workers at once.

One bad case never stops a sweep: its alarm is moved and the rest goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from engine.clock import shifted
from engine.commands import audit, outbox, territories, timers
from engine.db import Database
from engine.errors import ParcoursError
from engine.queries.clocks import TerritoryClock, next_due, territory_clocks
from worker.channels import Channels

log = structlog.get_logger("parcours.worker")

BATCH = 200
LONGEST_CATCH_UP_STEPS = 20_000


@dataclass(frozen=True, slots=True)
class Swept:
    """How much one sweep did."""

    timers: int = 0
    deliveries: int = 0


def sweep_timers(database: Database) -> int:
    """Fire every due timer of every territory, each at its territory's own time. Returns how many fired."""
    return sum(_fire_due(database, clock.territory_id, shifted(clock.offset_seconds)) for clock in _clocks(database))


def sweep_outbox(database: Database, channels: Channels) -> int:
    """Send what waits in the outbox. Returns how many rows were handled."""
    return sum(
        _deliver_due(database, channels, clock.territory_id, shifted(clock.offset_seconds))
        for clock in _clocks(database)
    )


def seal_audit(database: Database) -> int:
    """Seal the new events of the audit trail into the hash chain. Returns how many were sealed."""
    with database.transaction() as session:
        return audit.seal(session)


def advance(database: Database, channels: Channels, *, territory_id: UUID, seconds: int, now: datetime) -> int:
    """Move the clock of a demo territory forward, living through everything due on the way at its own time.

    `now` is the territory's time before the move. Returns how many timers fired.
    """
    target = now + timedelta(seconds=seconds)
    fired = 0
    reached = now
    for _ in range(LONGEST_CATCH_UP_STEPS):
        with database.reading() as session:
            due = next_due(session, territory_id=territory_id, until=target)
        if due is None:
            break
        reached = _set_clock(database, territory_id, reached, max(due, reached))
        fired += _fire_due(database, territory_id, reached)
        _deliver_due(database, channels, territory_id, reached)
    _set_clock(database, territory_id, reached, target)
    _deliver_due(database, channels, territory_id, target)
    return fired


def _set_clock(database: Database, territory_id: UUID, reached: datetime, moment: datetime) -> datetime:
    seconds = int((moment - reached).total_seconds())
    if seconds > 0:
        with database.transaction() as session:
            territories.move_clock(session, territory_id=territory_id, seconds=seconds)
    return moment


def _clocks(database: Database) -> tuple[TerritoryClock, ...]:
    with database.reading() as session:
        return territory_clocks(session)


def _fire_due(database: Database, territory_id: UUID, now: datetime) -> int:
    fired = 0
    while True:
        with database.transaction() as session:
            due = timers.claim_due(session, territory_id=territory_id, now=now, limit=BATCH)
        if not due:
            return fired
        for timer in due:
            fired += _fire(database, timer.id, now)


def _fire(database: Database, timer_id: UUID, now: datetime) -> int:
    try:
        with database.transaction() as session:
            timers.fire(session, timer_id=timer_id, now=now)
    except Exception as problem:
        log.error("timer_failed", timer=str(timer_id), problem=type(problem).__name__, exc_info=True)
        with database.transaction() as session:
            timers.move_alarm(session, timer_id=timer_id, problem=type(problem).__name__, now=now)
        return 0
    return 1


def _deliver_due(database: Database, channels: Channels, territory_id: UUID, now: datetime) -> int:
    handled = 0
    while True:
        with database.transaction() as session:
            letters = outbox.claim(session, territory_id=territory_id, now=now, limit=BATCH)
        if not letters:
            return handled
        for letter in letters:
            handled += 1
            _deliver(database, channels, letter, now)


def _deliver(database: Database, channels: Channels, letter: outbox.Letter, now: datetime) -> None:
    try:
        if letter.channel in outbox.INTERNAL_CHANNELS:
            with database.transaction() as session:
                outbox.carry_out(session, letter=letter, now=now)
        else:
            channels.send(letter)
        with database.transaction() as session:
            outbox.mark_sent(session, letter_id=letter.id, now=now)
    except (ParcoursError, OSError) as problem:
        log.warning("delivery_failed", letter=letter.id, channel=letter.channel, problem=type(problem).__name__)
        with database.transaction() as session:
            outbox.mark_failed(session, letter_id=letter.id, problem=type(problem).__name__, now=now)
