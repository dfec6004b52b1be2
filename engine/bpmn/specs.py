"""The executable model → SpiffWorkflow specifications, built directly, without a detour by XML.

SpiffWorkflow's own parser recurses, drops flows without an id and loses lanes; ours has read everything already. The
specifications are built once per version and shared by all its cases: nothing changes them afterwards.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from engine.bpmn.activities import Call, DecisionStep, HumanTask, ScriptStep, ServiceStep, SubProcess
from engine.bpmn.elements import CaseSpec, Element, Passing
from engine.bpmn.events import Boundary, Catch, EventGateway, Split
from engine.bpmn.gateways import Choice, Inclusive, Join
from engine.bpmn.instances import Instances, Repeat
from engine.bpmn.model import Flow, MultiInstance, Node, NodeKind, PathwayModel, Scope, TriggerKind
from engine.bpmn.rewrite import SILENT, outgoing
from engine.bpmn.throwing import Finish, Throw

RESERVED = frozenset({"Start", "End"})


@dataclass(slots=True)
class Specifications:
    """Every scope's specification, by its path; where each drawn element stands."""

    by_path: dict[str, CaseSpec] = field(default_factory=dict)
    main: str = ""
    waiting_calls: list[tuple[Call, str]] = field(default_factory=list)


def build(model: PathwayModel) -> Specifications:
    """All specifications of an executable model."""
    built = Specifications(main=model.main)
    for key, process in model.processes.items():
        _ScopeBuilder(built, key, process.scope, top=key == model.main).build()
    for call, called in built.waiting_calls:
        call.body = built.by_path[called]
        call.spec = called
    for spec in built.by_path.values():
        _freeze(spec)
    return built


def _freeze(spec: CaseSpec) -> None:
    spec.names = tuple(spec.task_specs)
    spec.codes = MappingProxyType(codes_of(spec.names))
    spec.by_code = MappingProxyType({code: name for name, code in spec.codes.items()})
    for element in spec.task_specs.values():
        element.targets = tuple(element.outputs)
    for element in spec.task_specs.values():
        if isinstance(element, Inclusive):
            element.upstream = _upstream(spec, element)


def codes_of(names: Iterable[str]) -> dict[str, int]:
    """A number under 2^24 for each name, which depends on the name and not on its neighbours: a state outlives a later
    release that reads the same drawing into more nodes, or into another order."""
    codes: dict[str, int] = {}
    taken: set[int] = set()
    for name in sorted(names):
        salted = name
        while (code := int.from_bytes(hashlib.blake2b(salted.encode(), digest_size=3).digest(), "big")) in taken:
            salted += "'"
        taken.add(code)
        codes[name] = code
    return codes


def _upstream(spec: CaseSpec, join: Inclusive) -> tuple[frozenset[str], ...]:
    """For each incoming flow of a join, the elements from which it can be reached without passing through the join."""
    into: dict[str, list[str]] = {name: list(element._inputs) for name, element in spec.task_specs.items()}
    for element in spec.task_specs.values():
        if isinstance(element, Split):  # while an activity is open, its boundary events may still fire
            for event in element.targets[1:]:
                into[event.name].append(element.targets[0].name)
        if isinstance(element, Instances | Repeat):
            into[element.name].append(element.activity.name)
    found = []
    for source in join._inputs:
        seen = {source}
        front = deque([source])
        while front:
            for before in into[front.popleft()]:
                if before not in seen and before != join.name:
                    seen.add(before)
                    front.append(before)
        found.append(frozenset(seen))
    return tuple(found)


class _ScopeBuilder:
    """Builds the specification of one scope."""

    def __init__(self, built: Specifications, path: str, scope: Scope, *, top: bool = False) -> None:
        self.built = built
        self.path = path
        self.scope = scope
        self.top = top
        self.spec = CaseSpec(path)
        self.entry: dict[str, Element] = {}
        """Where a flow that leads to a node arrives: its split, when it has boundary events."""
        self.exit: dict[str, Element] = {}
        """Where flows leave a node: the activity itself, or the loop around it."""
        built.by_path[path] = self.spec

    def build(self) -> None:
        nodes = self.scope.nodes.values()
        for node in nodes:
            self._add(node)
        for node in nodes:
            if node.kind is NodeKind.BOUNDARY and node.attached_to is not None:
                split = self.entry[node.attached_to]
                split.connect(self.exit[node.id])
        for node in nodes:
            self._connect(node)
        self.spec.entries = tuple(self.entry[node.id] for node in self._starts())
        for entry in self.spec.entries:
            self.spec.start.connect(entry)

    def _starts(self) -> list[Node]:
        starts = [node for node in self.scope.nodes.values() if node.kind is NodeKind.START]
        if not self.top:
            return starts
        plain = [node for node in starts if node.trigger.kind is TriggerKind.NONE]
        return (plain or starts)[:1]

    def _name(self, node: Node) -> str:
        return f"{node.id}'" if node.id in RESERVED or node.id.endswith(".EndJoin") else node.id

    def _add(self, node: Node) -> None:
        name = self._name(node)
        if node.loop is None:
            outer = main = self._element(node, name)
        else:
            main = self._element(node, f"{name} [child]")
            outer = self._repeated(node, name, main)
        for each in (main, outer):
            each.node = node
            each.shown = shown(node)
            each.taken = {}
        self.exit[node.id] = self.entry[node.id] = outer
        events = [
            other
            for other in self.scope.nodes.values()
            if other.kind is NodeKind.BOUNDARY and other.attached_to == node.id
        ]
        if events:
            split = Split(self.spec, f"{name}.BoundaryEventSplit")
            split.node, split.taken = node, {}
            split.connect(outer)
            outer.guarded = True
            outer.lasting = node.origin == SILENT and not any(event.interrupting for event in events)
            self.entry[node.id] = split

    def _repeated(self, node: Node, name: str, main: Element) -> Element:
        outer: Instances | Repeat
        if isinstance(node.loop, MultiInstance):
            outer = Instances(self.spec, name, node, node.loop)
        else:
            assert node.loop is not None
            outer = Repeat(self.spec, name, node, node.loop)
        outer.activity = main
        main.instances = outer
        return outer

    def _element(self, node: Node, name: str) -> Element:
        spec = self.spec
        match node.kind:
            case NodeKind.USER_TASK:
                return HumanTask(spec, name)
            case NodeKind.SCRIPT_TASK:
                return ScriptStep(spec, name, node.script or "")
            case NodeKind.SERVICE_TASK:
                return ServiceStep(spec, name)
            case NodeKind.DECISION_TASK:
                return DecisionStep(spec, name)
            case NodeKind.CATCH | NodeKind.RECEIVE_TASK:
                return Catch(spec, name, node)
            case NodeKind.BOUNDARY:
                event = Boundary(spec, name, node)
                event.opens_handler = bool(node.origin)
                return event
            case NodeKind.THROW:
                return Throw(spec, name, node)
            case NodeKind.END:
                return Finish(spec, name, node)
            case NodeKind.SUB_PROCESS | NodeKind.CALL_ACTIVITY:
                return self._scoped(node, name)
            case NodeKind.EXCLUSIVE:
                return Choice(spec, name)
            case NodeKind.PARALLEL:
                return Join(spec, name)
            case NodeKind.INCLUSIVE:
                return Inclusive(spec, name)
            case NodeKind.EVENT_BASED:
                return EventGateway(spec, name)
            case NodeKind.START:
                return Passing(spec, name)

    def _scoped(self, node: Node, name: str) -> Element:
        if node.kind is NodeKind.CALL_ACTIVITY:
            call = Call(self.spec, name, self.spec)
            self.built.waiting_calls.append((call, node.called or ""))
            return call
        inside = _ScopeBuilder(self.built, f"{self.path}/{node.id}", node.body or Scope(nodes={}, flows={}))
        inside.build()
        inside.spec.wrapped = node.origin == SILENT
        return SubProcess(self.spec, name, inside.spec)

    def _connect(self, node: Node) -> None:
        source = self.exit[node.id]
        leaving = outgoing(self.scope.flows, node.id)
        taken: dict[str, str | None] = {}
        for flow in leaving:
            target = self.entry[flow.target]
            Element.connect(source, target)
            taken[target.name] = flow.id if flow.origin is None else None
        source.taken = MappingProxyType(taken)
        if not leaving:
            Element.connect(source, self.spec.end)
        if isinstance(source, Choice):
            conditions, others = self._split(node, leaving)
            source.conditions = conditions
            source.default = others[-1] if others else None
        elif isinstance(source, Inclusive):
            source.conditions, others = self._split(node, leaving)
            default = next((flow for flow in leaving if flow.id == node.default_flow), None)
            source.default = None if default is None else self.entry[default.target]
            source.always = tuple(spec for spec in others if spec is not source.default)
            if not leaving:
                source.always = (self.spec.end,)
        if isinstance(source, Choice) and not leaving:
            source.default = self.spec.end

    def _split(self, node: Node, leaving: list[Flow]) -> tuple[tuple[tuple[Any, Any], ...], list[Any]]:
        """(condition, target) in the order of the file; targets of flows without one, the default flow's last."""
        conditions = []
        plain = []
        last = []
        for flow in leaving:
            target = self.entry[flow.target]
            if flow.id == node.default_flow:
                last.append(target)
            elif flow.condition is None:
                plain.append(target)
            else:
                conditions.append((flow.condition, target))
        return tuple(conditions), plain + last


def shown(node: Node) -> str | None:
    """The id under which the history knows a node: its own, or the drawn start event a boundary event was made from."""
    if node.origin is None:
        return node.id
    return node.origin or None if node.kind is NodeKind.BOUNDARY else None


def reading_order(model: PathwayModel) -> Mapping[str, int]:
    """Each drawn element's place in the order of the files, sub-processes right after their own place."""
    order: dict[str, int] = {}

    def visit(scope: Scope) -> None:
        for node in scope.nodes.values():
            order.setdefault(node.id, len(order))
            if node.body is not None:
                visit(node.body)

    for key in sorted(model.processes, key=lambda key: key != model.main):
        visit(model.processes[key].scope)
    return MappingProxyType(order)
