"""The three spellings, each with its table, and what all three say alike."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from engine.expressions import ExpressionError, compile_expression
from tests.engine.expressions.evaluating import PARIS, value_of

FACTS: dict[str, object] = {
    "risk": "high",
    "years": 82,
    "alone": True,
    "drugs": ["warfarin", "metformin"],
    "visits": [{"day": date(2026, 4, 2), "kg": 61}, {"day": date(2026, 4, 20), "kg": 58}],
    "case": {"number": "2026-0001", "completed_steps": ["triage"]},
    "nothing": None,
    "empty_list": [],
    "birth": date(1943, 4, 30),
}

JUEL = [
    ("${risk == 'high'}", True),
    ('${risk == "high"}', True),
    ("${risk eq 'low'}", False),
    ("${risk != 'low' && years >= 75}", True),
    ("${years gt 75 and not alone}", False),
    ("${!alone || years lt 75}", False),
    ("${years div 2}", Decimal(41)),
    ("${years mod 5}", Decimal(2)),
    ("${years % 5 == 2}", True),
    ("${empty nothing}", True),
    ("${empty empty_list}", True),
    ("${not empty drugs}", True),
    ("${nothing == null}", True),
    ("${alone ? 'yes' : 'no'}", "yes"),
    ("${years > 90 ? 1 : years > 80 ? 2 : 3}", Decimal(2)),
    ("${drugs[0]}", "warfarin"),
    ("${case.number}", "2026-0001"),
    ("${case['number']}", "2026-0001"),
    ("#{years + 1}", Decimal(83)),
    ("${count(drugs)}", Decimal(2)),
    ("${-years}", Decimal(-82)),
    ("${(years - 2) / 4}", Decimal(20)),
    ("${age(birth)}", Decimal(82)),
    ("  ${ true }  ", True),
    ("${risk > 3}", None),
]
PLAIN = [
    ("risk == 'high'", True),
    ('risk == "high"', True),
    ("risk = 'high'", True),
    ("risk != 'low' and years >= 75", True),
    ("years > 75 and not alone", False),
    ("not alone or years < 75", False),
    ("risk in ('low', 'high')", True),
    ("risk in ['low', 'medium']", False),
    ("risk not in ['low', 'medium']", True),
    ("'war' in drugs[0]", True),
    ("'warfarin' in drugs", True),
    ("'triage' in case.completed_steps", True),
    ("nothing is None", True),
    ("risk is not None", True),
    ("True and alone", True),
    ("false or False", False),
    ("'yes' if alone else 'no'", "yes"),
    ("if alone then 'yes' else 'no'", "yes"),
    ("drugs[0]", "warfarin"),
    ("drugs[-1]", "metformin"),
    ("drugs[5]", None),
    ("len(drugs)", Decimal(2)),
    ("2 ** 3 ** 2", Decimal(512)),
    ("-2 ** 2", Decimal(-4)),
    ("7 // 2", Decimal(3)),
    ("7 % 3", Decimal(1)),
    ("0.1 + 0.2 == 0.3", True),
    ("'P7D'", "P7D"),
    ('"P7D"', "P7D"),
    ("years between 75 and 85", True),
    ("some d in drugs satisfies d == 'warfarin'", True),
    ("every v in visits satisfies v.kg > 50", True),
    ("count(visits[kg < 60])", Decimal(1)),
    ("sum(visits.kg) / count(visits)", Decimal("59.5")),
    ("is_defined(nothing)", False),
    ("is defined(risk)", True),
    ("absent == 'high'", False),
    ("absent > 3", None),
    ("absent > 3 or alone", True),
    ("absent > 3 and alone", None),
    ("upper(risk)", "HIGH"),
    ("substring(risk, 1, 2)", "hi"),
]
FEEL = [
    ('= risk = "high"', True),
    ('=risk="high" and years>=75', True),
    ('= risk in ("low", "high")', True),
    ("= years in [75..85]", True),
    ("= years in (< 75, > 80)", True),
    ("= drugs[1]", "warfarin"),
    ("= drugs[-1]", "metformin"),
    ("= visits[kg < 60].day", [date(2026, 4, 20)]),
    ("= visits[kg < 60][1].day + duration(\"P10D\")", date(2026, 4, 30)),
    ("= for v in visits return v.kg * 2", [Decimal(122), Decimal(116)]),
    ("= for i in 1..3 return if i = 1 then 1 else partial[-1] * i", [Decimal(1), Decimal(2), Decimal(6)]),
    ("= if years > 80 then \"old\" else \"young\"", "old"),
    ("= {limit: 80, above: years > limit}.above", True),
    ("= not(alone)", False),
    ("= string(years) + \" ans\"", "82 ans"),
    ("= // a remark\n years /* another */ + 1", Decimal(83)),
    ("= max(visits.day)", date(2026, 4, 20)),
    ("= string length(\"éà\")", Decimal(2)),
    ("= (function(x: number, y) x + y)(1, 2)", Decimal(3)),
    ("= sort(drugs, function(a, b) a < b)", ["metformin", "warfarin"]),
    ("= years between 75 and 85", True),
    ("= null = null", True),
    ("= 1/0", None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), JUEL)
def test_juel(text: str, expected: object) -> None:
    assert compile_expression(text).dialect == "juel"
    assert value_of(text, **FACTS) == expected


@pytest.mark.parametrize(("text", "expected"), PLAIN)
def test_plain(text: str, expected: object) -> None:
    assert compile_expression(text).dialect == "plain"
    assert value_of(text, **FACTS) == expected


@pytest.mark.parametrize(("text", "expected"), FEEL)
def test_feel(text: str, expected: object) -> None:
    assert compile_expression(text).dialect == "feel"
    assert value_of(text, **FACTS) == expected


CARE = [
    ("today()", date(2026, 4, 29)),
    ("now()", datetime(2026, 4, 29, 10, tzinfo=PARIS.zone)),
    ("add_working_days(today(), 2)", date(2026, 5, 4)),
    ("add_working_days(now(), 2)", datetime(2026, 5, 4, 10, tzinfo=PARIS.zone)),
    ("working_days_between(today(), date('2026-05-04'))", Decimal(2)),
    ("is_working_day(date('2026-05-01'))", False),
    ("at(today(), '18:00')", datetime(2026, 4, 29, 18, tzinfo=PARIS.zone)),
    ("at(date('2026-12-01'), time('08:30:00'))", datetime(2026, 12, 1, 8, 30, tzinfo=PARIS.zone)),
    ("plus(now(), 'P7D')", datetime(2026, 5, 6, 10, tzinfo=PARIS.zone)),
    ("plus(now(), 'WD2')", datetime(2026, 5, 4, 10, tzinfo=PARIS.zone)),
    ("plus(today(), 'P1M')", date(2026, 5, 29)),
    ("plus(today(), 'PT36H')", datetime(2026, 4, 30, 12, tzinfo=PARIS.zone)),
    ("plus(now(), duration('P1D'))", datetime(2026, 4, 30, 10, tzinfo=PARIS.zone)),
    ("age(date('1943-04-30'))", Decimal(82)),
    ("age(date('1943-04-29'))", Decimal(83)),
    ("years_between(date('2000-02-29'), date('2026-02-28'))", Decimal(25)),
    ("months_between(date('2026-01-31'), date('2026-04-29'))", Decimal(2)),
    ("days_between(date('2026-04-01'), today())", Decimal(28)),
    ("hours_between(now(), plus(now(), 'P1D'))", Decimal(24)),
    ("working_days(3)", "WD3"),
    ("now() + duration('PT2H') > now()", True),
    ("date(now())", date(2026, 4, 29)),
    ("now().hour", Decimal(10)),
    ("today() - date('2026-04-01')", timedelta(days=28)),
    ("time('18:00:00')", time(18)),
]


@pytest.mark.parametrize(("text", "expected"), CARE)
def test_what_pathways_ask_of_dates(text: str, expected: object) -> None:
    assert value_of(text) == expected
    assert value_of("${" + text + "}") == expected
    assert value_of("= " + text.replace("'", '"')) == expected


def test_a_fact_stored_in_utc_is_read_at_the_hour_people_lived() -> None:
    at_night = datetime(2026, 7, 14, 22, 30, tzinfo=ZoneInfo("UTC"))

    assert value_of("date(seen_at)", seen_at=at_night.astimezone(ZoneInfo("Europe/Paris"))) == date(2026, 7, 15)
    assert value_of("seen_at.hour", seen_at=at_night) == 0
    assert value_of("date(seen_at)", seen_at=at_night) == date(2026, 7, 15)


REFUSED = [
    ("risk ==", "s'arrête trop tôt", 7),
    ("(risk == 'high'", "Il manque « ) »", 15),
    ("risk == 'high", "pas fermé", 8),
    ("risk == 'high' risk", "devrait être finie", 15),
    ("foo(1)", "La fonction « foo » n'existe pas", 0),
    ("drugs.append('x')", "n'appelle pas de méthode", 12),
    ('= risk == "high"', "Il manque une valeur", 8),
    ("= 'high'", "guillemet", 2),
    ("${risk", "est seule", 0),
    ("Bonjour ${risk}", "est seule", 0),
    ("${a} et ${b}", "est seule", 0),
    ("", "vide", 0),
    ("= ", "vide", 1),
    ("1..3", "devrait être finie", 1),
    ("risk ; 1", "n'a pas de sens ici", 5),
    ("= {a: 1, a: 2}", "deux fois", 9),
    ("= x instance of toto", "Le type « toto » n'existe pas", 16),
    ("[x for x in drugs]", "Il manque « ] »", 3),
]


@pytest.mark.parametrize(("text", "sentence", "position"), REFUSED)
def test_a_refusal_says_what_and_where(text: str, sentence: str, position: int) -> None:
    with pytest.raises(ExpressionError) as refused:
        compile_expression(text)

    assert sentence in refused.value.sentence
    assert refused.value.position == position
    assert f"(caractère {position + 1})" in str(refused.value)
