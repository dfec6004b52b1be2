"""The thirteen hand-broken pathways: what designers upload, and what other engines let through."""

from __future__ import annotations

from engine.bpmn.checker import check
from engine.bpmn.findings import Finding, in_reading_order
from engine.bpmn.reader import read

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:parcours="urn:parcours:bpmn:1"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="d" targetNamespace="http://example.org">
<bpmn:process id="p" name="Parcours" isExecutable="true">
"""
FOOT = "</bpmn:process>\n</bpmn:definitions>\n"
FORM = """{"key": "f", "title": {"fr": "F"}, "sections": [{"fields": [
  {"name": "urgent", "type": "bool", "label": "Urgent ?", "required": true}]}]}"""


def task(identifier: str, name: str, role: str = "home_nurse", form: str = "f") -> str:
    """A task of a nurse."""
    given = f' parcours:role="{role}"' if role else ""
    asked = f' parcours:form="{form}"' if form else ""
    return f'<bpmn:userTask id="{identifier}" name="{name}"{given}{asked} parcours:due="P1D"/>\n'


def flow(identifier: str, source: str, target: str, condition: str = "") -> str:
    """A flow, with a condition."""
    start = f'<bpmn:sequenceFlow id="{identifier}" sourceRef="{source}" targetRef="{target}"'
    if not condition:
        return f"{start}/>\n"
    return f"{start}><bpmn:conditionExpression>{condition}</bpmn:conditionExpression></bpmn:sequenceFlow>\n"


BEGIN = '<bpmn:startEvent id="s"/>\n' + task("t0", "Évaluer") + flow("f0", "s", "t0")
END = '<bpmn:endEvent id="e"/>\n'
TWO = task("a", "Appeler") + task("b", "Visiter")


def split(kind: str, join: str, conditions: tuple[str, str] = ("", "")) -> str:
    """Two branches between two gateways."""
    return (
        f'<bpmn:{kind} id="g" name="Urgent ?"/>\n'
        + TWO
        + f'<bpmn:{join} id="j" name="Équipe prête"/>\n'
        + task("c", "Conclure")
        + END
        + flow("f1", "t0", "g")
        + flow("f2", "g", "a", conditions[0])
        + flow("f3", "g", "b", conditions[1])
        + flow("f4", "a", "j")
        + flow("f5", "b", "j")
        + flow("f6", "j", "c")
        + flow("f7", "c", "e")
    )


def timer(text: str) -> str:
    """A wait between two tasks."""
    return (
        '<bpmn:intermediateCatchEvent id="w" name="Attendre"><bpmn:timerEventDefinition><bpmn:timeDuration>'
        f"{text}</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:intermediateCatchEvent>\n"
        + END
        + flow("f1", "t0", "w")
        + flow("f2", "w", "e")
    )


XOR, AND = "exclusiveGateway", "parallelGateway"
YES_NO = ("urgent = true", "urgent = false")

BROKEN: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "exclusive split, parallel join": (BEGIN + split(XOR, AND, YES_NO), "j", ("CF-001",)),
    "parallel split, exclusive join": (BEGIN + split(AND, XOR), "j", ("CF-002",)),
    "no default and no true condition": (
        BEGIN + split(XOR, XOR, ("urgent = true", "urgent = true and 1 = 1")),
        "g",
        ("DT-010",),
    ),
    "undefined name in a condition": (
        BEGIN + split(XOR, XOR, ("emergency_level &gt; 3", "emergency_level &lt;= 3")),
        "",
        ("DT-001", "DT-101", "RD-"),
    ),
    "syntax error in a condition": (BEGIN + split(XOR, XOR, ("urgent = = true", "urgent = false")), "", ("EX-", "RD-")),
    "unreachable task": (
        BEGIN + task("u", "Oubliée") + END + flow("f1", "t0", "e") + flow("f2", "u", "e"),
        "u",
        ("CF-004", "RD-"),
    ),
    "timer in plain words": (BEGIN + timer("3 jours"), "w", ("TM-",)),
    "timer written as Camunda does": (BEGIN + timer("P3D"), "", ()),
    "two starts and no end": (
        BEGIN + '<bpmn:startEvent id="s2"/>\n' + task("u", "Autre") + flow("f1", "s2", "u"),
        "",
        ("CF-011", "CF-005", "RD-", "NS-"),
    ),
    "task for nobody": (
        BEGIN + task("u", "Pour personne", role="") + END + flow("f1", "t0", "u") + flow("f2", "u", "e"),
        "u",
        ("AF-001",),
    ),
    "flow to nothing": (BEGIN + END + flow("f1", "t0", "e") + flow("f2", "t0", "nowhere"), "f2", ("CF-020", "XML-")),
    "boundary event without a definition": (
        BEGIN
        + '<bpmn:boundaryEvent id="bd" attachedToRef="t0"/>\n'
        + END
        + flow("f1", "t0", "e")
        + flow("f2", "bd", "e"),
        "bd",
        ("CF-021", "RD-", "NS-"),
    ),
    "unknown called process": (
        BEGIN
        + '<bpmn:callActivity id="k" name="Suite" calledElement="absent"/>\n'
        + END
        + flow("f1", "t0", "k")
        + flow("f2", "k", "e"),
        "k",
        ("CF-015", "RD-", "NS-"),
    ),
}


def document(body: str) -> bytes:
    """The file a designer uploads."""
    return (HEAD + body + FOOT).encode()


def everything(body: str) -> tuple[Finding, ...]:
    """What reading and checking find together, in one pass."""
    result = read({"pathway.bpmn": document(body), "f.json": FORM.encode()})
    assert result.draft is not None
    return in_reading_order([*result.findings, *check(result.draft, read=result.findings)])
