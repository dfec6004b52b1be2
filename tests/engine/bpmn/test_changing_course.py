"""A case is moved, cancelled or taken back by a person's decision."""

from __future__ import annotations

from engine.bpmn import runner
from engine.outcome import Happened
from tests.engine.bpmn.build import (
    after,
    boundary,
    end,
    pathway,
    scope,
    start,
    sub,
    user,
)
from tests.engine.bpmn.drawings import branches
from tests.engine.bpmn.playing import Played


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
