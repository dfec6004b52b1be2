"""Small BPMN files written in a test, and the quick questions asked of what was read."""

from __future__ import annotations

from pathlib import Path

from engine.bpmn.findings import Finding, Severity
from engine.bpmn.model import Node, NodeKind, PathwayModel
from engine.bpmn.reader import ReadResult, read

FIXTURES = Path(__file__).parents[2] / "fixtures" / "bpmn"
_SPACES = {
    "camunda": "http://camunda.org/schema/1.0/bpmn",
    "zeebe": "http://camunda.org/schema/zeebe/1.0",
    "parcours": "urn:parcours:bpmn:1",
    "spiffworkflow": "http://spiffworkflow.org/bpmn/schema/1.0/core",
}
BEFORE = '<startEvent id="s"/><sequenceFlow id="f1" sourceRef="s" targetRef="x"/>'
AFTER = '<sequenceFlow id="f2" sourceRef="x" targetRef="e"/><endEvent id="e"/>'


def bpmn(inside: str, *, dialect: str | None = None, around: str = "") -> bytes:
    """A file with one process `p`; `dialect` declares that vocabulary, `around` stands beside the process."""
    space = f' xmlns:{dialect}="{_SPACES[dialect]}"' if dialect else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        f'{space} id="d" targetNamespace="t">\n{around}'
        f'<process id="p" name="Essai">\n{inside}\n</process>\n</definitions>'
    ).encode()


def one_step(step: str, *, dialect: str | None = None, around: str = "") -> bytes:
    """Start → the element `x` → end."""
    return bpmn(BEFORE + step + AFTER, dialect=dialect, around=around)


def read_one(data: bytes) -> ReadResult:
    """What is read from this one file."""
    return read({"essai.bpmn": data})


def model_of(data: bytes) -> PathwayModel:
    """The model, which the test expects to exist."""
    result = read_one(data)
    assert result.model is not None, [one.message for one in errors(result)]
    return result.model


def errors(result: ReadResult) -> list[Finding]:
    """The findings that refuse the file."""
    return [one for one in result.findings if one.severity is Severity.ERROR]


def codes(result: ReadResult) -> set[str]:
    """Codes of everything found."""
    return {one.code for one in result.findings}


def node(model: PathwayModel, element_id: str) -> Node:
    """A node of the main process, at its top."""
    return model.main_process.scope.nodes[element_id]


def kinds(model: PathwayModel) -> dict[str, NodeKind]:
    """Kind of each node at the top of the main process."""
    return {key: one.kind for key, one in model.main_process.scope.nodes.items()}


def after(model: PathwayModel, element_id: str) -> list[str]:
    """Ids of what follows."""
    return [flow.target for flow in model.main_process.scope.flows.values() if flow.source == element_id]
