"""Living through time: everything due before a moment happens at its own time, in order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.commands import outbox, timers
from engine.db import Database
from engine.models import Case, Timer

BATCH = 500
LONGEST = 50_000

Post = Callable[[outbox.Letter], None]
"""Where letters to people go."""


def live_until(database: Database, *, territory_id: UUID, target: datetime, post: Post) -> int:
    """Fire timers and carry out letters up to `target`, each at its own time. Returns how many timers fired.

    Problems are raised: a walk and a demonstration must not hide them.
    """
    for fired in range(LONGEST):
        while deliver_due(database, territory_id=territory_id, now=target, post=post):
            pass  # what is carried out may send letters of its own
        with database.reading() as session:
            due = _next_timer(session, territory_id, target)
        if due is None:
            return fired
        timer_id, moment = due
        with database.transaction() as session:
            timers.fire(session, timer_id=timer_id, now=moment)
    return LONGEST


def deliver_due(database: Database, *, territory_id: UUID, now: datetime, post: Post) -> int:
    """Carry out the letters to the engine itself, and post those to people; each at the moment it was due.

    Returns how many there were.
    """
    with database.transaction() as session:
        letters = outbox.claim(session, territory_id=territory_id, now=now, limit=BATCH)
    for letter in letters:
        moment = letter.not_before or letter.created_at
        with database.transaction() as session:
            if letter.channel in outbox.INTERNAL_CHANNELS:
                outbox.carry_out(session, letter=letter, now=moment)
            else:
                post(letter)
            outbox.mark_sent(session, letter_id=letter.id, now=moment)
    return len(letters)


def _next_timer(session: Session, territory_id: UUID, target: datetime) -> tuple[UUID, datetime] | None:
    """The next timer due, and when it fires: at its date, never before the last thing that happened to its case."""
    row = session.execute(
        select(Timer.id, Timer.due_at, Case.last_touch_at)
        .join(Case, Case.id == Timer.case_id)
        .where(
            Timer.territory_id == territory_id,
            Timer.held_at.is_(None),
            Timer.due_at <= target,
            Case.state != "on_hold",
        )
        .order_by(Timer.due_at, Timer.id)
        .limit(1)
    ).first()
    return None if row is None else (row.id, max(row.due_at, row.last_touch_at))
