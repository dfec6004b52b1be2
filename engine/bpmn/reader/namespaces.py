"""Whose vocabulary an element belongs to, and which modeller's dialect a file speaks."""

from __future__ import annotations

from collections.abc import Iterator

from engine.bpmn.xml import Document, Element
from engine.written_signs import seen

BPMN = frozenset(
    {
        "http://www.omg.org/spec/BPMN/20100524/MODEL",
        "http://schema.omg.org/spec/BPMN/2.0",
        "http://www.omg.org/bpmn20",
    }
)
"""BPMN 2.0 as published (formal/2011-01-03), and two beta addresses that old exports still carry."""
DMN = "https://www.omg.org/spec/DMN/"
PARCOURS = "urn:parcours:bpmn:1"
CAMUNDA = (
    "http://camunda.org/schema/1.0/bpmn",
    "http://operaton.org/schema/1.0/bpmn",
    "http://flowable.org/bpmn",
    "http://activiti.org/bpmn",
)
"""Camunda 7 and its relatives: one vocabulary under four addresses."""
ZEEBE = "http://camunda.org/schema/zeebe/1.0"
SPIFF = "http://spiffworkflow.org/bpmn/schema/1.0/core"

READ = BPMN | frozenset({*CAMUNDA, ZEEBE, SPIFF, PARCOURS})
"""Vocabularies of a BPMN file that something here reads: not the drawing, not what a modeller notes for itself."""

TASKS = frozenset(
    [
        "task",
        "userTask",
        "manualTask",
        "scriptTask",
        "serviceTask",
        "sendTask",
        "receiveTask",
        "businessRuleTask",
        "callActivity",
    ]
)
CONTAINERS = frozenset({"subProcess", "adHocSubProcess", "adhocSubProcess", "transaction"})
"""Flowable writes `adhocSubProcess`."""
EVENTS = frozenset(["startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"])
GATEWAYS = frozenset(["exclusiveGateway", "inclusiveGateway", "parallelGateway", "complexGateway", "eventBasedGateway"])
FLOW_NODES = TASKS | CONTAINERS | EVENTS | GATEWAYS
GLOBAL_TASKS = frozenset(
    [
        "globalTask",
        "globalUserTask",
        "globalManualTask",
        "globalScriptTask",
        "globalBusinessRuleTask",
        "globalServiceTask",
    ]
)


SHOWN = (
    FLOW_NODES
    | GLOBAL_TASKS
    | {"definitions", "process", "participant", "lane", "sequenceFlow", "messageFlow", "collaboration", "choreography"}
    | {"choreographyTask", "subChoreography", "dataObjectReference", "dataStoreReference", "association"}
    | {"message", "signal", "error", "escalation"}
)
"""Elements that a finding can point at: what a designer sees, or finds in a list of the modeller."""


def is_bpmn(element: Element, *names: str) -> bool:
    """Whether this is a BPMN element, of one of `names` when given."""
    return element.namespace in BPMN and (not names or element.name in names)


def children(element: Element, *names: str) -> Iterator[Element]:
    """The BPMN children, of `names` when given."""
    return (child for child in element.children if is_bpmn(child, *names))


def child(element: Element, *names: str) -> Element | None:
    """The first BPMN child of one of `names`."""
    return next(children(element, *names), None)


def text_of(element: Element | None) -> str:
    """The element's own text, without the white space around it."""
    return element.text.strip() if element is not None else ""


def extensions(element: Element) -> Iterator[Element]:
    """Everything directly inside `extensionElements`."""
    for holder in children(element, "extensionElements"):
        yield from holder.children


def extension(element: Element, namespace: str, name: str) -> Element | None:
    """The first extension element of that name."""
    return next((one for one in extensions(element) if one.namespace == namespace and one.name == name), None)


def camunda_extension(element: Element, *names: str) -> Iterator[Element]:
    """Extension elements of Camunda 7 and its relatives."""
    return (one for one in extensions(element) if one.namespace in CAMUNDA and one.name in names)


def camunda(element: Element, name: str) -> str | None:
    """An attribute of Camunda 7 or of one of its relatives."""
    for namespace in CAMUNDA:
        value = element.get(name, namespace)
        if value is not None and value.strip():
            return value.strip()
    return None


def parcours(element: Element, name: str) -> str | None:
    """An attribute of our own vocabulary."""
    value = element.get(name, PARCOURS)
    return value.strip() if value is not None and value.strip() else None


def local(reference: str | None) -> str:
    """A reference without its prefix: `ns:id` names the same element as `id`."""
    return (reference or "").strip().rpartition(":")[2]


def dialect_of(document: Document) -> str:
    """`parcours`, `camunda8`, `camunda7`, `spiff` or `plain`: by the vocabulary used, else by the one declared."""
    spoken = _dialect(document.namespaces)
    return spoken if spoken != "plain" else _dialect(document.declared)


def _dialect(used: frozenset[str]) -> str:
    if PARCOURS in used:
        return "parcours"
    if ZEEBE in used:
        return "camunda8"
    if used & set(CAMUNDA):
        return "camunda7"
    if SPIFF in used:
        return "spiff"
    return "plain"


def clean_name(text: str | None) -> str:
    """A name on one line, without characters that cannot be seen."""
    kept = seen(text or "")
    return " ".join("".join(char if char.isprintable() else " " for char in kept).split())[:300]
