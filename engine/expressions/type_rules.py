"""Which types meet: in a comparison, in a sum, after a dot; and how a sentence names them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from engine.expressions.types import ANY, Type

_DAYS, _MONTHS = "days and time duration", "years and months duration"
_ORDERED = frozenset({"number", "string", "date", "time", "date and time", _DAYS, _MONTHS})

_FRENCH: Mapping[str, str] = MappingProxyType(
    {
        "Any": "une valeur",
        "null": "rien",
        "number": "un nombre",
        "string": "un texte",
        "boolean": "un vrai ou faux",
        "date": "une date",
        "time": "une heure",
        "date and time": "une date-heure",
        _DAYS: "une durée en jours",
        _MONTHS: "une durée en mois",
        "list": "une liste",
        "context": "un ensemble de champs",
        "range": "un intervalle",
        "function": "une fonction",
    }
)

# What may stand after a dot, by type; "element" is the type of the interval's ends.
_DATE_MEMBERS = {"year": "number", "month": "number", "day": "number", "weekday": "number"}
_TIME_MEMBERS = {"hour": "number", "minute": "number", "second": "number", "time offset": _DAYS, "timezone": "string"}
MEMBERS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "number": {},
        "string": {},
        "boolean": {},
        "date": _DATE_MEMBERS,
        "time": _TIME_MEMBERS,
        "date and time": {**_DATE_MEMBERS, **_TIME_MEMBERS},
        _DAYS: {"days": "number", "hours": "number", "minutes": "number", "seconds": "number"},
        _MONTHS: {"years": "number", "months": "number"},
        "range": {
            "start": "element",
            "end": "element",
            "start included": "boolean",
            "end included": "boolean",
        },
    }
)

_SUMS = {
    ("number", "number"): "number",
    ("string", "string"): "string",
    (_DAYS, _DAYS): _DAYS,
    (_MONTHS, _MONTHS): _MONTHS,
    ("date", _DAYS): "date",
    ("date", _MONTHS): "date",
    ("date and time", _DAYS): "date and time",
    ("date and time", _MONTHS): "date and time",
    ("time", _DAYS): "time",
}
_DIFFERENCES = {
    **{pair: result for pair, result in _SUMS.items() if pair != ("string", "string")},
    ("date", "date"): _DAYS,
    ("date", "date and time"): _DAYS,
    ("date and time", "date"): _DAYS,
    ("date and time", "date and time"): _DAYS,
    ("time", "time"): _DAYS,
}
_PRODUCTS = {("number", "number"): "number", (_DAYS, "number"): _DAYS, (_MONTHS, "number"): _MONTHS}
_QUOTIENTS = {**_PRODUCTS, (_DAYS, _DAYS): "number", (_MONTHS, _MONTHS): "number"}
_NUMBERS = {("number", "number"): "number"}
_TABLES = {
    "+": {**_SUMS, **{(right, left): result for (left, right), result in _SUMS.items()}},
    "-": _DIFFERENCES,
    "*": {**_PRODUCTS, **{(right, left): result for (left, right), result in _PRODUCTS.items()}},
    "/": _QUOTIENTS,
    "//": _QUOTIENTS,
    "%": _NUMBERS,
    "**": _NUMBERS,
}


def french(found: Type) -> str:
    return _FRENCH[found.name]


def comparable(left: Type, right: Type, *, equality: bool) -> bool:
    if "Any" in (left.name, right.name):
        return True
    if "null" in (left.name, right.name):
        return equality
    return left.name == right.name and (equality or left.name in _ORDERED)


def arithmetic_type(operator: str, left: Type, right: Type) -> Type | None:
    """The type of the result, `Any` when an operand is unknown, None when the two cannot meet."""
    table = _TABLES[operator]
    if "null" in (left.name, right.name):
        return None
    if left == ANY and right == ANY:
        return ANY
    if left == ANY or right == ANY:
        known, side = (right, 1) if left == ANY else (left, 0)
        results = {result for pair, result in table.items() if pair[side] == known.name}
        if not results:
            return None
        return Type(results.pop()) if len(results) == 1 else ANY
    result = table.get((left.name, right.name))
    return Type(result) if result else None


def common(left: Type, right: Type) -> Type:
    """The narrowest type both are of."""
    if left == right or right.name == "null":
        return left
    if left.name == "null":
        return right
    if left.name == right.name == "list":
        return Type("list", None if left.of is None or right.of is None else common(left.of, right.of))
    return Type(left.name) if left.name == right.name else ANY
