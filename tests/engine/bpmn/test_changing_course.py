"""A case is moved, cancelled or taken back by a person's decision."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from engine.bpmn import runner
from engine.bpmn.model import NodeKind
from engine.outcome import Happened
from tests.engine.bpmn.build import (
    after,
    boundary,
    each,
    end,
    pathway,
    scope,
    start,
    sub,
    user,
)
from tests.engine.bpmn.drawings import branches
from tests.engine.bpmn.models import EVERYTHING, sound_model
from tests.engine.bpmn.playing import Played

MOVABLE = (NodeKind.USER_TASK, NodeKind.SUB_PROCESS, NodeKind.CATCH, NodeKind.PARALLEL, NodeKind.INCLUSIVE)


def test_a_course_is_changed_by_hand_into_a_sub_process() -> None:
    inner = scope(start("is"), user("i1"), user("i2"), end("ie"), flows="is i1 i2 ie")
    model = pathway(
        scope(
            start(),
            user("a"),
            sub("p", inner),
            boundary("t", "p", after("P1D")),
            user("b"),
            end(),
            flows="s a p b e; t b",
        )
    )
    case = Played(model)
    case.move(["a"], ["i2"])
    assert case.open == ["i2"]
    assert list(case.timers) == ["t"]
    case.do("i2")
    assert case.open == ["b"]
    assert case.timers == {}
    case.move(["b"], ["a"])
    case.do("a", "i1")
    case.move(["i2"], ["b"])
    assert case.open == ["b"]
    assert case.timers == {}
    case.do("b")
    assert case.done


def test_a_move_that_leaves_nothing_open_changes_nothing() -> None:
    case = Played(branches(), strict=False)
    before = case.state
    case.move(["a"], [])
    assert case.outcome.incident is not None
    assert case.state == before


def test_a_cancelled_case_is_over() -> None:
    inner = scope(start("is"), user("i"), end("ie"), flows="is i ie")
    case = Played(pathway(scope(start(), sub("p", inner), end(), flows="s p e")))
    case.cancel()
    assert case.done
    assert set(case.happened(Happened.CANCELLED)) == {"p", "i"}


def test_an_earlier_state_is_restored_without_ever_repeating_a_token() -> None:
    case = Played(branches())
    earlier, first = case.state, case.token("a")
    case.do("a", risk="high")
    used = {task.token for task in case.outcome.tasks}
    back = runner.restore(case.program, case.state, earlier=earlier, around=case.around)
    assert [task.token for task in back.tasks] == [first]
    again = runner.complete(case.program, back.state, token=first, around=case.around)
    assert not {task.token for task in again.tasks} & used


def test_an_activity_waits_for_one_instance_less_when_one_is_closed_by_hand() -> None:
    case = Played(pathway(scope(start(), user("a", loop=each(times="3")), user("b"), end(), flows="s a b e")))
    case.move(["a"], [])
    case.do("a", "a")
    assert case.open == ["b"]


def test_a_move_that_leaves_only_a_join_waiting_is_refused() -> None:
    case = Played(branches(), strict=False)
    case.do("a", risk="high")
    case.do("b")
    case.move(["c"], [])
    assert case.outcome.incident is not None
    assert case.outcome.incident.code == "nothing_open"


@pytest.mark.parametrize("seed", range(60))
def test_random_moves_never_leave_a_case_stuck_in_silence(seed: int) -> None:
    random = Random(seed)
    case = Played(sound_model(random, EVERYTHING, random.randint(1, 4)), r=0, k=0, strict=False)
    elements = [node.id for node in case.program.nodes.values() if node.kind in MOVABLE]
    for _ in range(12):
        open_now: tuple[Any, ...] = (
            *case.outcome.tasks,
            *case.outcome.timers,
            *case.outcome.subscriptions,
            *case.outcome.leaves,
        )
        tokens = [each.token for each in open_now]
        if case.done or not tokens:
            return
        closed = random.sample(tokens, min(len(tokens), random.randint(0, 2)))
        opened = random.sample(elements, min(len(elements), random.randint(0, 2)))
        before = case.state
        outcome = runner.move(case.program, before, close=closed, open=opened, around=case.around)
        if outcome.incident is not None:
            assert outcome.state == before
        else:
            assert outcome.completed or outcome.tasks or outcome.timers or outcome.subscriptions or outcome.leaves
            case._after(outcome)
        if case.open:
            case.do(random.choice(case.open), r=random.randint(0, 11))
