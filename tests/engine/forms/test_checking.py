"""Answers are typed, bounded and required as the form says; what is wrong is said on the field."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine.calendars import Calendar
from engine.errors import InvalidAnswers
from engine.forms import check_answers, parse_form, prefill

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PARIS = Calendar(zone=ZoneInfo("Europe/Paris"))


def form(*fields: dict[str, Any]) -> Any:
    labelled = [{"label": {"fr": field["name"], "en": field["name"]}, **field} for field in fields]
    parsed = parse_form({"key": "f", "title": {"fr": "F"}, "sections": [{"fields": labelled}]})
    assert parsed.problems == ()
    return parsed


def check(definition: Any, raw: dict[str, Any], **facts: Any) -> dict[str, Any]:
    return check_answers(definition, raw, facts=facts, now=NOW, calendar=PARIS)


YES_NO = [{"value": "yes", "label": {"fr": "Oui"}}, {"value": "no", "label": {"fr": "Non"}}]


@pytest.mark.parametrize(
    ("kind", "typed", "value"),
    [
        ("int", "12", Decimal(12)),
        ("int", " 1 200 ", Decimal(1200)),
        ("dec", "12,5", Decimal("12.5")),
        ("bool", "oui", True),
        ("bool", "false", False),
        ("date", "2026-03-05", date(2026, 3, 5)),
        ("dt", "2026-03-05T14:30", datetime(2026, 3, 5, 13, 30, tzinfo=UTC)),
        ("dt", "2026-07-05T14:30", datetime(2026, 7, 5, 12, 30, tzinfo=UTC)),
        ("str", "  l'été  ", "l'été"),
        ("text", "a\r\nb", "a\nb"),
    ],
)
def test_people_type_as_people_type(kind: str, typed: str, value: object) -> None:
    assert check(form({"name": "x", "type": kind}), {"x": typed}) == {"x": value}


@pytest.mark.parametrize(
    ("kind", "typed"),
    [("int", "1,5"), ("int", "douze"), ("dec", "NaN"), ("bool", "peut-être"), ("date", "31/02/2026"), ("dt", "demain")],
)
def test_what_cannot_be_read_is_said_on_the_field(kind: str, typed: str) -> None:
    with pytest.raises(InvalidAnswers) as refused:
        check(form({"name": "x", "type": kind}), {"x": typed})
    assert set(refused.value.problems) == {"x"}


def test_every_wrong_field_is_said_at_once() -> None:
    definition = form(
        {"name": "pain", "type": "int", "min": 0, "max": 10},
        {"name": "seen", "type": "bool", "required": True},
        {"name": "level", "type": "code", "options": YES_NO},
    )
    with pytest.raises(InvalidAnswers) as refused:
        check(definition, {"pain": "11", "level": "maybe"})
    assert refused.value.problems == {
        "pain": "La valeur doit être au plus 10.",
        "seen": "Ce champ est obligatoire.",
        "level": "Choisissez une réponse de la liste.",
    }


def test_a_condition_on_another_answer_makes_a_field_required() -> None:
    definition = form(
        {"name": "started", "type": "code", "options": YES_NO, "required": True},
        {"name": "missing", "type": "text", "required_if": '= started != "yes"'},
    )
    assert check(definition, {"started": "yes"})["missing"] is None
    with pytest.raises(InvalidAnswers) as refused:
        check(definition, {"started": "no"})
    assert set(refused.value.problems) == {"missing"}


def test_a_hidden_field_is_neither_required_nor_kept() -> None:
    definition = form(
        {"name": "fall", "type": "bool", "required": True},
        {"name": "place", "type": "str", "required": True, "visible_if": "= fall"},
    )
    assert check(definition, {"fall": "non", "place": "escalier"}) == {"fall": False}


def test_conditions_also_read_the_facts_of_the_case() -> None:
    definition = form({"name": "reason", "type": "text", "required_if": '= risk_level = "high"'})
    with pytest.raises(InvalidAnswers):
        check(definition, {}, risk_level="high")
    assert check(definition, {}, risk_level="low") == {"reason": None}


def test_what_the_form_does_not_ask_is_ignored() -> None:
    assert check(form({"name": "x", "type": "int"}), {"x": "1", "approved": "true"}) == {"x": Decimal(1)}


def test_several_choices_come_as_a_list_even_when_one_is_made() -> None:
    definition = form({"name": "needs", "type": "codes", "options": YES_NO, "required": True})
    assert check(definition, {"needs": "yes"}) == {"needs": ["yes"]}
    with pytest.raises(InvalidAnswers):
        check(definition, {"needs": []})


def test_a_wrong_cell_is_named_by_row_and_column_and_blank_rows_do_not_count() -> None:
    columns = [
        {"name": "dci", "type": "str", "label": {"fr": "DCI"}, "required": True},
        {"name": "dose", "type": "dec", "label": {"fr": "Dose"}},
    ]
    definition = form({"name": "drugs", "type": "table", "columns": columns})
    rows = [{"dci": "", "dose": ""}, {"dci": "furosémide", "dose": "40"}]
    assert check(definition, {"drugs": rows})["drugs"] == [{"dci": "furosémide", "dose": Decimal(40)}]
    with pytest.raises(InvalidAnswers) as refused:
        check(definition, {"drugs": '[{"dci": "", "dose": "40"}, {"dci": "x", "dose": "beaucoup"}]'})
    assert set(refused.value.problems) == {"drugs.0.dci", "drugs.1.dose"}


def test_a_text_of_four_thousand_characters_with_apostrophes_is_kept() -> None:
    words = "l'aîné d'Ô" * 400
    assert check(form({"name": "x", "type": "text"}), {"x": words}) == {"x": words}
    with pytest.raises(InvalidAnswers, match="à corriger") as refused:
        check(form({"name": "x", "type": "text"}), {"x": words + "!"})
    assert "4000 caractères au plus" in refused.value.problems["x"]


def test_a_field_opens_with_what_the_case_already_knows() -> None:
    definition = form(
        {"name": "weight", "type": "dec"},
        {"name": "next_visit", "type": "date", "prefill": "= today()"},
        {"name": "mode", "type": "code", "options": YES_NO, "default": "yes"},
    )
    values = prefill(definition, facts={"weight": Decimal(70)}, now=NOW, calendar=PARIS)
    assert values == {"weight": Decimal(70), "next_visit": date(2026, 3, 2), "mode": "yes"}


def test_a_fresh_field_opens_without_the_earlier_answer() -> None:
    definition = form(
        {"name": "weight", "type": "dec", "fresh": True},
        {"name": "mode", "type": "str", "fresh": True, "default": "phone"},
    )
    values = prefill(definition, facts={"weight": Decimal(70), "mode": "office"}, now=NOW, calendar=PARIS)
    assert values == {"mode": "phone"}


def test_a_designer_learns_every_mistake_of_a_form_at_once() -> None:
    parsed = parse_form(
        {
            "key": "f",
            "title": {"fr": "F"},
            "sections": [
                {
                    "fields": [
                        {"name": "a", "type": "code", "label": {"fr": "A"}},
                        {"name": "a", "type": "int", "label": {"fr": "A"}},
                        {"name": "b b", "type": "int", "label": {"fr": "B"}},
                        {"name": "c", "type": "money", "label": {"fr": "C"}},
                        {"name": "d", "type": "int", "label": {"fr": "D"}, "required_if": "= x ="},
                    ]
                }
            ],
        }
    )
    assert [problem.path for problem in parsed.problems] == [
        "sections[0].fields[0].options",
        "sections[0].fields[1]",
        "sections[0].fields[2]",
        "sections[0].fields[3].type",
        "sections[0].fields[4].required_if",
    ]
