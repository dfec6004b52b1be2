"""Structures made to hang or fill a server are contained, in a second and 100 MB: an incident, or an honest run."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable

import pytest

from engine.bpmn import runner
from engine.bpmn.model import Node, PathwayModel, Scope
from engine.errors import InvalidPathway
from tests.engine.bpmn.build import (
    call,
    each,
    end,
    exclusive,
    inclusive,
    message,
    parallel,
    pathway,
    scope,
    script,
    signal,
    start,
    sub,
    throw,
    user,
    while_,
)
from tests.engine.bpmn.playing import Played


def parallel_blocks(count: int, wide: int) -> PathwayModel:
    nodes: list[Node] = [start()]
    flows, before = [], "s"
    for block in range(count):
        fork, join = f"f{block}", f"j{block}"
        names = [f"k{block}_{branch}" for branch in range(wide)]
        nodes += [parallel(fork), *(script(name, "n = 1") for name in names), parallel(join)]
        flows += [f"{before} {fork}", *(f"{fork} {name} {join}" for name in names)]
        before = join
    return pathway(scope(*nodes, user("a"), end(), flows="; ".join([*flows, f"{before} a e"])))


def spinning() -> PathwayModel:
    body = scope(start(), exclusive("m"), script("k", "n = 1"), exclusive("g"), flows="s m k g m")
    return pathway(body)


def doubling() -> PathwayModel:
    """Every turn makes two tokens of one."""
    return pathway(scope(start(), exclusive("m"), parallel("f"), script("k", "n = 1"), flows="s m f k m; f m"))


def instances_of_instances() -> PathwayModel:
    inner = scope(start("is"), user("i", loop=each(times="2000")), end("ie"), flows="is i ie")
    return pathway(scope(start(), sub("p", inner, loop=each(times="2000")), end(), flows="s p e"))


def calls_itself() -> PathwayModel:
    piece = scope(start("cs"), call("again", "piece"), end("ce"), flows="cs again ce")
    return pathway(scope(start(), call("k", "piece"), end(), flows="s k e"), piece=piece)


def nested(depth: int) -> PathwayModel:
    body: Scope = scope(start("s0"), user("u0"), end("e0"), flows="s0 u0 e0")
    for level in range(1, depth):
        names = (f"s{level}", f"p{level}", f"e{level}")
        body = scope(start(names[0]), sub(names[1], body), end(names[2]), flows=" ".join(names))
    return pathway(body)


def endless_loop() -> PathwayModel:
    return pathway(scope(start(), script("k", "n = 1", loop=while_("true")), end(), flows="s k e"))


def shouting() -> PathwayModel:
    """An event sub-process that throws the signal that starts it."""
    handler = scope(start("hs", signal("go"), interrupting=False), throw("t", signal("go")), end("he"), flows="hs t he")
    return pathway(scope(start(), user("a"), end(), sub("on", handler, on_event=True), flows="s a e"))


def waiting_inclusive() -> PathwayModel:
    """Two inclusive joins, each waiting for the other."""
    return pathway(
        scope(
            start(),
            parallel("f"),
            inclusive("x"),
            inclusive("y"),
            parallel("fx"),
            parallel("fy"),
            end(),
            flows="s f x fx y; f y fy x; fx e; fy e",
        )
    )


HOSTILE: list[Callable[[], PathwayModel]] = [
    spinning,
    doubling,
    instances_of_instances,
    calls_itself,
    endless_loop,
    shouting,
    waiting_inclusive,
    lambda: parallel_blocks(20, 5),
    lambda: parallel_blocks(1, 400),
    lambda: parallel_blocks(100, 3),
]


@pytest.mark.parametrize("model", HOSTILE)
def test_a_hostile_structure_is_contained(model: Callable[[], PathwayModel]) -> None:
    drawn = model()
    begun = time.process_time()
    case = Played(drawn, strict=False)
    case._after(runner.signal(case.program, case.state, message="go", around=case.around))
    assert time.process_time() - begun < 1.0
    tracemalloc.start()
    Played(drawn, strict=False)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100_000_000


def test_sub_processes_nested_beyond_reason_are_refused() -> None:
    with pytest.raises(InvalidPathway, match="niveaux"):
        runner.build_program(nested(300))
    assert len(runner.unsupported(nested(300))) == 1
    assert Played(nested(12)).open == ["u0"]


def test_a_model_that_calls_itself_is_refused_with_its_reason() -> None:
    refusals = runner.unsupported(calls_itself())
    assert [element for element, _ in refusals] == ["again"]


def test_a_flood_of_messages_does_not_slow_the_case_down() -> None:
    handler = scope(start("hs", message("alert"), interrupting=False), end("he"), flows="hs he")
    case = Played(pathway(scope(start(), user("a"), end(), sub("on", handler, on_event=True), flows="s a e")))
    for _ in range(300):
        case.send("alert")
    size = len(case.state)
    for _ in range(300):
        case.send("alert")
    assert abs(len(case.state) - size) <= 3
