"""A proposed mend, done on the designer's file, makes its finding go and leaves the rest as it was."""

from __future__ import annotations

import pytest
from lxml import etree

from engine.bpmn.checker.fixes import apply_fix, mend
from engine.bpmn.findings import Finding, Fix, Severity
from engine.errors import InvalidRequest
from tests.engine.bpmn_checker.broken import BEGIN, BROKEN, END, XOR, document, everything, flow, split, task

DRAWN = """<bpmndi:BPMNDiagram xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI"
 xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" id="di"><bpmndi:BPMNPlane id="pl" bpmnElement="p">
 <bpmndi:BPMNShape id="t0_di" bpmnElement="t0"><dc:Bounds x="100" y="80" width="100" height="80"/></bpmndi:BPMNShape>
</bpmndi:BPMNPlane></bpmndi:BPMNDiagram>
"""


def one(body: str, code: str) -> Finding:
    return next(found for found in everything(body) if found.code == code)


def body_of(xml: bytes) -> str:
    text = xml.decode()
    return text[text.index('isExecutable="true">') + 20 : text.index("</bpmn:process>")]


@pytest.mark.parametrize(
    ("name", "code"), [("exclusive split, parallel join", "CF-001"), ("parallel split, exclusive join", "CF-002")]
)
def test_a_join_of_the_wrong_kind_is_replaced_and_nothing_is_left_to_find(name: str, code: str) -> None:
    body = BROKEN[name][0]

    mended = apply_fix(document(body), one(body, code))

    assert not any(found.severity is Severity.ERROR for found in everything(body_of(mended)))


def test_the_rest_of_the_file_stays_as_it_was() -> None:
    body = "<!-- gardé -->\n" + BROKEN["exclusive split, parallel join"][0]

    before = document(body).decode().splitlines()
    after = apply_fix(document(body), one(body, "CF-001")).decode().splitlines()

    changed = [line for line in after if line not in before]
    assert [line.strip() for line in changed if "<?xml" not in line] == [
        '<bpmn:exclusiveGateway id="j" name="Équipe prête"/>'
    ]


def test_a_default_flow_is_set_and_its_condition_taken_away() -> None:
    body = BEGIN + split(XOR, XOR, ("urgent = true", "urgent = true and 1 = 1"))

    mended = apply_fix(document(body), one(body, "DT-010"))

    assert b'default="f3"' in mended
    assert "DT-010" not in {found.code for found in everything(body_of(mended))}


def test_an_end_is_added_with_its_shape() -> None:
    xml = document(BEGIN).replace(b"</bpmn:process>\n", b"</bpmn:process>\n" + DRAWN.encode())
    fix = Fix(kind="add_end", label="", label_en="", element_id="t0")

    root = etree.fromstring(mend(xml, fix))

    ids = [element.get("bpmnElement") for element in root.iter("{*}BPMNShape", "{*}BPMNEdge")]
    assert ids == ["t0", "End_t0", "Flow_t0_end"]
    assert [end.get("id") for end in root.iter("{*}endEvent")] == ["End_t0"]


def test_an_element_is_removed_with_its_flows() -> None:
    body = BEGIN + task("u", "Oubliée") + END + flow("f1", "t0", "e") + flow("f2", "u", "e")

    mended = mend(document(body), Fix(kind="remove", label="", label_en="", element_id="u"))

    assert b'"u"' not in mended and b'"f2"' not in mended


def test_attributes_conditions_and_texts_are_written() -> None:
    body = BEGIN + END + flow("f1", "t0", "e")

    def mended(kind: str, element: str, **words: str) -> bytes:
        fix = Fix(kind=kind, label="", label_en="", element_id=element, parameters=tuple(words.items()))
        return mend(document(body), fix)

    assert b'parcours:role="gp"' in mended("set_attribute", "t0", name="parcours:role", value="gp")
    assert b"<bpmn:conditionExpression" in mended("add_condition", "e", flow="f1", condition="= urgent")
    assert b"<bpmn:documentation>Pourquoi" in mended("set_text", "t0", child="documentation", value="Pourquoi")


@pytest.mark.parametrize(
    ("xml", "fix"),
    [
        (b"<a", Fix(kind="remove", label="", label_en="", element_id="x")),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a id="x"/>', Fix(kind="remove", label="", label_en="", element_id="x")),
        (b"<a/>", Fix(kind="remove", label="", label_en="", element_id="x")),
        (b'<a id="x"/>', Fix(kind="map_role", label="", label_en="", element_id="x")),
        (
            b'<a id="x"/>',
            Fix(kind="replace_type", label="", label_en="", element_id="x", parameters=(("type", "script"),)),
        ),
    ],
)
def test_a_mend_that_does_not_fit_is_refused_in_words(xml: bytes, fix: Fix) -> None:
    with pytest.raises(InvalidRequest):
        mend(xml, fix)


def test_a_finding_without_a_mend_is_refused_in_words() -> None:
    with pytest.raises(InvalidRequest, match="à la main"):
        apply_fix(b"<a/>", Finding(code="CF-004", severity=Severity.WARNING, message="", message_en=""))
