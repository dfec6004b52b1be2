"""Camunda 7, Flowable, Camunda 8, SpiffWorkflow and our own vocabulary mean what their modellers say."""

from __future__ import annotations

from typing import Any

import pytest

from engine.bpmn.model import MultiInstance, NodeKind, PathwayModel, TimerKind, Trigger, TriggerKind
from engine.bpmn.reader import read
from tests.engine.bpmn_reader.drawing import FIXTURES, codes, node, one_step, read_one


def files(folder: str, *names: str) -> dict[str, bytes]:
    """Example files by name."""
    return {name: (FIXTURES / folder / name).read_bytes() for name in names}


def fields(model: PathwayModel, key: str | None) -> dict[str, dict[str, Any]]:
    """Fields of a form by name."""
    return {field["name"]: field for section in model.forms[key or ""]["sections"] for field in section["fields"]}


def test_camunda_7_form_data_becomes_our_form() -> None:
    result = read(files("camunda7", "invoice_like_approval.bpmn"))

    assert result.model is not None
    assert result.model.dialect == "camunda7"
    task = node(result.model, "describe")
    assert task.work is not None
    assert (task.work.roles, task.work.priority) == (("home_nurse",), "high")
    assert task.work.due is not None
    asked = fields(result.model, task.work.form_key)
    assert {name: field["type"] for name, field in asked.items()} == {
        "amount": "int",
        "urgent": "bool",
        "kind": "code",
        "wanted_on": "date",
    }
    assert asked["amount"] == {
        "name": "amount",
        "type": "int",
        "label": {"fr": "Montant", "en": "Montant"},
        "required": True,
        "min": 0,
        "max": 5000,
        "default": 100,
    }
    assert {"RD-010", "RD-011", "DT-103"} <= codes(result)


def test_camunda_7_computations_are_read_and_programs_are_never_run() -> None:
    result = read(files("camunda7", "scripts_and_services.bpmn"))

    assert result.model is not None
    assert node(result.model, "compute").script == "points = 2 + 3"
    assert node(result.model, "groovy").script == "level = 2"
    assert node(result.model, "js").kind is NodeKind.USER_TASK
    assert "bean_decide" in result.model.main_process.scope.nodes
    loop = node(result.model, "sub").loop
    assert isinstance(loop, MultiInstance)
    assert loop.completion is None
    assert {"RD-010", "RD-013", "RD-020", "RD-044"} <= codes(result)


def test_a_camunda_7_call_hands_over_all_that_the_called_process_reads() -> None:
    result = read(files("camunda7", "calls.bpmn"))

    assert result.model is not None
    assert set(result.model.processes) == {"parent", "child"}
    assert result.model.main == "parent"
    assert [one.name for one in node(result.model, "call").outputs] == ["final_opinion"]


def test_flowable_form_properties_and_deadlines() -> None:
    result = read(files("flowable", "absence.bpmn"))

    assert result.model is not None
    task = node(result.model, "handle")
    assert task.work is not None
    assert task.work.due is not None
    assert task.work.due.text == "PT24H"
    assert task.work.roles == ("management", "coordinator")
    assert fields(result.model, task.work.form_key)["approved"]["type"] == "code"


def test_camunda_8_forms_feel_and_mappings() -> None:
    result = read(files("camunda8", "form_and_feel.bpmn", "drug_review.form"))

    assert result.model is not None
    task = node(result.model, "screen")
    assert task.work is not None
    asked = fields(result.model, task.work.form_key)
    assert {name: field["type"] for name, field in asked.items()} == {
        "falls": "int",
        "alone": "bool",
        "home": "code",
        "seen_at": "date",
        "drugs": "table",
    }
    assert node(result.model, "screen_out").script == "frequent = falls > 1"
    review = node(result.model, "visits")
    assert isinstance(review.loop, MultiInstance)
    assert (review.loop.item, review.loop.output_collection) == ("item", "reviews")
    assert review.work is not None
    assert fields(result.model, review.work.form_key)["why"]["visible_if"] == '= not(kept = "yes")'
    assert "MS-101" in codes(result)


def test_a_form_that_is_not_among_the_files_is_named() -> None:
    result = read(files("camunda8", "form_and_feel.bpmn"))

    assert ("form", "drug_review") in result.missing
    assert "FM-002" in codes(result)


def test_spiffworkflow_properties_schemas_and_assignments() -> None:
    result = read(files("spiff", "properties_and_schema.bpmn", "visit-schema.json"))

    assert result.model is not None
    task = node(result.model, "Activity_form")
    assert task.documentation == "Notez ce que vous voyez."
    assert task.work is not None
    asked = fields(result.model, task.work.form_key)
    assert (asked["systolic"]["type"], asked["systolic"]["min"], asked["signs"]["type"]) == ("int", 60, "table")
    assert node(result.model, "Activity_form_out").script == "total = systolic + 0"
    assert node(result.model, "Activity_script").kind is NodeKind.SCRIPT_TASK
    time = node(result.model, "Event_t").trigger.expression
    assert time is not None
    assert time.text == "PT1H"


def test_our_own_vocabulary_is_read_whole() -> None:
    result = read(files("parcours", "own_dialect.bpmn", "ask.json"))

    assert result.model is not None
    task = node(result.model, "ask")
    assert task.work is not None
    assert (task.work.roles, task.work.form_key, task.work.priority, task.work.escalation) == (
        ("gp",),
        "ask",
        "high",
        "none",
    )
    assert task.documentation == "Pour que le patient ne se déplace pas."
    action = node(result.model, "call").action
    assert action is not None
    assert (action.kind, dict(action.parameters)) == ("notify", {"to": "coordinator", "template": "urgent_advice"})
    wait = node(result.model, "wait")
    assert (wait.trigger.name, wait.responsible) == ("result_received", "gp")
    assert wait.expected is not None
    assert wait.expected.text == "WD5"
    assert codes(result) == set()


def test_timers_are_iso_bare_or_quoted_or_expressions() -> None:
    def timer(kind: str, text: str) -> Trigger | None:
        step = f'<intermediateCatchEvent id="x"><timerEventDefinition><{kind}>{text}</{kind}></timerEventDefinition>'
        result = read_one(one_step(step + "</intermediateCatchEvent>"))
        return node(result.model, "x").trigger if result.model else None

    for text in ("P3D", '"P3D"', "'P3D'", '="P3D"'):
        found = timer("timeDuration", text)
        assert found is not None
        assert found.expression is not None
        assert (found.timer, found.expression.text) == (TimerKind.DURATION, "P3D")
    for kind, text in (("timeCycle", "R3/PT24H"), ("timeDate", "2026-03-29T08:00"), ("timeDuration", "WD2")):
        found = timer(kind, text)
        assert found is not None
        assert found.expression is not None
        assert found.expression.text == text
    for text in ("3 jours", "-PT1S", "P", "1D", "R/PT0S", "P99999Y"):
        assert timer("timeDuration", text) is None
    assert timer("timeCycle", "R99999999/PT1M") is None
    assert timer("timeCycle", "R/PT0S") is None


@pytest.mark.parametrize(
    ("kind", "written", "meant"),
    [
        ("timeDuration", "pt1h30m", "PT1H30M"),
        ("timeDuration", "1d2h", "P1DT2H"),
        ("timeDuration", "10s", "PT10S"),
        ("timeDate", "2031-01-01 10:00", "2031-01-01T10:00"),
        ("timeCycle", "R-1/PT5M", "R/PT5M"),
        ("timeCycle", "r3/2031-01-01t10:00/p1d", "R3/2031-01-01T10:00/P1D"),
    ],
)
def test_times_that_other_engines_spell_otherwise_mean_the_same(kind: str, written: str, meant: str) -> None:
    step = f'<intermediateCatchEvent id="x"><timerEventDefinition><{kind}>{written}</{kind}></timerEventDefinition>'

    result = read_one(one_step(step + "</intermediateCatchEvent>"))

    assert result.model is not None
    expression = node(result.model, "x").trigger.expression
    assert expression is not None
    assert expression.text == meant
    assert "RD-024" in codes(result)


def test_in_our_own_dialect_times_are_spelled_as_the_standard_does() -> None:
    step = '<intermediateCatchEvent id="x" parcours:responsible="gp"><timerEventDefinition><timeDuration>10s'
    step += "</timeDuration></timerEventDefinition></intermediateCatchEvent>"

    assert "TM-001" in codes(read_one(one_step(step, dialect="parcours")))


@pytest.mark.parametrize("rule", ["0 0 8 * * ?", "0 0/5 * * * ?", "30 9 * * MON-FRI", "0 30 9 ? * 2-6 2031"])
def test_a_cron_rule_of_another_engine_is_a_message_that_a_person_sends(rule: str) -> None:
    step = f'<intermediateCatchEvent id="x"><timerEventDefinition><timeCycle>{rule}</timeCycle></timerEventDefinition>'

    result = read_one(one_step(step + "</intermediateCatchEvent>"))

    assert result.model is not None
    assert node(result.model, "x").trigger.kind is TriggerKind.MESSAGE
    assert any(one.code == "RD-020" and rule in one.message for one in result.findings)


def test_the_date_at_which_a_repetition_ends_is_said_to_be_left_out() -> None:
    step = '<intermediateCatchEvent id="x"><timerEventDefinition><timeCycle camunda:endDate="2031-01-01">R/PT1H'
    step += "</timeCycle></timerEventDefinition></intermediateCatchEvent>"

    assert "RD-025" in codes(read_one(one_step(step, dialect="camunda")))
