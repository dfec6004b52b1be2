"""Spoofed clinical text: what is read is what is written: nothing turned, nothing invisible, no look-alike letter."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from html import escape
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from engine.actor import Actor
from engine.bpmn.reader import read
from engine.clock import utcnow
from engine.commands import pathways, patients
from engine.db import Database
from engine.errors import InvalidRequest
from engine.models import Patient, WaitRecord
from engine.written_signs import INVISIBLE, TURNING, mixed_word, seen, shown, turning_sign
from tests.engine.bpmn_reader.drawing import one_step
from tests.security.conftest import town_database
from tests.web import town
from tests.web.browser import Browser
from tests.web.test_tasks import GOOD, facts

DOSE = "Morphine \u202e001\u202c mg"  # reads « Morphine 100 mg »
database = town_database
TURNED = ["\u202a", "\u202b", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068"]


@pytest.mark.parametrize("sign", TURNED)
@pytest.mark.parametrize(
    "step",
    [
        '<userTask id="x" name="{text}"/>',
        '<userTask id="x" name="u"><documentation>{text}</documentation></userTask>',
        '<userTask id="x" name="u"/><textAnnotation id="t"><text>{text}</text></textAnnotation>',
        '<scriptTask id="x" name="s" scriptFormat="feel"><script>dose = "{text}"</script></scriptTask>',
    ],
    ids=["name", "documentation", "annotation", "script"],
)  # fmt: skip
def test_a_drawing_that_turns_the_direction_of_reading_is_refused_at_its_place(step: str, sign: str) -> None:
    result = read({"a.bpmn": one_step(step.format(text=f"Donner {sign}001\u202c mg"))})

    assert result.model is None
    [found] = [one for one in result.findings if one.code == "XML-023"]
    assert found.line == 4 and f"U+{ord(sign):04X}" in found.message and found.element_id


def test_so_is_a_number_of_a_character_that_hides_it() -> None:
    result = read({"a.bpmn": one_step('<userTask id="x" name="Donner &#x202E;001 mg"/>')})

    assert "XML-023" in {one.code for one in result.findings}


@pytest.mark.parametrize("where", ["label", "help", "option", "unit", "title"])
def test_a_form_that_turns_the_direction_of_reading_is_not_published(where: str) -> None:
    files = town.trial_files()
    text = {"fr": DOSE, "en": DOSE}
    field = {"name": "dose", "type": "code", "label": {"fr": "Dose", "en": "Dose"}, "options": [
        {"value": "a", "label": text if where == "option" else {"fr": "a", "en": "a"}}]}  # fmt: skip
    field |= {where: text} if where in ("label", "help") else {"unit": DOSE} if where == "unit" else {}
    form = {"key": "short_check", "title": text if where == "title" else {"fr": "t", "en": "t"},
            "sections": [{"fields": [field]}]}  # fmt: skip
    files["forms/short_check.json"] = json.dumps(form, ensure_ascii=False).encode()

    found = [one for one in pathways.check(files) if "sens de lecture" in one.message]

    assert found and all(one.severity == "error" and "U+202E" in one.message for one in found)


@pytest.mark.parametrize("name", ["Donner le m\u0435dicament", "\u0410nticoagulant", "Prise de tensi\u03bfn"])
def test_letters_that_only_look_latin_are_pointed_at(name: str) -> None:
    files = town.trial_files()
    files["pathway.bpmn"] = files["pathway.bpmn"].replace(b"Point social", escape(name).encode())

    assert "RB-010" in {one.code for one in pathways.check(files)}


@pytest.mark.parametrize("name", ["Doser le TNFα", "50 µg de β2-mimétique", "50 μg", "Évaluer l’œdème", "Иван"])
def test_what_medicine_really_writes_is_left_alone(name: str) -> None:
    assert mixed_word(name) is None


@given(st.text(alphabet=st.sampled_from("a1é \u200b\u200e\u202e\u2066\ufeff\u00ad\u2060x")))
def test_nothing_invisible_is_left_in_a_text_that_is_kept(text: str) -> None:
    assert not set(map(ord, seen(text))) & set(INVISIBLE)
    assert turning_sign(seen(text)) is None and not TURNING.search(shown(text))
    assert seen(text) == "".join(one for one in text if ord(one) not in INVISIBLE)


def test_answers_are_kept_without_what_cannot_be_seen(
    browser_of: Callable[[str], Browser], start_case: Callable[..., str], database: Database
) -> None:
    start_case()
    claire = browser_of("claire")

    claire.post(claire.task("Visite d'essai", "a-venir"), {**GOOD, "place": DOSE + "\u200b"})

    assert facts(database)["place"] == "Morphine 001 mg"


def test_a_patients_name_is_cleaned_and_a_mixed_one_refused(database: Database, actor: Callable[[str], Actor]) -> None:
    def register(birth_name: str, given_name: str) -> UUID:
        with database.transaction() as session:
            return patients.register_patient(
                session, birth_name=birth_name, given_name=given_name, sex="female", birth_date=date(1950, 1, 1),
                by=actor("maud"), now=utcnow(),
            )  # fmt: skip

    with pytest.raises(InvalidRequest, match="ressemblent"):
        register("DEMO-\u0410BEILLE", "Anne")
    made = register("DEMO-\u202eRUCHE\u200b", "\ufeffAnne")

    with database.reading() as session:
        kept = session.execute(select(Patient).where(Patient.id == made)).scalar_one()
        assert (kept.birth_name, kept.given_name) == ("DEMO-RUCHE", "Anne")


def test_a_page_shows_the_sign_itself_where_an_old_text_still_holds_one(
    browser_of: Callable[[str], Browser], start_case: Callable[..., str], database: Database
) -> None:
    number = start_case()
    with database.transaction() as session:
        session.execute(update(WaitRecord).values(responsible_name=DOSE))

    page = browser_of("maud").get(f"/dossiers/{number}/attentes").get_data(as_text=True)

    assert "[U+202E]001[U+202C]" in page and "\u202e" not in page
