"""Values to JSON and back without losing their kind: decimals, dates, durations and intervals carry a tag."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal, DecimalException
from typing import Any

from engine.calendars import YearMonthDuration
from engine.expressions import temporal
from engine.expressions.limits import NESTING
from engine.expressions.problems import ExpressionError
from engine.expressions.values import Range, Value, to_value

TAG = "$"
"""`{"$": "date", "v": "2026-05-01"}`. A context that itself has the key `$` is tagged `context`."""


def to_json(value: Value) -> Any:
    """JSON data (None, bool, int, str, list, dict) that `from_json` turns back into the same value.

    Whole numbers up to 15 digits are JSON numbers; others keep every digit in a text. Raises ExpressionError for a
    function, or beyond 40 levels.
    """
    return _encoded(to_value(value), 0)


def _encoded(value: Value, depth: int) -> Any:
    match value:
        case None | bool() | str():
            return value
        case Decimal():
            plain = value.as_tuple().exponent == 0 and len(value.as_tuple().digits) <= 15 and str(value) != "-0"
            return int(value) if plain else _tagged("number", str(value))
        case datetime():
            return _tagged("date and time", temporal.show_datetime(value))
        case date():
            return _tagged("date", temporal.show_date(value))
        case time():
            return _tagged("time", temporal.show_time(value))
        case YearMonthDuration():
            return _tagged("duration", str(value))
        case Range():
            ends = [_encoded(value.start, depth + 1), _encoded(value.end, depth + 1)]
            return _tagged("range", [*ends, value.start_included, value.end_included, value.operator])
        case list():
            return [_encoded(item, depth + 1) for item in value]
        case dict():
            made = {key: _encoded(item, depth + 1) for key, item in value.items()}
            return _tagged("context", made) if TAG in value else made
        case timedelta():
            return _tagged("duration", temporal.show_duration(value))
        case _:
            raise ExpressionError("Une fonction ne s'enregistre pas.")


def _tagged(kind: str, content: Any) -> dict[str, Any]:
    return {TAG: kind, "v": content}


def from_json(data: Any) -> Value:
    """The value `to_json` wrote. Raises ExpressionError for anything it did not write."""
    return _decoded(data, 0)


def _decoded(data: Any, depth: int) -> Value:
    if depth > 2 * NESTING:
        raise ExpressionError("Cette valeur enregistrée est trop imbriquée.")
    match data:
        case None | bool() | str():
            return data
        case int() | float():
            return to_value(data)
        case list():
            return [_decoded(item, depth + 1) for item in data]
        case {"$": "context", "v": dict() as content}:
            return {str(key): _decoded(item, depth + 1) for key, item in content.items()}
        case {"$": "range", "v": [start, end, bool() as low, bool() as high, str() as operator]}:
            return Range(_decoded(start, depth + 1), _decoded(end, depth + 1), low, high, operator)
        case {"$": str() as kind, "v": str() as text} if kind in _READERS:
            value = _READERS[kind](text)
            if value is not None:
                return value
        case dict() if TAG not in data:
            return {str(key): _decoded(item, depth + 1) for key, item in data.items()}
    raise ExpressionError("Cette valeur enregistrée n'a pas été écrite par le langage.")


def _number(text: str) -> Value:
    try:
        return Decimal(text)
    except DecimalException:
        return None


_READERS: dict[str, Callable[[str], Value]] = {
    "number": _number,
    "date": temporal.parse_date,
    "time": temporal.parse_time,
    "date and time": temporal.parse_datetime,
    "duration": temporal.parse_duration,
}
