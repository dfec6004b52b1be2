"""A case full of one marker, played by commands alone, and everything that lies in its database as bytes."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text

from engine.commands import cases, emergencies, patients, sealing, tasks
from engine.db import Database
from engine.models import Case, CaseFact, Patient, Task
from engine.queries.person_rights import person_export
from tests.engine.commands.world import World
from tests.support.servers import libpq_text, postgres_programs
from tests.web import town

MARKER = "ZQXMARQUEURZQX"


@dataclass
class Played:
    """A case full of the marker, played by commands alone."""

    world: World
    patient_id: UUID
    case_id: UUID

    def export(self, database: Database | None = None) -> str:
        """What the coordination reads of the patient, as one text."""
        with (database or self.world.database).reading() as session:
            return str(person_export(session, patient_id=self.patient_id, by=self.world.actor("maud")))

    def close(self) -> None:
        self.world.do(cases.cancel, by="maud", case_id=self.case_id, reason=f"{MARKER} raison")

    def counts(self, database: Database | None = None) -> list[Any]:
        """What indicators read."""
        with (database or self.world.database).reading() as session:
            facts = session.execute(
                select(CaseFact.name, CaseFact.value)
                .where(CaseFact.name.in_(("fall", "weight_kg", "alert", "visit_at", "outcome")))
                .order_by(CaseFact.id)
            ).all()
            ended = session.execute(select(Case.number, Case.state, Case.outcome, Case.opened_at, Case.closed_at)).all()
            done = session.execute(select(Task.element_id, Task.state, Task.completed_at).order_by(Task.id)).all()
            return [facts, ended, done, session.execute(select(func.count(Patient.id))).scalar_one()]


@pytest.fixture
def played(world: World) -> Played:
    world.publish(town.trial_files())
    patient_id = world.do(
        patients.register_patient, birth_name=f"{MARKER}-NOM", used_name=f"{MARKER} usage", given_name=f"{MARKER}ette",
        sex="female", birth_date=date(1941, 3, 17), ins="299039999901787", phone=f"{MARKER}06",
        address=f"1, rue {MARKER}", commune_insee="00001",
    )  # fmt: skip
    world.do(
        patients.add_to_circle, patient_id=patient_id, role="caregiver", person_name=f"{MARKER} fils",
        person_phone=MARKER,
    )  # fmt: skip
    nurse = str(world.actor("claire").professional_id)
    case_id = world.start(
        "try_out", by="helene", patient_id=patient_id, facts={"stay_number": f"{MARKER}-1", "usual_nurse": nurse}
    )
    world.do(
        emergencies.break_glass, by="paul", birth_name=f"{MARKER}-nom", birth_date=date(1941, 3, 17),
        reason="other", comment=f"{MARKER} urgence",
    )  # fmt: skip
    task_id = world.open_task(case_id, "home_visit")
    world.do(tasks.save_draft, by="claire", task_id=task_id, answers={"place": MARKER})
    world.do(tasks.postpone, by="claire", task_id=task_id, until=world.now.replace(hour=20), reason=f"{MARKER} demain")
    answers = {
        "weight_kg": "60", "visit_at": "2026-03-02T09:00", "fall": True, "fall_story": f"{MARKER} dans l'escalier",
        "alert": "green", "comment": f"{MARKER} remarque", "drugs": [{"drug": MARKER, "dose": "1"}],
    }  # fmt: skip
    world.do(tasks.complete, by="claire", task_id=task_id, answers=answers)
    return Played(world, patient_id, case_id)


def raw(database: Database) -> bytes:
    """Everything that lies in the database: the bytes of the files, or a dump."""
    if database.is_sqlite:
        with database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        path = Path(str(database.url.database))
        return b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))
    return dump(database)


def dump(database: Database, *options: str) -> bytes:
    programs = postgres_programs()
    assert programs is not None
    done = subprocess.run(
        [str(programs / "pg_dump"), *options, libpq_text(database.url.set(drivername="postgresql"))],
        capture_output=True, check=True, env={**os.environ, "LC_ALL": "C"},
    )  # fmt: skip
    return done.stdout


def restore(database: Database, *dumps: bytes) -> None:
    programs = postgres_programs()
    assert programs is not None
    for content in dumps:
        subprocess.run(
            [str(programs / "psql"), "-q", "-v", "ON_ERROR_STOP=1",
             libpq_text(database.url.set(drivername="postgresql"))],
            input=content, capture_output=True, check=True,
        )  # fmt: skip


def rows_without_keys(database: Database) -> Mapping[str, list[Any]]:
    """Every row of the sealed tables, as the database holds it."""
    with database.reading() as session:
        return {
            table.name: sorted(map(str, session.execute(text(f'SELECT * FROM "{table.name}"'))))
            for table in sealing.sealed_tables()
        }
