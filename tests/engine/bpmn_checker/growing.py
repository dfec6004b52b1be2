"""Random sound pathways, grown from blocks that are sound by construction, and ways to break them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

from engine.bpmn.model import Flow, NodeKind, Place, Scope
from tests.engine.bpmn_checker.drawings import node, scope


class _Garden:
    """Grows the lines of a drawing."""

    def __init__(self, random: Random, size: int) -> None:
        self.random = random
        self.left = size
        self.count = 0
        self.lines: list[str] = []

    def name(self, letter: str) -> str:
        self.count += 1
        return f"{letter}{self.count}"

    def block(self, before: str, depth: int) -> str:
        """Grow one block after a node; the node to go on from."""
        self.left -= 1
        kinds = ["task", "task", "catch", "xor", "and", "or", "loop", "timeout", "reminder", "events", "early"]
        kind = self.random.choice(kinds if depth < 4 and self.left > 0 else ["task", "catch"])
        return self.grow(kind, before, depth)

    def grow(self, kind: str, before: str, depth: int) -> str:
        match kind:
            case "xor" | "and" | "or":
                return self.branches({"xor": "x", "and": "p", "or": "i"}[kind], before, depth)
            case "loop":
                entry, out = self.name("x"), self.name("x")
                self.lines.append(f"{before} > {entry}")
                last = self.sequence(self.task(entry), depth + 1)
                self.lines.append(f"{last} > {out} > {entry}")
                return out
            case "timeout":
                return self.timeout(before, depth)
            case "reminder":
                last = self.task(before)
                self.lines.append(f"n_{last} > {self.name('u')} > {self.name('e')}")
                return last
            case "events":
                gate, join = self.name("g"), self.name("x")
                self.lines.append(f"{before} > {gate}")
                for _ in range(2):
                    event = self.name("k")
                    self.lines.append(f"{gate} > {event}")
                    self.lines.append(f"{self.sequence(event, depth + 1)} > {join}")
                return join
            case "early" if depth == 0:
                gate = self.name("x")
                self.lines.append(f"{before} > {gate} > {self.name('u')} > {self.name('e')}")
                return gate
            case "catch":
                event = self.name("k")
                self.lines.append(f"{before} > {event}")
                return event
        return self.task(before)

    def task(self, before: str) -> str:
        task = self.name("u")
        self.lines.append(f"{before} > {task}")
        return task

    def timeout(self, before: str, depth: int) -> str:
        last = self.task(before)
        join = self.name("x")
        self.lines.append(f"{last} > {join}")
        self.lines.append(f"b_{last} > {self.name('u')} > {join}")
        return join

    def branches(self, letter: str, before: str, depth: int) -> str:
        split, join = self.name(letter), self.name(letter)
        self.lines.append(f"{before} > {split}")
        for _ in range(self.random.choice((2, 2, 3))):
            self.lines.append(f"{self.sequence(self.task(split), depth + 1)} > {join}")
        return join

    def sequence(self, before: str, depth: int) -> str:
        for _ in range(self.random.choice((0, 1, 1, 2))):
            before = self.block(before, depth)
        return before


def sound_scope(seed: int, size: int = 8) -> Scope:
    """A random scope without any fault."""
    garden = _Garden(Random(seed), size)
    before = garden.task("s")
    while garden.left > 0:
        before = garden.block(before, 0)
    garden.lines.append(f"{before} > e")
    return scope(*garden.lines)


def _with_flow(drawn: Scope, flow: Flow) -> Scope:
    return Scope(nodes=drawn.nodes, flows={**drawn.flows, flow.id: flow})


def swap_gateway(drawn: Scope, random: Random) -> Scope | None:
    """A gateway becomes one of another kind."""
    kinds = [NodeKind.EXCLUSIVE, NodeKind.PARALLEL, NodeKind.INCLUSIVE]
    gateways = [one for one in drawn.nodes.values() if one.kind in kinds]
    if not gateways:
        return None
    chosen = random.choice(gateways)
    kind = random.choice([kind for kind in kinds if kind is not chosen.kind])
    return Scope(nodes={**drawn.nodes, chosen.id: replace(chosen, kind=kind)}, flows=drawn.flows)


def drop_flow(drawn: Scope, random: Random) -> Scope | None:
    """A flow is forgotten."""
    lost = random.choice(list(drawn.flows))
    return Scope(nodes=drawn.nodes, flows={name: flow for name, flow in drawn.flows.items() if name != lost})


def retarget_flow(drawn: Scope, random: Random) -> Scope | None:
    """A flow leads elsewhere."""
    flow = random.choice(list(drawn.flows.values()))
    targets = [
        one.id
        for one in drawn.nodes.values()
        if one.kind not in (NodeKind.START, NodeKind.BOUNDARY) and one.id != flow.target
    ]
    if drawn.nodes[flow.source].kind is NodeKind.EVENT_BASED or not targets:
        return None
    return _with_flow(drawn, replace(flow, target=random.choice(targets)))


def cross_branches(drawn: Scope, random: Random) -> Scope | None:
    """Two flows exchange their targets."""
    flows = [flow for flow in drawn.flows.values() if drawn.nodes[flow.source].kind is not NodeKind.EVENT_BASED]
    if len(flows) < 2:
        return None
    one, other = random.sample(flows, 2)
    crossed = {one.id: replace(one, target=other.target), other.id: replace(other, target=one.target)}
    return Scope(nodes=drawn.nodes, flows={**drawn.flows, **crossed})


def turn_event(drawn: Scope, random: Random) -> Scope | None:
    """An interrupting event no longer interrupts, or the other way round."""
    events = [one for one in drawn.nodes.values() if one.kind is NodeKind.BOUNDARY]
    if not events:
        return None
    chosen = random.choice(events)
    turned = replace(chosen, interrupting=not chosen.interrupting)
    return Scope(nodes={**drawn.nodes, chosen.id: turned}, flows=drawn.flows)


def remove_node(drawn: Scope, random: Random) -> Scope | None:
    """A step is deleted with its flows, as the delete key does."""
    steps = [one.id for one in drawn.nodes.values() if one.kind not in (NodeKind.START, NodeKind.BOUNDARY)]
    lost = random.choice(steps)
    gone = {lost} | {one.id for one in drawn.nodes.values() if one.attached_to == lost}
    return Scope(
        nodes={name: one for name, one in drawn.nodes.items() if name not in gone},
        flows={n: f for n, f in drawn.flows.items() if f.source not in gone and f.target not in gone},
    )


def duplicate_flow(drawn: Scope, random: Random) -> Scope | None:
    """A task gets a second way out."""
    tasks = [one.id for one in drawn.nodes.values() if one.kind is NodeKind.USER_TASK]
    targets = [one.id for one in drawn.nodes.values() if one.kind not in (NodeKind.START, NodeKind.BOUNDARY)]
    source, target = random.choice(tasks), random.choice(targets)
    return _with_flow(drawn, Flow(id="second", source=source, target=target, place=Place("drawn.bpmn", 1, 1)))


def duplicate_end(drawn: Scope, random: Random) -> Scope | None:
    """A parallel branch gets its own end instead of joining the others."""
    into = [flow for flow in drawn.flows.values() if drawn.nodes[flow.target].kind is NodeKind.PARALLEL]
    if not into:
        return None
    flow = random.choice(into)
    return Scope(
        nodes={**drawn.nodes, "e_new": node("e_new", 1)},
        flows={**drawn.flows, flow.id: replace(flow, target="e_new")},
    )


Operator = Callable[[Scope, Random], Scope | None]
OPERATORS: tuple[Operator, ...] = (
    swap_gateway,
    drop_flow,
    retarget_flow,
    cross_branches,
    turn_event,
    remove_node,
    duplicate_flow,
    duplicate_end,
)
