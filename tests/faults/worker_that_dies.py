"""A process that completes the open tasks of a case, one after the other, and is killed on the way.

Run as `python -m tests.faults.worker_that_dies URL TERRITORY CASE POINT`, POINT being `before-commit`, `after-commit`,
`never`, or the number of the statement before which it dies. Prints one line per completion it has acknowledged.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import event, select
from sqlalchemy.orm import Session

from engine.actor import system_actor
from engine.commands import tasks
from engine.db import Database
from engine.models import Task

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(url: str, territory: str, case: str, point: str) -> None:
    database = Database(url)
    by = system_actor(UUID(territory))
    done = 0
    while (task := next_task(database, UUID(case))) is not None:
        with database.transaction() as session:
            if done == 1:  # the first completion goes through, the second meets its end
                lay_trap(session, point)
            answers = {"risk": "high"}
            tasks.complete(session, task_id=task[0], answers=answers, by=by, now=NOW, key=f"{case}-{task[1]}")
        if done == 1 and point == "after-commit":
            die()
        print(task[1], flush=True)
        done += 1


def next_task(database: Database, case_id: UUID) -> tuple[UUID, str] | None:
    statement = (
        select(Task.id, Task.element_id)
        .where(Task.case_id == case_id, Task.state.in_(("offered", "accepted")))
        .order_by(Task.element_id)
    )
    with database.reading() as session:
        row = session.execute(statement).first()
    return None if row is None else (row.id, row.element_id)


def lay_trap(session: Session, point: str) -> None:
    connection = session.connection()
    if point == "before-commit":
        event.listen(connection.engine, "commit", lambda _: die())
    elif point.isdigit():
        seen = [0]

        def count(*_: object) -> None:
            seen[0] += 1
            if seen[0] > int(point):
                die()

        event.listen(connection.engine, "before_cursor_execute", count)


if __name__ == "__main__":
    main(*sys.argv[1:5])
