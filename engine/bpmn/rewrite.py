"""The model as drawn → the model that runs. Nothing is lost: each node made here says which drawn one it stands for.

* Event sub-processes become boundary events: the rest of their scope is wrapped in a sub-process of our own, on which
  the start event of each stands as a boundary event, leading to its body. Non-interrupting ones stand on an inner
  wrapper (they may fire again and again, each body is a token of its own); interrupting ones on an outer wrapper, so
  that they end the bodies still running too. Any trigger works, at any depth, and no case touches another's model.
* Link events become sequence flows.
* Conditions on the flows that leave an activity become the gateway they mean.
* A scope without a start event gets one before every node without an incoming flow.
* Two flows between the same two nodes get a node in between, so that a join can tell them apart.

Inclusive joins, ends that throw, loops and multi-instances run as drawn (see `elements`, `events`, `instances`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from engine.bpmn.model import Flow, Node, NodeKind, PathwayModel, Process, Scope, Trigger, TriggerKind

SILENT = ""
"""Origin of a node or flow that stands for nothing the designer drew."""
GATEWAYS = frozenset({NodeKind.EXCLUSIVE, NodeKind.PARALLEL, NodeKind.INCLUSIVE, NodeKind.EVENT_BASED})


def executable(model: PathwayModel) -> PathwayModel:
    """The model to run. Assumes `unsupported(model)` is empty."""
    processes: Mapping[str, Process] = {
        key: replace(process, scope=_scope(key, process.scope)) for key, process in model.processes.items()
    }
    return replace(model, processes=processes)


def start_of(node: Node) -> Node | None:
    """The start event of an event sub-process."""
    if node.body is None:
        return None
    return next((each for each in node.body.nodes.values() if each.kind is NodeKind.START), None)


def _scope(name: str, scope: Scope) -> Scope:
    nodes = {
        node.id: node if node.body is None else replace(node, body=_scope(node.id, node.body))
        for node in scope.nodes.values()
    }
    flows = dict(scope.flows)
    handlers: list[tuple[Node, Node]] = []
    for drawn in scope.nodes.values():
        if drawn.event_sub_process:
            event = start_of(drawn)
            assert event is not None  # `unsupported` refuses one without a start
            handlers.append((nodes.pop(drawn.id), event))
    _join_links(nodes, flows)
    _give_a_start(name, nodes, flows)
    _gate_conditions(nodes, flows)
    _tell_flows_apart(nodes, flows)
    inside = Scope(nodes=nodes, flows=flows)
    for interrupting, suffix in ((False, "side"), (True, "guard")):
        chosen = [(handler, event) for handler, event in handlers if event.interrupting is interrupting]
        if chosen:
            inside = _wrap(f"{name}.{suffix}", inside, chosen)
    return inside


def _wrap(name: str, inside: Scope, handlers: Iterable[tuple[Node, Node]]) -> Scope:
    start = Node(id=f"{name}.start", kind=NodeKind.START, origin=SILENT)
    body = Node(id=name, kind=NodeKind.SUB_PROCESS, origin=SILENT, body=inside)
    nodes = {start.id: start, body.id: body}
    flows = dict([_silent_flow(start.id, body.id)])
    for handler, event in handlers:
        assert handler.body is not None
        boundary = replace(
            event, id=f"{event.id}.boundary", kind=NodeKind.BOUNDARY, origin=event.id, attached_to=body.id
        )
        plain = replace(event, trigger=Trigger(), origin=SILENT)
        handled = replace(handler, body=replace(handler.body, nodes=_with(handler.body.nodes, plain)))
        nodes[boundary.id] = boundary
        nodes[handled.id] = handled
        flows.update([_silent_flow(boundary.id, handled.id)])
    return Scope(nodes=nodes, flows=flows)


def _with(nodes: Mapping[str, Node], changed: Node) -> dict[str, Node]:
    """The nodes of a scope with one replaced, wherever a wrapper has put it."""
    found = dict(nodes)
    if changed.id in found:
        found[changed.id] = changed
        return found
    for node in nodes.values():
        if node.body is not None and node.origin == SILENT:
            found[node.id] = replace(node, body=replace(node.body, nodes=_with(node.body.nodes, changed)))
    return found


def _silent_flow(source: str, target: str) -> tuple[str, Flow]:
    flow = Flow(id=f"{source}→{target}", source=source, target=target, origin=SILENT)
    return flow.id, flow


def _join_links(nodes: Mapping[str, Node], flows: dict[str, Flow]) -> None:
    catches = {
        node.trigger.name: node.id
        for node in nodes.values()
        if node.kind is NodeKind.CATCH and node.trigger.kind is TriggerKind.LINK
    }
    for node in nodes.values():
        if node.kind in (NodeKind.THROW, NodeKind.END) and node.trigger.kind is TriggerKind.LINK:
            flows.update([_silent_flow(node.id, catches[node.trigger.name])])


def _give_a_start(name: str, nodes: dict[str, Node], flows: dict[str, Flow]) -> None:
    if any(node.kind is NodeKind.START for node in nodes.values()):
        return
    reached = {flow.target for flow in flows.values()}
    first = [node.id for node in nodes.values() if node.id not in reached and node.kind is not NodeKind.BOUNDARY]
    start = Node(id=f"{name}.start", kind=NodeKind.START, origin=SILENT)
    nodes[start.id] = start
    flows.update(_silent_flow(start.id, target) for target in first)


def outgoing(flows: Mapping[str, Flow], node_id: str) -> list[Flow]:
    return [flow for flow in flows.values() if flow.source == node_id]


def _gate_conditions(nodes: dict[str, Node], flows: dict[str, Flow]) -> None:
    for node in list(nodes.values()):
        leaving = outgoing(flows, node.id)
        if node.kind in GATEWAYS or not any(flow.condition is not None for flow in leaving):
            continue
        kind = NodeKind.EXCLUSIVE if len(leaving) == 1 else NodeKind.INCLUSIVE
        gate = Node(
            id=f"{node.id}.gate",
            kind=kind,
            name=node.name,
            origin=node.id,
            default_flow=node.default_flow,
            place=node.place,
        )
        nodes[gate.id] = gate
        for flow in leaving:
            flows[flow.id] = replace(flow, source=gate.id)
        flows.update([_silent_flow(node.id, gate.id)])


def _tell_flows_apart(nodes: dict[str, Node], flows: dict[str, Flow]) -> None:
    seen: Counter[tuple[str, str]] = Counter()
    for flow in list(flows.values()):
        pair = (flow.source, flow.target)
        seen[pair] += 1
        if seen[pair] > 1:
            between = Node(id=f"{flow.id}.between", kind=NodeKind.EXCLUSIVE, origin=SILENT)
            nodes[between.id] = between
            flows[flow.id] = replace(flow, target=between.id)
            flows.update([_silent_flow(between.id, flow.target)])
