"""Scripts: assignments run together."""

from __future__ import annotations

from decimal import Decimal

import pytest

from engine.expressions import ExpressionError, compile_script
from tests.engine.expressions.evaluating import NOW, PARIS


def run(text: str, **facts: object) -> dict[str, object]:
    return dict(compile_script(text).run(facts, now=NOW, calendar=PARIS))


def test_only_what_was_written_comes_back_and_later_lines_see_it() -> None:
    facts = {"years": 80}

    assert run("old = years > 75\nlevel = 'high' if old else 'low'", **facts) == {"old": True, "level": "high"}
    assert facts == {"years": 80}


def test_lines_semicolons_comments_and_open_brackets() -> None:
    text = "a = 1; b = [a,\n  2]\n# remarque\n// autre\n\nf = 7 // 2\nc = 'x;y#z'  # fin\nd = = count(b)\ne = ${a + 1}"

    assert run(text) == {
        "a": Decimal(1),
        "b": [Decimal(1), Decimal(2)],
        "c": "x;y#z",
        "d": Decimal(2),
        "e": Decimal(2),
        "f": Decimal(3),
    }


def test_reads_and_writes_are_known_before_running() -> None:
    script = compile_script("n = n + 1\nm = n * factor")

    assert script.reads == {"n", "factor"}
    assert script.writes == {"n", "m"}


def test_nothing_is_written_when_a_line_is_stopped() -> None:
    with pytest.raises(ExpressionError, match=r"Ligne 2 \(b\)"):
        run("a = 1\nb = for i in 1..2000, j in 1..2000 return i")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "vide"),
        ("# rien", "vide"),
        ("print('x')", "Ligne 1 : écrivez « nom = expression »."),
        ("a = 1\nimport os", "Ligne 2 : écrivez"),
        ("a == 1", "écrivez « nom = expression »"),
        ("a.b = 1", "écrivez « nom = expression »"),
        ("case = 1", "réservé"),
        ("__x = 1", "réservé"),
        ("a = b +", "Ligne 1 (a)"),
        ("a = open('/etc/passwd')", "La fonction « open » n'existe pas."),
    ],
)
def test_a_line_that_is_no_assignment_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(ExpressionError) as refused:
        compile_script(text)

    assert sentence in refused.value.sentence


def test_the_position_counts_in_the_whole_script() -> None:
    with pytest.raises(ExpressionError) as refused:
        compile_script("a = 1\nb = foo(2)")

    assert refused.value.position == 10
