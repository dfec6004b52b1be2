"""Backups: what `pg_dump` took, restored into an empty database, is the same installation, and goes on."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from sqlalchemy import func, make_url, select, text
from sqlalchemy.exc import DatabaseError

from engine import trace
from engine.actor import system_actor
from engine.clock import utcnow
from engine.commands import audit
from engine.db import Database
from engine.models import Case, Table
from tests.engine.commands import small_pathways
from tests.engine.commands.world import World
from tests.support.databases import PostgresDatabases
from tests.support.running import run
from tests.support.servers import libpq_text, postgres_programs


def _program(name: str) -> str:
    folder = postgres_programs()
    assert folder is not None
    return str(folder / name)


def _counts(database: Database) -> dict[str, int]:
    with database.reading() as session:
        return {
            table.name: session.execute(select(func.count()).select_from(table)).scalar_one()
            for table in Table.metadata.sorted_tables
        }


@pytest.fixture
def busy(pg_world: World) -> World:
    """Three cases at three places, and a sealed trace."""
    pg_world.publish(small_pathways.workload())
    pg_world.publish(small_pathways.timed())
    half_way = pg_world.start("workload")
    pg_world.complete(half_way, "a", by="claire", risk="high", weight="71,5")
    pg_world.start("timed")
    with pg_world.database.transaction() as session:
        trace.record(session, action="read", by=system_actor(pg_world.territory_id), now=utcnow())
        audit.seal(session)
    return pg_world


def test_a_backup_restored_into_an_empty_database_verifies_and_goes_on(
    busy: World, postgres_databases: PostgresDatabases, tmp_path: Path
) -> None:
    [case_id] = [row.id for row in busy.rows(Case, number="C-1001")]
    with busy.database.transaction() as session:
        audit.seal(session)
        head = audit.root(session, day=utcnow().date())
    kept, before = tmp_path / "parcours.dump", _counts(busy.database)
    subprocess.run([_program("pg_dump"), "-Fc", "-f", str(kept), libpq_text(busy.database.url)], check=True)
    busy.complete(case_id, "b", by="claire")  # life goes on after the backup; none of it is in there

    with postgres_databases.new() as url:
        restoring = [
            _program("pg_restore"),
            "--no-owner",
            "--exit-on-error",
            "-d",
            libpq_text(make_url(url)),
            str(kept),
        ]
        subprocess.run(restoring, check=True)
        restored = Database(url)
        assert _counts(restored) == before
        with restored.reading() as session:
            assert audit.verify(session, roots=(head,) if head else ()).intact
            assert audit.root(session, day=utcnow().date()) == head
        said = run("audit", "verify", PARCOURS_DATABASE_URL=url, PARCOURS_DATA_DIR=str(tmp_path))
        assert said.returncode == 0, said.stdout + said.stderr

        again = World(restored, busy.territory_id, busy.now, dict(busy.actors), busy.patient_id, busy.ward_id)
        assert again.open_steps(case_id) == ["b", "c"]
        again.complete(case_id, "b", by="claire")
        again.complete(case_id, "c", by="paul")
        assert again.open_steps(case_id) == ["d"]
        assert again.advance(days=3) > 0, "its timers fire"
        with pytest.raises(DatabaseError, match="append-only"), restored.transaction() as session:
            session.execute(text("DELETE FROM audit_event"))
        restored.close()


def test_a_backup_that_was_changed_on_the_way_is_noticed(
    busy: World, postgres_databases: PostgresDatabases, tmp_path: Path
) -> None:
    kept = tmp_path / "parcours.sql"
    dumping = [_program("pg_dump"), "--no-owner", "-f", str(kept), libpq_text(busy.database.url)]
    subprocess.run(dumping, check=True)
    written = kept.read_text(encoding="utf-8")
    assert "\ttasks.complete\t" in written
    kept.write_text(written.replace("\ttasks.complete\t", "\ttasks.accept\t", 1), encoding="utf-8")

    with postgres_databases.new() as url:
        loading = [_program("psql"), "-q", "-v", "ON_ERROR_STOP=1", "-d", libpq_text(make_url(url)), "-f", str(kept)]
        subprocess.run(loading, check=True, stdout=subprocess.DEVNULL)
        said = run("audit", "verify", PARCOURS_DATABASE_URL=url, PARCOURS_DATA_DIR=str(tmp_path))

    assert said.returncode == 1
