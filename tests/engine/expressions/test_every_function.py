"""Every function and operator, given anything, answers with a value or a sentence; and the reference names them all."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import pytest

from engine.expressions import ExpressionError, evaluate_feel
from engine.expressions.functions.registry import FUNCTIONS

ANYTHING = (
    "null", "true", "1", "-2.5", "0", "1e6000", '"abc"', '""', '"(a"', '@"2020-01-31"', '@"9999-12-31"',
    '@"0001-01-01T00:00:00@Europe/Paris"', '@"9999-12-31T23:59:59Z"', '@"10:00:00@Europe/Paris"',
    '@"2020-01-01T10:00:00"', '@"P1D"', '@"-P1Y"', '@"P99999Y"', '@"P999999999D"', "[]", "[1,2]", '["a",null]',
    "{a:1}", "[1..3]", "(< 5)", "(function(a,b) a)", '[[1],[{a:[1..2]}]]', '"WD9999"', '"18:00"',
)  # fmt: skip
REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "expressions.md"


def survives(text: str) -> bool:
    try:
        evaluate_feel(text)
    except ExpressionError as error:
        return bool(error.sentence)
    return True


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_a_function_survives_any_arguments(name: str) -> None:
    choose = random.Random(name)
    calls = [f"{name}()", *(f"{name}({value})" for value in ANYTHING)]
    calls += [f"{name}({', '.join(choose.choices(ANYTHING, k=choose.choice((2, 2, 3, 4))))})" for _ in range(60)]

    assert [text for text in calls if not survives(text)] == []


@pytest.mark.parametrize("operator", ["+", "-", "*", "/", "**", "=", "<", "in", "and"])
def test_an_operator_survives_any_operands(operator: str) -> None:
    assert all(survives(f"{left} {operator} {right}") for left, right in itertools.product(ANYTHING, ANYTHING))


def test_positions_loops_and_members_survive_anything() -> None:
    for left, right in itertools.product(ANYTHING, ANYTHING[::3]):
        assert survives(f"{left}[{right}]")
        assert survives(f"for i in {left}..{right} return i")
        assert survives(f"some x in {left} satisfies x = {right}")
    for value in ANYTHING:
        assert all(survives(f"({value}).{name}") for name in ("year", "hour", "time offset", "days", "start", "a"))


def test_the_reference_names_every_function() -> None:
    written = REFERENCE.read_text("utf-8")

    assert [name for name in FUNCTIONS if f"`{name}(" not in written] == []
