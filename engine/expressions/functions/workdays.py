"""What care pathways ask beyond FEEL: working days, local hours, ages, and counting between two dates."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from engine.calendars import InvalidDuration, parse_duration
from engine.expressions import temporal
from engine.expressions.arithmetic import add, seconds_of
from engine.expressions.functions.dates import whole_months
from engine.expressions.functions.registry import function
from engine.expressions.problems import ExpressionError
from engine.expressions.run import Run
from engine.expressions.values import Value

_DAY = "date|date and time"


def _moment(run: Run, value: date) -> datetime:
    """The instant a date or local date-time stands for in the territory."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value
    return run.calendar.at(value, value.time() if isinstance(value, datetime) else time())


def _local_day(run: Run, value: date) -> date:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(run.calendar.zone).date()
    return date(value.year, value.month, value.day)


@function("add working days", f"date: {_DAY}", "days: number", returns="Any")
def add_working_days(run: Run, start: date, days: Decimal) -> Value:
    """That many working days later (earlier when negative); a date-time keeps its local hour."""
    if days % 1:
        return None
    run.burn(min(abs(int(days)), 1_000_000) * 5)
    day = run.calendar.add_working_days(_local_day(run, start), int(days))
    if not isinstance(start, datetime):
        return day
    return run.calendar.at(day, _moment(run, start).astimezone(run.calendar.zone).time())


@function("working days between", f"from: {_DAY}", f"to: {_DAY}", returns="number")
def working_days_between(run: Run, start: date, end: date) -> Value:
    """Working days after the first up to and including the second."""
    first, last = _local_day(run, start), _local_day(run, end)
    run.burn(abs((last - first).days) * 2)
    return Decimal(run.calendar.working_days_between(first, last))


@function("is working day", f"date: {_DAY}", returns="boolean")
def is_working_day(run: Run, day: date) -> Value:
    run.burn(20)
    return run.calendar.is_working_day(_local_day(run, day))


@function("at", f"date: {_DAY}", "time: string|time", returns="date and time")
def at(run: Run, day: date, hour: str | time) -> Value:
    """That local hour of that day in the territory: `at(visit_date, "18:00")`."""
    if isinstance(hour, str):
        read = temporal.parse_time(hour if hour.count(":") == 2 else f"{hour}:00")
        if read is None:
            raise ExpressionError(f'« {hour} » n\'est pas une heure : écrivez par exemple "18:00".')
        hour = read
    if hour.tzinfo is not None:
        raise ExpressionError("L'heure donnée à at() est celle du territoire : n'y mettez pas de fuseau.")
    return run.calendar.at(_local_day(run, day), hour)


@function("plus", f"date: {_DAY}", "duration: string", returns="date and time")
def plus_text(run: Run, start: date, text: str) -> Value:
    """`plus(now(), "P7D")`: days keep the local hour, `PT48H` is elapsed, `WD2` counts working days."""
    try:
        duration = parse_duration(text)
        run.burn((duration.working_days or 0) * 5)
        if not isinstance(start, datetime) and not duration.elapsed:
            return run.calendar.after(duration, run.calendar.at(start, time(12))).date()
        return run.calendar.after(duration, _moment(run, start))
    except InvalidDuration as error:
        raise ExpressionError(str(error)) from error


@function("plus", f"date: {_DAY}", "duration: days and time duration|years and months duration", returns="Any")
def plus(run: Run, start: date, length: Value) -> Value:
    """A duration that is whole days keeps the local hour."""
    if isinstance(length, timedelta) and length == timedelta(days=length.days) and isinstance(start, datetime):
        local = _moment(run, start).astimezone(run.calendar.zone)
        return run.calendar.at(local.date() + length, local.time())
    return add(start, length, run)


@function("age", "birth date: date|date and time", returns="number")
def age(run: Run, birth: date) -> Value:
    return Decimal(_years(_local_day(run, birth), run.calendar.today(run.now)))


@function("years between", f"from: {_DAY}", f"to: {_DAY}", returns="number")
def years_between(run: Run, start: date, end: date) -> Value:
    return Decimal(_years(_local_day(run, start), _local_day(run, end)))


def _years(start: date, end: date) -> int:
    return int(whole_months(start, end) / 12)


@function("months between", f"from: {_DAY}", f"to: {_DAY}", returns="number")
def months_between(run: Run, start: date, end: date) -> Value:
    return Decimal(whole_months(_local_day(run, start), _local_day(run, end)))


@function("days between", f"from: {_DAY}", f"to: {_DAY}", returns="number")
def days_between(run: Run, start: date, end: date) -> Value:
    """Nights between the two local days: the day after is 1, whatever the hours."""
    return Decimal((_local_day(run, end) - _local_day(run, start)).days)


@function("hours between", f"from: {_DAY}", f"to: {_DAY}", returns="number")
def hours_between(run: Run, start: date, end: date) -> Value:
    elapsed = _moment(run, end).astimezone(UTC) - _moment(run, start).astimezone(UTC)
    return seconds_of(elapsed) / 3600


@function("is defined", "value", returns="boolean")
def is_defined(run: Run, value: Value) -> Value:
    """Whether a name has a value; the only question a missing fact answers with true or false."""
    return value is not None


@function("working days", "days: number", returns="string")
def working_days(run: Run, days: Decimal) -> Value:
    """The duration text `WDn`, for a due date that counts working days held by a parameter."""
    return f"WD{int(days)}" if 0 <= days <= 9999 and not days % 1 else None
