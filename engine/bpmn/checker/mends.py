"""Mends that were tried before they are proposed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from engine.bpmn.checker.concurrency import possible_meetings
from engine.bpmn.checker.subject import drawn_id
from engine.bpmn.exploration import Budget, explore
from engine.bpmn.explorer import Surveyed
from engine.bpmn.findings import Fix
from engine.bpmn.model import Node, NodeKind, Scope
from engine.bpmn.token_net import build_net

GATEWAYS = {
    NodeKind.EXCLUSIVE: ("exclusiveGateway", "exclusive (×)", "exclusive (×)"),
    NodeKind.PARALLEL: ("parallelGateway", "parallèle (+)", "parallel (+)"),
    NodeKind.INCLUSIVE: ("inclusiveGateway", "inclusive (○)", "inclusive (○)"),
}
TRIAL = 2_000
"""Markings that trying a mend may cost."""


def other_gateway(surveyed: Surveyed, node: Node, kinds: Iterable[NodeKind]) -> Fix | None:
    """Replace a joining gateway by one of another kind, if the fault goes and no other comes."""
    if node.origin is not None or node.kind not in GATEWAYS:
        return None
    for kind in kinds:
        if kind is not node.kind and _mended(surveyed, replace(node, kind=kind)):
            tag, french, english = GATEWAYS[kind]
            return Fix(
                kind="replace_type",
                label=f"Faire de cette jonction une jonction {french}",
                label_en=f"Turn this join into {english} join",
                element_id=drawn_id(node),
                parameters=(("type", tag),),
            )
    return None


def _mended(surveyed: Surveyed, changed: Node) -> bool:
    """Whether the scope with this node has fewer faults, and none at the node itself."""
    nodes = dict(surveyed.scope.nodes)
    nodes[changed.id] = changed
    net = build_net(Scope(nodes=nodes, flows=surveyed.scope.flows), surveyed.insides)
    verdict = explore(net, net.starts, Budget(markings=TRIAL, seconds=0.3))
    if not verdict.complete or any(changed.id in deadlock.waiting for deadlock in verdict.deadlocks):
        return False
    before = surveyed.verdict
    met = {node for node, _ in possible_meetings(net)} & {changed.id}
    fewer = len(verdict.deadlocks) + len(verdict.meetings) < len(before.deadlocks) + len(before.meetings)
    return fewer and not met and len(verdict.traps) <= len(before.traps)


def add_end(node: Node) -> Fix:
    """Draw an end event after a node that nothing follows."""
    return Fix(
        kind="add_end",
        label="Ajouter un évènement de fin après cet élément",
        label_en="Add an end event after this element",
        element_id=drawn_id(node),
    )
