"""What the checker calls sound runs to its end in the real engine; what it calls stuck is seen to get stuck there."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random

import pytest

from engine.bpmn.checker import check
from engine.bpmn.model import NodeKind
from engine.bpmn.program import build_program
from engine.bpmn.reader import read
from engine.bpmn.simulation import Ended, simulate
from engine.calendars import calendar_of
from tests.engine.bpmn_checker.drawings import codes, scope
from tests.engine.bpmn_checker.growing import OPERATORS, sound_scope
from tests.engine.bpmn_checker.printing import bpmn

NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)
NOT_SOUND = {"CF-001", "CF-002", "CF-003", "CF-006", "CF-007", "CF-008", "CF-009", "CF-010", "CF-017", "CF-023"}
ALWAYS_FIRST = "TM-027"
"""A branch that always loses a race against a clock: which way a case goes is then no free choice."""


def played(document: bytes, games: int = 3) -> tuple[set[str], set[Ended]]:
    """Codes of the findings, and how random games ended; nothing when the file is refused."""
    result = read({"drawn.bpmn": document})
    assert result.draft is not None
    told = codes(check(result.draft, read=result.findings))
    if result.model is None:
        return told, set()
    program = build_program(result.model)
    calendar = calendar_of("metropole")
    runs = [simulate(program, seed=seed, now=NOW, calendar=calendar, max_steps=400) for seed in range(games)]
    return told, {run.ended for run in runs}


@pytest.mark.parametrize("seed", range(12))
def test_what_is_called_sound_never_gets_stuck_in_the_engine(seed: int) -> None:
    random = Random(seed)
    grown = sound_scope(seed, 4)
    for drawn in (grown, *(operator(grown, random) for operator in OPERATORS)):
        if drawn is None:
            continue
        told, ended = played(bpmn(drawn))
        if not told & NOT_SOUND and ALWAYS_FIRST not in told:
            assert ended <= {Ended.COMPLETED}


@pytest.mark.parametrize("seed", range(100, 112))
def test_a_sub_process_is_judged_as_the_engine_plays_it(seed: int) -> None:
    random = Random(seed)
    outer = sound_scope(seed, 4)
    place = random.choice([node.id for node in outer.nodes.values() if node.kind is NodeKind.USER_TASK])
    for operator in (None, *OPERATORS):
        grown = sound_scope(seed + 1, 3)
        inner = operator(grown, random) if operator else grown
        if inner is None:
            continue
        told, ended = played(bpmn(outer, {place: inner}))
        if not told & NOT_SOUND and ALWAYS_FIRST not in told:
            assert ended <= {Ended.COMPLETED}


def test_what_is_called_stuck_gets_stuck_in_the_engine() -> None:
    told, ended = played(bpmn(scope("s > u0 > x1 > u1 > p1 > u3 > e", "x1 > u2 > p1")))

    assert "CF-001" in told
    assert ended == {Ended.STUCK}


def test_what_is_called_stuck_by_chance_gets_stuck_in_some_game() -> None:
    told, ended = played(bpmn(scope("s > u0 > i1 > u1 > p1 > u3 > e", "i1 > u2 > p1")), games=12)

    assert "CF-001" in told
    assert Ended.STUCK in ended
