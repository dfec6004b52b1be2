"""Two sessions interleaved by hand: the second begins while the first has done its work and not committed it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy import text

from engine.errors import ParcoursError
from tests.engine.commands.world import World

PATIENCE = 20


def race(world: World, first: Callable[[Any], Any], second: Callable[[Any], Any]) -> ParcoursError | None:
    """`first` has done its work but not committed when `second` begins; the second's error, if any.

    On PostgreSQL the first commits only once the database shows that the second waits for a lock; SQLite has one
    writer, which the second asks to be.
    """
    problem: list[ParcoursError] = []
    begins = threading.Event()

    def run_second() -> None:
        begins.set()
        try:
            with world.database.transaction() as session:
                second(session)
        except ParcoursError as error:
            problem.append(error)

    thread = threading.Thread(target=run_second)
    with world.database.transaction() as session:
        first(session)
        thread.start()
        assert begins.wait(PATIENCE)
        if not world.database.is_sqlite:
            wait_for_a_lock(world)
    thread.join(PATIENCE)
    assert not thread.is_alive()
    return problem[0] if problem else None


def wait_for_a_lock(world: World) -> None:
    """Until PostgreSQL shows a session that waits for another one."""
    done = threading.Event()
    question = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    for _ in range(PATIENCE * 100):
        if world.read(lambda session: session.execute(question).scalar_one()):
            return
        done.wait(0.01)
    raise AssertionError("The second session never waited.")
