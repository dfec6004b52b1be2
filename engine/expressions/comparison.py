"""Equality, order and membership with FEEL's third answer: null when two values cannot be compared."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from engine.calendars import YearMonthDuration
from engine.expressions.run import Run
from engine.expressions.temporal import offset_of
from engine.expressions.values import Range, Value

_DIRECT = frozenset({Decimal, str, bool, date, timedelta, YearMonthDuration})
_ORDERED = frozenset({Decimal, str, date, timedelta, YearMonthDuration})


def equal(left: Value, right: Value, run: Run) -> bool | None:
    """`left = right`. Null against anything else is false; two different kinds have no answer."""
    kind_of = type(left)
    if kind_of is type(right) and kind_of in _DIRECT:
        return left == right
    if left is None or right is None:
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        run.burn(1 + len(left))
        return len(left) == len(right) and all(equal(a, b, run) is True for a, b in zip(left, right, strict=True))
    if isinstance(left, dict) and isinstance(right, dict):
        run.burn(1 + len(left))
        return left.keys() == right.keys() and all(equal(left[key], right[key], run) is True for key in left)
    if isinstance(left, Range) and isinstance(right, Range):
        return _same_range(left, right, run)
    if isinstance(left, datetime) and isinstance(right, datetime):
        return _whole_seconds(left) == _whole_seconds(right) if _both_or_none_zoned(left, right) else None
    if isinstance(left, time) and isinstance(right, time):
        return _seconds_of_day(left) // 1 == _seconds_of_day(right) // 1 if _both_or_none_zoned(left, right) else None
    return None


def less(left: Value, right: Value) -> bool | None:
    """`left < right`."""
    kind_of = type(left)
    if kind_of is not type(right):
        return None
    if kind_of in _ORDERED:
        return bool(left < right)  # type: ignore[operator]
    if isinstance(left, datetime) and isinstance(right, datetime):
        return _instant(left) < _instant(right) if _both_or_none_zoned(left, right) else None
    if isinstance(left, time) and isinstance(right, time):
        return _seconds_of_day(left) < _seconds_of_day(right) if _both_or_none_zoned(left, right) else None
    return None


def compare(operator: str, left: Value, right: Value, run: Run) -> bool | None:
    match operator:
        case "=":
            return equal(left, right, run)
        case "!=":
            return negated(equal(left, right, run))
        case "<":
            return less(left, right)
        case ">":
            return less(right, left)
        case "<=":
            return negated(less(right, left))
        case _:
            return negated(less(left, right))


def negated(answer: bool | None) -> bool | None:
    return None if answer is None else not answer


def within(value: Value, interval: Range, run: Run) -> bool | None:
    """Whether the value lies in the interval; null when an end is null or of another kind."""
    if interval.operator:
        end = interval.start if interval.operator in (">", ">=") else interval.end
        return compare(interval.operator, value, end, run)
    if interval.start is None or interval.end is None:
        return None
    low = compare(">=" if interval.start_included else ">", value, interval.start, run)
    high = compare("<=" if interval.end_included else "<", value, interval.end, run)
    if low is False or high is False:
        return None if low is None or high is None else False
    return True if low and high else None


def member(value: Value, test: Value, run: Run) -> bool | None:
    """One test of `value in …`: an interval, a list of values and intervals, or a value to equal."""
    if isinstance(test, Range) and not isinstance(value, Range):
        return within(value, test, run)
    if isinstance(test, list):
        whole = equal(value, test, run) if isinstance(value, list) else None
        if whole:
            return True
        answers = [
            within(value, item, run)
            if isinstance(item, Range) and not isinstance(value, Range)
            else equal(value, item, run)
            for item in test
        ]
        run.burn(len(test))
        if any(answers):
            return True
        return None if answers and all(answer is None for answer in answers) and whole is None else False
    return equal(value, test, run)


def same(left: Value, right: Value, run: Run) -> bool:
    """FEEL's `is`: the same kind, the same value, and for times the same way of naming the zone."""
    if type(left) is not type(right):
        return False
    if isinstance(left, datetime | time) and isinstance(right, datetime | time):
        return left.replace(tzinfo=None) == right.replace(tzinfo=None) and _zone_name(left) == _zone_name(right)
    return equal(left, right, run) is True


def _zone_name(moment: datetime | time) -> object:
    return moment.tzinfo.key if isinstance(moment.tzinfo, ZoneInfo) else offset_of(moment)


def _same_range(left: Range, right: Range, run: Run) -> bool:
    if (left.operator, left.start_included, left.end_included) != (
        right.operator,
        right.start_included,
        right.end_included,
    ):
        return False
    return equal(left.start, right.start, run) is True and equal(left.end, right.end, run) is True


def _both_or_none_zoned(left: datetime | time, right: datetime | time) -> bool:
    return (left.tzinfo is None) == (right.tzinfo is None)


def _instant(moment: datetime) -> tuple[int, int]:
    """Seconds and microseconds on one line of time. Python compares two date-times of one zone by their wall time."""
    clock = moment.hour * 3600 + moment.minute * 60 + moment.second
    offset = moment.utcoffset() or timedelta()
    return moment.toordinal() * 86400 + clock - offset.days * 86400 - offset.seconds, moment.microsecond


def _whole_seconds(moment: datetime) -> int:
    # FEEL's equality knows no fraction of a second.
    return _instant(moment)[0]


def _seconds_of_day(hour: time) -> float:
    offset = offset_of(hour) or timedelta()
    return hour.hour * 3600 + hour.minute * 60 + hour.second + hour.microsecond / 1e6 - offset.total_seconds()
