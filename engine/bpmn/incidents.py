"""How a step stops: with an incident that says where and why, and nothing half done."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from engine.bpmn.model import Node
from engine.outcome import Incident

NO_TYPES: Mapping[str, str] = MappingProxyType({})


class Stopped(Exception):
    """The step cannot go on. Caught once, by the runner, which gives back the state it was handed."""

    def __init__(self, incident: Incident) -> None:
        super().__init__(incident.sentence)
        self.incident = incident


def stopped(
    code: str, node: Node | None, sentence: str, *, expression: str = "", value_types: Mapping[str, str] = NO_TYPES
) -> Stopped:
    """The exception for an incident at an element, under the designer's name for it."""
    element = "" if node is None else (node.origin or node.id)
    return Stopped(
        Incident(code=code, element_id=element, sentence=sentence, expression=expression, value_types=dict(value_types))
    )


def said(node: Node | None) -> str:
    """The element as a person calls it, in French quotation marks."""
    return "« ? »" if node is None else f"« {node.name or node.origin or node.id} »"
