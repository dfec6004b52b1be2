"""The token game of one scope: places that hold tokens, and the moves each node can make with them.

A place is a sequence flow, or the inside of a node that is at work. A token has a colour: 0 for the ordinary course,
and one colour per non-interrupting boundary event, for what that event sets going beside it. A marking is the sorted
tuple of its tokens (`place + colour * len(places)`); the empty marking is the end of the scope.

Conditions are not looked at: a gateway may go any way its drawing allows. What is proved therefore holds for any data.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import combinations

from engine.bpmn.model import Flow, Node, NodeKind, Scope, TriggerKind

Tokens = tuple[int, ...]
ABORTED: Tokens = (-1,)
"""The marking of a scope that an error or cancellation has ended."""

Raised = frozenset[tuple[TriggerKind, str | None]]
"""Kinds and codes of the errors, escalations and cancellations that leave a scope (None: without a code)."""

EVERY_SUBSET = 6
"""Up to so many ways out of an inclusive gateway every combination is tried; past it one, two or all of them."""


@dataclass(frozen=True, slots=True)
class Inside:
    """What the inside of a sub-process or called process can do to its parent."""

    completes: bool = True
    raises: Raised = frozenset()
    automatic: bool = False
    """Some way through it waits for nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One thing a node can do: take a token from every place of `takes`, put one on every place of `gives`."""

    node: str
    takes: tuple[int, ...]
    gives: tuple[int, ...]
    spawns: int = 0
    """Colour of the tokens given, when a non-interrupting event sets them going; the taken token then stays."""
    ends: Tokens | None = None
    """The marking the whole scope ends with (terminate, error, cancel)."""


@dataclass(slots=True)
class Net:
    """A scope ready to be played."""

    scope: Scope
    places: list[str] = field(default_factory=list)
    """Flow id, or node id for the inside of a node."""
    index: dict[str, int] = field(default_factory=dict)
    target: list[str] = field(default_factory=list)
    """For each place, the node that takes from it."""
    moves: dict[int, list[Move]] = field(default_factory=lambda: defaultdict(list))
    """Moves that take exactly one token, by its place."""
    joins: dict[str, Move] = field(default_factory=dict)
    """Parallel joins: all places at once."""
    merges: dict[str, list[Move]] = field(default_factory=dict)
    """Inclusive joins: one move per combination of ways out; `takes` lists every way in."""
    upstream: dict[str, list[frozenset[int]]] = field(default_factory=dict)
    """For each inclusive join and each of its ways in: the places from which a token could still arrive there."""
    colours: list[str] = field(default_factory=lambda: [""])
    """Colour → id of the boundary event; 0 is the ordinary course."""
    starts: list[tuple[str, Tokens]] = field(default_factory=list)
    order: dict[str, int] = field(default_factory=dict)
    """Node → rank, upstream first."""
    aside: set[str] = field(default_factory=set)
    """Nodes only reached through a non-interrupting event."""
    partial: bool = False
    """Not every combination of some inclusive gateway is played."""

    def place_of(self, token: int) -> int:
        """The place of a token, without its colour."""
        return token % len(self.places)

    def colour_of(self, token: int) -> int:
        """The colour of a token."""
        return token // len(self.places)

    def coloured(self, place: int, colour: int) -> int:
        """The token of that colour on that place."""
        return place + colour * len(self.places)

    def shown(self, tokens: Iterable[int]) -> tuple[str, ...]:
        """Ids of the flows and nodes that carry a token."""
        return tuple(dict.fromkeys(self.places[self.place_of(token)] for token in tokens))


def outgoing(scope: Scope) -> dict[str, list[Flow]]:
    """Flows by source, in the order of the file; only those whose two ends exist."""
    flows: dict[str, list[Flow]] = {identifier: [] for identifier in scope.nodes}
    for flow in scope.flows.values():
        if flow.source in scope.nodes and flow.target in scope.nodes:
            flows[flow.source].append(flow)
    return flows


def incoming(scope: Scope) -> dict[str, list[Flow]]:
    """Flows by target, in the order of the file; only those whose two ends exist."""
    flows: dict[str, list[Flow]] = {identifier: [] for identifier in scope.nodes}
    for flow in scope.flows.values():
        if flow.source in scope.nodes and flow.target in scope.nodes:
            flows[flow.target].append(flow)
    return flows


def boundaries(scope: Scope) -> dict[str, list[Node]]:
    """Boundary events by the activity that carries them."""
    found: dict[str, list[Node]] = defaultdict(list)
    for node in scope.nodes.values():
        if node.kind is NodeKind.BOUNDARY and node.attached_to is not None:
            found[node.attached_to].append(node)
    return found


def start_nodes(scope: Scope) -> list[Node]:
    """Where the scope begins: its start events, or, without any, the nodes nothing leads to."""
    found = [node for node in scope.nodes.values() if node.kind is NodeKind.START]
    if found:
        return found
    flows_in = incoming(scope)
    return [
        node
        for node in scope.nodes.values()
        if not flows_in[node.id]
        and node.kind is not NodeKind.BOUNDARY
        and not node.event_sub_process
        and not is_link(node, NodeKind.CATCH)
    ]


def is_link(node: Node, kind: NodeKind) -> bool:
    """Whether the node is one end of a link event."""
    return node.kind is kind and node.trigger.kind is TriggerKind.LINK


def link_targets(scope: Scope) -> dict[str, str]:
    """Link throw → the catch of the same name."""
    catches = {node.trigger.name: node.id for node in scope.nodes.values() if is_link(node, NodeKind.CATCH)}
    return {
        node.id: catches[node.trigger.name]
        for node in scope.nodes.values()
        if is_link(node, NodeKind.THROW) and node.trigger.name in catches
    }


def catches(event: Node, raised: Raised) -> bool:
    """Whether an error, escalation or cancel event can be set off by one of those."""
    kind, code = event.trigger.kind, event.trigger.name
    return any(kind is thrown and (code is None or name is None or code == name) for thrown, name in raised)


def successors(scope: Scope) -> dict[str, list[str]]:
    """Nodes a token may go to next: along flows, links and from an activity to its boundary events."""
    flows_out = outgoing(scope)
    following = {identifier: [flow.target for flow in flows] for identifier, flows in flows_out.items()}
    for host, events in boundaries(scope).items():
        if host in following:
            following[host].extend(event.id for event in events)
    for throw, catch in link_targets(scope).items():
        following[throw].append(catch)
    return following


def reachable(following: Mapping[str, Iterable[str]], sources: Iterable[str]) -> set[str]:
    """Everything that can be reached, the sources included."""
    seen: set[str] = set()
    pending = list(sources)
    while pending:
        node = pending.pop()
        if node not in seen:
            seen.add(node)
            pending.extend(following.get(node, ()))
    return seen


def combinations_of(node: Node, flows: list[Flow]) -> tuple[list[list[Flow]], bool]:
    """Ways an inclusive choice may go, and whether all of them are listed."""
    always = [flow for flow in flows if flow.condition is None and flow.id != node.default_flow]
    if not any(flow.condition is not None for flow in flows):
        always = []  # nothing is decided in the drawing: any branch may be meant
    optional = [flow for flow in flows if flow not in always and flow.id != node.default_flow]
    default = [flow for flow in flows if flow.id == node.default_flow]
    if len(optional) <= EVERY_SUBSET:
        chosen = [list(some) for size in range(1, len(optional) + 1) for some in combinations(optional, size)]
    else:
        chosen = [list(some) for size in (1, 2, len(optional)) for some in combinations(optional, size)]
    ways = [always + some for some in chosen]
    if always or default or not optional:
        ways.append(always + default)
    return [way for way in ways if way or not flows], len(optional) <= EVERY_SUBSET


def ways_out(node: Node, flows: list[Flow]) -> tuple[list[list[Flow]], bool]:
    """The sets of flows a token may leave a node by, and whether all of them are listed."""
    if not flows:
        return [[]], True
    if node.kind in (NodeKind.EXCLUSIVE, NodeKind.EVENT_BASED):
        return [[flow] for flow in flows], True
    if node.kind is NodeKind.INCLUSIVE and len(flows) > 1:
        return combinations_of(node, flows)
    if len(flows) > 1 and node.kind is not NodeKind.PARALLEL and any(flow.condition for flow in flows):
        return combinations_of(node, flows)
    return [flows], True
