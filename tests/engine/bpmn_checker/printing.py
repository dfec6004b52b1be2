"""A drawing as the BPMN file a modeller would export."""

from __future__ import annotations

from engine.bpmn.model import NodeKind, Scope, TriggerKind

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:parcours="urn:parcours:bpmn:1" '
    'id="d" targetNamespace="http://example.org">\n<bpmn:process id="p" name="Parcours" isExecutable="true">\n'
)
FOOT = "</bpmn:process>\n</bpmn:definitions>\n"
P1D = "<bpmn:timerEventDefinition><bpmn:timeDuration>P1D</bpmn:timeDuration></bpmn:timerEventDefinition>"


def bpmn(drawn: Scope) -> bytes:
    """The file."""
    lines = [HEAD]
    for node in drawn.nodes.values():
        attributes = f'id="{node.id}" name="{node.name or node.id}"'
        if node.kind is NodeKind.BOUNDARY:
            attributes += f' attachedToRef="{node.attached_to}" cancelActivity="{str(node.interrupting).lower()}"'
        if node.kind is NodeKind.USER_TASK:
            attributes += ' parcours:role="home_nurse"'
        tag = {NodeKind.EXCLUSIVE: "exclusiveGateway", NodeKind.PARALLEL: "parallelGateway"}.get(
            node.kind, "inclusiveGateway" if node.kind is NodeKind.INCLUSIVE else node.bpmn_type
        )
        inner = ""
        if node.trigger.kind is TriggerKind.TIMER:
            inner = P1D
        elif node.trigger.kind is TriggerKind.TERMINATE:
            inner = "<bpmn:terminateEventDefinition/>"
        elif node.script:
            inner = f"<bpmn:script>{node.script}</bpmn:script>"
        lines.append(f"<bpmn:{tag} {attributes}>{inner}</bpmn:{tag}>\n")
    for flow in drawn.flows.values():
        ends = f'sourceRef="{flow.source}" targetRef="{flow.target}"'
        lines.append(f'<bpmn:sequenceFlow id="flow_{flow.id}" name="vers {flow.target}" {ends}/>\n')
    return "".join([*lines, FOOT]).encode()
