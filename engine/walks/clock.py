"""Living through time: everything due before a moment happens at its own time, in order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from engine.commands import outbox, timers
from engine.db import Database
from engine.queries.clocks import next_due

BATCH = 500
LONGEST = 50_000

Post = Callable[[outbox.Letter], None]
"""Where letters to people go."""


def live_until(database: Database, *, territory_id: UUID, now: datetime, target: datetime, post: Post) -> int:
    """Fire timers and carry out letters from `now` to `target`, each at its own time. Returns how many timers fired.

    Problems are raised: a walk and a demonstration must not hide them.
    """
    fired = 0
    moment = now
    for _ in range(LONGEST):
        with database.reading() as session:
            due = next_due(session, territory_id=territory_id, until=target)
        if due is None:
            return fired
        moment = max(due, moment)
        fired += fire_due(database, territory_id=territory_id, now=moment)
        deliver_due(database, territory_id=territory_id, now=moment, post=post)
    return fired


def fire_due(database: Database, *, territory_id: UUID, now: datetime) -> int:
    """Fire the timers due at `now`. Returns how many."""
    with database.transaction() as session:
        due = timers.claim_due(session, territory_id=territory_id, now=now, limit=BATCH)
    for timer in due:
        with database.transaction() as session:
            timers.fire(session, timer_id=timer.id, now=now)
    return len(due)


def deliver_due(database: Database, *, territory_id: UUID, now: datetime, post: Post) -> None:
    """Carry out the letters to the engine itself, and post those to people."""
    with database.transaction() as session:
        letters = outbox.claim(session, territory_id=territory_id, now=now, limit=BATCH)
    for letter in letters:
        with database.transaction() as session:
            if letter.channel in outbox.INTERNAL_CHANNELS:
                outbox.carry_out(session, letter=letter, now=now)
            else:
                post(letter)
            outbox.mark_sent(session, letter_id=letter.id, now=now)
