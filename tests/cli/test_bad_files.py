"""`parcours check` on files made to hurt: a sentence with element and line, at once, never a traceback."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from cli import check

AT_ONCE_SECONDS = 2
HEAD = (
    '<?xml version="1.0"?>\n<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:parcours="urn:parcours:bpmn:1" id="d" targetNamespace="x">\n<bpmn:process id="fall" name="Chute" '
    'isExecutable="true">\n<bpmn:startEvent id="s"/><bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="t"/>\n'
    '<bpmn:userTask id="t" name="Visiter" parcours:role="home_nurse"/>\n'
)
TAIL = '\n<bpmn:endEvent id="e"/></bpmn:process></bpmn:definitions>'
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(10))
FILES = {
    "XML bomb": (f'<?xml version="1.0"?>\n<!DOCTYPE d [{LAUGHS}]>\n<d>&l9;</d>', "DOCTYPE", 2),
    "unknown element": (
        HEAD
        + '<bpmn:sequenceFlow id="f2" sourceRef="t" targetRef="z"/>\n<bpmn:teleport id="z" name="Ailleurs"/>'
        + TAIL,
        "teleport",
        7,
    ),
    "dangling flow": (HEAD + '<bpmn:sequenceFlow id="f2" sourceRef="t" targetRef="nowhere"/>' + TAIL, "f2", 6),
    "syntax error": (
        HEAD + '<bpmn:sequenceFlow id="f2" sourceRef="t" targetRef="g"/>\n'
        '<bpmn:exclusiveGateway id="g" name="Urgent ?" default="f4"/>\n'
        '<bpmn:sequenceFlow id="f3" sourceRef="g" targetRef="e"><bpmn:conditionExpression>= (risk = '
        '</bpmn:conditionExpression></bpmn:sequenceFlow>\n<bpmn:sequenceFlow id="f4" sourceRef="g" targetRef="e"/>'
        + TAIL,
        "f3",
        8,
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_a_bad_file_is_answered_at_once_with_its_place(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content, element, line = FILES[name]
    path = tmp_path / "chute.bpmn"
    path.write_text(content, encoding="utf-8")
    began = time.process_time()

    assert check.run([path], as_json=False) == 1

    assert time.process_time() - began < AT_ONCE_SECONDS
    errors = [one for one in capsys.readouterr().out.splitlines() if ": erreur " in one]
    assert any(f"chute.bpmn:{line}:" in one and element in one for one in errors), errors
