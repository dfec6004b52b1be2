"""A drawing as the BPMN file a modeller would export."""

from __future__ import annotations

from collections.abc import Mapping

from engine.bpmn.model import Node, NodeKind, Scope, TriggerKind

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:parcours="urn:parcours:bpmn:1" '
    'id="d" targetNamespace="http://example.org">\n<bpmn:process id="p" name="Parcours" isExecutable="true">\n'
)
FOOT = "</bpmn:process>\n</bpmn:definitions>\n"
P1D = "<bpmn:timerEventDefinition><bpmn:timeDuration>P1D</bpmn:timeDuration></bpmn:timerEventDefinition>"
GATEWAYS = {
    NodeKind.EXCLUSIVE: "exclusiveGateway",
    NodeKind.PARALLEL: "parallelGateway",
    NodeKind.INCLUSIVE: "inclusiveGateway",
}


def bpmn(drawn: Scope, bodies: Mapping[str, Scope] | None = None) -> bytes:
    """The file; a task named in `bodies` becomes a sub-process with that inside."""
    return (HEAD + _inside(drawn, "", bodies or {}) + FOOT).encode()


def _inside(drawn: Scope, prefix: str, bodies: Mapping[str, Scope]) -> str:
    lines = [_node(node, prefix, bodies) for node in drawn.nodes.values()]
    for flow in drawn.flows.values():
        ends = f'sourceRef="{prefix}{flow.source}" targetRef="{prefix}{flow.target}"'
        lines.append(f'<bpmn:sequenceFlow id="flow_{prefix}{flow.id}" name="vers {flow.target}" {ends}/>\n')
    return "".join(lines)


def _node(node: Node, prefix: str, bodies: Mapping[str, Scope]) -> str:
    attributes = f'id="{prefix}{node.id}" name="{node.name or node.id}"'
    tag = GATEWAYS.get(node.kind, node.bpmn_type)
    inner = ""
    if node.kind is NodeKind.BOUNDARY:
        attributes += f' attachedToRef="{prefix}{node.attached_to}" cancelActivity="{str(node.interrupting).lower()}"'
    if node.id in bodies:
        tag, inner = "subProcess", _inside(bodies[node.id], f"{prefix}{node.id}_", {})
    elif node.kind is NodeKind.USER_TASK:
        attributes += ' parcours:role="home_nurse"'
    if node.trigger.kind is TriggerKind.TIMER:
        inner = P1D
    elif node.trigger.kind is TriggerKind.TERMINATE:
        inner = "<bpmn:terminateEventDefinition/>"
    elif node.script:
        inner = f"<bpmn:script>{node.script}</bpmn:script>"
    return f"<bpmn:{tag} {attributes}>{inner}</bpmn:{tag}>\n"
