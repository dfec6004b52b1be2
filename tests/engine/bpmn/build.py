"""Tiny pathways for tests: nodes by function, flows as text (`"s a g; g x; g y"`), conditions by flow (`"g>x"`)."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from engine.bpmn.model import (
    Assignment,
    ExpressionText,
    Flow,
    HumanWork,
    MultiInstance,
    Node,
    NodeKind,
    PathwayModel,
    Process,
    Scope,
    ServiceAction,
    StandardLoop,
    TimerKind,
    Trigger,
    TriggerKind,
)

NONE = Trigger()


def text(written: str | None) -> ExpressionText | None:
    return None if written is None else ExpressionText(written)


def node(id_: str, kind: NodeKind, **more: Any) -> Node:
    return Node(id=id_, kind=kind, name=more.pop("name", id_), **more)


def start(id_: str = "s", trigger: Trigger = NONE, *, interrupting: bool = True) -> Node:
    return node(id_, NodeKind.START, trigger=trigger, interrupting=interrupting)


def end(id_: str = "e", trigger: Trigger = NONE) -> Node:
    return node(id_, NodeKind.END, trigger=trigger)


def user(id_: str, *, loop: Any = None, **work: Any) -> Node:
    known: dict[str, Any] = {"roles": ("home_nurse",)}
    known |= {key: text(value) if key in ("due", "opens", "assignee") else value for key, value in work.items()}
    return node(id_, NodeKind.USER_TASK, loop=loop, work=HumanWork(**known))


def script(id_: str, code: str, *, loop: Any = None) -> Node:
    return node(id_, NodeKind.SCRIPT_TASK, script=code, loop=loop)


def service(id_: str, kind: str, **parameters: str) -> Node:
    return node(id_, NodeKind.SERVICE_TASK, action=ServiceAction(kind=kind, parameters=parameters))


def exclusive(id_: str, default: str | None = None) -> Node:
    return node(id_, NodeKind.EXCLUSIVE, default_flow=default)


def inclusive(id_: str, default: str | None = None) -> Node:
    return node(id_, NodeKind.INCLUSIVE, default_flow=default)


def parallel(id_: str) -> Node:
    return node(id_, NodeKind.PARALLEL)


def race(id_: str) -> Node:
    return node(id_, NodeKind.EVENT_BASED)


def message(name: str, key: str | None = None) -> Trigger:
    return Trigger(kind=TriggerKind.MESSAGE, name=name, correlation=text(key))


def signal(name: str) -> Trigger:
    return Trigger(kind=TriggerKind.SIGNAL, name=name)


def error(code: str | None = None) -> Trigger:
    return Trigger(kind=TriggerKind.ERROR, name=code)


def escalation(code: str | None = None) -> Trigger:
    return Trigger(kind=TriggerKind.ESCALATION, name=code)


def condition(written: str) -> Trigger:
    return Trigger(kind=TriggerKind.CONDITIONAL, expression=text(written))


def link(name: str) -> Trigger:
    return Trigger(kind=TriggerKind.LINK, name=name)


TERMINATE = Trigger(kind=TriggerKind.TERMINATE)


def after(written: str) -> Trigger:
    return Trigger(kind=TriggerKind.TIMER, timer=TimerKind.DURATION, expression=text(written))


def at(written: str) -> Trigger:
    return Trigger(kind=TriggerKind.TIMER, timer=TimerKind.DATE, expression=text(written))


def every(written: str) -> Trigger:
    return Trigger(kind=TriggerKind.TIMER, timer=TimerKind.CYCLE, expression=text(written))


def catch(id_: str, trigger: Trigger, **more: Any) -> Node:
    return node(id_, NodeKind.CATCH, trigger=trigger, **more)


def throw(id_: str, trigger: Trigger) -> Node:
    return node(id_, NodeKind.THROW, trigger=trigger)


def boundary(id_: str, on: str, trigger: Trigger, *, interrupting: bool = True) -> Node:
    return node(id_, NodeKind.BOUNDARY, attached_to=on, trigger=trigger, interrupting=interrupting)


def sub(id_: str, body: Scope, *, loop: Any = None, on_event: bool = False) -> Node:
    return node(id_, NodeKind.SUB_PROCESS, body=body, loop=loop, event_sub_process=on_event)


def call(
    id_: str,
    called: str,
    *,
    inputs: Mapping[str, str] | None = None,
    outputs: Mapping[str, str] | None = None,
    loop: Any = None,
) -> Node:
    def mapping(pairs: Mapping[str, str] | None) -> tuple[Assignment, ...]:
        return tuple(Assignment(name=name, expression=ExpressionText(value)) for name, value in (pairs or {}).items())

    return node(id_, NodeKind.CALL_ACTIVITY, called=called, inputs=mapping(inputs), outputs=mapping(outputs), loop=loop)


def each(
    collection: str | None = None,
    *,
    parallel: bool = True,
    times: str | None = None,
    until: str | None = None,
    **more: Any,
) -> MultiInstance:
    element = more.pop("output_element", None)
    return MultiInstance(
        parallel=parallel,
        collection=text(collection),
        cardinality=text(times),
        completion=text(until),
        output_element=text(element),
        **more,
    )


def while_(written: str | None = None, maximum: int | None = None, *, before: bool = False) -> StandardLoop:
    return StandardLoop(condition=text(written), maximum=maximum, test_before=before)


def scope(*nodes: Node, flows: str, conditions: Mapping[str, str] | None = None) -> Scope:
    """Nodes and flows; `flows` are chains of ids separated by semicolons."""
    drawn: dict[str, Flow] = {}
    for chain in flows.split(";"):
        ids = chain.split()
        for source, target in pairwise(ids):
            id_ = f"{source}>{target}"
            while id_ in drawn:
                id_ += "+"
            drawn[id_] = Flow(id=id_, source=source, target=target, condition=text((conditions or {}).get(id_)))
    return Scope(nodes={each.id: each for each in nodes}, flows=drawn)


def pathway(body: Scope, **called: Scope) -> PathwayModel:
    """A model whose main process is `main`; keyword arguments are the pieces it may call."""
    scopes = {"main": body, **called}
    return PathwayModel(
        processes={key: Process(id=key, name=key, scope=value) for key, value in scopes.items()}, main="main"
    )
