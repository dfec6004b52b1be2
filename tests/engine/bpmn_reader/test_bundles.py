"""Several files make one pathway; a package is opened within limits."""

from __future__ import annotations

import io
import zipfile

import pytest

from engine.bpmn.reader import read
from tests.engine.bpmn_reader.drawing import AFTER, BEFORE, bpmn, codes, model_of, one_step

DMN = b"""<?xml version="1.0"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="t">
<decision id="level" name="Niveau"><decisionTable id="t">
<input id="i"><inputExpression><text>age</text></inputExpression></input>
<output id="o" name="risk_level"/></decisionTable></decision></definitions>"""


def packed(**files: bytes) -> bytes:
    """A .zip of the files."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


def test_a_called_process_is_found_in_another_file() -> None:
    parent = one_step('<callActivity id="x" name="Suite" calledElement="q"/>')
    child = bpmn(BEFORE + '<userTask id="x"/>' + AFTER).replace(b'id="p"', b'id="q"')

    result = read({"parent.bpmn": parent, "child.bpmn": child})

    assert result.model is not None
    assert result.model.main == "p"
    assert set(result.model.processes) == {"p", "q"}
    inside = [set(process.scope.nodes) for process in result.model.processes.values()]
    assert not inside[0] & inside[1]


def test_a_missing_process_is_named_exactly() -> None:
    result = read({"parent.bpmn": one_step('<callActivity id="x" calledElement="suite_de_soins"/>')})

    assert result.missing == {("process", "suite_de_soins")}
    assert result.model is not None
    said = next(one for one in result.findings if one.code == "CF-015")
    assert "« suite_de_soins »" in said.message and (said.element_id, said.line > 0) == ("x", True)


def test_a_decision_is_found_by_its_id() -> None:
    data = one_step('<businessRuleTask id="x" parcours:decision="level"/>', dialect="parcours")

    result = read({"a.bpmn": data, "level.dmn": DMN})

    assert result.model is not None
    assert result.model.decisions["level"] == DMN


def test_a_package_is_opened_and_other_files_are_handed_back() -> None:
    data = packed(**{"a/pathway.bpmn": one_step('<userTask id="x"/>'), "a/walks/one.walk": b"start", "a/p.json": b"[]"})

    result = read({"pathway.zip": data})

    assert result.model is not None
    assert set(result.others) == {"a/walks/one.walk", "a/p.json"}


@pytest.mark.parametrize(
    "data",
    [
        packed(**{"bomb.bpmn": b"<a>" + b" " * 30_000_000 + b"</a>"}),
        packed(**{f"f{n}.bpmn": b"<a/>" for n in range(201)}),
        packed(**{"a.bpmn": b"<a/>"})[:-10],
        b"PK\x03\x04" + b"\x00" * 40,
    ],
)
def test_a_hostile_package_is_refused(data: bytes) -> None:
    result = read({"pathway.zip": data})

    assert result.model is None
    assert codes(result) & {"XML-020", "XML-021"}


def test_a_package_cannot_name_files_outside_itself() -> None:
    data = packed(**{"../../etc/evil.bpmn": one_step('<userTask id="x"/>'), "/root.bpmn": b"<a/>"})

    assert codes(read({"pathway.zip": data})) == {"NS-003"}


def test_nothing_to_read_is_said() -> None:
    assert codes(read({})) == {"NS-003"}
    assert codes(read({"walk.txt": b"hello"})) == {"NS-003"}


def test_the_detailed_pool_is_the_pathway_and_the_others_are_named() -> None:
    other = '<process id="lab" name="Laboratoire"><startEvent id="ls"/></process>'
    result = read({"a.bpmn": one_step('<userTask id="x"/>', around=other)})

    assert result.model is not None
    assert result.model.main == "p"
    assert "RD-101" in codes(result)
    chosen = read({"a.bpmn": one_step('<userTask id="x"/>', around=other)}, main="lab")
    assert chosen.model is not None
    assert chosen.model.main == "lab"


def test_reading_twice_gives_the_same_model() -> None:
    data = one_step('<task id="x" name="Visiter"><multiInstanceLoopCharacteristics/></task>')

    assert model_of(data) == model_of(data)
