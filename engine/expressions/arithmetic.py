"""The operators `+ - * / % **` on numbers, texts, dates and durations. What has no meaning is null."""

from __future__ import annotations

import decimal
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from engine.calendars import YearMonthDuration, add_months
from engine.expressions.limits import POWER
from engine.expressions.run import Run
from engine.expressions.values import NUMBERS, Value

_MICROSECOND = Decimal("0.000001")
_LONGEST = 12_000_000_000  # months; FEEL's own bound on years


def add(left: Value, right: Value, run: Run) -> Value:
    if type(left) is Decimal and type(right) is Decimal:
        return NUMBERS.add(left, right)
    if isinstance(left, str) and isinstance(right, str):
        return run.grown(left + right)
    if isinstance(left, timedelta | YearMonthDuration) and isinstance(right, date | time):
        left, right = right, left
    if isinstance(right, timedelta):
        return _shifted(left, right)
    if isinstance(right, YearMonthDuration):
        return _months_later(left, right.months)
    return None


def subtract(left: Value, right: Value, run: Run) -> Value:
    if type(left) is Decimal and type(right) is Decimal:
        return NUMBERS.subtract(left, right)
    if isinstance(right, timedelta):
        return _shifted(left, -right)
    if isinstance(right, YearMonthDuration):
        return _months_later(left, -right.months)
    if isinstance(left, date) and isinstance(right, date):
        return _elapsed(left, right)
    if isinstance(left, time) and isinstance(right, time) and (left.tzinfo is None) == (right.tzinfo is None):
        day = date(1970, 1, 1)
        return _elapsed(datetime.combine(day, left), datetime.combine(day, right))
    return None


def multiply(left: Value, right: Value, run: Run) -> Value:
    if type(left) is Decimal and type(right) is Decimal:
        return NUMBERS.multiply(left, right)
    if isinstance(left, Decimal):
        left, right = right, left
    if isinstance(right, Decimal):
        return _scaled(left, right, NUMBERS.multiply)
    return None


def divide(left: Value, right: Value, run: Run) -> Value:
    if isinstance(right, Decimal):
        if not right:
            return None
        return NUMBERS.divide(left, right) if isinstance(left, Decimal) else _scaled(left, right, NUMBERS.divide)
    if isinstance(left, timedelta) and isinstance(right, timedelta):
        return NUMBERS.divide(seconds_of(left), seconds_of(right)) if right else None
    if isinstance(left, YearMonthDuration) and isinstance(right, YearMonthDuration):
        return NUMBERS.divide(Decimal(left.months), Decimal(right.months)) if right.months else None
    return None


def modulo(left: Value, right: Value, run: Run) -> Value:
    """The remainder with the sign of the divisor."""
    if not (isinstance(left, Decimal) and isinstance(right, Decimal)) or not right:
        return None
    quotient = NUMBERS.divide(left, right).to_integral_value(decimal.ROUND_FLOOR)
    return NUMBERS.subtract(left, NUMBERS.multiply(right, quotient))


def floor_divide(left: Value, right: Value, run: Run) -> Value:
    quotient = divide(left, right, run)
    return quotient.to_integral_value(decimal.ROUND_FLOOR) if isinstance(quotient, Decimal) else None


def power(left: Value, right: Value, run: Run) -> Value:
    if not (isinstance(left, Decimal) and isinstance(right, Decimal)) or abs(right) > POWER:
        return None
    run.burn(50)
    return Decimal(1) if not right else NUMBERS.power(left, right)


def negate(value: Value) -> Value:
    if isinstance(value, Decimal):
        return NUMBERS.minus(value)
    if isinstance(value, timedelta):
        return -value
    return YearMonthDuration(-value.months) if isinstance(value, YearMonthDuration) else None


Operator = Callable[[Value, Value, Run], Value]
OPERATORS: dict[str, Operator] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "%": modulo,
    "//": floor_divide,
    "**": power,
}


def apply(operator: Operator, left: Value, right: Value, run: Run) -> Value:
    """The operator's answer, null where the result is no number or no date of the calendar."""
    try:
        return operator(left, right, run)
    except (decimal.DecimalException, OverflowError, ValueError):
        return None


def seconds_of(length: timedelta) -> Decimal:
    return Decimal(length.days * 86400 + length.seconds) + Decimal(length.microseconds) * _MICROSECOND


def _shifted(value: Value, length: timedelta) -> Value:
    if isinstance(value, timedelta):
        return value + length
    if isinstance(value, datetime):
        if value.tzinfo is None:
            return value + length
        # Elapsed time, as FEEL asks: Python's own addition would keep the wall hour across a clock change.
        return (value.astimezone(UTC) + length).astimezone(value.tzinfo)
    if isinstance(value, date):
        return (datetime.combine(value, time()) + length).date()
    if isinstance(value, time):
        return (datetime.combine(date(2000, 1, 3), value) + timedelta(seconds=length.seconds)).timetz()
    return None


def _months_later(value: Value, months: int) -> Value:
    if isinstance(value, YearMonthDuration):
        return YearMonthDuration(value.months + months) if abs(value.months + months) <= _LONGEST else None
    return add_months(value, months) if isinstance(value, date) else None


def _elapsed(left: date, right: date) -> timedelta | None:
    """Between two date-times, or dates read as midnight UTC; null between a local and a zoned one."""
    moments = [
        value if isinstance(value, datetime) else datetime.combine(value, time(), tzinfo=UTC) for value in (left, right)
    ]
    if (moments[0].tzinfo is None) != (moments[1].tzinfo is None):
        return None
    if moments[0].tzinfo is None:
        return moments[0] - moments[1]
    return moments[0].astimezone(UTC) - moments[1].astimezone(UTC)


def _scaled(value: Value, factor: Decimal, operation: Callable[[Decimal, Decimal], Decimal]) -> Value:
    if isinstance(value, timedelta):
        seconds = operation(seconds_of(value), factor)
        return timedelta(seconds=int(seconds), microseconds=int(seconds % 1 * 1_000_000))
    if isinstance(value, YearMonthDuration):
        months = int(operation(Decimal(value.months), factor))
        return YearMonthDuration(months) if abs(months) <= _LONGEST else None
    return None
