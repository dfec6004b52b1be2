"""Hostile expressions end at once, in little memory, and never reach Python."""

from __future__ import annotations

import builtins
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from engine.expressions import ExpressionError, compile_expression, compile_script
from tests.engine.expressions.evaluating import NOW, PARIS
from tests.engine.expressions.hostile import FACTS, FAMILIES

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def report() -> list[tuple[str, str, float, float, str]]:
    """From a process of its own, limited in memory and time: (family, text, seconds, megabytes, outcome)."""
    command = [sys.executable, "-m", "tests.engine.expressions.hostile_child"]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=180, check=False)
    assert finished.returncode == 0, finished.stderr[-2000:]
    return [tuple(row) for row in json.loads(finished.stdout)]


@pytest.mark.parametrize("family", FAMILIES)
def test_each_text_of_the_family_ends_within_a_second_and_100_megabytes(
    family: str, report: list[tuple[str, str, float, float, str]]
) -> None:
    rows = [row for row in report if row[0] == family]

    assert len(rows) == len(FAMILIES[family])
    assert [row for row in rows if row[2] >= 1 or row[3] >= 100] == []


@pytest.mark.parametrize("text", [*FAMILIES["attribute walks"], *FAMILIES["calls of Python"]])
def test_no_text_reaches_an_object_of_python(text: str) -> None:
    try:
        value = compile_expression(text).evaluate(FACTS, now=NOW, calendar=PARIS)
    except ExpressionError as error:
        assert error.sentence
    else:
        assert value is None


def test_python_is_never_asked_to_evaluate(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object, **__: object) -> object:
        raise AssertionError("Python was asked to evaluate text")

    for name in ("eval", "exec", "compile"):
        monkeypatch.setattr(builtins, name, unreachable)
    texts = [text for family in FAMILIES.values() for text in family[:6] if len(text) < 200]
    for text in [*texts, "risk == 'high' and count(items) > 3", "${empty risk ? 1 : 2}", '= matches(risk, "h.*")']:
        try:
            compile_expression(text).evaluate(FACTS, now=NOW, calendar=PARIS)
            compile_script(f"x = {text}").run(FACTS, now=NOW, calendar=PARIS)
        except ExpressionError as error:
            assert error.sentence


def test_an_expression_cannot_change_the_case() -> None:
    facts: dict[str, object] = {"items": [1, 2], "person": {"name": "Dupont"}}

    compile_expression('= context put(person, "name", "x")').evaluate(facts, now=NOW, calendar=PARIS)
    value = compile_expression("items").evaluate(facts, now=NOW, calendar=PARIS)
    assert isinstance(value, list)
    value.append(None)

    assert facts == {"items": [1, 2], "person": {"name": "Dupont"}}


def test_a_name_that_looks_like_another_is_another() -> None:
    """A Cyrillic letter makes a different name, so the checker says that nothing produces it."""
    assert compile_expression("rіsk = 'high'").names != {"risk"}


@pytest.mark.parametrize(
    ("loop", "said"),
    [
        ("= for i in 1..1e6000 return i", "Une boucle va de 1 à 1E+6000 : plus de 2000 tours."),
        ("= some i in -1e6000..1 satisfies i = 3", "Une boucle va de -1E+6000 à 1 : plus de 2000 tours."),
        (
            '= for d in date("2000-01-01")..date("2100-01-01") return d',
            "Une boucle va de 2000-01-01 à 2100-01-01 : plus de 2000 tours.",
        ),
    ],
)
def test_a_loop_without_measure_is_refused_with_the_bounds_as_written(loop: str, said: str) -> None:
    with pytest.raises(ExpressionError, match=re.escape(said)):
        compile_expression(loop).evaluate({}, now=NOW, calendar=PARIS)
