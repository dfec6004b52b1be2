"""Several shipped pathways of one patient, on SQLite and on PostgreSQL: a territory where they are all published."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import select

from engine import migrations
from engine.actor import Actor, system_actor
from engine.commands import messages, pathways, tasks
from engine.commands.outbox import Letter
from engine.db import Database
from engine.library import shipped_files
from engine.models import OPEN_TASK_STATES, Case, Pathway, PathwayVersion, Task
from engine.queries.actors import actor_of
from engine.walks.clock import live_until
from engine.walks.people import Settled, fictitious_territory, settle
from engine.walks.perform import perform_on
from engine.walks.script import parse_walk
from engine.walks.suite import shipped_walks

T = TypeVar("T")
BEFORE = datetime(2020, 1, 1, tzinfo=UTC)
_settled: dict[str, Settled] = {}


def complete_pathways() -> tuple[str, ...]:
    """The shipped pathways that have everything, in the order they were built."""
    wanted = ("hospital_discharge", "etp_diabetes", "geriatric_follow_up", "gp_access")
    folder = files("pathways")
    return tuple(
        key
        for key in wanted
        if all(folder.joinpath(key, name).is_file() for name in ("pathway.json", "README.md", "walks/answers.json"))
    )


def prepare(url: str) -> None:
    """The fictitious territory with every complete pathway published."""
    database = Database(url)
    migrations.upgrade(database)
    with database.transaction() as session:
        settled = settle(session, fictitious_territory(), time_zone="Europe/Paris", holidays="FR", now=BEFORE)
        _settled[database.url.get_backend_name()] = settled
    for key in complete_pathways():
        with database.transaction() as session:
            by = actor_of(session, professional_id=settled.professionals["hugo.bleuet"], today=BEFORE.date())
            pathways.publish(
                session, files=shipped_files(key), label="1", accepted={"*": "Test"}, by=by, now=BEFORE
            )  # fmt: skip
    database.close()


@dataclass
class Scene:
    """One patient, several cases, a hand on the clock."""

    database: Database
    settled: Settled
    patient: str = "josette"
    now: datetime = datetime(2026, 3, 2, 8, tzinfo=UTC)

    def do(self, command: Callable[..., T], *, by: str | None = None, **arguments: Any) -> T:
        """Run a command as a person named by login (default: the engine), then let everything due follow."""
        with self.database.transaction() as session:
            answer = command(session, by=self._actor(session, by), now=self.now, **arguments)
        self.live(self.now)
        return answer

    def live(self, until: datetime) -> list[Letter]:
        """Let time pass. Returns the letters that went to people."""
        letters: list[Letter] = []
        live_until(self.database, territory_id=self.settled.territory_id, target=until, post=letters.append)
        self.now = until
        return letters

    def start(self, pathway: str, **facts: Any) -> UUID:
        """A case of the patient, with the usual answers of the start form."""
        description = json.loads(shipped_files(pathway)["pathway.json"])
        story = parse_walk("# Début\nstart: 2026-03-02 09:00 by coordinator with " + json.dumps(facts), name=pathway)
        before = set(self.cases())
        performance = perform_on(
            self.database, story, settled=self.settled, pathway_key=pathway, answers=self.usual(pathway),
            patient=self.patient,
        )  # fmt: skip
        assert performance.failures == (), (description["key"], performance.failures)
        [started] = set(self.cases()) - before
        return started

    def usual(self, pathway: str) -> Mapping[str, Mapping[str, Any]]:
        """The usual answers of a pathway, by form."""
        _, answers = shipped_walks(pathway)
        return json.loads(answers or b"{}")

    def cases(self) -> dict[UUID, Case]:
        """Every case of the patient."""
        with self.database.reading() as session:
            rows = session.execute(
                select(Case).where(Case.patient_id == self.settled.patients[self.patient]).order_by(Case.number)
            ).scalars()
            found = {row.id: row for row in rows}
            session.expunge_all()
            return found

    def pathway_of(self, case_id: UUID) -> str:
        """The key of a case's pathway."""
        with self.database.reading() as session:
            return session.execute(
                select(Pathway.key)
                .join(PathwayVersion, PathwayVersion.pathway_id == Pathway.id)
                .join(Case, Case.pathway_version_id == PathwayVersion.id)
                .where(Case.id == case_id)
            ).scalar_one()

    def open_tasks(self, case_id: UUID | None = None) -> list[Task]:
        """Open tasks of a case, or of all the patient's."""
        wanted = [case_id] if case_id is not None else list(self.cases())
        with self.database.reading() as session:
            rows = session.execute(
                select(Task)
                .where(Task.case_id.in_(wanted), Task.state.in_(OPEN_TASK_STATES))
                .order_by(Task.opened_at, Task.element_id)
            ).scalars()
            found = list(rows)
            session.expunge_all()
            return found

    def complete(self, case_id: UUID, element_id: str, pathway: str, **answers: Any) -> None:
        """Complete an open task with the usual answers of its form."""
        [task] = [task for task in self.open_tasks(case_id) if task.element_id == element_id]
        usual = self.usual(pathway).get(task.form_key or "", {})
        plain = {name: value for name, value in usual.items() if not str(value).startswith("= ")}
        self.do(tasks.complete, task_id=task.id, answers={**plain, **answers}, key=None)

    def send(self, case_id: UUID, name: str, **payload: Any) -> messages.Delivery:
        """A message from outside."""
        return self.do(messages.deliver, name=name, payload=payload, case_id=case_id)

    def _actor(self, session: Any, login: str | None) -> Actor:
        if login is None:
            return system_actor(self.settled.territory_id)
        professional = self.settled.professionals[login]
        return actor_of(session, professional_id=professional, today=self.now.date(), proved_at=self.now)


def scene_in(url: str) -> Scene:
    """A scene in a copy of the prepared database."""
    database = Database(url)
    return Scene(database=database, settled=_settled[database.url.get_backend_name()])
