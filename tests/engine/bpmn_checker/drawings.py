"""Small pathways written in a few words: `"s > a > x"` draws flows, names say what the elements are.

First letters of an element's id: s start, e end, u user task, t terminate end, r error end, c script, k catch,
x exclusive, p parallel, i inclusive, g event-based, b boundary (`b_u1` interrupting, `n_u1` not), sp sub-process.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from typing import Any

from engine.bpmn.model import (
    ExpressionText,
    Flow,
    HumanWork,
    Node,
    NodeKind,
    PathwayModel,
    Place,
    Process,
    Scope,
    TimerKind,
    Trigger,
    TriggerKind,
)

KINDS = {
    "s": (NodeKind.START, "startEvent"),
    "e": (NodeKind.END, "endEvent"),
    "t": (NodeKind.END, "endEvent"),
    "r": (NodeKind.END, "endEvent"),
    "u": (NodeKind.USER_TASK, "userTask"),
    "c": (NodeKind.SCRIPT_TASK, "scriptTask"),
    "k": (NodeKind.CATCH, "intermediateCatchEvent"),
    "x": (NodeKind.EXCLUSIVE, "exclusiveGateway"),
    "p": (NodeKind.PARALLEL, "parallelGateway"),
    "i": (NodeKind.INCLUSIVE, "inclusiveGateway"),
    "g": (NodeKind.EVENT_BASED, "eventBasedGateway"),
    "b": (NodeKind.BOUNDARY, "boundaryEvent"),
    "n": (NodeKind.BOUNDARY, "boundaryEvent"),
}
TRIGGERS = {
    "t": Trigger(kind=TriggerKind.TERMINATE),
    "r": Trigger(kind=TriggerKind.ERROR, name="failed"),
    "k": Trigger(kind=TriggerKind.TIMER, timer=TimerKind.DURATION, expression=ExpressionText("P1D")),
    "b": Trigger(kind=TriggerKind.TIMER, timer=TimerKind.DURATION, expression=ExpressionText("P1D")),
    "n": Trigger(kind=TriggerKind.TIMER, timer=TimerKind.DURATION, expression=ExpressionText("P1D")),
}
NURSE = HumanWork(roles=("home_nurse",))


def node(identifier: str, line: int, *, body: Scope | None = None) -> Node:
    """An element by its id."""
    if body is not None:
        return Node(
            id=identifier,
            kind=NodeKind.SUB_PROCESS,
            name=f"Phase {identifier}",
            bpmn_type="subProcess",
            body=body,
            place=Place("drawn.bpmn", line, 1),
        )
    letter = identifier[0]
    kind, drawn = KINDS[letter]
    return Node(
        id=identifier,
        kind=kind,
        name=f"Faire {identifier}" if letter in "uck" else "",
        bpmn_type=drawn,
        place=Place("drawn.bpmn", line, 1),
        trigger=TRIGGERS.get(letter, Trigger()),
        attached_to=identifier.split("_")[1] if letter in "bn" else None,
        interrupting=letter != "n",
        work=NURSE if letter == "u" else None,
        script="done = true" if letter == "c" else None,
    )


def scope(*lines: str, inner: dict[str, Scope] | None = None, conditions: bool = True) -> Scope:
    """A scope from lines such as `"s > x1 > u1 > e"`; every step of a line is a flow."""
    bodies = inner or {}
    nodes: dict[str, Node] = {}
    flows: dict[str, Flow] = {}
    for number, line in enumerate(lines, start=1):
        steps = [step.strip() for step in line.split(">")]
        for step in steps:
            if step not in nodes:
                nodes[step] = node(step, number, body=bodies.get(step))
        for source, target in pairwise(steps):
            identifier = f"{source}-{target}"
            place = Place("drawn.bpmn", number, 1)
            flows[identifier] = Flow(id=identifier, source=source, target=target, place=place)
    return Scope(nodes=nodes, flows=flows)


def pathway(*lines: str, inner: dict[str, Scope] | None = None) -> PathwayModel:
    """A pathway with one process."""
    return of_scope(scope(*lines, inner=inner))


def of_scope(drawn: Scope) -> PathwayModel:
    """The pathway whose only process has this scope."""
    return PathwayModel(processes={"p": Process(id="p", name="Parcours", scope=drawn)}, main="p")


def with_node(drawn: Scope, identifier: str, **changes: Any) -> Scope:
    """The scope with one node changed."""
    return Scope(nodes={**drawn.nodes, identifier: replace(drawn.nodes[identifier], **changes)}, flows=drawn.flows)


def codes(findings: Iterable[object], family: str = "") -> set[str]:
    """Codes found, of one family if given."""
    return {code for one in findings if (code := str(getattr(one, "code", ""))).startswith(family)}
