"""Sealing: what identifies or describes a patient is never kept in clear, and is gone with its key, even in backups."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from engine.commands import audit, erasures
from engine.db import Database
from engine.errors import ParcoursError
from engine.models import CaseHistory, DataKey, Patient, PatientSearchToken, Table
from engine.sealing import SealBroken, SealingKey, key_of, sealed_columns
from engine.sealing.keys import MARK, NAME_LENGTH, new_secret
from tests.engine.commands.world import World
from tests.security.sealed_case import MARKER, Played, dump, played, raw, restore
from tests.support.databases import PostgresDatabases
from worker.compactions import sweep_compactions

__all__ = ["played"]

SEALED = {
    "care_case.control_state", "care_circle_member.person_name", "care_circle_member.person_phone", "case_fact.value",
    "case_history.detail", "case_state.control_state", "early_message.payload", "emergency_access.comment",
    "outbox.address", "outbox.parameters", "patient.address", "patient.birth_name", "patient.given_name", "patient.ins",
    "patient.phone", "patient.used_name", "task.locals", "task.priority_reason", "task_draft.answers",
    "task_offer.comment",
}  # fmt: skip
KEY = SealingKey("k" * NAME_LENGTH, new_secret())


class TestOneValue:
    @given(st.text())
    def test_what_is_sealed_opens_as_it_was(self, said: str) -> None:
        sealed = KEY.seal(said.encode(), "a.b")

        assert said not in sealed or len(said) < 3
        assert KEY.open(sealed.split(":", 2)[2], "a.b").decode() == said
        assert KEY.open_bytes(KEY.seal_bytes(said.encode(), "a.b").split(b":", 2)[2], "a.b").decode() == said

    def test_the_same_value_is_never_sealed_the_same_way_twice(self) -> None:
        assert KEY.seal(b"x", "a.b") != KEY.seal(b"x", "a.b")

    @given(st.binary(max_size=40), st.integers(min_value=0), st.integers(min_value=1, max_value=255))
    def test_a_changed_byte_is_refused_with_a_sentence(self, content: bytes, place: int, change: int) -> None:
        body = bytearray(KEY.seal_bytes(content, "a.b")[len(MARK) + NAME_LENGTH + 1 :])
        body[place % len(body)] ^= change

        with pytest.raises(SealBroken, match="modifiée hors de Parcours"):
            KEY.open_bytes(bytes(body), "a.b")

    def test_a_value_put_into_another_column_or_under_another_key_is_refused(self) -> None:
        body = KEY.seal(b"x", "patient.phone").split(":", 2)[2]

        with pytest.raises(SealBroken, match="vient d'ailleurs"):
            KEY.open(body, "patient.birth_name")
        with pytest.raises(SealBroken, match="vient d'ailleurs"):
            SealingKey("o" * NAME_LENGTH, new_secret()).open(body, "patient.phone")

    def test_nothing_is_sealed_under_a_destroyed_key(self) -> None:
        with pytest.raises(SealBroken, match="effacées"):
            SealingKey("d" * NAME_LENGTH, None).owns("x")


class TestColumns:
    def test_these_columns_are_sealed_each_under_its_own_name(self) -> None:
        found = {
            f"{table.name}.{name}": kind.column
            for table in Table.metadata.sorted_tables
            for name, kind in sealed_columns(table)
        }

        assert set(found) >= SEALED
        assert all(name == column for name, column in found.items())

    def test_what_fails_does_not_show_the_value(self, world: World) -> None:
        assert MARKER not in repr(KEY.owns(MARKER))
        with pytest.raises(Exception, match="say whose") as failed, world.database.transaction() as session:
            session.execute(update(Patient).values(phone=MARKER))
        assert MARKER not in str(failed.value)

    @pytest.mark.parametrize(
        ("table", "values"),
        [("patient", {"phone": "06"}), ("case_fact", {"value": "x"}), ("case_history", {"detail": {"reason": "x"}}),
         ("care_case", {"control_state": b"x"})],
    )  # fmt: skip
    def test_a_value_that_nobody_owns_does_not_reach_the_database(
        self, world: World, table: str, values: dict[str, Any]
    ) -> None:
        with pytest.raises(Exception, match="say whose the value is"), world.database.transaction() as session:
            session.execute(update(Table.metadata.tables[table]).values(values))


class TestFromTheFirstDay:
    def test_a_whole_case_is_played_and_no_word_of_it_lies_in_the_database(self, played: Played) -> None:
        assert played.export().count(MARKER) > 8
        assert MARKER.encode() not in raw(played.world.database)

        played.close()

        reasons = [row.detail.get("reason") for row in played.world.rows(CaseHistory, kind="cancelled")]
        assert f"{MARKER} raison" in reasons
        assert MARKER.encode() not in raw(played.world.database)

    def test_erasure_destroys_the_keys_and_the_counts_stay(self, played: Played) -> None:
        played.close()
        before = played.counts()

        done = played.world.do(erasures.erase, by="maud", patient_id=played.patient_id)

        assert done.keys == 2 and done.values > 0 and done.kept_values > 0
        destroyed = played.world.rows(DataKey, wrapped=None)
        assert {row.kind for row in destroyed} == {"patient", "case"}
        assert played.counts() == before
        assert played.world.rows(PatientSearchToken, patient_id=played.patient_id) == []
        assert MARKER not in played.export()
        with played.world.database.transaction() as session:
            audit.seal(session)
            assert audit.verify(session).intact

    def test_the_compaction_leaves_no_byte_of_a_destroyed_key(self, played: Played) -> None:
        database = played.world.database
        wrapped = [str(row.wrapped).encode() for row in played.world.rows(DataKey) if row.kind in ("patient", "case")]
        played.close()
        played.world.do(erasures.erase, by="maud", patient_id=played.patient_id)

        assert sweep_compactions(database) == 1
        assert sweep_compactions(database) == 0

        everything = raw(database)
        gone = [one for one in wrapped if one not in everything]
        assert len(gone) == 2  # the other patient of the world keeps theirs

    def test_a_destroyed_key_reads_as_erased_and_is_no_error(self, played: Played) -> None:
        with played.world.database.transaction() as session:
            connection = session.connection()
            keyring = played.world.database.keyring
            keyring.destroy(connection, "patient", [played.patient_id], played.world.now)
            keyring.destroy(connection, "case", [played.case_id], played.world.now)

        assert "effacé" in played.export() and MARKER not in played.export()
        assert played.world.case(played.case_id).control_state == b""
        with pytest.raises(ParcoursError, match="effacées"), played.world.database.transaction() as session:
            key = key_of(session, "patient", played.patient_id, played.world.territory_id)
            session.execute(update(Patient).where(Patient.id == played.patient_id).values(phone=key.owns("06")))


def test_an_old_backup_with_todays_keys_no_longer_holds_the_person(
    postgres_databases: PostgresDatabases, played: Played
) -> None:
    database = played.world.database
    if database.is_sqlite:
        pytest.skip("Backups are PostgreSQL's.")
    played.close()
    old = dump(database, "--exclude-table-data=data_key")
    before = played.counts()
    played.world.do(erasures.erase, by="maud", patient_id=played.patient_id)
    todays_keys = dump(database, "--data-only", "--table=data_key")

    with postgres_databases.new() as url:
        restored = Database(url)
        restore(restored, old, b"SET session_replication_role = replica;\n" + todays_keys)

        assert MARKER not in played.export(restored)
        assert "effacé" in played.export(restored)
        assert played.counts(restored) == before
        with restored.reading() as session:
            other = session.get_one(Patient, played.world.patient_id)
            assert other.birth_name == "DEMO-ABEILLE"  # everybody else is still there
        restored.close()
