"""Who saw a patient is found by the patient, lists included, without reading through the trace."""

from __future__ import annotations

from datetime import date
from uuid import UUID, uuid4

import pytest
from alembic import command
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError

from engine.commands import patients, reads
from engine.migrations import versions_config
from engine.models import AuditEvent, AuditListing
from engine.queries.accesses import accesses_to_patient, events_about
from tests.engine.commands.world import World

BEFORE, LISTED = "0015_identity_rectification", "0016_audit_listing"


def two_patients(world: World) -> tuple[UUID, UUID]:
    other = world.do(
        patients.register_patient, birth_name="DEMO-AULNE", given_name="Zoé", sex="female", birth_date=date(1950, 2, 3)
    )
    return world.patient_id, other


def seen(world: World, patient_id: UUID) -> list[tuple[str, int]]:
    found = world.read(lambda session: accesses_to_patient(session, patient_id=patient_id, by=world.actor("maud")))
    return [(row.who, row.among) for row in found.rows if row.action == "read"]


def test_a_list_is_found_from_each_of_its_patients(world: World) -> None:
    first, second = two_patients(world)
    world.do(reads.note, by="claire", patients=[first, second], object_kind="worklist")
    world.do(reads.note, by="marc", patients=[second], object_kind="patient")

    assert seen(world, first) == [(world.actor("claire").name, 2)]
    assert seen(world, second) == [(world.actor("marc").name, 1), (world.actor("claire").name, 2)]


def test_the_trace_is_not_read_through(world: World) -> None:
    asked = select(AuditEvent.id).where(AuditEvent.id.in_(events_about(uuid4())))
    database = world.database
    said = asked.compile(dialect=database.engine.dialect, compile_kwargs={"literal_binds": True})
    explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
    with database.engine.connect() as connection:
        if not database.is_sqlite:
            connection.execute(text("SET LOCAL enable_seqscan = off"))  # tiny tables would be read whole
        plan = [str(row[-1]) for row in connection.execute(text(f"{explain} {said}"))]
    assert not [line for line in plan if "audit" in line and ("SCAN audit" in line or "Seq Scan" in line)], plan


@pytest.mark.parametrize("act", ["UPDATE audit_listing SET event_id = event_id", "DELETE FROM audit_listing"])
def test_the_way_to_an_event_cannot_be_taken_away(world: World, act: str) -> None:
    world.do(reads.note, by="claire", patients=two_patients(world), object_kind="worklist")

    with pytest.raises(DBAPIError, match="append-only"), world.database.transaction() as session:
        session.execute(text(act))


def test_the_trace_of_an_earlier_release_is_found_too(world: World) -> None:
    first, second = two_patients(world)
    with world.database.transaction() as session:
        by = world.actor("claire")
        listed = {"patients": [first.hex, second.hex, first.hex]}
        session.execute(
            insert(AuditEvent).values(
                territory_id=by.territory_id, at=world.now, action="read", actor=by.name, detail=listed
            )
        )
    _forget_the_listing(world)
    with world.database.engine.connect() as connection:
        config = versions_config()
        config.attributes["connection"] = connection
        command.upgrade(config, LISTED)
        connection.commit()

    assert seen(world, first) == [(world.actor("claire").name, 3)]
    assert len(world.rows(AuditListing)) == 2


def _forget_the_listing(world: World) -> None:
    """As the release before left the database."""
    with world.database.engine.connect() as connection:
        connection.execute(text("DROP TABLE audit_listing"))
        connection.execute(text("UPDATE alembic_version SET version_num = :before"), {"before": BEFORE})
        connection.commit()
