"""Reading decision files and deciding with them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from engine.decisions import (
    DecisionError,
    DecisionTable,
    InvalidDecision,
    decide,
    read_decision,
    read_decisions,
    rule_on,
)
from tests.engine.decisions.tables import NAMESPACE, NOW, PARIS, decision, file_of, table

FRAILTY = [["< 3", '"robust"'], ["[3..5]", '"pre_frail"'], ["> 5", '"frail"']]
GP_PRIORITY = [
    ["true", "-", "-", '"P1"'],
    ["-", "true", "-", '"P1"'],
    ["-", "-", "> 70", '"P2"'],
    ["-", "-", "-", '"P3"'],
]


def answer(asked: DecisionTable, **facts: object) -> dict[str, object]:
    return dict(decide(asked, facts, now=NOW, calendar=PARIS))


@pytest.mark.parametrize(("points", "status"), [(0, "robust"), (3, "pre_frail"), (5, "pre_frail"), (6, "frail")])
def test_frailty_status(points: int, status: str) -> None:
    frailty = table("frailty_status", [("points", "number")], [("frailty_status", "string")], FRAILTY)

    assert answer(frailty, points=points) == {"frailty_status": status}


def test_a_priority_table_answers_with_the_preferred_value() -> None:
    priority = table(
        "priority", ["ald", "home_only", "age(birth_date)"], ["priority"], GP_PRIORITY,
        policy="PRIORITY", values='"P1","P2","P3"',
    )  # fmt: skip
    person: dict[str, object] = {"ald": False, "home_only": True, "birth_date": "x"}

    assert answer(priority, **person) == {"priority": "P1"}


def test_first_takes_the_first_and_unique_refuses_two() -> None:
    rows = [["> 1", '"a"'], ["> 2", '"b"']]

    assert answer(table("d", ["n"], ["r"], rows, policy="FIRST"), n=3) == {"r": "a"}
    with pytest.raises(DecisionError, match="règles 1 et 2"):
        answer(table("d", ["n"], ["r"], rows), n=3)


def test_any_accepts_two_rules_that_agree_and_refuses_two_that_do_not() -> None:
    assert answer(table("d", ["n"], ["r"], [["> 1", '"a"'], ["> 2", '"a"']], policy="ANY"), n=3) == {"r": "a"}
    with pytest.raises(DecisionError, match="différemment"):
        answer(table("d", ["n"], ["r"], [["> 1", '"a"'], ["> 2", '"b"']], policy="ANY"), n=3)


@pytest.mark.parametrize(
    ("aggregation", "expected"),
    [("", [Decimal(1), Decimal(4)]), ("SUM", 5), ("MIN", 1), ("MAX", 4), ("COUNT", 2)],
)
def test_collect(aggregation: str, expected: object) -> None:
    rows = [["> 1", "1"], ["> 2", "4"], ["> 10", "9"]]

    assert answer(table("d", ["n"], ["r"], rows, policy="COLLECT", aggregation=aggregation), n=3) == {"r": expected}


@pytest.mark.parametrize(
    ("aggregation", "expected"), [("", []), ("SUM", 0), ("MIN", None), ("MAX", None), ("COUNT", 0)]
)
def test_collect_of_nothing(aggregation: str, expected: object) -> None:
    asked = table("d", ["n"], ["r"], [["> 10", "9"]], policy="COLLECT", aggregation=aggregation)

    assert answer(asked, n=3) == {"r": expected}


def test_rule_order_and_output_order() -> None:
    rows = [["-", '"low"'], ["-", '"high"']]

    assert answer(table("d", ["n"], ["r"], rows, policy="RULE ORDER"), n=1) == {"r": ["low", "high"]}
    ordered = table("d", ["n"], ["r"], rows, policy="OUTPUT ORDER", values='"high","low"')
    assert answer(ordered, n=1) == {"r": ["high", "low"]}


def test_no_rule_is_said_with_what_was_not_known() -> None:
    with pytest.raises(DecisionError, match=r"aucune règle ne répond\. Sans valeur : « points »"):
        answer(table("frailty", ["points"], ["status"], FRAILTY))


def test_a_default_answers_when_no_rule_does() -> None:
    assert answer(table("d", ["n"], ["r"], [["> 1", "1"]], default="0"), n=0) == {"r": Decimal(0)}


def test_a_value_the_table_does_not_foresee_is_refused() -> None:
    with pytest.raises(DecisionError, match="n'est pas prévue"):
        answer(table("d", ["risk"], ["r"], [["-", "1"]], allowed='"low","high"'), risk="hgih")


def test_decisions_stand_on_one_another_and_say_why() -> None:
    data = file_of(
        decision("level", ["points"], ["level"], [["< 2", '"low"'], [">= 2", '"high"']], requires=["points"]),
        decision(
            "points", ["falls > 0", "drugs"], ["points"], [["true", "-", "1"], ["-", ">= limit", "2"]],
            policy="COLLECT", aggregation="SUM",
        ),
    )  # fmt: skip
    level = read_decision(data, "level")

    ruling = rule_on(level, {"falls": 1, "drugs": 6, "limit": 5}, now=NOW, calendar=PARIS)

    assert level.reads == {"falls", "drugs", "limit"}
    assert level.writes == {"level"}
    assert ruling.outputs == {"level": "high"}
    assert ruling.rules == (2,)
    assert ruling.required[0].rules == (1, 2)
    assert ruling.required[0].inputs == {"falls > 0": True, "drugs": Decimal(6)}


def test_a_decision_may_be_one_expression() -> None:
    data = file_of(
        '<decision id="bmi" name="IMC"><literalExpression><text>kg / (m * m)</text></literalExpression></decision>'
    )

    assert answer(read_decision(data, "bmi"), kg=80, m=2) == {"bmi": Decimal(20)}


def test_names_of_several_words_are_those_the_file_declares() -> None:
    data = file_of(
        '<inputData id="i" name="Patient age"><variable name="Patient age"/></inputData>',
        decision("d", ["Patient age"], ["r"], [["> 70", "true"], ["<= 70", "false"]]),
    )

    assert answer(read_decision(data, "d"), **{"Patient age": 71}) == {"r": True}


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "XML bien formé"),
        (b"<a>", "XML bien formé"),
        (b"<a/>", "pas du DMN"),
        (b'<!DOCTYPE x [<!ENTITY e "x">]>' + file_of(decision("d", ["n"], ["r"], [["-", "1"]])), "DOCTYPE"),
        (file_of(), "aucune décision"),
        (file_of(decision("d", ["n"], ["r"], [["-"]])), "règle 1 n'a pas autant de cellules"),
        (file_of(decision("d", ["n"], ["r"], [["foo(1)", "1"]])), "La fonction « foo » n'existe pas"),
        (file_of(decision("d", ["n"], ["r"], [["-", "1 +"]])), "« 1 + » ne se lit pas"),
        (file_of(decision("d", ["n"], ["r"], [["-", "1"]], policy="BEST")), "« BEST  » n'est pas connue"),
        (file_of(decision("d", ["n"], ["r"], [["-", "1"]], requires=["x"])), "« x » n'est pas dans ce fichier"),
        (file_of(decision("d", ["n"], ["r"], [["-", "1"]], requires=["d"])), "dépend d'elle-même"),
        (file_of('<decision id="d"/>'), "ni table ni expression"),
        (file_of(decision("d", ["n"], ["r", "r"], [["-", "1", "2"]])), "deux sorties du même nom"),
        (b" " * 1_100_000, "1 Mo"),
        (b"<x>" * 200 + b"</x>" * 200, "trop grand"),
    ],
)
def test_a_file_that_cannot_decide_is_refused_with_a_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises(InvalidDecision) as refused:
        read_decisions(data)

    assert sentence in " ".join(problem.sentence for problem in refused.value.problems)


def test_an_entity_reads_no_file() -> None:
    data = f'<!DOCTYPE d [<!ENTITY e SYSTEM "file:///etc/hostname">]><definitions xmlns="{NAMESPACE}">&e;</definitions>'

    with pytest.raises(InvalidDecision, match="DOCTYPE"):
        read_decisions(data.encode())


def test_a_problem_says_its_rule_and_line() -> None:
    data = file_of(decision("d", ["n"], ["r"], [["-", "1"], ["eval('x')", "1"]])).replace(b"<rule>", b"\n<rule>")

    with pytest.raises(InvalidDecision) as refused:
        read_decisions(data)

    assert [(problem.rule, problem.line) for problem in refused.value.problems] == [(2, 3)]
