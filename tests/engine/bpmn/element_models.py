"""Shapes of tiny models: one row of nodes, a task with an event on it, a sub-process that throws…"""

from __future__ import annotations

from collections.abc import Callable

from engine.bpmn.model import NodeKind, PathwayModel, Trigger, TriggerKind
from tests.engine.bpmn import build as b


def one(*nodes: object, flows: str, conditions: dict[str, str] | None = None) -> Callable[[], PathwayModel]:
    return lambda: b.pathway(b.scope(b.start(), *nodes, b.end(), flows=flows, conditions=conditions))  # type: ignore[arg-type]


def around(trigger: Trigger, *, interrupting: bool = True) -> Callable[[], PathwayModel]:
    """A task with one boundary event that leads to task `h`."""
    event = b.boundary("t", "a", trigger, interrupting=interrupting)
    return one(b.user("a"), event, b.user("h"), b.end("e2"), flows="s a e; t h e2")


def inside(thrown: Trigger, caught: Trigger, *, interrupting: bool = True) -> Callable[[], PathwayModel]:
    """A sub-process that ends by throwing, with a boundary event that leads to task `h`."""
    body = b.scope(b.start("is"), b.user("i"), b.end("ie", thrown), flows="is i ie")
    event = b.boundary("t", "p", caught, interrupting=interrupting)
    return one(b.sub("p", body), event, b.user("h"), b.user("n"), b.end("e2"), flows="s p n e; t h e2")


def handled(trigger: Trigger, *, interrupting: bool) -> Callable[[], PathwayModel]:
    """A process with an event sub-process holding task `h`."""
    body = b.scope(b.start("hs", trigger, interrupting=interrupting), b.user("h"), b.end("he"), flows="hs h he")
    return one(b.user("a"), b.sub("on", body, on_event=True), flows="s a e")


def looped(loop: object) -> Callable[[], PathwayModel]:
    return one(b.user("a", loop=loop), b.user("n"), flows="s a n e")


def end_with(trigger: Trigger) -> Callable[[], PathwayModel]:
    fork = b.parallel("f")
    return one(fork, b.user("a"), b.user("n"), b.end("x", trigger), flows="s f a x; f n e")


def bare(kind: NodeKind, **more: object) -> Callable[[], PathwayModel]:
    return one(b.node("x", kind, **more), flows="s x e")


def trigger(kind: TriggerKind) -> Trigger:
    return Trigger(kind=kind, name="x")
