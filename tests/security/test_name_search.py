"""A patient is found by the beginnings of names, which the database holds as keyed digests only."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from engine.commands import patients
from engine.lookups import names_begin
from engine.models import Patient, PatientSearchToken
from engine.sealing import SealingKey
from engine.sealing.keys import NAME_LENGTH, new_secret
from tests.engine.commands.world import World

KEY = SealingKey("k" * NAME_LENGTH, new_secret())


class TestSearch:
    @pytest.fixture
    def found(self, world: World) -> Any:
        world.do(
            patients.register_patient, birth_name="DEMO-ÉGLANTINE", used_name="DEMO-LI", given_name="Zoé Anne-Marie",
            sex="female", birth_date=date(1950, 1, 1), commune_insee="00001",
        )  # fmt: skip

        def find(typed: str, territory_id: UUID | None = None) -> int:
            with world.database.reading() as session:
                here = names_begin(session, typed, territory_id=territory_id or world.territory_id)
                return len(session.execute(select(Patient.id).where(here)).all())

        return find

    @pytest.mark.parametrize(
        "typed",
        ["églantine", "EGLANTINE", "egl", "demo-egl", "zoe", "Zoé égl", "marie", "anne-ma", "li", "  égl  zoé "],
    )
    def test_every_word_typed_begins_a_name_whatever_its_accents_and_case(self, found: Any, typed: str) -> None:
        assert found(typed) == 1

    @pytest.mark.parametrize("typed", ["lantine", "eg", "eglantines", "zoe abeille", "", "an", "%", "l", "' OR 1=1"])
    def test_the_middle_of_a_name_another_name_or_a_sign_finds_nobody(self, found: Any, typed: str) -> None:
        assert found(typed) == 0

    def test_the_digests_of_one_territory_say_nothing_in_another(self, found: Any, world: World) -> None:
        assert found("egl", UUID(int=7)) == 0

    def test_digests_need_the_key(self, found: Any, world: World) -> None:
        tokens = {row.token for row in world.rows(PatientSearchToken)}

        assert tokens.isdisjoint({KEY.digest(word) for word in ("egl", "zoe", "demo")})
