"""A form definition as rows that a designer edits on a page, and the rows written back into the definition.

What the page does not show of a question (columns of a table, proposed answers, rules for freshness) stays as written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

TEXTS = ("unit", "required_if", "visible_if", "loinc")
NUMBERS = ("min", "max")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One question as typed. `origin` is its place in the definition it came from; None: it is new."""

    origin: int | None = None
    section: int = 0
    name: str = ""
    type: str = "str"
    label: str = ""
    label_en: str = ""
    help: str = ""
    required: bool = False
    required_if: str = ""
    visible_if: str = ""
    unit: str = ""
    min: str = ""
    max: str = ""
    loinc: str = ""
    options: str = ""
    """One choice a line: `code : libellé`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A form as its editor shows it."""

    title: str
    sections: tuple[str, ...]
    rows: tuple[Row, ...]
    problems: tuple[str, ...] = field(default=())


def sheet_of(document: Mapping[str, Any]) -> Sheet:
    """The rows of a definition, in the order of the page."""
    rows: list[Row] = []
    for section, item in _places(document):
        rows.append(_row(len(rows), section, item))
    sections = [one for one in document.get("sections", ()) if isinstance(one, Mapping)]
    return Sheet(
        title=_french(document.get("title")), sections=tuple(_french(one.get("title")) for one in sections),
        rows=tuple(rows),
    )  # fmt: skip


def written(document: Mapping[str, Any], rows: Sequence[Row], *, title: str) -> dict[str, Any]:
    """The definition with these rows in its sections, in their order; a row that is gone takes its question along."""
    made = deepcopy(dict(document))
    before = [dict(item) for _section, item in _places(document)]
    if title.strip() and title.strip() != _french(document.get("title")):
        made["title"] = _in_french(document.get("title"), title.strip())
    sections = [dict(one) for one in made.get("sections", ()) if isinstance(one, Mapping)] or [{}]
    for section in sections:
        section["fields"] = []
    for row in rows:
        origin = before[row.origin] if row.origin is not None and 0 <= row.origin < len(before) else {}
        place = row.section if 0 <= row.section < len(sections) else len(sections) - 1
        sections[place]["fields"].append(_question(origin, row))
    made["sections"] = sections
    return made


def _places(document: Mapping[str, Any]) -> list[tuple[int, Mapping[str, Any]]]:
    sections = document.get("sections")
    found = []
    for number, section in enumerate(sections if isinstance(sections, list) else ()):
        fields = section.get("fields") if isinstance(section, Mapping) else None
        found += [(number, item) for item in (fields if isinstance(fields, list) else ()) if isinstance(item, Mapping)]
    return found


def _row(origin: int, section: int, item: Mapping[str, Any]) -> Row:
    label = item.get("label")
    options = item.get("options")
    return Row(
        origin=origin,
        section=section,
        name=str(item.get("name") or ""),
        type=str(item.get("type") or "str"),
        label=_french(label),
        label_en=str(label.get("en") or "") if isinstance(label, Mapping) else "",
        help=_french(item.get("help")),
        required=item.get("required") is True,
        options="\n".join(_option(one) for one in options if isinstance(one, Mapping))
        if isinstance(options, list) else "",
        **{name: "" if item.get(name) is None else str(item[name]) for name in (*TEXTS, *NUMBERS)},
    )  # fmt: skip


def _option(item: Mapping[str, Any]) -> str:
    return f"{item.get('value', '')} : {_french(item.get('label')) or item.get('value', '')}"


def _question(origin: Mapping[str, Any], row: Row) -> dict[str, Any]:
    """The question with what the row says; what it says nothing of any more goes, what the page does not show stays."""
    made = {**origin, "name": row.name.strip(), "type": row.type}
    made["label"] = _translated(origin.get("label"), row.label.strip(), row.label_en.strip())
    _set(made, "help", _in_french(origin.get("help"), row.help.strip()) if row.help.strip() else None)
    if row.required or "required" in origin:
        made["required"] = row.required
    for name in TEXTS:
        _set(made, name, getattr(row, name).strip() or None)
    for name in NUMBERS:
        _set(made, name, _number(getattr(row, name)))
    if row.type in ("code", "codes"):
        made["options"] = _options(origin.get("options"), row.options)
    else:
        made.pop("options", None)
    return made


def _set(made: dict[str, Any], name: str, value: Any) -> None:
    if value is None:
        made.pop(name, None)
    else:
        made[name] = value


def _number(text: str) -> Any:
    """A number as JSON has it; what is not one is kept as typed, and the definition says so when it is read."""
    plain = text.strip().replace(",", ".")
    if not plain:
        return None
    try:
        value = float(plain)
    except ValueError:
        return text.strip()
    return int(value) if value.is_integer() else value


def _options(before: Any, text: str) -> list[dict[str, Any]]:
    known = {one.get("value"): one for one in before if isinstance(one, Mapping)} if isinstance(before, list) else {}
    made = []
    for line in text.splitlines():
        value, _colon, label = (part.strip() for part in line.partition(":"))
        if value:
            origin = known.get(value, {})
            made.append({**origin, "value": value, "label": _in_french(origin.get("label"), label or value)})
    return made


def _french(text: Any) -> str:
    return str(text.get("fr") or "") if isinstance(text, Mapping) else str(text or "")


def _in_french(before: Any, french: str) -> Any:
    """The text with other French words; its English stays when there is one."""
    return {**before, "fr": french} if isinstance(before, Mapping) else french


def _translated(before: Any, french: str, english: str) -> Any:
    if not english and not isinstance(before, Mapping):
        return french
    made = {**(before if isinstance(before, Mapping) else {}), "fr": french, "en": english}
    return made if english else {name: value for name, value in made.items() if name != "en"}
