"""Audit tamper evidence: whoever changes one row of the trace is found, with its position."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from cli import doctor
from engine import trace
from engine.actor import system_actor
from engine.clock import utcnow
from engine.commands import audit
from engine.db import Database
from engine.models import AuditEvent
from tests.engine.commands import small_pathways
from tests.engine.commands.world import World
from tests.support.places import ROOT
from worker.audit_roots import keep_root, read_roots

PRODUCTION = ROOT / "docs" / "how-to" / "production.md"


@pytest.fixture
def sealed(world: World) -> World:
    with world.database.transaction() as session:
        for number in range(8):
            trace.record(session, action=f"read{number}", by=system_actor(world.territory_id), now=utcnow())
        audit.seal(session)
    return world


def _as_the_owner_of_the_database(world: World, *statements: str) -> None:
    """Whoever owns the database can take the triggers away: the chain must still tell."""
    with world.database.transaction() as session:
        if world.database.is_sqlite:
            for name in ("audit_event_no_update", "audit_event_no_delete", "audit_event_sealed_once"):
                session.execute(text(f"DROP TRIGGER {name}"))
        else:
            session.execute(text("ALTER TABLE audit_event DISABLE TRIGGER ALL"))
        for statement in statements:
            session.execute(text(statement))


def _numbers(world: World) -> list[int]:
    with world.database.reading() as session:
        return list(session.execute(select(AuditEvent.id).order_by(AuditEvent.id)).scalars())


def _verified(world: World, roots: tuple[audit.Root, ...] = ()) -> audit.Verified:
    with world.database.reading() as session:
        return audit.verify(session, roots=roots)


def test_an_untouched_trace_is_intact(sealed: World) -> None:
    assert _verified(sealed).intact


def test_an_edited_row_is_found_by_its_position(sealed: World) -> None:
    numbers = _numbers(sealed)
    _as_the_owner_of_the_database(sealed, f"UPDATE audit_event SET actor = 'Personne' WHERE id = {numbers[-4]}")

    found = _verified(sealed)
    assert (found.first_bad, found.position) == (numbers[-4], len(numbers) - 3)


def test_a_deleted_row_is_found_where_it_is_missing(sealed: World) -> None:
    numbers = _numbers(sealed)
    _as_the_owner_of_the_database(sealed, f"DELETE FROM audit_event WHERE id = {numbers[-3]}")

    found = _verified(sealed)
    assert (found.first_bad, found.position) == (numbers[-2], len(numbers) - 2)


def test_two_rows_that_change_places_are_found(sealed: World) -> None:
    numbers = _numbers(sealed)
    first, second = numbers[-5], numbers[-4]
    _as_the_owner_of_the_database(
        sealed,
        f"UPDATE audit_event SET id = -1 WHERE id = {first}",
        f"UPDATE audit_event SET id = {first} WHERE id = {second}",
        f"UPDATE audit_event SET id = {second} WHERE id = -1",
    )

    assert _verified(sealed).first_bad == first


def test_a_row_slipped_in_is_found(sealed: World) -> None:
    numbers = _numbers(sealed)
    _as_the_owner_of_the_database(sealed, f"UPDATE audit_event SET seal = NULL WHERE id = {numbers[-2]}")

    assert _verified(sealed).first_bad == numbers[-1]


def test_last_rows_cut_off_contradict_the_root_kept_outside(sealed: World, tmp_path: Path) -> None:
    assert keep_root(sealed.database, tmp_path, today=date(2026, 11, 22)) is not None
    numbers = _numbers(sealed)
    _as_the_owner_of_the_database(sealed, f"DELETE FROM audit_event WHERE id >= {numbers[-2]}")

    assert _verified(sealed).intact
    assert _verified(sealed, read_roots(tmp_path)).broken_root == date(2026, 11, 22)


def test_a_chain_computed_again_contradicts_the_root_kept_outside(sealed: World, tmp_path: Path) -> None:
    keep_root(sealed.database, tmp_path, today=date(2026, 11, 22))
    numbers = _numbers(sealed)
    _as_the_owner_of_the_database(
        sealed,
        f"UPDATE audit_event SET actor = 'Personne' WHERE id = {numbers[0]}",
        "UPDATE audit_event SET seal = NULL",
    )
    with sealed.database.transaction() as session:
        audit.seal(session)

    assert _verified(sealed).intact
    assert _verified(sealed, read_roots(tmp_path)).broken_root == date(2026, 11, 22)


def test_the_root_of_a_day_is_written_once_and_agrees_while_nothing_is_touched(sealed: World, tmp_path: Path) -> None:
    path = keep_root(sealed.database, tmp_path, today=date(2026, 11, 22))
    assert path is not None and path.name == "2026-11-22.txt"
    before = path.read_text()
    with sealed.database.transaction() as session:
        trace.record(session, action="read", by=system_actor(sealed.territory_id), now=utcnow())
    keep_root(sealed.database, tmp_path, today=date(2026, 11, 22))

    assert path.read_text() == before
    assert _verified(sealed, read_roots(tmp_path)).intact


@pytest.mark.parametrize("statement", ["UPDATE audit_event SET actor = 'x'", "DELETE FROM audit_event"])
def test_the_database_itself_refuses_to_change_the_trace(sealed: World, statement: str) -> None:
    with pytest.raises(DatabaseError, match="append-only"), sealed.database.transaction() as session:
        session.execute(text(statement))


@pytest.fixture
def of_the_application(pg_world: World) -> Iterator[World]:
    """The world, reached by the role that docs/how-to/production.md says to make: it owns nothing."""
    role = f"parcours_app_{uuid4().hex[:8]}"
    rights = re.search(r"```sql\n(.*?)```", PRODUCTION.read_text(encoding="utf-8"), re.S)
    assert rights is not None
    with pg_world.database.transaction() as session:
        for statement in rights[1].replace("parcours_app", role).replace("PASSWORD '…'", "").split(";"):
            if statement.strip():
                session.execute(text(statement))
    restricted = Database(pg_world.database.url.set(username=role).render_as_string(hide_password=False))
    yield replace(pg_world, database=restricted)
    restricted.close()
    with pg_world.database.transaction() as session:
        session.execute(text(f"DROP OWNED BY {role}"))
        session.execute(text(f"DROP ROLE {role}"))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET actor = 'x'", "DELETE FROM audit_event", "TRUNCATE audit_event",
        "DROP TABLE audit_event", "ALTER TABLE audit_event DISABLE TRIGGER ALL",
        "DROP TRIGGER audit_event_append_only ON audit_event", "SET session_replication_role = replica",
        "CREATE OR REPLACE FUNCTION parcours_append_only() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "UPDATE pathway_version SET label = 'x'", "DELETE FROM case_history",
    ],
)  # fmt: skip
def test_the_role_of_the_application_can_neither_change_the_trace_nor_take_its_guards_away(
    of_the_application: World, statement: str
) -> None:
    of_the_application.publish(small_pathways.workload())
    of_the_application.start("workload")

    with pytest.raises(DatabaseError), of_the_application.database.transaction() as session:
        session.execute(text(statement))


def test_the_role_of_the_application_runs_cases_and_seals_their_trace(of_the_application: World) -> None:
    world = of_the_application
    world.publish(small_pathways.workload())
    case_id = world.start("workload")
    world.complete(case_id, "a", by="claire", risk="high")
    with world.database.transaction() as session:
        assert audit.seal(session) > 0

    assert world.open_steps(case_id) == ["b", "c"]
    assert _verified(world).intact


def test_the_doctor_says_when_the_application_owns_its_trace(pg_world: World, of_the_application: World) -> None:
    assert list(doctor.advice(pg_world.database)) and not list(doctor.advice(of_the_application.database))
