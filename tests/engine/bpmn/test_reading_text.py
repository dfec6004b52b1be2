"""A pathway read as a text: every task is there, with who, by when and what if not."""

from __future__ import annotations

import json

import pytest

from engine.bpmn.program import build_program
from engine.bpmn.reader import read
from engine.bpmn.reading_text import ReadPart, ReadStep, reading_text
from engine.library import forms_in, ladders_in, parameters_in, readable, shipped_files
from engine.roles import ROLE_LABELS


def text_of(key: str) -> tuple[ReadPart, ...]:
    files = shipped_files(key)
    description = json.loads(files["pathway.json"])
    model = read(readable(files), main=description.get("process"), known_roles=ROLE_LABELS).model
    assert model is not None
    return reading_text(
        build_program(model), forms=forms_in(files, model), ladders=ladders_in(files), parameters=parameters_in(files)
    )


@pytest.fixture(scope="module")
def parts() -> tuple[ReadPart, ...]:
    return text_of("hospital_discharge")


def steps(parts: tuple[ReadPart, ...]) -> dict[str, ReadStep]:
    return {step.element_id: step for part in parts for step in part.steps}


def test_a_task_says_who_what_by_when_and_what_if_not(parts: tuple[ReadPart, ...]) -> None:
    risk = steps(parts)["assess_readmission_risk"]
    said = " ".join(risk.sentences)

    assert risk.title.endswith("Repérer le risque de réhospitalisation")
    assert risk.title.startswith("Équipe soignante du service : ")
    assert "Délai : 48 heures" in said
    assert "Sinon : " in said
    assert "À renseigner : " in said


def test_what_is_drawn_on_a_step_is_said(parts: tuple[ReadPart, ...]) -> None:
    visit = " ".join(steps(parts)["first_nurse_visit"].sentences)

    assert "« Rappeler la visite »" in visit
    assert "(l'étape reste ouverte)" in visit


def test_steps_come_in_the_order_a_case_meets_them(parts: tuple[ReadPart, ...]) -> None:
    order = list(steps(parts))
    met = ["assess_readmission_risk", "inform_and_consent", "social_assessment", "plan_discharge"]

    assert sorted(met, key=order.index) == met


def test_a_choice_says_where_each_answer_leads_and_a_wait_who_answers_for_it(parts: tuple[ReadPart, ...]) -> None:
    found = steps(parts)

    assert any(sentence.endswith("».") for sentence in found["g_exit"].sentences)
    waits = [step for step in found.values() if step.title.startswith("Attendre : ")]
    assert all(step.sentences for step in waits)


def test_every_task_of_the_pathway_is_told_once(parts: tuple[ReadPart, ...]) -> None:
    files = shipped_files("hospital_discharge")
    model = read(readable(files), main="hospital_discharge", known_roles=ROLE_LABELS).model
    assert model is not None
    drawn = files["pathway.bpmn"].decode().count("<bpmn:userTask ")
    told = [step.element_id for part in parts for step in part.steps]

    assert len(told) == len(set(told))
    assert sum(f'<bpmn:userTask id="{one}"' in files["pathway.bpmn"].decode() for one in told) == drawn


def test_nothing_technical_is_left_in_the_text(parts: tuple[ReadPart, ...]) -> None:
    said = " ".join(sentence for step in steps(parts).values() for sentence in (step.title, *step.sentences))

    assert not any(mark in said for mark in ("= ", "${", "PT4", "P7D", "_id", "None"))


def test_something_that_may_happen_any_time_stands_aside(parts: tuple[ReadPart, ...]) -> None:
    assert any(part.aside for part in parts)
    assert not parts[0].aside


def test_a_name_that_a_case_would_fill_is_read_without_its_braces(parts: tuple[ReadPart, ...]) -> None:
    assert steps(parts)["catch_up"].title.endswith("Rattraper : …")
