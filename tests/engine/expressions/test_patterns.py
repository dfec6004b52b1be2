"""Text patterns: what they match, what they refuse, and that their cost is linear."""

from __future__ import annotations

import time

import pytest

from engine.expressions import ExpressionError
from tests.engine.expressions.evaluating import value_of


@pytest.mark.parametrize(
    ("text", "pattern", "flags", "matches"),
    [
        ("0612345678", "^0[67]\\\\d{8}$", "", True),
        ("061234567", "^0[67]\\\\d{8}$", "", False),
        ("ABC", "b", "i", True),
        ("abc", "a.c", "", True),
        ("a\\nc", "a.c", "", False),
        ("a\\nc", "a.c", "s", True),
        ("a\\nb", "^b$", "m", True),
        ("é", "\\\\p{Ll}", "", True),
        ("É", "\\\\p{IsBasicLatin}", "", False),
        ("a+b", "a+b", "q", True),
        ("ab", "(a|b){3}", "", False),
        ("aab", "^(?:a|b){3}$", "", True),
        ("x", "[^a-w-[c]]", "", True),
        ("", "^$", "", True),
    ],
)
def test_matching(text: str, pattern: str, flags: str, matches: bool) -> None:
    assert value_of(f'= matches("{text}", "{pattern}", "{flags}")') is matches


@pytest.mark.parametrize(
    "pattern", ["(", ")", "[", "a**", "a{2,1}", "*a", "\\\\q", "[b-a]", "a{", "\\\\p{Zzz}", "\\\\1"]
)
def test_a_malformed_pattern_is_null(pattern: str) -> None:
    assert value_of(f'= matches("a", "{pattern}")') is None


@pytest.mark.parametrize("pattern", ["(a)\\\\1", "(?=a)b", "(?<x>a)", "\\\\p{IsTibetan}"])
def test_what_no_linear_machine_can_do_is_refused(pattern: str) -> None:
    with pytest.raises(ExpressionError, match="motif de texte"):
        value_of(f'= matches("a", "{pattern}")')


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ('replace("2026-05-01", "(\\\\d+)-(\\\\d+)-(\\\\d+)", "$3/$2/$1")', "01/05/2026"),
        ('replace("aaa", "a", "$0$0")', "aaaaaa"),
        ('replace("a.b", "[.]", "\\\\$")', "a$b"),
        ('replace("abc", "x*", "-")', None),
        ('replace("abc", "b", "$")', None),
        ('replace("abcabc", "(b)|(c)", "[$1$2]")', "a[b][c]a[b][c]"),
        ('split("a, b;c", "[,;] ?")', ["a", "b", "c"]),
        ('split("", ",")', [""]),
    ],
)
def test_replacing_and_splitting(call: str, expected: object) -> None:
    assert value_of(f"= {call}") == expected


def test_a_pattern_that_explodes_elsewhere_takes_a_moment_here() -> None:
    started = time.process_time()

    assert value_of('= matches(word, "^(a+)+$")', word="a" * 3_000 + "b") is False

    assert time.process_time() - started < 1
