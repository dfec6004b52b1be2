"""The whole step, everything written: statements, commits, CPU and wall time, beside a bare commit of the same rows.

The pathway is the shipped hospital discharge; the database is a file on disk (SQLite) or a real PostgreSQL server.
"""

from __future__ import annotations

import gc
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, event, select

from engine import migrations
from engine.actor import Actor
from engine.commands import cases, pathways, tasks
from engine.db import Database
from engine.library import shared_files, shipped_files
from engine.models import Case, Task
from engine.queries.actors import actor_of
from engine.walks.people import Settled, fictitious_territory, settle
from engine.walks.suite import shipped_walks
from tests.bench.engine import Target
from tests.bench.pages import http_milliseconds
from tests.support.servers import durable_postgres_server, postgres_programs

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
ELEMENT = "assess_readmission_risk"
WRITES = ("INSERT", "UPDATE", "DELETE")


class _Abandoned(Exception):
    """Leaves the transaction without writing, once its statements are known."""


@dataclass(slots=True)
class Watched:
    """Statements sent to the database, and commits, while watching."""

    statements: list[tuple[str, Any, bool]] = field(default_factory=list)
    commits: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCosts:
    """Medians over many completions on one kind of database. Times in milliseconds."""

    database: str
    completions: int
    statements: float
    commits: float
    cpu: float
    wall: float
    bare_wall: float
    http_cpu: float
    state_bytes: int

    @property
    def over_bare(self) -> float:
        """Wall time of the whole step over that of a bare commit of the same rows."""
        return self.wall / self.bare_wall


@dataclass(frozen=True, slots=True)
class _Place:
    database: Database
    settled: Settled
    answers: Mapping[str, Mapping[str, Any]]


@contextmanager
def watching(database: Database) -> Iterator[Watched]:
    """Count what happens on the engine's connections."""
    seen = Watched()

    def executed(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        if not statement.lstrip().upper().startswith("BEGIN"):
            seen.statements.append((statement, parameters, many))

    def committed(_c: Connection) -> None:
        seen.commits += 1

    event.listen(database.engine, "before_cursor_execute", executed)
    event.listen(database.engine, "commit", committed)
    try:
        yield seen
    finally:
        event.remove(database.engine, "before_cursor_execute", executed)
        event.remove(database.engine, "commit", committed)


def step_costs(database: Database, *, kind: str, completions: int) -> StepCosts:
    """Complete the first task of `completions` cases, alternating with bare commits of the same rows."""
    place = _prepare(database)
    waiting = [_started(place, number) for number in range(3 * completions + 4)]
    answers = place.answers[ELEMENT]
    with database.reading() as session:
        by = actor_of(session, professional_id=place.settled.professionals["helene.charme"], today=NOW.date())

    def complete(task_id: UUID) -> None:
        with database.transaction() as session:
            tasks.complete(session, task_id=task_id, answers=answers, by=by, now=NOW, key=str(task_id))

    statements, commits = [], []
    for task_id in waiting[:4]:
        with watching(database) as seen:
            complete(task_id)
        statements.append(len(seen.statements))
        commits.append(seen.commits)
    walls, cpus, bare = [], [], []
    gc.collect()
    for number in range(completions):
        ours, theirs = waiting[4 + 2 * number], waiting[5 + 2 * number]
        wall, cpu = _timed(lambda ours=ours: complete(ours))  # type: ignore[misc]
        walls.append(wall)
        cpus.append(cpu)
        bare.append(_bare(database, _writes_of(database, theirs, answers, by)))
    http = http_milliseconds(database, waiting[4 + 2 * completions :], answers, login="helene.charme")
    with database.reading() as session:
        size = max(len(state) for state in session.execute(select(Case.control_state)).scalars())
    return StepCosts(
        database=kind,
        completions=completions,
        statements=statistics.median(statements[1:]),  # the first loads the version as well
        commits=statistics.median(commits),
        cpu=statistics.median(cpus),
        wall=statistics.median(walls),
        bare_wall=statistics.median(bare),
        http_cpu=http,
        state_bytes=size,
    )


def _prepare(database: Database) -> _Place:
    migrations.upgrade(database)
    with database.transaction() as session:
        settled = settle(
            session, fictitious_territory(), time_zone="Europe/Paris", holidays="FR", now=NOW.replace(year=2025)
        )
    with database.transaction() as session:
        by = actor_of(session, professional_id=settled.professionals["hugo.bleuet"], today=NOW.date())
        pathways.publish(
            session,
            files={**shared_files(), **shipped_files("hospital_discharge")},
            label="bench",
            accepted={"*": "bench"},
            by=by,
            now=NOW,
        )
    _walks, answers = shipped_walks("hospital_discharge")
    usual: dict[str, dict[str, Any]] = json.loads(answers or b"{}")
    return _Place(database, settled, usual)


def _started(place: _Place, number: int) -> UUID:
    facts = {name: value for name, value in place.answers["discharge_declared"].items() if value is not None}
    facts |= {"stay_number": f"BENCH-{number}", "admission_at": "2026-03-01T10:00", "planned_discharge_at": None}
    patients = list(place.settled.patients.values())
    with place.database.transaction() as session:
        by = actor_of(session, professional_id=place.settled.professionals["helene.charme"], today=NOW.date())
        started = cases.start(
            session,
            pathway_key="hospital_discharge",
            patient_id=patients[number % len(patients)],
            facts=facts,
            by=by,
            now=NOW,
            key=None,
        )
        return session.execute(
            select(Task.id).where(Task.case_id == started.id, Task.element_id == ELEMENT)
        ).scalar_one()


def _timed(act: Callable[[], None]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    act()
    return (time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000


def _writes_of(
    database: Database, task_id: UUID, answers: Mapping[str, Any], by: Actor
) -> Sequence[tuple[str, Any, bool]]:
    """The writing statements of a completion that is not kept."""
    with watching(database) as seen:
        try:
            with database.transaction() as session:
                tasks.complete(session, task_id=task_id, answers=answers, by=by, now=NOW, key=str(task_id))
                raise _Abandoned
        except _Abandoned:
            pass
    return [each for each in seen.statements if each[0].lstrip().upper().startswith(WRITES)]


def _bare(database: Database, writes: Sequence[tuple[str, Any, bool]]) -> float:
    """Wall time of one transaction that only writes these rows, straight through the driver."""
    raw = database.engine.raw_connection()
    try:
        cursor = raw.cursor()
        began = time.perf_counter()
        if database.is_sqlite:
            cursor.execute("BEGIN IMMEDIATE")
        for statement, parameters, many in writes:
            (cursor.executemany if many else cursor.execute)(statement, parameters)
        if database.is_sqlite:
            cursor.execute("COMMIT")
        else:
            raw.commit()
        return (time.perf_counter() - began) * 1000
    finally:
        raw.close()


def costs(*, quick: bool) -> list[StepCosts]:
    """Measure on SQLite and on a PostgreSQL server of our own, both on disk; without PostgreSQL, on SQLite alone."""
    completions = 40 if quick else 200
    found = []
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="parcours-bench-"))
        urls = {"SQLite": f"sqlite:///{Path(folder) / 'bench.db'}"}
        if postgres_programs() is not None:
            server = stack.enter_context(durable_postgres_server())
            urls["PostgreSQL"] = server.render_as_string(hide_password=False)
        for kind, url in urls.items():
            database = Database(url)
            stack.callback(database.close)
            found.append(step_costs(database, kind=kind, completions=completions))
    return found


def targets(measured: Sequence[StepCosts]) -> list[Target]:
    """The bounds of a completion, everything written."""
    bounds: list[Target] = []
    for each in measured:
        bounds += [
            Target(name=f"{each.database}: SQL statements per completion", value=each.statements, limit=10),
            Target(name=f"{each.database}: commits per completion", value=each.commits, limit=1),
            Target(name=f"{each.database}: whole step over a bare commit, wall", value=each.over_bare, limit=2.5),
            Target(name=f"{each.database}: CPU of a completion, ms", value=each.cpu, limit=4),
            Target(name=f"{each.database}: CPU of a completion over HTTP, ms", value=each.http_cpu, limit=10),
            Target(name=f"{each.database}: state of a discharge, bytes", value=each.state_bytes, limit=4096),
        ]
    return bounds
