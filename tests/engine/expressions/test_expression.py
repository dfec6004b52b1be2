"""What an expression says of itself: names, paths, constants, what is missing, types; and how fast it is."""

from __future__ import annotations

import threading

import pytest

from engine.expressions import ExpressionError, Reference, compile_expression, compile_unary_tests
from tests.engine.expressions.evaluating import NOW, PARIS, value_of


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("risk == 'high' and years > 75", {"risk", "years"}),
        ("case.number", {"case"}),
        ("= some d in drugs satisfies d = allergy", {"drugs", "allergy"}),
        ("= for v in visits, w in v.weights return w + partial[1]", {"visits"}),
        ("= {limit: years, above: limit > 3}", {"years"}),
        ("= (function(x) x + y)(z)", {"y", "z"}),
        ("= visits[kg > 60]", {"visits"}),
        ("= visits[1]", {"visits"}),
        ("= date(birth)", {"birth"}),
        ("true", set()),
    ],
)
def test_names_are_those_the_scope_must_have(text: str, names: set[str]) -> None:
    assert compile_expression(text).names == names


def test_references_carry_the_path_and_the_place() -> None:
    expression = compile_expression("= case.opened_at < now() and visits[kg > least] != []")

    assert expression.references == (
        Reference("case.opened_at", 2),
        Reference("visits", 29),
        Reference("kg", 36, inside_filter=True),
        Reference("least", 41, inside_filter=True),
    )


def test_constants_a_name_is_compared_with_can_be_checked_against_its_options() -> None:
    expression = compile_expression("risk == 'hgih' or risk in ('low', 'medium') or 'x' != case.kind")

    found = [(literal.name, literal.value, literal.position) for literal in expression.literals]
    assert found == [("risk", "hgih", 8), ("risk", "low", 27), ("risk", "medium", 34), ("case.kind", "x", 47)]


def test_a_missing_fact_is_told_from_a_no() -> None:
    expression = compile_expression("risk = 'high' or (is defined(refused) and refused) or previous = null")

    assert value_of("risk = 'high'") is False
    assert expression.required == {"risk"}
    assert expression.missing({"risk": None}) == ("risk",)
    assert expression.missing({"risk": "low"}) == ()


TYPES = {
    "risk": "code",
    "years": "int",
    "birth": "date",
    "seen_at": "dt",
    "visits": "table",
    "needs": "codes",
    "alone": "bool",
    "person": "context<name: string, age: number>",
}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("risk == 'high'", "boolean"),
        ("years + 1", "number"),
        ("seen_at + duration('P1D')", "date and time"),
        ("birth - birth", "days and time duration"),
        ("age(birth)", "number"),
        ("needs[0]", "string"),
        ("= for n in needs return string length(n)", "list<number>"),
        ("'a' if alone else 'b'", "string"),
        ("person.age", "number"),
        ("unknown", None),
        ("visits[0]", "context"),
    ],
)
def test_types_are_inferred(text: str, found: str | None) -> None:
    expression = compile_expression(text)

    assert expression.infer_type(TYPES) == found
    assert expression.type_problems(TYPES) == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("risk == 3", "Un texte et un nombre ne se comparent pas."),
        ("years == 'vieux'", "Un nombre et un texte ne se comparent pas."),
        ("birth > '2020-01-01'", "Une date et un texte ne se comparent pas."),
        ("seen_at > birth", "Une date-heure et une date ne se comparent pas."),
        ("years", None),
        ("alone and years", "Il faut un vrai ou faux ici, pas un nombre."),
        ("not risk", "Il faut un vrai ou faux ici, pas un texte."),
        ("risk + 1", "« + » n'a pas de sens entre un texte et un nombre."),
        ("person.nom", "« nom » n'existe pas ici."),
        ("birth.hour", "Une date n'a pas de « hour »."),
        ("sqrt(risk)", "La fonction « sqrt » s'écrit sqrt(number), pas avec un texte."),
        ("sqrt(1, 2)", "La fonction « sqrt » s'écrit sqrt(number)."),
        ("date('2026-02-30') > birth", "« 2026-02-30 » ne se lit pas comme une date."),
        ("3 in needs", "Un nombre et un texte ne se comparent pas."),
    ],
)
def test_types_that_cannot_meet_are_found_before_anything_runs(text: str, sentence: str | None) -> None:
    problems = compile_expression(text).type_problems(TYPES)

    assert [problem.sentence for problem in problems] == ([sentence] if sentence else [])


def test_a_date_time_without_zone_is_found() -> None:
    problems = compile_expression("seen_at > date and time('2026-05-01T08:00:00')").type_problems(TYPES)

    assert "n'a pas de fuseau" in problems[0].sentence


@pytest.mark.parametrize(
    ("cell", "value", "passes"),
    [
        ("-", None, True),
        ('"high"', "high", True),
        ('"high", "medium"', "low", False),
        ("< 5", 4, True),
        ("[75..85)", 85, False),
        ("]75..85]", 85, True),
        ('not("high", "medium")', "low", True),
        ("not(< 5)", 4, False),
        ("? > 3 and ? < limit", 4, True),
        ("null", None, True),
        ('date("2026-05-01")', None, False),
        ("limit", 10, True),
        ("> limit", 11, True),
        ("true", True, True),
        ('starts with(?, "A")', "ALD", True),
        ('"x"', 3, None),
        ("list contains(?, \"a\")", ["a"], True),
    ],
)  # fmt: skip
def test_unary_tests(cell: str, value: object, passes: bool | None) -> None:
    assert compile_unary_tests(cell).test(value, {"limit": 10}, now=NOW, calendar=PARIS) is passes


def test_names_of_several_words_are_read_when_the_scope_has_them() -> None:
    expression = compile_expression(
        '= risk level = "high" and date of birth < today()', names=["risk level", "date of birth"]
    )

    assert expression.names == {"risk level", "date of birth"}


def test_results_of_bearable_size_only() -> None:
    with pytest.raises(ExpressionError, match="trop grand"):
        value_of("= for i in 1..2000 return words", words=["a"] * 100)
    with pytest.raises(ExpressionError, match="fonction"):
        value_of("= {f: function(x) x}")


def test_data_the_language_does_not_know_is_refused() -> None:
    for fact in (b"bytes", float("nan"), object(), 10**7000):
        with pytest.raises(ExpressionError):
            value_of("fact", fact=fact)


def test_one_expression_serves_many_threads() -> None:
    expression = compile_expression("= sum(for i in items return i * factor)")
    wrong: list[object] = []

    def work(factor: int) -> None:
        for _ in range(50):
            value = expression.evaluate({"items": [1, 2, 3], "factor": factor}, now=NOW, calendar=PARIS)
            if value != 6 * factor:
                wrong.append(value)

    threads = [threading.Thread(target=work, args=(factor,)) for factor in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []
