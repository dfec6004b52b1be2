"""CF-006: loops in which a case never comes to rest."""

from __future__ import annotations

from collections.abc import Iterator

from engine.bpmn.checker.graphs import rounds
from engine.bpmn.checker.reading import names_of, script_names
from engine.bpmn.checker.subject import Subject, about, listed
from engine.bpmn.explorer import Surveyed, rests
from engine.bpmn.findings import Finding, Severity
from engine.bpmn.model import Node, NodeKind, StandardLoop
from engine.bpmn.token_game import boundaries, link_targets, outgoing
from engine.bpmn.token_net import THROWN


def silent_loops(subject: Subject) -> Iterator[Finding]:
    """A loop of automatic steps turns for ever, unless a script in it changes what its way out depends on."""
    for surveyed in subject.surveyed.values():
        following = _without_rest(surveyed)
        for loop in rounds(following):
            nodes = [surveyed.scope.nodes[name] for name in loop]
            yield about(
                nodes[0],
                "CF-006",
                severity=Severity.WARNING if _may_stop(surveyed, nodes) else None,
                loop=listed([node for node in nodes if node.name] or nodes),
                related=tuple(loop),
            )
    for node in subject.nodes:
        turns = node.loop
        if isinstance(turns, StandardLoop) and turns.maximum is None and _automatic(subject, node):
            yield about(node, "CF-006", loop=listed([node]))


def _automatic(subject: Subject, node: Node) -> bool:
    insides = {name: inside for one in subject.surveyed.values() for name, inside in one.insides.items()}
    return not rests(node, insides) and node.kind is not NodeKind.SCRIPT_TASK


def _without_rest(surveyed: Surveyed) -> dict[str, list[str]]:
    """Where a token goes at once, without anything to wait for."""
    scope = surveyed.scope
    flows = outgoing(scope)
    links = link_targets(scope)
    attached = boundaries(scope)
    following: dict[str, list[str]] = {}
    for node in scope.nodes.values():
        if rests(node, surveyed.insides):
            continue
        following[node.id] = [flow.target for flow in flows[node.id]]
        following[node.id] += [event.id for event in attached.get(node.id, ()) if event.trigger.kind in THROWN]
        if node.id in links:
            following[node.id].append(links[node.id])
    return {name: [other for other in others if other in following] for name, others in following.items()}


def _may_stop(surveyed: Surveyed, nodes: list[Node]) -> bool:
    """Whether something in the loop writes a name that a choice in the loop reads."""
    inside = {node.id for node in nodes}
    written: set[str] = set()
    for node in nodes:
        if node.script is not None:
            written |= script_names(node.script)[1]
        if node.kind is NodeKind.DECISION_TASK:
            return True
    read = {
        name
        for flow in surveyed.scope.flows.values()
        if flow.source in inside and flow.condition is not None
        for name in names_of(flow.condition)
    }
    return bool(read & written)
