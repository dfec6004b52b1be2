"""A small fictitious territory for the tests of commands: people, patients, and a hand on time and transactions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session, undefer

from engine import migrations
from engine.actor import Actor, system_actor
from engine.commands import cases, pathways, people, tasks, territories, timers
from engine.db import Database
from engine.models import Case, Task, Timer, WaitRecord

T = TypeVar("T")
MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
SINCE = date(2020, 1, 1)
MOST_SWEEPS = 200
NOBODY = UUID(int=0)


def prepare(url: str) -> None:
    """An empty database with every table."""
    database = Database(url)
    migrations.upgrade(database)
    database.close()


@dataclass
class World:
    """A territory with two sectors, a hospital, four nurses, a GP, a coordinator and a patient."""

    database: Database
    territory_id: UUID
    now: datetime = MONDAY
    actors: dict[str, Actor] = field(default_factory=dict)
    patient_id: UUID = NOBODY
    ward_id: UUID = NOBODY

    def do(self, command: Callable[..., T], *, by: str = "engine", **arguments: Any) -> T:
        """Run a command in its own transaction, as this person, now."""
        with self.database.transaction() as session:
            return command(session, by=self.actor(by), now=self.now, **arguments)

    def actor(self, name: str) -> Actor:
        return system_actor(self.territory_id) if name == "engine" else self.actors[name]

    def read(self, reading: Callable[[Session], T]) -> T:
        with self.database.reading() as session:
            found = reading(session)
            session.expunge_all()
            return found

    def publish(self, files: Mapping[str, bytes]) -> Any:
        return self.do(pathways.publish, files=files, label="1", accepted={})

    def start(
        self, pathway_key: str, *, facts: Mapping[str, Any] | None = None, by: str = "engine", **more: Any
    ) -> UUID:
        more.setdefault("patient_id", self.patient_id)
        return self.do(cases.start, by=by, pathway_key=pathway_key, facts=facts or {}, **more).id

    def open_task(self, case_id: UUID, element_id: str) -> UUID:
        """The id of the one open task of an element."""
        statement = select(Task.id).where(
            Task.case_id == case_id, Task.element_id == element_id, Task.state.in_(("offered", "accepted"))
        )
        return self.read(lambda session: session.execute(statement).scalar_one())

    def open_steps(self, case_id: UUID) -> list[str]:
        statement = (
            select(Task.element_id)
            .where(Task.case_id == case_id, Task.state.in_(("offered", "accepted")))
            .order_by(Task.element_id)
        )
        return self.read(lambda session: list(session.execute(statement).scalars()))

    def complete(self, case_id: UUID, element_id: str, *, by: str = "engine", **answers: Any) -> Any:
        return self.do(tasks.complete, by=by, task_id=self.open_task(case_id, element_id), answers=answers)

    def case(self, case_id: UUID) -> Case:
        statement = select(Case).where(Case.id == case_id).options(undefer(Case.control_state))
        return self.read(lambda session: session.execute(statement).scalar_one())

    def rows(self, model: type[T], **where: Any) -> list[T]:
        return self.read(lambda session: list(session.execute(select(model).filter_by(**where)).scalars()))

    def waits(self, case_id: UUID) -> list[WaitRecord]:
        return self.rows(WaitRecord, case_id=case_id)

    def advance(self, **delta: float) -> int:
        """Let time pass; everything due on the way fires at its own time. Returns how many timers fired."""
        target, fired = self.now + timedelta(**delta), 0
        for _ in range(MOST_SWEEPS):
            due = self.read(first_due)
            if due is None or due > target:
                break
            self.now = max(self.now, due)
            with self.database.transaction() as session:
                claimed = timers.claim_due(session, territory_id=self.territory_id, now=self.now, limit=50)
            for timer in claimed:
                with self.database.transaction() as session:
                    fired += timers.fire(session, timer_id=timer.id, now=self.now)
        self.now = target
        return fired


def first_due(session: Session) -> datetime | None:
    """When the next timer falls."""
    return session.execute(select(func.min(Timer.due_at)).where(Timer.held_at.is_(None))).scalar_one_or_none()


def make_world(database: Database) -> World:
    """Fill an empty database."""
    with database.transaction() as session:
        territory_id = territories.create(session, code="test", name="Territoire de test", kind="demo")
    world = World(database=database, territory_id=territory_id)
    plain = world.do(people.add_sector, code="plaine", name="Plaine", neighbours=["vallee"])
    valley = world.do(people.add_sector, code="vallee", name="Vallée", neighbours=["plaine"])
    world.do(people.add_commune, insee_code="00001", name="Aubelle", sector_id=plain)
    hospital = world.do(people.add_organization, code="ch", org_type="hospital", name="Hôpital")
    world.ward_id = world.do(
        people.add_organization, code="cardio", org_type="ward", name="Cardiologie", parent_id=hospital
    )
    _person(world, "claire", "home_nurse", "MESANGE", "Claire", [plain])
    _person(world, "marc", "home_nurse", "TILLEUL", "Marc", [plain])
    _person(world, "nadia", "home_nurse", "SAULE", "Nadia", [valley])
    _person(world, "paul", "gp", "PAULET", "Paul", [plain], title="Dr")
    _person(world, "maud", "coordinator", "COQUELICOT", "Maud", [])
    _person(world, "agnes", "mission_lead", "SORBIER", "Agnès", [])
    _person(world, "helene", "hospital_nurse", "CHARME", "Hélène", [], organization=world.ward_id)
    _person(world, "paule", "hospital_pharmacist", "HETRE", "Paule", [], organization=hospital)
    world.patient_id = world.do(
        people.register_patient, birth_name="DEMO-ABEILLE", given_name="Josette", sex="female",
        birth_date=date(1941, 3, 17), commune_insee="00001",
    )  # fmt: skip
    return world


def _person(
    world: World, key: str, role: str, family: str, given: str, sectors: list[UUID], *, title: str = "",
    organization: UUID | None = None,
) -> None:  # fmt: skip
    person = world.do(
        people.add_professional, family_name=f"DEMO-{family}", given_name=given, title=title, sector_ids=sectors,
        email=f"{key}@demo.invalid",
    )  # fmt: skip
    world.do(people.give_role, professional_id=person, role=role, organization_id=organization, valid_from=SINCE)
    account = world.do(people.add_account, login=key, professional_id=person)
    world.actors[key] = Actor(
        territory_id=world.territory_id, account_id=account, professional_id=person, roles=frozenset({role}),
        name=" ".join(part for part in (title, given, f"DEMO-{family}") if part),
        organization_ids=frozenset({organization} if organization else ()), sector_ids=frozenset(sectors),
    )  # fmt: skip
