"""What a release before sealing kept in clear still reads, and is sealed by one command that may be run again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Column, LargeBinary, MetaData, Text, select, text, update
from sqlalchemy import Table as SqlTable

from cli.keys import seal_all
from engine.commands import cases, patients, sealing
from engine.errors import ParcoursError
from engine.models import Case, Patient, Table
from engine.models.columns import JsonValue
from engine.sealing import SealedBytes, SealedJson, sealed_columns
from tests.security.sealed_case import MARKER, Played, played, raw, rows_without_keys

__all__ = ["played"]


@pytest.fixture
def in_clear(played: Played) -> Iterator[Played]:
    """The same, as a release before sealing left it: everything readable, no key, no digest."""
    database = played.world.database
    opened: list[tuple[str, dict[str, Any], dict[str, Any]]] = []
    with database.reading() as session:
        for table in sealing.sealed_tables():
            for row in session.execute(select(table)).mappings():
                where = {key.name: row[key.name] for key in table.primary_key}
                opened.append((table.name, where, {name: row[name] for name, _kind in sealed_columns(table)}))
        business_key = f"try_out:{played.patient_id}:{MARKER}-1"
    with database.transaction() as session:
        _write_clear(session.connection(), opened)
        session.execute(update(Case).where(Case.id == played.case_id).values(business_key=business_key))
        session.execute(update(Patient).values(ins_token=None))
        session.execute(text("DELETE FROM patient_search_token"))
        session.execute(text("DELETE FROM data_key"))
    database.keyring.memory.by_name.clear()
    database.keyring.memory.by_subject.clear()
    yield played


def _write_clear(connection: Any, rows: list[tuple[str, dict[str, Any], dict[str, Any]]]) -> None:
    guarded = "case_history"
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"ALTER TABLE {guarded} DISABLE TRIGGER USER")
    else:
        trigger = connection.exec_driver_sql(
            "SELECT sql FROM sqlite_master WHERE name = 'case_history_no_update'"
        ).scalar_one()
        connection.exec_driver_sql("DROP TRIGGER case_history_no_update")
    for name, where, values in rows:
        real = Table.metadata.tables[name]
        plain = SqlTable(name, MetaData(), *(Column(key, real.c[key].type) for key in where), *(
            Column(column, _plain(real.c[column].type)) for column in values
        ))  # fmt: skip
        statement = update(plain).values(values)
        for key, value in where.items():
            statement = statement.where(plain.c[key] == value)
        connection.execute(statement)
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"ALTER TABLE {guarded} ENABLE TRIGGER USER")
    else:
        connection.exec_driver_sql(trigger)


def _plain(kind: Any) -> Any:
    if isinstance(kind, SealedBytes):
        return LargeBinary()
    return JsonValue if isinstance(kind, SealedJson) else Text()


class TestWhatAnEarlierReleaseKeptInClear:
    def test_it_still_reads_and_is_sealed_in_one_command(
        self, in_clear: Played, capsys: pytest.CaptureFixture[str]
    ) -> None:
        database = in_clear.world.database
        expected = in_clear.export()
        assert expected.count(MARKER) > 8 and MARKER.encode() in raw(database)
        with database.reading() as session:
            assert sealing.count_clear(session) > 10

        seal_all(database)

        assert re.search(r"\d\d+ valeurs scellées, 2 patients", capsys.readouterr().out)
        assert MARKER.encode() not in raw(database)
        assert in_clear.export() == expected
        with database.reading() as session:
            assert sealing.count_clear(session) == 0
        sealed = rows_without_keys(database)
        seal_all(database)
        assert rows_without_keys(database) == sealed

    def test_the_case_goes_on_before_and_after(self, in_clear: Played) -> None:
        world = in_clear.world
        world.do(cases.hold, by="maud", case_id=in_clear.case_id, reason=f"{MARKER} pause")
        seal_all(world.database)
        world.do(cases.resume, by="maud", case_id=in_clear.case_id)

        assert MARKER.encode() not in raw(world.database)
        with pytest.raises(ParcoursError, match="déjà un dossier ouvert"):
            world.start("try_out", by="helene", patient_id=in_clear.patient_id, facts={"stay_number": f"{MARKER}-1",
                        "usual_nurse": str(world.actor("claire").professional_id)})  # fmt: skip
        known = world.do(
            patients.register_patient, birth_name="x", given_name="y", sex="female", birth_date=date(1941, 3, 17),
            ins="2 99 03 99 999 017 87",
        )  # fmt: skip
        assert known == in_clear.patient_id
