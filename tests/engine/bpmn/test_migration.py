"""A running case goes over to another version of its pathway, or is told why it cannot."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

import pytest

from engine.bpmn import runner
from engine.bpmn.migration import Migrated, VerdictKind, migrate, plan
from engine.bpmn.model import PathwayModel
from engine.errors import InvalidRequest
from engine.outcome import Happened
from tests.engine.bpmn.build import (
    after,
    boundary,
    call,
    catch,
    each,
    end,
    every,
    exclusive,
    message,
    parallel,
    pathway,
    race,
    scope,
    start,
    sub,
    user,
)
from tests.engine.bpmn.drawings import branches
from tests.engine.bpmn.models import EVERYTHING, sound_model
from tests.engine.bpmn.playing import Played


def go(
    case: Played, model: PathwayModel, manual: dict[str, str | None] | None = None, *, restart: bool = False
) -> Migrated:
    """Move a case; when it could, it goes on under the new version."""
    new = runner.build_program(model)
    moved = migrate(plan(case.program, new, manual), case.state, around=case.around, restart_timers=restart)
    if moved.outcome is not None:
        case.program = new
        case._after(moved.outcome)
    return moved


def line(*tasks: str, **named: str) -> PathwayModel:
    nodes = [user(each) for each in tasks]
    return pathway(scope(start(), *nodes, end(), flows=f"s {' '.join(tasks)} e"))


def test_an_open_step_keeps_its_token_and_goes_on_in_the_new_version() -> None:
    case = Played(line("a", "b"))
    token = case.token("a")
    moved = go(case, line("a", "c"))
    assert moved.verdict.kind is VerdictKind.MIGRABLE
    assert case.token("a") == token
    case.do("a")
    assert case.open == ["c"]


def test_a_step_with_another_id_is_found_again_by_its_name() -> None:
    old = pathway(scope(start(), user("a"), end(), flows="s a e"))
    node = user("x")
    new = pathway(scope(start(), type(node)(id="x", kind=node.kind, name="a", work=node.work), end(), flows="s x e"))
    case = Played(old)
    go(case, new)
    assert case.open == ["x"]


def test_the_plan_says_what_is_removed_added_and_unchanged() -> None:
    found = plan(runner.build_program(line("a", "b")), runner.build_program(line("a", "c")))
    assert found.removed == ("b",)
    assert found.added == ("c",)
    assert set(found.unchanged) == {"s", "a", "e"}


def test_an_open_step_that_is_gone_needs_a_mapping_which_moves_it() -> None:
    case = Played(line("a", "b"))
    case.do("a")
    moved = go(case, line("a", "c"))
    assert moved.verdict.kind is VerdictKind.NEEDS_MAPPING
    assert moved.verdict.elements == ("b",)
    assert "« b »" in moved.verdict.sentence
    assert go(case, line("a", "c"), {"b": "c"}).verdict.kind is VerdictKind.MIGRABLE
    assert case.open == ["c"]


def test_a_mapping_between_different_natures_or_scopes_is_refused() -> None:
    old = runner.build_program(line("a", "b"))
    inner = scope(start("is"), user("i"), end("ie"), flows="is i ie")
    new = runner.build_program(
        pathway(scope(start(), user("a"), catch("m", message("M")), sub("p", inner), end(), flows="s a m p e"))
    )
    for target, why in (("m", "nature"), ("i", "sous-parcours"), ("nowhere", "n'existe pas")):
        with pytest.raises(InvalidRequest, match=why):
            plan(old, new, {"b": target})
    with pytest.raises(InvalidRequest, match="ancienne"):
        plan(old, new, {"nothing": "a"})


def three_branches() -> PathwayModel:
    return pathway(
        scope(start(), parallel("p"), user("a"), user("b"), user("c"), parallel("j"), user("z"), end(),
              flows="s p a j z e; p b j; p c j")
    )  # fmt: skip


def two_branches() -> PathwayModel:
    return pathway(
        scope(start(), parallel("p"), user("a"), user("b"), parallel("j"), user("z"), end(), flows="s p a j z e; p b j")
    )


def test_a_removed_branch_that_is_done_is_no_longer_waited_for() -> None:
    case = Played(three_branches())
    case.do("c", "a")
    assert go(case, two_branches()).verdict.kind is VerdictKind.MIGRABLE
    case.do("b", "z")
    assert case.done


def test_a_removed_branch_that_is_open_is_closed_when_somebody_says_so() -> None:
    case = Played(three_branches())
    case.do("a", "b")
    assert go(case, two_branches()).verdict.elements == ("c",)
    go(case, two_branches(), {"c": None})
    assert case.open == ["z"]
    assert "c" in case.happened(Happened.CANCELLED)


def test_closing_a_branch_that_a_join_still_waits_for_is_refused() -> None:
    case = Played(three_branches())
    moved = go(case, three_branches(), {"c": None})
    assert moved.verdict.kind is VerdictKind.IMPOSSIBLE
    assert "se bloquer" in moved.verdict.sentence


def test_closing_everything_is_refused() -> None:
    moved = go(Played(line("a")), line("a"), {"a": None})
    assert moved.verdict.kind is VerdictKind.IMPOSSIBLE
    assert "rien d'ouvert" in moved.verdict.sentence


def reminded(cycle: str = "R3/P1D", delay: str = "P10D") -> PathwayModel:
    return pathway(
        scope(start(), user("a"), boundary("r", "a", every(cycle), interrupting=False), user("n"),
              boundary("t", "a", after(delay)), user("b"), end("e2"), end(), flows="s a b e; r n e2; t b")
    )  # fmt: skip


def test_timers_keep_their_date_or_start_again() -> None:
    for restart in (False, True):
        case = Played(reminded())
        case.wait(hours=30)
        before = dict(case.timers)
        go(case, reminded(delay="P20D"), restart=restart)
        expected = case.now + timedelta(days=20) if restart else before["t"]
        assert case.timers["t"] == expected
        assert (case.timers["r"] == before["r"]) is not restart


def test_events_the_new_version_adds_are_opened_and_those_that_have_fired_are_not() -> None:
    once = pathway(
        scope(start(), user("a"), boundary("r", "a", after("P1D"), interrupting=False), user("n"), end("e2"), end(),
              flows="s a e; r n e2")
    )  # fmt: skip
    more = pathway(
        scope(start(), user("a"), boundary("r", "a", after("P1D"), interrupting=False), user("n"),
              boundary("m", "a", message("M")), user("b"), end("e2"), end(), flows="s a e; r n e2; m b e")
    )  # fmt: skip
    case = Played(once)
    case.wait(days=1)
    go(case, more)
    assert case.timers == {}
    assert case.heard == ["M"]
    case.send("M")
    assert set(case.open) == {"b", "n"}


def with_alert(*, alert: bool) -> PathwayModel:
    handler = scope(start("hs", message("Alert"), interrupting=False), user("h"), end("he"), flows="hs h he")
    nodes = [start(), user("a"), user("b"), end(), *([sub("handler", handler, on_event=True)] if alert else [])]
    return pathway(scope(*nodes, flows="s a b e"))


def test_an_event_sub_process_is_added_to_running_cases_and_taken_away_again() -> None:
    case = Played(with_alert(alert=False))
    go(case, with_alert(alert=True))
    assert case.heard == ["Alert"]
    case.send("Alert", reason="fall")
    assert set(case.open) == {"a", "h"}
    moved = go(case, with_alert(alert=False))
    assert moved.verdict.elements == ("handler",)
    go(case, with_alert(alert=False), {"handler": None})
    assert case.heard == []
    case.do("a", "b")
    assert case.done


def test_instances_keep_their_item_and_their_count() -> None:
    model = pathway(scope(start(), user("a", loop=each("items", item="item")), user("b"), end(), flows="s a b e"))
    case = Played(model, items=["x", "y", "z"])
    case.do("a")
    go(case, model)
    assert [task.locals["item"] for task in case.outcome.tasks] == ["y", "z"]
    case.do("a", "a")
    assert case.open == ["b"]


def test_a_repeated_step_that_is_no_longer_repeated_is_refused_while_it_is_open() -> None:
    once = pathway(scope(start(), user("a"), user("b"), end(), flows="s a b e"))
    many = pathway(scope(start(), user("a", loop=each(times="3")), user("b"), end(), flows="s a b e"))
    for old, new in ((once, many), (many, once)):
        moved = go(Played(old), new)
        assert moved.verdict.kind is VerdictKind.IMPOSSIBLE
        assert "se répète" in moved.verdict.sentence


def test_sub_processes_and_calls_are_entered_again_with_what_they_know() -> None:
    piece = scope(start("cs"), user("c"), end("ce"), flows="cs c ce")
    inner = scope(start("is"), user("i"), end("ie"), flows="is i ie")

    def model(last: str) -> PathwayModel:
        body = scope(start(), sub("p", inner), call("k", "piece", inputs={"x": "1 + 1"}), user(last), end(),
                     flows=f"s p k {last} e")  # fmt: skip
        return pathway(body, piece=piece)

    case = Played(model("y"))
    go(case, model("z"))
    case.do("i")
    go(case, model("y"))
    assert case.outcome.tasks[0].locals["x"] == 2
    case.do("c", "y")
    assert case.done


def test_a_race_of_events_keeps_its_dates_and_gains_new_ones() -> None:
    def model(*, more: bool) -> PathwayModel:
        extra = [catch("n", message("N"))] if more else []
        flows = "s g m e; g t e" + ("; g n e" if more else "")
        return pathway(
            scope(start(), race("g"), catch("m", message("M")), catch("t", after("P2D")), *extra, end(), flows=flows)
        )

    case = Played(model(more=False))
    due = case.timers["t"]
    case.now += timedelta(hours=5)
    go(case, model(more=True))
    assert case.timers["t"] == due
    assert set(case.heard) == {"M", "N"}
    case.send("N")
    assert case.done


def test_a_join_that_no_longer_joins_lets_its_token_through() -> None:
    alone = pathway(scope(start(), parallel("p"), user("a"), parallel("j"), user("z"), end(), flows="s p a j z e"))
    two = two_branches()
    case = Played(two)
    case.do("a")
    go(case, alone, {"b": None})
    assert case.open == ["z"]


def test_a_place_without_a_way_to_the_end_is_refused() -> None:
    trap = pathway(
        scope(start(), exclusive("x", default="x>e"), user("a"), user("w"), end(), flows="s x a w a; x e",
              conditions={"x>a": "r = 1"})
    )  # fmt: skip
    moved = go(Played(line("a")), trap)
    assert moved.verdict.kind is VerdictKind.IMPOSSIBLE
    assert "fin" in moved.verdict.sentence


def test_a_state_that_cannot_be_read_is_a_verdict() -> None:
    program = runner.build_program(line("a"))
    moved = migrate(plan(program, program), b"\x01\x00rubbish", around=Played(program).around)
    assert moved.verdict.kind is VerdictKind.IMPOSSIBLE


@pytest.mark.parametrize("seed", range(80))
def test_going_to_an_identical_version_changes_nothing(seed: int) -> None:
    random = Random(seed)
    model = sound_model(random, EVERYTHING, random.randint(1, 4))
    case = Played(model, r=0, k=0, strict=False)
    same = plan(case.program, runner.build_program(model))
    assert not same.removed
    assert not same.added
    for _ in range(10):
        if case.done or case.outcome.incident is not None:
            return
        moved = migrate(same, case.state, around=case.around)
        assert moved.outcome is not None, moved.verdict
        assert moved.outcome.state == case.state
        assert moved.outcome.events == ()
        one_step(case, random)


def one_step(case: Played, random: Random) -> Any:
    if case.outcome.tasks and random.random() < 0.7:
        return case.do(random.choice(case.open), r=random.randint(0, 11))
    if case.timers and random.random() < 0.7:
        return case.tick(random.choice(list(case.timers)))
    if case.heard:
        return case.send(random.choice(case.heard))
    return case.do(random.choice(case.open), r=random.randint(0, 11)) if case.open else None


def test_the_drawings_of_the_tests_go_to_themselves() -> None:
    case = Played(branches())
    state = case.state
    moved = go(case, branches())
    assert moved.outcome is not None
    assert moved.outcome.state == state
