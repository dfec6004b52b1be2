"""Keys: remembered once they are committed, found by other processes, taken over to another secret or territory key."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from engine.commands import keys
from engine.db import Database
from engine.errors import InvalidRequest
from engine.models import CaseFact, DataKey
from engine.sealing import key_of
from engine.settings import DEMO_SECRET
from engine.vault import Vault
from tests.engine.commands.world import World
from tests.security.sealed_case import Played, played, rows_without_keys

__all__ = ["played"]


class TestKeysInMemory:
    def test_a_key_of_a_transaction_that_failed_is_forgotten(self, world: World) -> None:
        patient_id = world.patient_id
        with world.database.transaction() as session:
            session.execute(text("DELETE FROM data_key WHERE kind = 'patient'"))
        world.database.keyring.memory.forget("patient", patient_id)

        class Abandoned(Exception):
            pass

        with pytest.raises(Abandoned), world.database.transaction() as session:
            lost = key_of(session, "patient", patient_id, world.territory_id).name
            raise Abandoned

        with world.database.transaction() as session:
            kept = key_of(session, "patient", patient_id, world.territory_id).name
        assert kept != lost
        assert [row.name for row in world.rows(DataKey, kind="patient")] == [kept]

    def test_another_process_reads_what_this_one_sealed(self, played: Played) -> None:
        other = Database(played.world.database.url.render_as_string(hide_password=False))

        assert played.export(other) == played.export()
        other.close()

    def test_an_installation_without_the_secret_says_so(self, played: Played) -> None:
        other = Database(played.world.database.url.render_as_string(hide_password=False), secrets=("another" * 6,))

        with pytest.raises(InvalidRequest, match="n'a plus"):
            played.export(other)
        with other.reading() as session:
            assert keys.unopened(session, vault=other.keyring.vault) == 1
        other.close()


class TestRotation:
    def test_the_secret_changes_and_nothing_else_is_written_again(self, played: Played) -> None:
        url = played.world.database.url.render_as_string(hide_password=False)
        before, expected = rows_without_keys(played.world.database), played.export()
        both = Database(url, secrets=("new-secret" * 4, DEMO_SECRET))
        with both.transaction() as session:
            assert keys.reseal(session, vault=both.keyring.vault) == (1, 0)
        both.close()

        new = Database(url, secrets=("new-secret" * 4,))
        assert played.export(new) == expected
        assert rows_without_keys(new) == before
        new.close()

    def test_a_territorys_key_is_changed_in_steps_that_may_be_interrupted(
        self, played: Played, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(keys, "AT_ONCE", 2)
        world, expected = played.world, played.export()
        old = world.rows(DataKey, kind="territory")[0]
        total = len(world.rows(DataKey)) - 1

        def step() -> int:
            with world.database.transaction() as session:
                assert keys.begin_rotation(session, territory_id=world.territory_id) >= 0
                return keys.rotate_some(session, territory_id=world.territory_id)

        done = [step()]
        meanwhile = world.start("try_out", by="helene", patient_id=world.patient_id, facts={"stay_number": "S-2",
                                "usual_nurse": str(world.actor("claire").professional_id)})  # fmt: skip
        with world.database.transaction() as session:
            while (one := keys.rotate_some(session, territory_id=world.territory_id)) > 0:
                done.append(one)

        assert sum(done) == total
        assert world.rows(DataKey, name=old.name) == []
        assert {row.wrapped_by for row in world.rows(DataKey) if row.kind != "territory"} == {
            world.rows(DataKey, kind="territory")[0].name
        }
        fresh = Database(world.database.url.render_as_string(hide_password=False))
        assert played.export(fresh) == expected
        with fresh.reading() as session:
            assert (
                session.execute(
                    select(CaseFact.value).where(CaseFact.case_id == meanwhile, CaseFact.name == "stay_number")
                ).scalar_one()
                == "S-2"
            )
        fresh.close()


def test_a_vault_knows_whether_it_opens() -> None:
    sealed = Vault(("a" * 40,)).seal("x")

    assert Vault(("b" * 40, "a" * 40)).fits(sealed) and not Vault(("b" * 40,)).fits(sealed)
