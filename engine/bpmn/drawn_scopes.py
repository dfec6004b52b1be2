"""A drawn scope as it runs: the elements of a version by the drawing they were made from, level by level.

A scope with event sub-processes runs inside wrappers of our own (`rewrite`): its elements stand on several levels.
"""

from __future__ import annotations

from typing import Any

from engine.bpmn.activities import SubProcess
from engine.bpmn.elements import CaseSpec, Element
from engine.bpmn.events import Boundary, Split
from engine.bpmn.instances import Instances, Repeat
from engine.bpmn.rewrite import SILENT

BETWEEN = ".between"


def drawn_id(spec: Element) -> str | None:
    """Id of the drawn element a specification was made from; None for one of ours."""
    node = spec.node
    if node is None or node.origin == SILENT:
        return None
    if node.origin is not None:
        return node.origin if isinstance(spec, Boundary) else None
    return node.id


def role_of(spec: Element) -> str:
    if isinstance(spec, Split):
        return "split"
    return "loop" if isinstance(spec, Instances | Repeat) else "main"


def wrapper_in(spec: CaseSpec) -> SubProcess | None:
    """Our wrapper in a scope that has event sub-processes."""
    for element in spec.task_specs.values():
        if type(element) is SubProcess and element.node.origin == SILENT:
            return element
    return None


def flow_into(join: Element, number: int) -> str:
    """The drawn flow by which a token came to a join."""
    source: Element = join._wf_spec.task_specs[join._inputs[number]]
    if source.name.endswith(BETWEEN):
        return source.name.removesuffix(BETWEEN)
    return source.taken.get(join.name) or join.name


class Levels:
    """A drawn scope of the new version while tokens are put down in it: its specifications, outermost first."""

    def __init__(self, workflow: Any) -> None:
        self.open = [workflow]
        self.homes: dict[tuple[str, str], tuple[int, Element]] = {}
        spec: CaseSpec | None = workflow.spec
        self.wrappers: list[SubProcess] = []
        depth = 0
        while spec is not None:
            for element in spec.task_specs.values():
                if (drawn := drawn_id(element)) is not None:
                    self.homes[drawn, role_of(element)] = (depth, element)
            wrapper = wrapper_in(spec)
            spec = None
            if wrapper is not None:
                self.wrappers.append(wrapper)
                spec = wrapper.body
                depth += 1
