"""What a form asks: sections of typed fields, with the conditions under which each is shown or required.

The JSON format is documented in `docs/reference/forms.md`. Parsing keeps every problem it meets, with its path,
so that a designer learns all of them at once; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import Any

from engine.expressions import Expression, ExpressionError, compile_expression
from engine.written_signs import seen, turning_sign

FIELD_TYPES = (
    "bool",
    "int",
    "dec",
    "str",
    "text",
    "date",
    "dt",
    "code",
    "codes",
    "person",
    "org",
    "commune",
    "file",
    "table",
)
REFERENCE_TYPES = ("person", "org", "commune")
"""Chosen from the directory; a form keeps the reference (an id, an INSEE code) and shows the name."""
CHOICE_TYPES = ("code", "codes")
AUDIENCES = ("all", "clinical", "social", "administrative")
MAXIMUM_LENGTHS = {"str": 200, "text": 4000, "person": 200, "org": 200, "commune": 5, "file": 200}
MAXIMUM_ROWS = 100
MAXIMUM_FIELDS = 200


@dataclass(frozen=True, slots=True)
class Text:
    """A text in the two languages of the product; English falls back to French."""

    fr: str
    en: str

    def in_(self, locale: str) -> str:
        """The text in `locale` (`fr` or `en`)."""
        return self.en if locale == "en" else self.fr


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a `code` or `codes` field."""

    value: str
    label: Text


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Field:
    """One question. `minimum` and `maximum` bound numbers; `maximum_length` bounds texts, in characters."""

    name: str
    type: str
    label: Text
    help: Text | None = None
    required: bool = False
    required_if: Expression | None = None
    visible_if: Expression | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    maximum_length: int | None = None
    unit: str = ""
    options: tuple[Option, ...] = ()
    columns: tuple[Field, ...] = ()
    minimum_rows: int = 0
    maximum_rows: int = MAXIMUM_ROWS
    default: Any = None
    prefill: Expression | None = None
    readonly: bool = False
    fresh: bool = False
    """Opens without the earlier answer: last week's blood pressure is not today's."""
    audience: str = "all"
    loinc: str = ""

    def option_label(self, value: str, locale: str) -> str:
        """The words of a choice; the code itself when the form no longer knows it."""
        return next((option.label.in_(locale) for option in self.options if option.value == value), value)


@dataclass(frozen=True, slots=True)
class Section:
    """Fields that belong together, under an optional title."""

    title: Text | None
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class FormProblem:
    """Something wrong in a form definition: where (a path such as `sections[0].fields[2].options`) and what."""

    path: str
    sentence: str


@dataclass(frozen=True)
class FormDefinition:
    """One form. `problems` is empty when it can be used."""

    key: str
    title: Text
    intro: Text | None
    sections: tuple[Section, ...]
    signed: bool = False
    """Finishing it signs: a fresh proof of who answers is asked."""
    problems: tuple[FormProblem, ...] = ()

    @cached_property
    def fields(self) -> Mapping[str, Field]:
        """Every field, by name, in the order of the page."""
        return {field.name: field for section in self.sections for field in section.fields}

    def with_sections(self, sections: tuple[Section, ...]) -> FormDefinition:
        """The same form followed by `sections` whose fields it does not define itself (the standard fields)."""
        added = tuple(
            Section(section.title, tuple(field for field in section.fields if field.name not in self.fields))
            for section in sections
        )
        return replace(self, sections=self.sections + tuple(section for section in added if section.fields))


def parse_form(data: object, *, key: str = "") -> FormDefinition:
    """Read a form definition. Never raises: what is wrong is in `problems`, and the rest of the form is still there."""
    return _Parser().form(data, key)


class _Parser:
    def __init__(self) -> None:
        self.problems: list[FormProblem] = []
        self.names: set[str] = set()
        self.fresh = False

    def form(self, data: object, key: str) -> FormDefinition:
        if not isinstance(data, Mapping):
            self.say("", "Un formulaire est un objet JSON avec « key », « title » et « sections ».")
            return FormDefinition(key, Text(key, key), None, (), problems=tuple(self.problems))
        form_key = str(data.get("key") or key)
        self.fresh = data.get("fresh") is True
        title = self.text(data.get("title"), "title") or Text(form_key, form_key)
        sections = tuple(
            Section(
                self.text(section.get("title"), f"{path}.title") if section.get("title") else None,
                tuple(
                    field
                    for position, item in self.objects(section.get("fields"), f"{path}.fields")
                    if (field := self.field(item, position, self.names)) is not None
                ),
            )
            for path, section in self.objects(data.get("sections"), "sections")
        )
        if len(self.names) > MAXIMUM_FIELDS:
            self.say("sections", f"Le formulaire a {len(self.names)} champs ; la limite est {MAXIMUM_FIELDS}.")
        intro = self.text(data.get("intro"), "intro") if data.get("intro") else None
        signed = self.flag(data.get("signed"), "signed")
        return FormDefinition(form_key, title, intro, sections, signed, tuple(self.problems))

    def field(self, data: Mapping[str, Any], path: str, names: set[str]) -> Field | None:
        name = data.get("name")
        if not isinstance(name, str) or not name.isidentifier() or name.startswith("_"):
            self.say(path, f"Le nom de champ {name!r} doit être un mot sans espace ni accent initial « _ ».")
            return None
        if name in names:
            self.say(path, f"Le champ « {name} » est défini deux fois.")
            return None
        names.add(name)
        kind = data.get("type")
        if kind not in FIELD_TYPES:
            self.say(f"{path}.type", f"Le type {kind!r} du champ « {name} » n'existe pas ({', '.join(FIELD_TYPES)}).")
            return None
        audience = data.get("audience", "all")
        if audience not in AUDIENCES:
            self.say(f"{path}.audience", f"Le public {audience!r} du champ « {name} » n'existe pas.")
            audience = "clinical"
        return Field(
            name=name,
            type=str(kind),
            label=self.text(data.get("label"), f"{path}.label") or Text(name, name),
            help=self.text(data.get("help"), f"{path}.help") if data.get("help") else None,
            required=data.get("required") is True,
            required_if=self.expression(data.get("required_if"), f"{path}.required_if"),
            visible_if=self.expression(data.get("visible_if"), f"{path}.visible_if"),
            minimum=self.number(data.get("min"), f"{path}.min"),
            maximum=self.number(data.get("max"), f"{path}.max"),
            maximum_length=self.length(data.get("max_length"), str(kind), f"{path}.max_length"),
            unit=self.readable(_same(data.get("unit") or ""), f"{path}.unit").fr,
            options=self.options(data, str(kind), name, path),
            columns=self.columns(data, str(kind), name, path),
            minimum_rows=self.count(data.get("min_rows"), 0, f"{path}.min_rows"),
            maximum_rows=self.count(data.get("max_rows"), MAXIMUM_ROWS, f"{path}.max_rows"),
            default=data.get("default"),
            prefill=self.expression(data.get("prefill"), f"{path}.prefill"),
            readonly=data.get("readonly") is True,
            fresh=self.fresh or data.get("fresh") is True,
            audience=audience,
            loinc=str(data.get("loinc") or ""),
        )

    def options(self, data: Mapping[str, Any], kind: str, name: str, path: str) -> tuple[Option, ...]:
        if kind not in CHOICE_TYPES:
            return ()
        options = tuple(
            Option(
                str(item.get("value")),
                self.text(item.get("label"), f"{position}.label") or _same(item.get("value")),
            )
            for position, item in self.objects(data.get("options"), f"{path}.options")
        )
        values = [option.value for option in options]
        if not options:
            self.say(f"{path}.options", f"Le champ « {name} » est un choix sans options.")
        for value in sorted({value for value in values if values.count(value) > 1}):
            self.say(f"{path}.options", f"Le choix « {value} » du champ « {name} » est défini deux fois.")
        return options

    def columns(self, data: Mapping[str, Any], kind: str, name: str, path: str) -> tuple[Field, ...]:
        if kind != "table":
            return ()
        names: set[str] = set()
        columns = tuple(
            column
            for position, item in self.objects(data.get("columns"), f"{path}.columns")
            if (column := self.field(item, position, names)) is not None
        )
        if not columns:
            self.say(f"{path}.columns", f"Le tableau « {name} » n'a pas de colonnes.")
        for column in columns:
            if column.type == "table":
                self.say(f"{path}.columns", f"Le tableau « {name} » contient un tableau : ce n'est pas possible.")
        return tuple(column for column in columns if column.type != "table")

    def objects(self, data: object, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        if data is None:
            return
        if not isinstance(data, list):
            self.say(path, "Une liste est attendue ici.")
            return
        for index, item in enumerate(data):
            if isinstance(item, Mapping):
                yield f"{path}[{index}]", item
            else:
                self.say(f"{path}[{index}]", "Un objet est attendu ici.")

    def text(self, data: object, path: str) -> Text | None:
        if isinstance(data, str) and data.strip():
            return self.readable(Text(data, data), path)
        if isinstance(data, Mapping) and isinstance(data.get("fr"), str) and data["fr"].strip():
            return self.readable(Text(data["fr"], str(data.get("en") or data["fr"])), path)
        self.say(path, 'Un texte est attendu : {"fr": …, "en": …}.')
        return None

    def readable(self, text: Text, path: str) -> Text:
        sign = turning_sign(text.fr + text.en)
        if sign is not None:
            self.say(path, f"Un signe invisible y inverse le sens de lecture ({sign}) : retapez ce texte.")
        return Text(seen(text.fr), seen(text.en))

    def expression(self, data: object, path: str) -> Expression | None:
        if data is None:
            return None
        try:
            return compile_expression(str(data))
        except ExpressionError as error:
            self.say(path, str(error))
            return None

    def number(self, data: object, path: str) -> Decimal | None:
        if data is None:
            return None
        if isinstance(data, int | float) and not isinstance(data, bool):
            return Decimal(str(data))
        self.say(path, "Un nombre est attendu ici.")
        return None

    def length(self, data: object, kind: str, path: str) -> int | None:
        limit = MAXIMUM_LENGTHS.get(kind)
        if data is None or limit is None:
            return limit
        return min(self.count(data, limit, path), limit)

    def count(self, data: object, default: int, path: str) -> int:
        if data is None:
            return default
        if isinstance(data, int) and not isinstance(data, bool) and data >= 0:
            return data
        self.say(path, "Un nombre entier positif est attendu ici.")
        return default

    def flag(self, data: object, path: str) -> bool:
        if data is None or isinstance(data, bool):
            return data is True
        self.say(path, "Vrai ou faux (true, false) est attendu ici.")
        return False

    def say(self, path: str, sentence: str) -> None:
        self.problems.append(FormProblem(path, sentence))


def _same(value: object) -> Text:
    return Text(str(value), str(value))
