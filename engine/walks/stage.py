"""Where walks are played: a scratch database with the fictitious territory and the pathways published in it."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from engine import migrations
from engine.commands import pathways
from engine.db import Database
from engine.models import PathwayVersion, TerritoryRow
from engine.queries.actors import actor_of
from engine.walks.people import Settled, fictitious_territory, settle

BEFORE_EVERY_WALK = datetime(2020, 1, 1, tzinfo=UTC)
MEMORY = Path("/dev/shm")
DESIGNER = "hugo.bleuet"


@dataclass(frozen=True, slots=True)
class Stage:
    """A database file that every walk gets a copy of, and who lives in it."""

    file: Path
    settled: Settled
    pathway_key: str
    version_id: UUID
    answers: Mapping[str, Mapping[str, Any]]
    """Usual answers, by form key (`walks/answers.json`)."""


@contextmanager
def stage(
    pathway_key: str, files: Mapping[str, bytes], *, others: Mapping[str, Mapping[str, bytes]], answers: bytes | None
) -> Iterator[Stage]:
    """Publish `files` (and the `others` it may start, by key) in a scratch database that lasts as long as the block."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None, prefix="parcours-walk-") as folder:
        file = Path(folder) / "stage.db"
        database = Database(f"sqlite:///{file}")
        try:
            migrations.upgrade(database)
            with database.transaction() as session:
                settled = settle(
                    session, fictitious_territory(), time_zone="Europe/Paris", holidays="FR", now=BEFORE_EVERY_WALK
                )
            for key, content in [*others.items(), (pathway_key, files)]:
                version_id = _publish(database, settled, key, content)
        finally:
            database.close()
        usual = json.loads(answers) if answers else {}
        yield Stage(file, settled, pathway_key, version_id, usual)


@contextmanager
def copy_of(stage_: Stage, *, time_zone: str, holidays: str) -> Iterator[Database]:
    """A fresh copy of the stage, in the territory's time zone."""
    with tempfile.TemporaryDirectory(dir=stage_.file.parent) as folder:
        file = Path(folder) / "walk.db"
        shutil.copyfile(stage_.file, file)
        database = Database(f"sqlite:///{file}")
        try:
            with database.transaction() as session:
                session.execute(update(TerritoryRow).values(time_zone=time_zone, holidays=holidays))
            yield database
        finally:
            database.close()


def _publish(database: Database, settled: Settled, key: str, files: Mapping[str, bytes]) -> UUID:
    with database.transaction() as session:
        by = actor_of(
            session, professional_id=settled.professionals[DESIGNER], today=BEFORE_EVERY_WALK.date().replace(year=2026)
        )
        published = pathways.publish(
            session, files=files, label=key, accepted={"*": "Scénario"}, by=by, now=BEFORE_EVERY_WALK
        )
        return session.execute(select(PathwayVersion.id).where(PathwayVersion.id == published.version_id)).scalar_one()
