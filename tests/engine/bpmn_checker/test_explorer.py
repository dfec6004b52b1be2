"""From where a case is: can it still end?"""

from __future__ import annotations

import pytest

from engine.bpmn.explorer import Budget, Marking, end_reachable, explore_scope, survey
from tests.engine.bpmn_checker.drawings import of_scope, pathway, scope


def at(*tokens: str) -> Marking:
    return Marking(tokens=frozenset(tokens))


def test_a_case_at_a_task_can_reach_its_end() -> None:
    verdict = end_reachable(pathway("s > u1 > u2 > e"), at("u1"))

    assert verdict.ends and verdict.complete and not verdict.deadlocks


def test_a_case_whose_second_branch_was_removed_waits_at_the_join_for_ever() -> None:
    verdict = end_reachable(pathway("s > p1 > u1 > p2 > e", "p1 > u2 > p2"), at("u1"))

    assert not verdict.ends
    assert verdict.deadlocks[0].waiting == ("p2",)
    assert verdict.deadlocks[0].missing == ("u2-p2",)


def test_a_branch_that_already_waits_at_the_join_is_told_by_its_flow() -> None:
    assert end_reachable(pathway("s > p1 > u1 > p2 > e", "p1 > u2 > p2"), at("u1", "u2-p2")).ends


def test_a_case_inside_a_sub_process_and_beside_it() -> None:
    model = pathway("s > sp > e", inner={"sp": scope("s2 > u1 > u2 > e2")})

    assert end_reachable(model, at("sp", "u2")).ends


def test_a_phase_that_an_event_ends_can_end() -> None:
    model = pathway("s > sp > e", "b_sp > e", inner={"sp": scope("s2 > x1 > u1 > x1")})

    assert end_reachable(model, at("sp", "u1")).ends


def test_an_endless_loop_is_seen_from_inside() -> None:
    verdict = end_reachable(pathway("s > u0 > x0 > x1 > u1 > x1", "x0 > e"), at("u1"))

    assert not verdict.ends
    assert verdict.traps[0].nodes == ("x1", "u1")


def test_an_element_that_no_longer_exists_is_named() -> None:
    with pytest.raises(KeyError, match="gone"):
        end_reachable(pathway("s > u1 > e"), at("gone"))


def test_one_scope_alone_can_be_explored() -> None:
    assert explore_scope(scope("s > u1 > e"), at("u1")).ends


def test_past_its_budget_nothing_is_proved() -> None:
    wide = scope("s > p1", "p2 > e", *(f"p1 > x{n} > u{n} > p2" for n in range(3, 9)))

    assert not survey(of_scope(wide), Budget(markings=3))["p", ""].verdict.complete
