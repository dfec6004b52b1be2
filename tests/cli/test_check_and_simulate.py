"""`parcours check` and `parcours simulate`: what a designer's own machine can rely on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli import check, simulate
from tests.engine.bpmn_reader.corpus import COMPLETED, fate_of, files_in

FIXTURES = Path(__file__).parents[1] / "fixtures" / "bpmn"


def printed(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    """The one JSON object that was printed."""
    value = json.loads(capsys.readouterr().out)
    assert isinstance(value, dict)
    return value


def test_a_sound_file_is_ok_and_exits_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    path = FIXTURES / "parcours" / "own_dialect.bpmn"

    assert check.run([path], as_json=True) == 0

    answer = printed(capsys)
    assert (answer["file"], answer["ok"], answer["missing"]) == (str(path), True, [])


def test_a_refused_file_names_element_line_and_reason_and_exits_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert check.run([FIXTURES / "refused" / "timer_in_words.bpmn"], as_json=True) == 1

    answer = printed(capsys)
    assert answer["ok"] is False
    findings = answer["findings"]
    assert isinstance(findings, list)
    first = findings[0]
    assert (first["code"], first["severity"], first["element_id"], first["line"]) == ("TM-001", "error", "x", 7)
    assert "3 jours" in first["message"]


def test_people_read_one_line_per_finding(capsys: pytest.CaptureFixture[str]) -> None:
    assert check.run([FIXTURES / "refused" / "timer_in_words.bpmn"], as_json=False) == 1

    lines = capsys.readouterr().out.splitlines()
    assert "timer_in_words.bpmn:7:" in lines[0]
    assert lines[-1].startswith("Ne peut pas être publié")


def test_what_stands_beside_a_file_completes_it(capsys: pytest.CaptureFixture[str]) -> None:
    check.run([FIXTURES / "camunda8" / "form_and_feel.bpmn"], as_json=True)

    assert printed(capsys)["missing"] == []


def test_a_run_says_how_it_ended(capsys: pytest.CaptureFixture[str]) -> None:
    path = FIXTURES / "signavio" / "a2_choice.bpmn"

    assert simulate.run(path, seed=3, as_json=True) == 0

    answer = printed(capsys)
    assert (answer["file"], answer["seed"], answer["ended"]) == (str(path), 3, "completed")


def test_a_refused_file_is_not_played(capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate.run(FIXTURES / "refused" / "timer_cron.bpmn", seed=0, as_json=True) == 1

    answer = printed(capsys)
    assert (answer["ended"], answer["element_id"], answer["line"]) == ("refused", "x", 7)


def test_a_run_can_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate.run(FIXTURES / "signavio" / "a1_sequence.bpmn", seed=0, as_json=False) == 0

    assert "Le dossier est allé au bout" in capsys.readouterr().out


@pytest.mark.parametrize("content", [None, b"", bytes(range(256)), b"<html/>", b'{"a": 1}'])
def test_whatever_is_given_gets_one_object_with_place_and_reason(
    content: bytes | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "odd.bpmn"
    if content is not None:
        path.write_bytes(content)

    assert check.run([path], as_json=True) == 1
    told = printed(capsys)["findings"]
    assert isinstance(told, list)
    assert all(one["element_id"] and one["line"] >= 1 and one["message"] for one in told)

    assert simulate.run(path, seed=1, as_json=True) == 1
    assert printed(capsys)["ended"] == "refused"


def test_a_call_of_a_process_left_at_home_is_confirmed_by_a_person(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = (FIXTURES / "refused" / "unknown_called_process.bpmn").read_text(encoding="utf-8")
    path = tmp_path / "alone.bpmn"
    path.write_text(source.replace("urn:parcours:bpmn:1", "http://elsewhere.example"), encoding="utf-8")

    assert check.run([path], as_json=True) == 0
    assert printed(capsys)["missing"] == [{"kind": "process", "name": "other_process"}]
    assert simulate.run(path, seed=1, as_json=True) == 0


CALLER = """<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="shared" targetNamespace="x">
<process id="{id}"><startEvent id="s"/><sequenceFlow id="f1" sourceRef="s" targetRef="x"/>
{step}
<endEvent id="e"/><sequenceFlow id="f2" sourceRef="x" targetRef="e"/></process></definitions>"""
CALL = '<callActivity id="x" name="Suite" calledElement="follow_up"/>'
STEP = '<userTask id="x" name="Visiter"/>'


@pytest.mark.parametrize(
    ("beside", "missing"),
    [
        ({"one.bpmn": CALLER.format(id="follow_up", step=STEP)}, []),
        ({"one.BPMN": CALLER.format(id="follow_up", step=STEP)}, []),
        (
            {name: CALLER.format(id="follow_up", step=STEP) for name in ("one.bpmn", "two.bpmn")},
            [{"kind": "process", "name": "follow_up"}],
        ),
        ({"one.bpmn": CALLER.format(id="other", step=STEP)}, [{"kind": "process", "name": "follow_up"}]),
    ],
    ids=["one holds it", "whatever the case of its suffix", "two hold it: which one is not said", "none holds it"],
)
def test_a_called_process_is_taken_from_the_one_file_beside_that_holds_it(
    beside: dict[str, str], missing: list[object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, content in {"main.bpmn": CALLER.format(id="main", step=CALL), **beside}.items():
        (tmp_path / name).write_text(content, encoding="utf-8")

    assert check.run([tmp_path / "main.bpmn"], as_json=True) == 0

    assert printed(capsys)["missing"] == missing


def test_a_drawing_whose_id_is_that_of_a_missing_decision_is_not_taken_for_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rule = '<businessRuleTask id="x" xmlns:c="http://camunda.org/schema/1.0/bpmn" c:decisionRef="shared"/>'
    for name, step in (("main.bpmn", rule), ("one.bpmn", STEP)):
        (tmp_path / name).write_text(CALLER.format(id="main", step=step), encoding="utf-8")

    assert check.run([tmp_path / "main.bpmn"], as_json=True) == 0

    assert printed(capsys)["missing"] == [{"kind": "decision", "name": "shared"}]


def test_every_example_runs_to_its_end_or_is_refused_at_its_place() -> None:
    fates = [fate_of(path, range(1)) for path in files_in([FIXTURES])]

    assert [(one.path.name, one.said) for one in fates if not one.good] == []
    assert sum(one.verdict == COMPLETED for one in fates) / len(fates) > 0.7
