"""Answers checked against a form: a marshmallow schema is built from the definition, then conditions are applied."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

import marshmallow
from marshmallow import fields, validate

from engine.calendars import Calendar
from engine.errors import InvalidAnswers
from engine.forms.definition import Field, FormDefinition
from engine.forms.showing import holds, visible_fields
from engine.outcome import Value
from engine.written_signs import seen

SENTENCES: Mapping[str, tuple[str, str]] = {
    "required": ("Ce champ est obligatoire.", "This field is required."),
    "bool": ("Répondez par oui ou par non.", "Answer yes or no."),
    "int": ("Un nombre entier est attendu (par exemple 12).", "A whole number is expected (for example 12)."),
    "dec": ("Un nombre est attendu (par exemple 12,5).", "A number is expected (for example 12.5)."),
    "date": ("Une date est attendue (jour, mois, année).", "A date is expected (day, month, year)."),
    "dt": ("Une date et une heure sont attendues.", "A date and a time are expected."),
    "code": ("Choisissez une réponse de la liste.", "Choose an answer from the list."),
    "text": ("Un texte est attendu.", "A text is expected."),
    "commune": (
        "Choisissez une commune de la liste, ou donnez son code INSEE (cinq caractères).",
        "Choose a municipality from the list, or give its INSEE code (five characters).",
    ),
    "length": (
        "{maximum} caractères au plus ; il y en a {length}.",
        "At most {maximum} characters; there are {length}.",
    ),
    "min": ("La valeur doit être au moins {minimum}.", "The value must be at least {minimum}."),
    "max": ("La valeur doit être au plus {maximum}.", "The value must be at most {maximum}."),
    "table": ("Un tableau est attendu.", "A table is expected."),
    "min_rows": ("Ajoutez au moins {minimum} ligne(s).", "Add at least {minimum} row(s)."),
    "max_rows": ("{maximum} lignes au plus.", "At most {maximum} rows."),
    "wrong": ("Certaines réponses sont à corriger ou à compléter.", "Some answers need to be corrected or completed."),
}
INSEE_CODE = r"^(\d{2}|2[AB])\d{3}\Z"
YES = frozenset({"true", "on", "yes", "oui", "1", "vrai"})
NO = frozenset({"false", "off", "no", "non", "0", "faux"})


def say(code: str, locale: str, **values: object) -> str:
    """A sentence of this module in `locale`."""
    french, english = SENTENCES[code]
    return (english if locale == "en" else french).format(**values)


def check_answers(
    form: FormDefinition,
    raw: Mapping[str, Any],
    *,
    facts: Mapping[str, Value],
    now: datetime,
    calendar: Calendar,
    locale: str = "fr",
) -> dict[str, Value]:
    """Typed values of the fields that are shown; None where an optional one is blank. Other keys of `raw` are ignored.

    `raw` is what an HTML form (texts, lists of texts) or a JSON body sends; a table is a list of objects or its JSON.
    Raises InvalidAnswers with one sentence per field; `name.row.column` for a cell of a table, rows from 0.
    """
    answers: dict[str, Value] = {}
    problems: dict[str, str] = {}
    for field in form.fields.values():
        if field.readonly:
            continue
        value, wrong = _convert(field, raw.get(field.name), calendar, locale)
        answers[field.name] = value
        problems |= wrong
    scope = {**facts, **answers}
    shown = {field.name for field in visible_fields(form, scope, now=now, calendar=calendar)}
    for field in form.fields.values():
        if field.name not in answers or field.name not in shown:
            answers.pop(field.name, None)
            _forget(problems, field.name)
        elif answers[field.name] in (None, []) and field.name not in problems:
            if field.required or (field.required_if and holds(field.required_if, scope, now=now, calendar=calendar)):
                problems[field.name] = say("required", locale)
        elif field.type == "table":
            problems |= _cells_required(field, answers[field.name], scope, now, calendar, locale)
    if problems:
        raise InvalidAnswers(say("wrong", locale), problems)
    return answers


def _forget(problems: dict[str, str], name: str) -> None:
    for key in [key for key in problems if key == name or key.startswith(f"{name}.")]:
        del problems[key]


def _convert(field: Field, raw: Any, calendar: Calendar, locale: str) -> tuple[Value, dict[str, str]]:
    if field.type == "table":
        return _table(field, raw, calendar, locale)
    if _blank(raw):
        return ([] if field.type == "codes" else None), {}
    try:
        spelled = _spelled(field, raw)
        if field.type == "int" and isinstance(spelled, float) and not spelled.is_integer():
            raise marshmallow.ValidationError("not whole")
        value = _schema_field(field).deserialize(spelled)
    except marshmallow.ValidationError:
        return None, {field.name: say(_kind_of_problem(field), locale)}
    if isinstance(value, datetime):
        value = (value if value.tzinfo else value.replace(tzinfo=calendar.zone)).astimezone(UTC)
    if isinstance(value, int) and not isinstance(value, bool):
        value = Decimal(value)
    problem = _out_of_bounds(field, value, locale)
    return (value, {}) if problem is None else (value, {field.name: problem})


def _blank(raw: Any) -> bool:
    return raw is None or raw == [] or (isinstance(raw, str) and not raw.strip())


def _spelled(field: Field, raw: Any) -> Any:
    """The raw value in the spelling marshmallow expects: people type « 12,5 » and « oui »."""
    if field.type == "codes":
        return list(raw) if isinstance(raw, Sequence) and not isinstance(raw, str) else [raw]
    if isinstance(raw, list):
        raw = raw[-1]
    if not isinstance(raw, str):
        return raw
    text = raw.strip()
    if field.type in ("int", "dec"):
        return text.replace(",", ".").replace(" ", "").replace(" ", "").replace(" ", "")
    if field.type == "bool":
        return True if text.lower() in YES else False if text.lower() in NO else text
    return seen(raw.replace("\r\n", "\n")).strip() if field.type in ("text", "str") else text


@lru_cache(maxsize=4096)
def _schema_field(field: Field) -> fields.Field[Any]:
    match field.type:
        case "bool":
            return fields.Boolean(truthy={True}, falsy={False})
        case "int":
            return fields.Integer(validate=validate.Range(-(10**15), 10**15))
        case "dec":
            return fields.Decimal(allow_nan=False)
        case "date":
            return fields.Date()
        case "dt":
            return fields.DateTime(format="iso")
        case "code":
            return fields.String(validate=validate.OneOf([option.value for option in field.options]))
        case "codes":
            known = validate.ContainsOnly([option.value for option in field.options])
            return fields.List(fields.String(), validate=known)
        case "commune":
            return fields.String(validate=validate.Regexp(INSEE_CODE))
        case _:
            return fields.String()


def _kind_of_problem(field: Field) -> str:
    if field.type in ("code", "codes"):
        return "code"
    return field.type if field.type in ("bool", "int", "dec", "date", "dt", "commune") else "text"


def _out_of_bounds(field: Field, value: Value, locale: str) -> str | None:
    if isinstance(value, str) and field.maximum_length is not None and len(value) > field.maximum_length:
        return say("length", locale, maximum=field.maximum_length, length=len(value))
    if isinstance(value, Decimal):
        if field.minimum is not None and value < field.minimum:
            return say("min", locale, minimum=field.minimum)
        if field.maximum is not None and value > field.maximum:
            return say("max", locale, maximum=field.maximum)
    if isinstance(value, date) and not 1850 <= value.year <= 2200:
        return say(field.type, locale)
    return None


def _table(field: Field, raw: Any, calendar: Calendar, locale: str) -> tuple[Value, dict[str, str]]:
    if isinstance(raw, str):
        try:
            raw = json.loads(raw) if raw.strip() else []
        except ValueError:
            return [], {field.name: say("table", locale)}
    rows = raw or []
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        return [], {field.name: say("table", locale)}
    if len(rows) > field.maximum_rows:
        return [], {field.name: say("max_rows", locale, maximum=field.maximum_rows)}
    table: list[dict[str, Value]] = []
    problems: dict[str, str] = {}
    for row in rows:
        cells: dict[str, Value] = {}
        wrong: dict[str, str] = {}
        for column in field.columns:
            cells[column.name], cell_problem = _convert(column, row.get(column.name), calendar, locale)
            wrong |= cell_problem
        if wrong or any(value not in (None, []) for value in cells.values()):
            problems |= {f"{field.name}.{len(table)}.{name}": sentence for name, sentence in wrong.items()}
            table.append(cells)
    if table and len(table) < field.minimum_rows:
        problems[field.name] = say("min_rows", locale, minimum=field.minimum_rows)
    return table, problems


def _cells_required(
    field: Field, rows: Value, scope: Mapping[str, Value], now: datetime, calendar: Calendar, locale: str
) -> dict[str, str]:
    problems: dict[str, str] = {}
    for index, row in enumerate(rows):
        for column in field.columns:
            needed = column.required or (
                column.required_if is not None
                and holds(column.required_if, {**scope, **row}, now=now, calendar=calendar)
            )
            if needed and row[column.name] in (None, []):
                problems[f"{field.name}.{index}.{column.name}"] = say("required", locale)
    return problems
