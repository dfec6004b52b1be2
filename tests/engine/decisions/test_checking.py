"""What is found in a decision table before it runs."""

from __future__ import annotations

import time

import pytest

from engine.decisions import check_decision, read_decision
from tests.engine.decisions.tables import decision, file_of, table


def sentences(
    *args: object, types: dict[str, str] | None = None, parameters: dict[str, object] | None = None, **options: object
) -> list[str]:
    found = check_decision(table("d", *args, **options), types=types, parameters=parameters)  # type: ignore[arg-type]
    return [problem.sentence.removeprefix("Décision « d » : ") for problem in found]


def test_a_table_that_foresees_every_case_once_has_no_problem() -> None:
    rows = [["< 3", '"low"'], ["[3..5]", '"medium"'], ["> 5", '"high"']]

    assert sentences([("points", "number")], [("risk", "string")], rows) == []


def test_two_rules_for_one_case() -> None:
    rows = [["<= 3", "1"], [">= 3", "2"]]

    assert sentences(["n"], ["r"], rows) == ["les règles 1 et 2 répondent toutes les deux quand « n » vaut 3."]
    assert sentences(["n"], ["r"], rows, policy="FIRST") == []
    assert sentences(["n"], ["r"], [["<= 3", "1"], [">= 3", "1"]], policy="ANY") == []


def test_a_case_nobody_foresaw() -> None:
    assert sentences(["n"], ["r"], [["< 3", "1"], ["> 3", "2"]]) == ["aucune règle ne répond quand « n » vaut 3."]
    assert sentences(["n"], ["r"], [["[1..3]", "1"], ["[4..6]", "2"]], types={"n": "int"}) == [
        "aucune règle ne répond quand « n » vaut moins de 1.",
    ]


def test_between_three_and_four_there_is_no_whole_number() -> None:
    rows = [["<= 3", "1"], [">= 4", "2"]]

    assert sentences(["n"], ["r"], rows, types={"n": "int"}) == []
    assert sentences(["n"], ["r"], rows, types={"n": "dec"}) == [
        "aucune règle ne répond quand « n » vaut entre 3 et 4."
    ]
    assert sentences(["age(birth)"], ["r"], rows) == []


def test_cases_are_found_across_columns() -> None:
    rows = [["true", '"low"', "1"], ["false", "-", "2"], ["true", '"high"', "3"]]

    assert sentences(["alone", "risk"], ["r"], rows, allowed="") == [
        "aucune règle ne répond quand « alone » vaut vrai et « risk » vaut une autre valeur."
    ]


def test_listed_values_close_a_column() -> None:
    rows = [['"low"', "1"], ['"high"', "2"]]

    assert sentences(["risk"], ["r"], rows, allowed='"low","high"') == []
    assert sentences(["risk"], ["r"], rows, allowed='"low","medium","high"') == [
        "aucune règle ne répond quand « risk » vaut « medium »."
    ]


def test_thresholds_held_by_parameters_are_numbers_like_others() -> None:
    rows = [["< medium_from", "1"], ["[medium_from..high_from)", "2"], [">= high_from", "3"]]

    assert sentences(["n"], ["r"], rows, parameters={"medium_from": 2, "high_from": 4}) == []
    assert sentences(["n"], ["r"], rows, parameters={"medium_from": 4, "high_from": 2}) == [
        "la règle 2 ne peut jamais répondre : une de ses cellules n'accepte aucune valeur.",
        "les règles 1 et 3 répondent toutes les deux quand « n » vaut 2.",
    ]
    assert sentences(["n"], ["r"], rows) == []  # not known, not claimed


def test_a_rule_that_earlier_ones_leave_nothing() -> None:
    rows = [["< 5", "1"], [">= 3", "2"], ["[4..6]", "3"]]

    assert sentences(["n"], ["r"], rows, policy="FIRST") == [
        "la règle 3 ne répond jamais : les règles précédentes prennent tous ses cas."
    ]


def test_dates_are_cut_too() -> None:
    rows = [['< date("2026-05-01")', "1"], ['> date("2026-05-01")', "2"]]

    assert sentences(["day"], ["r"], rows) == ["aucune règle ne répond quand « day » vaut 2026-05-01."]


@pytest.mark.parametrize(
    ("types", "rows", "sentence"),
    [
        ({"n": "code"}, [["< 3", '"x"'], [">= 3", '"x"']], "Un texte et un nombre ne se comparent pas."),
        ({}, [["-", "1"]], "« r » devrait être de type string, pas number"),
        ({}, [["-", '"z"']], '« "z" » n\'est pas une des valeurs de « r »'),
    ],
)
def test_types_and_listed_answers(types: dict[str, str], rows: list[list[str]], sentence: str) -> None:
    found = sentences(["n"], [("r", "string")], rows, types=types, values='"x","y"')

    assert any(sentence in each for each in found), found


def test_the_decisions_it_requires_are_checked_with_it() -> None:
    data = file_of(
        decision("level", ["points"], ["level"], [['"a"', "1"], ['not("a")', "2"]], requires=["points"]),
        decision("points", ["n"], [("points", "number")], [["< 3", "1"], ["> 3", "2"]]),
    )
    found = check_decision(read_decision(data, "level"))

    assert {(problem.decision, problem.code) for problem in found} == {("points", "DMN-102"), ("level", "DMN-105")}


def test_a_wide_table_is_checked_in_a_moment() -> None:
    rows = [["-"] * n + ["true"] + ["-"] * (11 - n) + ["1"] for n in range(12)]
    started = time.process_time()

    found = sentences([f"x{n}" for n in range(12)], ["r"], rows, policy="FIRST")

    assert len(found) == 1
    assert time.process_time() - started < 1
