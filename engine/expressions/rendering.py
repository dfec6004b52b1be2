"""Values to text, as FEEL's `string` writes them: bounded like every other text."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal

from engine.calendars import YearMonthDuration
from engine.expressions.run import Run
from engine.expressions.temporal import show_date, show_datetime, show_duration, show_time
from engine.expressions.values import Function, Range, Value


def show_number(number: Decimal) -> str:
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def show(value: Value, run: Run) -> str | None:
    """The text of a value, None for null. A text is itself; inside lists and contexts it is quoted."""
    match value:
        case None:
            return None
        case str():
            return value
        case _:
            return run.grown(_literal(value, run))


def _literal(value: Value, run: Run) -> str:
    run.burn(1)
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case Decimal():
            return show_number(value)
        case str():
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            return run.grown(f'"{escaped}"')
        case datetime():
            return show_datetime(value)
        case date():
            return show_date(value)
        case time():
            return show_time(value)
        case timedelta():
            return show_duration(value)
        case YearMonthDuration():
            return str(value)
        case Range():
            return _range(value, run)
        case Function():
            return "function"
        case list():
            return run.grown(f"[{', '.join(_literal(item, run) for item in value)}]")
        case dict():
            return run.grown(
                "{" + ", ".join(f"{_key(key)}: {_literal(item, run)}" for key, item in value.items()) + "}"
            )


def _range(value: Range, run: Run) -> str:
    if value.operator:
        end = value.start if value.operator in (">", ">=") else value.end
        return f"({value.operator} {_literal(end, run)})"
    opening, closing = "[" if value.start_included else "(", "]" if value.end_included else ")"
    return f"{opening}{_literal(value.start, run)}..{_literal(value.end, run)}{closing}"


def _key(key: str) -> str:
    return key if key.isidentifier() else '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'
