"""A scope turned into the net of its token game."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from engine.bpmn.model import Node, NodeKind, Scope, TriggerKind
from engine.bpmn.token_game import (
    ABORTED,
    Inside,
    Move,
    Net,
    Tokens,
    boundaries,
    catches,
    incoming,
    link_targets,
    outgoing,
    reachable,
    start_nodes,
    successors,
    ways_out,
)

COMPLETES = Inside()
_ENDS_WITH: Mapping[TriggerKind, Tokens] = MappingProxyType(
    {TriggerKind.TERMINATE: (), TriggerKind.ERROR: ABORTED, TriggerKind.CANCEL: ABORTED}
)
THROWN = frozenset({TriggerKind.ERROR, TriggerKind.ESCALATION, TriggerKind.CANCEL})
"""Triggers that come from inside the activity and from nowhere else."""


def build_net(scope: Scope, insides: Mapping[str, Inside]) -> Net:
    """The net of a scope; `insides` says for its sub-processes and calls how they can end."""
    return _Builder(scope, insides).build()


class _Builder:
    """Collects the places and moves of one scope."""

    def __init__(self, scope: Scope, insides: Mapping[str, Inside]) -> None:
        self.scope = scope
        self.insides = insides
        self.net = Net(scope=scope)
        self.flows_out = outgoing(scope)
        self.flows_in = incoming(scope)
        self.boundaries = boundaries(scope)
        self.links = link_targets(scope)

    def build(self) -> Net:
        """Places first, then the moves of each node, then what depends on the whole."""
        for node in self.scope.nodes.values():
            for flow in self.flows_in[node.id]:
                self._place(flow.id, node.id)
            self._place(node.id, node.id)
        for node in self.scope.nodes.values():
            if not node.event_sub_process:
                self._moves_of(node)
        self._starts()
        self._order()
        self._upstream()
        return self.net

    def _place(self, name: str, target: str) -> int:
        if name not in self.net.index:
            self.net.index[name] = len(self.net.places)
            self.net.places.append(name)
            self.net.target.append(target)
        return self.net.index[name]

    def _ways(self, node: Node) -> list[tuple[int, ...]]:
        if node.id in self.links:
            node = self.scope.nodes[self.links[node.id]]
        ways, every = ways_out(node, self.flows_out[node.id])
        self.net.partial = self.net.partial or not every
        return [tuple(self.net.index[flow.id] for flow in way) for way in ways]

    def _moves_of(self, node: Node) -> None:
        inside = self.net.index[node.id]
        entries = [self.net.index[flow.id] for flow in self.flows_in[node.id]]
        ends = _ENDS_WITH.get(node.trigger.kind) if node.kind is NodeKind.END else None
        ways = self._ways(node)
        if node.kind is NodeKind.PARALLEL and len(entries) > 1:
            self.net.joins[node.id] = Move(node=node.id, takes=tuple(entries), gives=ways[0])
            entries = []
        elif node.kind is NodeKind.INCLUSIVE and len(entries) > 1:
            self.net.merges[node.id] = [Move(node=node.id, takes=tuple(entries), gives=way) for way in ways]
            entries = []
        events = self.boundaries.get(node.id, [])
        if self.insides.get(node.id, COMPLETES).completes:
            self._leave(node, inside, ways, ends)
        for event in events:
            self._event(event, inside)
        for entry in entries:
            if events or not self.net.moves[inside]:
                self.net.moves[entry].append(Move(node=node.id, takes=(entry,), gives=(inside,)))
            else:
                for way in ways:
                    self.net.moves[entry].append(Move(node=node.id, takes=(entry,), gives=way, ends=ends))

    def _leave(self, node: Node, inside: int, ways: list[tuple[int, ...]], ends: Tokens | None) -> None:
        for way in ways:
            self.net.moves[inside].append(Move(node=node.id, takes=(inside,), gives=way, ends=ends))

    def _event(self, event: Node, inside: int) -> None:
        """What a boundary event may do while its activity is at work."""
        host = self.insides.get(event.attached_to or "")
        if host is not None and event.trigger.kind in THROWN and not catches(event, host.raises):
            return
        colour = 0
        if not event.interrupting:
            colour = len(self.net.colours)
            self.net.colours.append(event.id)
        for way in self._ways(event):
            self.net.moves[inside].append(Move(node=event.id, takes=(inside,), gives=way, spawns=colour))

    def _starts(self) -> None:
        begun = start_nodes(self.scope)
        if begun and all(node.kind is NodeKind.START for node in begun):
            for node in begun:
                for way in self._ways(node):
                    self.net.starts.append((node.id, tuple(sorted(way))))
        elif begun:
            self.net.starts.append(("", tuple(sorted(self.net.index[node.id] for node in begun))))

    def _order(self) -> None:
        """Reverse postorder: in a drawing without loops, every node after all that lead to it."""
        following = successors(self.scope)
        begun = [node.id for node in start_nodes(self.scope)]
        seen: set[str] = set()
        postorder: list[str] = []
        for root in [*begun, *self.scope.nodes]:
            if root in seen:
                continue
            seen.add(root)
            stack = [(root, iter(following[root]))]
            while stack:
                node, rest = stack[-1]
                step = next((other for other in rest if other not in seen), None)
                if step is None:
                    postorder.append(node)
                    stack.pop()
                else:
                    seen.add(step)
                    stack.append((step, iter(following[step])))
        self.net.order = {node: rank for rank, node in enumerate(reversed(postorder))}
        nodes = self.scope.nodes
        beside = {name for name, node in nodes.items() if node.kind is NodeKind.BOUNDARY and not node.interrupting}
        ordinary = {
            node: [] if node in beside else [other for other in others if other not in beside]
            for node, others in following.items()
        }
        self.net.aside = set(self.scope.nodes) - reachable(ordinary, begun)

    def _upstream(self) -> None:
        """For each way into an inclusive join, the places from which it can be reached without crossing the join."""
        before: dict[int, set[int]] = {place: set() for place in range(len(self.net.places))}
        by_node: dict[str, set[int]] = {}
        everything = [move for moves in self.net.moves.values() for move in moves]
        everything += [*self.net.joins.values(), *(move for moves in self.net.merges.values() for move in moves)]
        for move in everything:
            for given in move.gives:
                before[given].update(move.takes)
        for join, moves in self.net.merges.items():
            entries = moves[0].takes
            by_node[join] = set(entries)
            found = []
            for entry in entries:
                seen: set[int] = set()
                pending = [entry]
                while pending:
                    place = pending.pop()
                    if place in seen or (place in by_node[join] and place != entry):
                        continue
                    seen.add(place)
                    pending.extend(before[place])
                found.append(frozenset(seen - {entry}))
            self.net.upstream[join] = found
