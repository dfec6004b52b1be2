"""A form between the page and the engine: typed values to the texts of inputs, and what a browser sends to raw answers.

The names on the page: `weight_kg` for a field, `medicines-0-dose` for a cell of a table (rows from 0).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from werkzeug.datastructures import MultiDict

from engine.forms import REFERENCE_TYPES, Field, FormDefinition
from engine.forms.conditions import browser_condition
from engine.outcome import Value
from engine.queries.directory import DirectoryEntry
from web import times
from web.language import current

Raw = dict[str, Any]
CELL = re.compile(r"^(?P<table>\w+)-(?P<row>\d{1,3})-(?P<column>\w+)$")
SHORT_TYPES = frozenset({"int", "dec", "date"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldView:
    """One question as the template draws it. `value` is a text, or a list of texts (`codes`)."""

    field: Field
    name: str
    label: str
    help: str
    value: str | list[str]
    shown: str
    """The words of a person or structure whose reference is `value`."""
    error: str
    options: Sequence[tuple[str, str]]
    visible_if: str
    required_if: str
    rows: Sequence[Sequence[FieldView]] = ()
    blank_row: Sequence[FieldView] = ()

    @property
    def kind(self) -> str:
        """The type of the field."""
        return self.field.type

    @property
    def id(self) -> str:
        """The id on the page: the same as the name, so that the summary of errors can point to it."""
        return self.name

    @property
    def described_by(self) -> str:
        """The ids of the texts a screen reader says with the field."""
        parts = [f"{self.name}-aide" if self.help else "", f"{self.name}-erreur" if self.error else ""]
        return " ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionView:
    """Questions that belong together."""

    title: str
    fields: Sequence[FieldView]


def sections(
    form: FormDefinition,
    raw: Mapping[str, Any],
    *,
    facts: Mapping[str, Value],
    names: Mapping[str, str],
    problems: Mapping[str, str] | None = None,
) -> list[SectionView]:
    """The form as the page draws it. `raw` are the texts of the inputs, `names` the words behind references."""
    drawing = _Drawing(form, facts, names, problems or {})
    return [
        SectionView(
            title=section.title.in_(current()) if section.title else "",
            fields=[drawing.field(field, raw.get(field.name)) for field in section.fields],
        )
        for section in form.sections
    ]


@dataclass(frozen=True, slots=True)
class _Drawing:
    form: FormDefinition
    facts: Mapping[str, Value]
    names: Mapping[str, str]
    problems: Mapping[str, str]

    def field(self, field: Field, value: Any, *, name: str = "", problem_key: str = "") -> FieldView:
        locale = current()
        rows: list[list[FieldView]] = []
        if field.type == "table":
            given = _rows(value)
            missing = max(field.minimum_rows, 1 if field.required else 0) - len(given)
            rows = [self.row(field, row, index) for index, row in enumerate([*given, *({} for _ in range(missing))])]
            value = ""
        text = value if isinstance(value, list) else "" if value is None else str(value)
        return FieldView(
            field=field,
            name=name or field.name,
            label=field.label.in_(locale),
            help=field.help.in_(locale) if field.help else "",
            value=text,
            shown=self.names.get(text, text) if isinstance(text, str) else "",
            error=self.problems.get(problem_key or field.name, ""),
            options=[(option.value, option.label.in_(locale)) for option in field.options],
            visible_if="" if name else self.condition(field.visible_if),
            required_if="" if name else self.condition(field.required_if),
            rows=rows,
            blank_row=self.row(field, {}, "__row__") if field.type == "table" else (),
        )

    def row(self, table: Field, cells: Mapping[str, Any], index: int | str) -> list[FieldView]:
        return [
            self.field(
                column,
                cells.get(column.name),
                name=f"{table.name}-{index}-{column.name}",
                problem_key=f"{table.name}.{index}.{column.name}",
            )
            for column in table.columns
        ]

    def condition(self, expression: Any) -> str:
        if expression is None:
            return ""
        found = browser_condition(expression, fields=self.form.fields.keys(), facts=self.facts)
        return "" if found is None else json.dumps(found)


def raw_values(form: FormDefinition, values: Mapping[str, Value]) -> Raw:
    """Typed values as the texts of inputs."""
    return {name: _text(values[name], field) for name, field in form.fields.items() if values.get(name) is not None}


def raw_answers(form: FormDefinition, sent: MultiDict[str, str]) -> Raw:
    """What a browser sent, by field: text, texts for `codes`, rows for a table. Nothing else is read."""
    raw: Raw = {}
    cells = [(match, value) for key, value in sent.items(multi=True) if (match := CELL.match(key))]
    for name, field in form.fields.items():
        if field.type == "table":
            raw[name] = _table(field, cells)
        elif field.type == "codes":
            raw[name] = sent.getlist(name)
        elif name in sent:
            raw[name] = sent[name]
    return raw


def resolve_references(form: FormDefinition, raw: Raw, lists: Mapping[str, Sequence[DirectoryEntry]]) -> Raw:
    """Names typed or chosen from the directory become references; a name the directory does not hold stays as typed."""
    known = {kind: _by_name(entries) for kind, entries in lists.items()}
    return {name: _resolved(form.fields[name], value, known) for name, value in raw.items()}


def references(form: FormDefinition, raw: Mapping[str, Any]) -> list[str]:
    """The texts of the fields that refer to the directory, in tables too."""
    found: list[str] = []
    for name, field in form.fields.items():
        value = raw.get(name)
        if field.type in REFERENCE_TYPES and isinstance(value, str):
            found.append(value)
        for row in _rows(value) if field.type == "table" else ():
            found += [str(row.get(one.name) or "") for one in field.columns if one.type in REFERENCE_TYPES]
    return [text for text in found if text]


def names_without_reference(form: FormDefinition, raw: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(label, name) of the people that were typed and that the directory does not hold."""
    return [
        (field.label.in_(current()), str(raw[name]))
        for name, field in form.fields.items()
        if field.type == "person" and raw.get(name) and not _is_reference(str(raw[name]))
    ]


def _is_reference(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return text.isdigit()  # a national number
    return True


def asks_for(form: FormDefinition, kind: str) -> bool:
    """True when the form has a field of that type, in a table or not."""
    return any(
        field.type == kind or any(column.type == kind for column in field.columns) for field in form.fields.values()
    )


def problem_links(form: FormDefinition, problems: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """For the summary: (id of the input, label, sentence), in the order of the page."""
    order = list(form.fields)
    links = []
    for key, sentence in sorted(problems.items(), key=lambda item: _place(order, item[0])):
        name, _, rest = key.partition(".")
        field = form.fields.get(name)
        label = field.label.in_(current()) if field else key
        if field is not None and rest:
            row, _, column = rest.partition(".")
            named = next((one.label.in_(current()) for one in field.columns if one.name == column), column)
            label = f"{label}, {int(row) + 1} · {named}"
        links.append((key.replace(".", "-"), label, sentence))
    return links


def _place(order: Sequence[str], key: str) -> int:
    name = key.partition(".")[0]
    return order.index(name) if name in order else len(order)


def _table(field: Field, cells: Sequence[tuple[re.Match[str], str]]) -> list[dict[str, Any]]:
    columns = {column.name: column for column in field.columns}
    rows: dict[int, dict[str, Any]] = {}
    for match, value in cells:
        column = columns.get(match["column"])
        if match["table"] != field.name or column is None:
            continue
        row = rows.setdefault(int(match["row"]), {})
        if column.type == "codes":
            row.setdefault(column.name, []).append(value)
        else:
            row[column.name] = value
    return [rows[index] for index in sorted(rows) if any(rows[index].values())]


def _rows(value: Any) -> list[Mapping[str, Any]]:
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []


def _text(value: Value, field: Field) -> Any:
    match value:
        case bool():
            return "true" if value else "false"
        case Decimal():
            text = f"{value.normalize():f}"
            return text if current() == "en" else text.replace(".", ",")
        case datetime():
            return times.local(value).strftime("%Y-%m-%dT%H:%M")
        case date():
            return value.isoformat()
        case list() if field.type == "table":
            columns = {column.name: column for column in field.columns}
            return [
                {name: _text(cell, columns[name]) for name, cell in row.items() if name in columns and cell is not None}
                for row in _rows(value)
            ]
        case list():
            return [str(item) for item in value]
        case _:
            return str(value)


def _by_name(entries: Sequence[DirectoryEntry]) -> Mapping[str, str]:
    """References by name; who types « Paul PAULET » means « Dr Paul PAULET » when nobody else is called so."""
    exact = {entry.name.casefold(): entry.reference for entry in entries}
    bare = [(name.removeprefix("dr ").removeprefix("pr "), reference) for name, reference in exact.items()]
    once = {name for name, count in Counter(name for name, _ in bare).items() if count == 1}
    return {**{name: reference for name, reference in bare if name in once}, **exact}


def _resolved(field: Field, value: Any, known: Mapping[str, Mapping[str, str]]) -> Any:
    if field.type in known and isinstance(value, str):
        return known[field.type].get(value.strip().casefold(), value)
    if field.type == "table":
        columns = {column.name: column for column in field.columns}
        return [{name: _resolved(columns[name], cell, known) for name, cell in row.items()} for row in _rows(value)]
    return value
