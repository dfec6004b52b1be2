"""Types as FEEL names them, their text, and whether a value is of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from engine.expressions.problems import ExpressionError
from engine.expressions.values import Function, Range, Value, kind

SIMPLE = frozenset(
    {
        "Any",
        "null",
        "number",
        "string",
        "boolean",
        "date",
        "time",
        "date and time",
        "days and time duration",
        "years and months duration",
        "list",
        "context",
        "range",
        "function",
    }
)
# Other words for the same: those of other dialects and those of a form field.
ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "any": "Any",
        "int": "number",
        "dec": "number",
        "integer": "number",
        "decimal": "number",
        "long": "number",
        "double": "number",
        "str": "string",
        "text": "string",
        "code": "string",
        "commune": "string",
        "bool": "boolean",
        "dt": "date and time",
        "dateTime": "date and time",
        "datetime": "date and time",
        "codes": "list<string>",
        "table": "list<context>",
        "person": "context",
        "org": "context",
        "file": "context",
        "dayTimeDuration": "days and time duration",
        "yearMonthDuration": "years and months duration",
    }
)


@dataclass(frozen=True, slots=True)
class Type:
    """A type. `of` is the element of a list or range, or what a function returns; `members` the keys of a context."""

    name: str
    of: Type | None = None
    members: tuple[tuple[str, Type], ...] = ()
    parameters: tuple[Type, ...] = ()

    def __str__(self) -> str:
        if self.name == "function":
            return f"function<{', '.join(map(str, self.parameters))}>->{self.of or 'Any'}"
        if self.members:
            return f"context<{', '.join(f'{key}: {member}' for key, member in self.members)}>"
        return f"{self.name}<{self.of}>" if self.of else self.name

    def member(self, key: str) -> Type | None:
        return dict(self.members).get(key)


ANY = Type("Any")


def simple_type(name: str, position: int | None = None) -> Type:
    """A type given by one name. Raises ExpressionError when there is none so called."""
    known = ALIASES.get(name, name)
    if known == "list<string>":
        return Type("list", Type("string"))
    if known == "list<context>":
        return Type("list", Type("context"))
    if known not in SIMPLE:
        raise ExpressionError(f"Le type « {name} » n'existe pas.", position)
    return Type(known)


def conforms(value: Value, wanted: Type) -> bool:
    """Whether the value is an instance of the type. Null is of no type but null, and may stand in a member."""
    if value is None:
        return wanted.name == "null"
    if wanted.name == "Any":
        return True
    if kind(value) != wanted.name:
        return False
    if isinstance(value, Function) and wanted.of is not None:
        return len(value.parameters) == len(wanted.parameters)
    if isinstance(value, list) and wanted.of is not None:
        return all(item is None or conforms(item, wanted.of) for item in value)
    if isinstance(value, Range) and wanted.of is not None:
        ends = [end for end in (value.start, value.end) if end is not None]
        return all(conforms(end, wanted.of) for end in ends)
    if isinstance(value, dict):
        return all(
            key in value and (value[key] is None or conforms(value[key], member)) for key, member in wanted.members
        )
    return True
