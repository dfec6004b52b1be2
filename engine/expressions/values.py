"""The values expressions work on: what they are, what kind each is, and how case data becomes one."""

from __future__ import annotations

import decimal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TypeAlias

from engine.calendars import YearMonthDuration
from engine.expressions.limits import LIST_LENGTH, NESTING, TEXT_LENGTH
from engine.expressions.problems import ExpressionError

DayTimeDuration: TypeAlias = timedelta

# 34 digits, as FEEL asks (IEEE 754 decimal128). Traps raise, and the language turns that into null.
NUMBERS = decimal.Context(
    prec=34,
    rounding=decimal.ROUND_HALF_EVEN,
    Emin=-6143,
    Emax=6144,
    traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow],
)


@dataclass(frozen=True, slots=True)
class Range:
    """An interval. `operator` is set for the one-sided form `(< 10)`, whose missing end is not a null end."""

    start: Value
    end: Value
    start_included: bool = True
    end_included: bool = True
    operator: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """A function written in an expression. It lives as long as its evaluation and is never stored."""

    parameters: tuple[str, ...]
    call: Callable[[tuple[Value, ...]], Value]


Atom: TypeAlias = bool | Decimal | str | date | time | datetime | timedelta | YearMonthDuration
Value: TypeAlias = Atom | Range | Function | list["Value"] | dict[str, "Value"] | None

# Kinds are FEEL's own type names, so that the sentences and the type checker speak of the same thing.
KINDS: Mapping[type, str] = {
    type(None): "null",
    bool: "boolean",
    Decimal: "number",
    str: "string",
    date: "date",
    time: "time",
    datetime: "date and time",
    timedelta: "days and time duration",
    YearMonthDuration: "years and months duration",
    Range: "range",
    Function: "function",
    list: "list",
    dict: "context",
}

ATOMS = frozenset({type(None), bool, Decimal, str, date, time, timedelta, YearMonthDuration, Function})
"""Types that need no conversion: immutable, and already what the language works on."""


def kind(value: Value) -> str:
    return KINDS[type(value)]


def is_whole(number: Decimal) -> bool:
    return number == number.to_integral_value()


def to_value(raw: object, depth: int = 0) -> Value:
    """Case data as a value of the language: a copy, bounded, with every number a Decimal.

    Raises ExpressionError for what the language does not know (bytes, objects, NaN) or holds too much.
    """
    kind_of = type(raw)
    if kind_of in ATOMS and kind_of is not str and kind_of is not Decimal:
        return raw  # type: ignore[return-value]
    if depth > NESTING:
        raise ExpressionError(f"Une donnée du dossier est imbriquée sur plus de {NESTING} niveaux.")
    match raw:
        case str():
            if len(raw) > TEXT_LENGTH:
                raise ExpressionError(f"Un texte du dossier dépasse {TEXT_LENGTH} caractères.")
            return str(raw)
        case bool():
            return bool(raw)
        case int() | float() | Decimal():
            return _number(raw)
        case datetime() | time() | timedelta() | YearMonthDuration():
            return raw
        case date():
            return date(raw.year, raw.month, raw.day)
        case Range():
            return Range(
                to_value(raw.start, depth + 1),
                to_value(raw.end, depth + 1),
                raw.start_included,
                raw.end_included,
                raw.operator,
            )
        case list() | tuple():
            if len(raw) > LIST_LENGTH:
                raise ExpressionError(f"Une liste du dossier dépasse {LIST_LENGTH} éléments.")
            return [to_value(item, depth + 1) for item in raw]
        case Mapping():
            if len(raw) > LIST_LENGTH:
                raise ExpressionError(f"Un contexte du dossier dépasse {LIST_LENGTH} entrées.")
            return {str(key): to_value(item, depth + 1) for key, item in raw.items()}
        case _:
            raise ExpressionError(f"Le langage ne connaît pas cette sorte de donnée : {kind_of.__name__}.")


def _number(raw: int | float | Decimal) -> Decimal:
    try:
        number = NUMBERS.create_decimal(repr(raw) if isinstance(raw, float) else raw)
    except (decimal.DecimalException, ValueError) as error:
        raise ExpressionError("Un nombre du dossier est trop grand pour le langage.") from error
    if not number.is_finite():
        raise ExpressionError("Un nombre du dossier n'est pas un nombre fini.")
    return number
