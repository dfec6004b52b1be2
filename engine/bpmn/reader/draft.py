"""The pathway while it is being rewritten: nodes and flows that can still change, then frozen into the model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from types import MappingProxyType

from engine.bpmn.findings import Finding
from engine.bpmn.model import (
    NOWHERE,
    Assignment,
    ExpressionText,
    Flow,
    HumanWork,
    Lane,
    MultiInstance,
    Node,
    NodeKind,
    Place,
    Process,
    Scope,
    ServiceAction,
    StandardLoop,
    Trigger,
    TriggerKind,
)
from engine.bpmn.xml import Element


@dataclass(slots=True, eq=False)
class DraftNode:
    """A flow node that can still change; the fields are those of `model.Node`, and what only the reader needs."""

    id: str
    kind: NodeKind
    name: str = ""
    place: Place = NOWHERE
    origin: str | None = None
    bpmn_type: str = ""
    documentation: str = ""
    trigger: Trigger = field(default_factory=Trigger)
    attached_to: str | None = None
    interrupting: bool = True
    default_flow: str | None = None
    loop: MultiInstance | StandardLoop | None = None
    work: HumanWork | None = None
    action: ServiceAction | None = None
    script: str | None = None
    script_dialect: str | None = None
    decision: str | None = None
    called: str | None = None
    inputs: tuple[Assignment, ...] = ()
    outputs: tuple[Assignment, ...] = ()
    body: DraftScope | None = None
    event_sub_process: bool = False
    responsible: str | None = None
    expected: ExpressionText | None = None
    extensions: dict[str, str] = field(default_factory=dict)
    element: Element | None = None
    """The designer's element; None for a node that the reader added."""
    other_triggers: tuple[Trigger, ...] = ()
    """Further event definitions of a multiple event."""
    all_triggers: bool = False
    """A parallel multiple event waits for each of its triggers."""
    before: str = ""
    """Assignments to make before the node (input mappings)."""
    after: str = ""
    """Assignments to make after the node (output mappings)."""
    again: bool = False
    """Drawn with a loop marker but no usable condition: a person says whether once more."""
    ask_count: bool = False
    """Drawn as multi-instance without a usable number: a person says how many."""
    ad_hoc: bool = False
    compensates: bool = False
    """A compensation handler, outside the normal flow."""

    @property
    def shown(self) -> str:
        """The name, or the id the designer gave where there is none: how a sentence names the node."""
        return self.name or self.origin or self.id

    def freeze(self) -> Node:
        """The node of the model."""
        return Node(
            id=self.id,
            kind=self.kind,
            name=self.name,
            place=self.place,
            origin=self.origin,
            bpmn_type=self.bpmn_type,
            documentation=self.documentation,
            trigger=self.trigger,
            attached_to=self.attached_to,
            interrupting=self.interrupting,
            default_flow=self.default_flow,
            loop=self.loop,
            work=self.work,
            action=self.action,
            script=self.script,
            script_dialect=self.script_dialect,
            decision=self.decision,
            called=self.called,
            inputs=self.inputs,
            outputs=self.outputs,
            body=self.body.freeze() if self.body is not None else None,
            event_sub_process=self.event_sub_process,
            responsible=self.responsible,
            expected=self.expected,
            extensions=MappingProxyType(dict(self.extensions)),
        )


@dataclass(slots=True, eq=False)
class DraftFlow:
    """A sequence flow that can still change."""

    id: str
    source: str
    target: str
    name: str = ""
    condition: ExpressionText | None = None
    place: Place = NOWHERE
    origin: str | None = None

    def freeze(self) -> Flow:
        """The flow of the model."""
        return Flow(
            id=self.id,
            source=self.source,
            target=self.target,
            name=self.name,
            condition=self.condition,
            place=self.place,
            origin=self.origin,
        )


class Ids:
    """Gives ids that nobody uses yet."""

    def __init__(self) -> None:
        self.used: set[str] = set()

    def fresh(self, wish: str) -> str:
        """`wish`, or the first of `wish_2`, `wish_3`… that is free."""
        found, number = wish, 1
        while found in self.used:
            number += 1
            found = f"{wish}_{number}"
        self.used.add(found)
        return found


@dataclass(slots=True, eq=False)
class DraftScope:
    """The inside of a process or sub-process."""

    ids: Ids
    nodes: dict[str, DraftNode] = field(default_factory=dict)
    flows: dict[str, DraftFlow] = field(default_factory=dict)

    def outgoing(self, node: DraftNode) -> list[DraftFlow]:
        """Flows that leave the node, in the order of the file."""
        return [flow for flow in self.flows.values() if flow.source == node.id]

    def incoming(self, node: DraftNode) -> list[DraftFlow]:
        """Flows that reach the node, in the order of the file."""
        return [flow for flow in self.flows.values() if flow.target == node.id]

    def boundaries(self, node: DraftNode) -> list[DraftNode]:
        """Boundary events of the node."""
        return [one for one in self.nodes.values() if one.attached_to == node.id]

    def add(self, wish: str, kind: NodeKind, *, of: DraftNode | None, name: str = "") -> DraftNode:
        """A node that the designer did not draw, made from `of`."""
        node = DraftNode(self.ids.fresh(wish), kind, name)
        if of is not None:
            node.place, node.origin, node.bpmn_type = of.place, of.origin or of.id, of.bpmn_type
        self.nodes[node.id] = node
        return node

    def connect(self, source: DraftNode, target: DraftNode, *, of: str | None = None) -> DraftFlow:
        """A flow that the designer did not draw."""
        flow = DraftFlow(self.ids.fresh(f"{source.id}_to_{target.id}"), source.id, target.id, origin=of)
        flow.place = source.place
        self.flows[flow.id] = flow
        return flow

    def insert_before(self, node: DraftNode, first: DraftNode, last: DraftNode | None = None) -> None:
        """Send everything that reached `node` to `first`, and `last` (or `first`) on to `node`."""
        for flow in self.incoming(node):
            flow.target = first.id
        self.connect(last or first, node)

    def insert_after(self, node: DraftNode, first: DraftNode) -> None:
        """Let everything that left `node` leave `first`, which follows `node`."""
        for flow in self.outgoing(node):
            flow.source = first.id
        self.connect(node, first)

    def remove(self, node: DraftNode) -> None:
        """Take the node out, with its flows and boundary events."""
        for boundary in self.boundaries(node):
            self.remove(boundary)
        for flow in [*self.incoming(node), *self.outgoing(node)]:
            self.flows.pop(flow.id, None)
        self.nodes.pop(node.id, None)

    def walk(self) -> Iterator[tuple[DraftScope, DraftNode]]:
        """Every node here and inside, with the scope it stands in."""
        waiting: list[DraftScope] = [self]
        while waiting:
            scope = waiting.pop()
            for node in list(scope.nodes.values()):
                yield scope, node
                if node.body is not None:
                    waiting.append(node.body)

    def freeze(self) -> Scope:
        """The scope of the model."""
        return Scope(
            nodes=MappingProxyType({key: node.freeze() for key, node in self.nodes.items()}),
            flows=MappingProxyType({key: flow.freeze() for key, flow in self.flows.items()}),
        )


@dataclass(slots=True, eq=False)
class DraftProcess:
    """A process that can still change. `pool` is the name of the participant drawn around it."""

    id: str
    name: str
    scope: DraftScope
    element: Element
    place: Place
    documentation: str = ""
    executable: bool | None = None
    pool: str = ""
    lanes: list[Lane] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    """What was found while reading it: it counts only when the process belongs to the pathway."""

    def freeze(self) -> Process:
        """The process of the model."""
        return Process(
            id=self.id,
            name=self.name,
            scope=self.scope.freeze(),
            lanes=tuple(self.lanes),
            documentation=self.documentation,
            place=self.place,
        )


NO_TRIGGER = Trigger()


def waits_for(node: DraftNode, kind: TriggerKind) -> bool:
    """Whether one of the node's triggers is of this kind."""
    return node.trigger.kind is kind or any(one.kind is kind for one in node.other_triggers)
