"""Editing a form by rows: what the page shows changes, everything else of the definition stays."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from engine.forms import parse_form
from engine.forms.editing import Row, sheet_of, written
from tests.support.places import ROOT

FORMS = sorted((ROOT / "pathways").rglob("forms/*.json"))


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_shipped_form_written_back_unchanged_asks_the_same(path: Path) -> None:
    document = json.loads(path.read_bytes())
    sheet = sheet_of(document)

    made = written(document, sheet.rows, title=sheet.title)

    assert made == document


def test_a_row_changes_its_question_and_keeps_what_the_page_does_not_show() -> None:
    weight = {
        "name": "weight", "type": "dec", "label": {"fr": "Poids", "en": "Weight"}, "fresh": True, "min": 20,
        "audience": "clinical",
    }  # fmt: skip
    document = {"key": "visit", "title": {"fr": "Visite", "en": "Visit"}, "sections": [{"fields": [weight]}]}
    [row] = sheet_of(document).rows
    changed = replace(row, label="Poids du jour", required=True, max="300,5", unit="kg", min="")
    new = Row(name="pain", type="code", label="Douleur", options="yes : Oui\nno : Non\n\n")

    made = written(document, [new, changed], title="Visite à domicile")

    assert made["title"] == {"fr": "Visite à domicile", "en": "Visit"}
    assert made["sections"][0]["fields"] == [
        {
            "name": "pain", "type": "code", "label": "Douleur",
            "options": [{"value": "yes", "label": "Oui"}, {"value": "no", "label": "Non"}],
        },
        {
            "name": "weight", "type": "dec", "label": {"fr": "Poids du jour", "en": "Weight"}, "fresh": True,
            "audience": "clinical", "required": True, "unit": "kg", "max": 300.5,
        },
    ]  # fmt: skip
    assert parse_form(made).problems == ()


def test_what_is_typed_wrong_is_said_by_the_form_itself() -> None:
    document = {"key": "visit", "title": "Visite", "sections": []}
    rows = [Row(name="a b", label="Nom avec espace"), Row(name="low", type="int", label="Bas", min="peu"),
            Row(name="if", type="str", label="Si", visible_if="((")]  # fmt: skip

    problems = parse_form(written(document, rows, title="Visite")).problems

    assert len(problems) == 3


def test_a_row_taken_away_takes_its_question_along() -> None:
    fields = [{"name": name, "type": "str", "label": name} for name in ("a", "b", "c")]
    document = {"key": "x", "title": "X", "sections": [{"title": "Un", "fields": fields}]}
    rows = sheet_of(document).rows

    made = written(document, [rows[2], rows[0]], title="X")

    assert [one["name"] for one in made["sections"][0]["fields"]] == ["c", "a"]
