"""What cannot run is refused at the element that a designer sees, with its line and what to do."""

from __future__ import annotations

import pytest

from engine.bpmn.reader import read
from tests.engine.bpmn_reader.drawing import FIXTURES, errors

REFUSED = [
    ("boundary_on_nothing", "NS-020", "b", 7),
    ("calls_itself", "CF-053", "x", 6),
    ("choreography", "NS-001", "c", 3),
    ("complex_join", "NS-030", "c", 5),
    ("cut_short", "XML-005", "s", 5),
    ("doctype", "XML-006", "doctype.bpmn", 2),
    ("duplicate_id", "XML-014", "x", 7),
    ("flow_to_nothing", "XML-012", "f1", 5),
    ("link_without_target", "NS-022", "l", 7),
    ("many_instances", "CF-051", "x", 7),
    ("no_process", "NS-002", "d", 2),
    ("own_bad_condition", "EX-001", "f2", 6),
    ("own_missing_decision", "EX-010", "x", 6),
    ("own_missing_form", "FM-001", "x", 6),
    ("own_program", "EX-002", "x", 6),
    ("own_unknown_action", "NS-012", "x", 6),
    ("quantity", "NS-011", "x", 6),
    ("timer_cron", "TM-001", "x", 7),
    ("timer_in_words", "TM-001", "x", 7),
    ("timer_negative", "TM-001", "x", 7),
    ("two_lanes", "AF-103", "l1", 3),
    ("unknown_called_process", "CF-015", "x", 6),
    ("unknown_element", "NS-013", "beam", 7),
    ("xpdl", "XML-011", "Package", 2),
]


@pytest.mark.parametrize(("name", "code", "element_id", "line"), REFUSED)
def test_refused_with_element_line_and_reason(name: str, code: str, element_id: str | None, line: int) -> None:
    result = read({f"{name}.bpmn": (FIXTURES / "refused" / f"{name}.bpmn").read_bytes()})

    first = errors(result)[0]
    assert result.model is None
    assert (first.code, first.element_id, first.line) == (code, element_id, line)
    assert first.file == f"{name}.bpmn"
    assert len(first.message) > 20
    assert first.message_en


def test_every_refused_example_is_in_the_table() -> None:
    assert {path.stem for path in (FIXTURES / "refused").iterdir()} == {name for name, *_ in REFUSED}


def test_everything_is_said_in_one_pass() -> None:
    drawn = (FIXTURES / "refused" / "timer_in_words.bpmn").read_bytes()
    more = b'<bpmn:userTask id="q" startQuantity="3"/><bpmn:sequenceFlow id="z" sourceRef="q" targetRef="nowhere"/>'
    data = drawn.replace(b"<bpmn:endEvent", more + b"<bpmn:endEvent")

    assert {"TM-001", "NS-011", "XML-012"} <= {one.code for one in errors(read({"a.bpmn": data}))}
