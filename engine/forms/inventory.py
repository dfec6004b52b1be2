"""The parts of forms, for comparing versions: each form, each question, with all that is said of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from engine.changes import Part, Sort
from engine.expressions import Expression
from engine.forms.definition import Field, FormDefinition, Text


def parts_of(forms: Iterable[FormDefinition]) -> Iterator[Part]:
    """Forms and their questions; a question belongs to its form."""
    for form in forms:
        yield Part(
            sort=Sort.FORM, key=form.key, name=form.title.fr, twin=form.title.fr,
            properties=_filled({"title_en": form.title.en, "intro": _both(form.intro)}),
        )  # fmt: skip
        for section in form.sections:
            for field in section.fields:
                yield Part(
                    sort=Sort.FIELD, key=field.name, parent=form.key, name=field.label.fr,
                    twin=f"{field.type}/{field.label.fr}",
                    properties=_filled({"section": _both(section.title), **_said(field)}),
                )  # fmt: skip


def _said(field: Field) -> dict[str, str]:
    return {
        "label_en": field.label.en,
        "type": field.type,
        "help": _both(field.help),
        "required": "yes" if field.required else "",
        "required_if": _expression(field.required_if),
        "visible_if": _expression(field.visible_if),
        "minimum": "" if field.minimum is None else str(field.minimum),
        "maximum": "" if field.maximum is None else str(field.maximum),
        "maximum_length": "" if field.maximum_length is None else str(field.maximum_length),
        "unit": field.unit,
        "options": " ; ".join(f"{one.value} : {one.label.fr}" for one in field.options),
        "columns": " ; ".join(f"{one.name} ({one.type}) : {one.label.fr}" for one in field.columns),
        "rows": f"{field.minimum_rows}–{field.maximum_rows}" if field.type == "table" else "",
        "default": "" if field.default is None else str(field.default),
        "prefill": _expression(field.prefill),
        "readonly": "yes" if field.readonly else "",
        "fresh": "yes" if field.fresh else "",
        "audience": field.audience,
        "loinc": field.loinc,
    }


def _filled(said: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in said.items() if value}


def _both(text: Text | None) -> str:
    return "" if text is None else text.fr if text.fr == text.en else f"{text.fr} / {text.en}"


def _expression(expression: Expression | None) -> str:
    return "" if expression is None else expression.text
