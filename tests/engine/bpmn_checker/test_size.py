"""Large and hostile drawings are answered in bounded time, and what could not be proved says so."""

from __future__ import annotations

from time import process_time

import pytest

from engine.bpmn.checker import check
from engine.bpmn.explorer import Budget
from engine.bpmn.model import Scope
from tests.engine.bpmn_checker.drawings import codes, of_scope, scope

LONGEST = 4.0
"""Seconds, with a wide margin for a busy machine; the figures seen are in docs/explanation/checker.md."""


def nested(depth: int) -> list[str]:
    """Parallel blocks inside parallel blocks."""
    lines: list[str] = []
    count = iter(range(10_000))

    def block(before: str, after: str, left: int) -> None:
        for _ in range(2 if left else 3):
            number = next(count)
            if left == 0:
                lines.append(f"{before} > u{number} > {after}")
            else:
                lines.append(f"{before} > p{number}a")
                lines.append(f"p{number}b > {after}")
                block(f"p{number}a", f"p{number}b", left - 1)

    block("pA", "pB", depth)
    return ["s > pA", "pB > e", *lines]


BRANCHES = range(20)
SOUND: dict[str, Scope] = {
    "a chain of 400 tasks": scope(" > ".join(["s", *(f"u{number}" for number in range(400)), "e"])),
    "400 parallel branches": scope("s > p0", "p1 > e", *(f"p0 > u{number} > p1" for number in range(400))),
    "nested parallel blocks": scope(*nested(5)),
    "20 parallel loops in a loop": scope(
        "s > x > pA",
        "pB > y > x".replace("y", "xx"),
        "xx > e",
        *(f"pA > x{n}a > u{n} > x{n}b > pB" for n in BRANCHES),
        *(f"x{n}b > x{n}a" for n in BRANCHES),
    ),
    "30 parallel blocks in a row": scope(
        "s > p0a",
        *(f"p{n}a > u{n} > p{n}b" for n in range(30)),
        *(f"p{n}a > v{n} > p{n}b".replace("v", "uu") for n in range(30)),
        *(f"p{n}b > p{n + 1}a" for n in range(30)),
        "p30a > e",
    ),
    "100 tasks with two reminders": scope(
        " > ".join(["s", *(f"u{number}" for number in range(100)), "e"]),
        *(f"n_u{number} > ur{number} > er{number}" for number in range(100)),
        *(f"b_u{number} > ut{number} > e" for number in range(100)),
    ),
}


@pytest.mark.parametrize("name", SOUND)
def test_a_large_sound_drawing_is_proved_in_time(name: str) -> None:
    begun = process_time()

    found = check(of_scope(SOUND[name]))

    assert process_time() - begun < LONGEST
    assert codes(found, "CF") == set()


def test_more_branches_than_can_be_combined_are_tried_by_twos_and_it_is_said() -> None:
    wide = scope("s > i0", "i1 > e", *(f"i0 > u{number} > i1" for number in range(30)))

    assert codes(check(of_scope(wide)), "CF") == {"CF-024"}


def test_a_tangle_is_answered_in_time() -> None:
    tangle = [f"i{n} > u{n} > i{(n * 7 + 3) % 14}" for n in range(14)]
    tangle += [f"i{n} > uu{n} > p{(n * 5 + 1) % 6}" for n in range(14)]
    tangle += [f"p{n} > i{(n * 3 + 2) % 14}" for n in range(6)]
    begun = process_time()

    found = check(of_scope(scope("s > i0", "i13 > e", *tangle)))

    assert process_time() - begun < LONGEST
    assert codes(found, "CF")


def test_past_the_budget_a_finding_says_not_proved() -> None:
    found = check(of_scope(SOUND["20 parallel loops in a loop"]), budget=Budget(markings=10))

    unproved = [one for one in found if one.code == "CF-009"]
    assert [one.element_id for one in unproved] == ["p"]
    assert "Non prouvé" in unproved[0].message
