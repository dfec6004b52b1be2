"""Which elements of a pathway no walk went through: tasks, gateways, events, boundary events and flows, as drawn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from engine.bpmn.model import PathwayModel, Scope


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of what the designer drew was walked. `percent` is 100.0 only when nothing is missing."""

    elements: int
    missing: tuple[str, ...]

    @property
    def percent(self) -> float:
        """Share of the elements walked, in percent, never rounded up to 100."""
        if not self.missing:
            return 100.0
        return min(round(100 * (self.elements - len(self.missing)) / self.elements, 1), 99.9)


def coverage(model: PathwayModel, visited: Iterable[str]) -> Coverage:
    """Coverage of the pathway's own process. Shared pieces are covered over all pathways together."""
    seen = set(visited)
    drawn = list(dict.fromkeys(_drawn(model.main_process.scope)))
    return Coverage(len(drawn), tuple(element for element in drawn if element not in seen))


def _drawn(scope: Scope) -> Iterator[str]:
    for node in scope.nodes.values():
        if node.origin is None:
            yield node.id
        if node.body is not None:
            yield from _drawn(node.body)
    added = {node.id for node in scope.nodes.values() if node.origin is not None}
    for flow in scope.flows.values():
        if flow.origin is None and added.isdisjoint((flow.source, flow.target)):
            yield flow.id
