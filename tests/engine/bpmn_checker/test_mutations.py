"""Sound pathways stay clean, broken ones are found out, and an independent referee agrees with every verdict."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.bpmn.checker import check
from engine.bpmn.findings import Severity
from engine.bpmn.model import NodeKind, Scope
from tests.engine.bpmn_checker.drawings import codes, of_scope, scope
from tests.engine.bpmn_checker.growing import OPERATORS, Operator, sound_scope
from tests.engine.bpmn_checker.referee import Referee

FAULTS = {"CF-001", "CF-002", "CF-003", "CF-007", "CF-008", "CF-017", "CF-023"}
UNPROVED = {"CF-009", "CF-010"}

BY_HAND: dict[str, Scope] = {
    "a straight line": scope("s > u1 > u2 > e"),
    "a choice": scope("s > u0 > x1 > u1 > x2 > e", "x1 > u2 > x2"),
    "a choice with two ends": scope("s > u0 > x1 > u1 > e1", "x1 > u2 > e2"),
    "preparations side by side": scope("s > p1 > u1 > p2 > u4 > e", "p1 > u2 > p2", "p1 > u3 > p2"),
    "only the preparations needed": scope("s > i1 > u1 > i2 > u4 > e", "i1 > u2 > i2", "i1 > u3 > i2"),
    "preparations with a loop inside": scope("s > p1 > x3 > u1 > x4 > x3", "x4 > p2 > e", "p1 > u2 > p2"),
    "a weekly round": scope("s > x1 > k1 > u1 > x2 > x1", "x2 > u2 > e"),
    "a round of preparations": scope("s > x1 > p1 > u1 > p2 > x2 > x1", "p1 > u2 > p2", "x2 > e"),
    "whichever comes first": scope("s > g1 > k1 > u1 > x1 > e", "g1 > k2 > u2 > x1"),
    "a reminder": scope("s > u1 > e", "n_u1 > u2 > e2"),
    "a reminder in a round": scope("s > x1 > u1 > x2 > x1", "x2 > e", "n_u1 > u2 > e2"),
    "a deadline": scope("s > u1 > x1 > u3 > e", "b_u1 > u2 > x1"),
    "stop everything": scope("s > p1 > u1 > t", "p1 > u2 > e"),
    "branches that end apart": scope("s > p1 > u1 > e1", "p1 > u2 > e2"),
    "a choice beside another": scope("s > p1 > x1 > u1 > x2 > p2 > e", "x1 > u2 > x2", "p1 > u3 > p2"),
}

SEEDS = range(36)


@pytest.mark.parametrize("name", BY_HAND)
def test_a_sound_drawing_by_hand_has_no_fault_of_control_flow(name: str) -> None:
    assert codes(check(of_scope(BY_HAND[name])), "CF") == set()
    assert not Referee(BY_HAND[name]).play().faulty


@pytest.mark.parametrize("seed", SEEDS)
def test_a_sound_drawing_by_chance_has_no_fault_of_control_flow(seed: int) -> None:
    assert codes(check(of_scope(sound_scope(seed))), "CF") == set()


def agrees(drawn: Scope) -> None:
    """The checker and the referee say the same of a drawing."""
    told = codes(check(of_scope(drawn)), "CF")
    played = Referee(drawn).play()
    if played.faulty:
        assert told & (FAULTS | UNPROVED)
    if told & UNPROVED or not played.whole:
        return
    if told & FAULTS:
        assert played.faulty
    if not played.twice:
        assert ("CF-001" in told) == played.stuck
        assert ("CF-003" in told) == played.endless
    if not played.faulty:
        starts = {one.id for one in drawn.nodes.values() if one.kind is NodeKind.START}
        assert ("CF-004" in told) == bool(set(drawn.nodes) - played.acted - starts)


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda operator: operator.__name__)
def test_every_fault_an_operator_makes_is_found_and_nothing_else(operator: Operator) -> None:
    broken = [operator(BY_HAND[name], Random(seed)) for name in BY_HAND for seed in range(3)]
    broken += [operator(sound_scope(seed, 5), Random(seed)) for seed in SEEDS]

    for drawn in broken:
        if drawn is not None:
            agrees(drawn)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 10_000_000), breaks=st.lists(st.sampled_from(OPERATORS), max_size=3))
def test_checker_and_referee_agree_on_any_drawing(seed: int, breaks: list[Operator]) -> None:
    random = Random(seed)
    drawn = sound_scope(seed, 4)
    for operator in breaks:
        drawn = operator(drawn, random) or drawn

    agrees(drawn)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 10_000_000))
def test_a_long_random_game_never_meets_a_fault_that_was_not_told(seed: int) -> None:
    random = Random(seed)
    drawn = random.choice(OPERATORS)(sound_scope(seed, 12), random)
    if drawn is None:
        return
    told = codes(check(of_scope(drawn)), "CF")

    if not told & (FAULTS | UNPROVED):
        referee = Referee(drawn)
        assert not any(referee.run(random).faulty for _ in range(20))


def test_the_same_drawing_gets_the_same_findings() -> None:
    model = of_scope(OPERATORS[0](sound_scope(3), Random(1)) or sound_scope(3))

    assert check(model) == check(model)


def test_no_finding_about_a_sound_drawing_is_an_error_but_for_the_conditions_it_lacks() -> None:
    for seed in SEEDS:
        errors = [one for one in check(of_scope(sound_scope(seed))) if one.severity is Severity.ERROR]
        assert codes(errors) <= {"DT-012"}
