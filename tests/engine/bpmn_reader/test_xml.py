"""A stranger's XML is bounded, never expanded, and every element knows its line and column."""

from __future__ import annotations

import gzip
import resource
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.bpmn.reader import model_digest, read
from engine.bpmn.xml import MAX_BYTES, read_xml


def test_each_element_has_its_line_and_column() -> None:
    document, findings = read_xml("a.xml", b'<a>\n  <b x="1"/>\n    <c><d/></c>\n</a>')

    assert findings == ()
    assert document is not None
    assert [(one.name, one.place.line, one.place.column) for one in document.root.walk()] == [
        ("a", 1, 1),
        ("b", 2, 3),
        ("c", 3, 5),
        ("d", 3, 8),
    ]


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [("utf-8", "UTF-8"), ("utf-16", "UTF-16"), ("iso-8859-1", "ISO-8859-1"), ("windows-1252", "windows-1252")],
)
def test_accents_survive_every_accepted_encoding(encoding: str, declared: str) -> None:
    text = f'<?xml version="1.0" encoding="{declared}"?><a name="Évaluer"/>'

    document, _ = read_xml("a.xml", text.encode(encoding))

    assert document is not None
    assert document.root.get("name") == "Évaluer"


LAUGHS = "".join(
    f'<!ENTITY l{n} "{"&l" + str(n - 1) + ";" if n else "lol"}{"" if n == 0 else "&l" + str(n - 1) + ";"}">'
    for n in range(9)
)
ATTRIBUTES = " ".join(f'a{n}="1"' for n in range(100_000))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "XML-002"),
        (b"   \n", "XML-002"),
        (b"PK\x03\x04zip", "XML-003"),
        (gzip.compress(b"<a/>", mtime=0), "XML-003"),
        (b'<?xml version="1.0" encoding="UTF-7"?><a/>', "XML-004"),
        ('<?xml version="1.0" encoding="UTF-32"?><a/>'.encode("utf-32"), "XML-004"),
        (b"<a><b></a>", "XML-005"),
        (b"<x:a/>", "XML-005"),
        (b"\xff\xfe\xfa", "XML-005"),
        (f"<!DOCTYPE a [{LAUGHS}]><a>&l8;</a>".encode(), "XML-006"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "XML-006"),
        ('<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE a []><a/>'.encode("utf-16"), "XML-006"),
        (b"<a>" + b"<b/>" * 20_001 + b"</a>", "XML-007"),
        (b"<a>" * 61 + b"</a>" * 61, "XML-008"),
        (f"<a {ATTRIBUTES}/>".encode(), "XML-009"),
        (b'<a x="' + b"y" * 20_001 + b'"/>', "XML-009"),
        (b"<a>" + b"y" * 1_000_001 + b"</a>", "XML-010"),
        (b"<a>" + b" " * MAX_BYTES + b"</a>", "XML-001"),
    ],
)
def test_hostile_files_are_refused_at_once(data: bytes, code: str) -> None:
    before = time.process_time()

    document, findings = read_xml("a.xml", data)

    assert document is None
    assert [one.code for one in findings] == [code]
    assert time.process_time() - before < 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 1_500_000  # kB; the suite itself is most of it


def asked(gateways: int, names: int) -> bytes:
    """Gateways one after the other, each of whose five conditions compares so many names that nothing writes."""
    flows = "".join(
        f'<sequenceFlow id="f{n}" sourceRef="g{n % gateways}" targetRef="g{(n * 7 + 1) % gateways}">'
        f"<conditionExpression>{' or '.join(f'v{n}_{k} &gt; {k}' for k in range(names))}</conditionExpression>"
        "</sequenceFlow>"
        for n in range(gateways * 5)
    )
    gates = "".join(f'<exclusiveGateway id="g{n}"/>' for n in range(gateways))
    return (START + '<startEvent id="s"/>' + gates + flows + END).encode()


@pytest.mark.parametrize(
    ("gateways", "names", "refused"), [(390, 4, False), (390, 9, True), (390, 100, True), (20, 90, False)]
)
def test_conditions_without_end_are_read_or_refused_in_time(gateways: int, names: int, refused: bool) -> None:
    before = time.process_time()

    result = read({"a.bpmn": asked(gateways, names)})

    assert time.process_time() - before < 4
    assert ("XML-019" in {one.code for one in result.findings}) is refused


@pytest.mark.parametrize("name", ["a.json", "forms/a.form", "stories/a.walk"])
def test_a_list_of_values_beyond_a_megabyte_is_not_read(name: str) -> None:
    result = read({"a.bpmn": verbose(0), name: b"[" + b"[]," * 350_000 + b"[]]"})

    assert [(one.code, one.file, one.line) for one in result.findings if one.severity == "error"] == [
        ("XML-001", name, 1)
    ]
    assert name not in result.others


NOTES = '<n:note xmlns:n="http://modeller.example" text="x"><n:value>1</n:value><n:meta/></n:note>'


def verbose(notes: int) -> bytes:
    """A pathway of three steps, with as many notes of its modeller as wished."""
    held = f"<extensionElements>{NOTES * notes}</extensionElements>"
    steps = f'<startEvent id="s"/><userTask id="x">{held}</userTask><endEvent id="e"/>'
    flows = '<sequenceFlow id="f" sourceRef="s" targetRef="x"/><sequenceFlow id="g" sourceRef="x" targetRef="e"/>'
    return (START + steps + flows + END).encode()


def test_the_notes_of_a_talkative_modeller_are_passed_over() -> None:
    talkative, terse = read({"a.bpmn": verbose(30_000)}).model, read({"a.bpmn": verbose(0)}).model

    assert talkative is not None
    assert terse is not None
    assert model_digest(talkative) == model_digest(terse)


def test_notes_without_end_are_refused_where_they_stand() -> None:
    result = read({"a.bpmn": verbose(70_000).replace(NOTES.encode(), b'<n xmlns="u"><a/><b/></n>')})

    assert [(one.code, one.element_id) for one in result.findings] == [("XML-007", "x")]


def test_not_well_formed_says_the_line() -> None:
    _, findings = read_xml("a.xml", b"<a>\n<b>\n</a>")

    assert (findings[0].line, findings[0].file) == (3, "a.xml")


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_raise(data: bytes) -> None:
    read_xml("a.xml", data)


START = '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"><process id="p">'
END = "</process></definitions>"
GATES = "".join(f'<exclusiveGateway id="g{n}"/>' for n in range(150))
ALL_PAIRS = "".join(
    f'<sequenceFlow id="f{a}_{b}" sourceRef="g{a}" targetRef="g{b}"/>' for a in range(100) for b in range(150)
)
ASKED = (
    '<exclusiveGateway id="g"/><task id="a"/><sequenceFlow id="f" sourceRef="g" targetRef="a"><conditionExpression>{}'
)
ASKED += '</conditionExpression></sequenceFlow><sequenceFlow id="h" sourceRef="g" targetRef="a"/>'


@pytest.mark.parametrize(
    "inside",
    [
        "".join(f'<task id="t{n}"/>' for n in range(401)),
        GATES + ALL_PAIRS,
        ASKED.format("${" + "a." * 400_000),
        ASKED.format("a == 1 and " * 80_000),
        "<scriptTask id='a'><script>" + "x = 1\n" * 100_000 + "</script></scriptTask>",
        "".join(f'<process id="p{a}">' + '<callActivity calledElement="p1"/>' * 100 + "</process>" for a in range(99)),
    ],
)
def test_no_structure_makes_reading_slow(inside: str) -> None:
    before = time.process_time()

    read({"a.bpmn": (START + inside + END).encode()})

    assert time.process_time() - before < 3
