"""Functions that make and read dates, times, date-times and durations."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from engine.calendars import YearMonthDuration
from engine.expressions import temporal
from engine.expressions.arithmetic import seconds_of
from engine.expressions.functions.registry import function
from engine.expressions.run import Run
from engine.expressions.values import Value

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


@function("now", returns="date and time")
def now(run: Run) -> Value:
    return run.now.astimezone(run.calendar.zone)


@function("today", returns="date")
def today(run: Run) -> Value:
    return run.calendar.today(run.now)


@function("date", "from: string", returns="date")
def date_of_text(run: Run, text: str) -> Value:
    return temporal.parse_date(text)


@function("date", "from: date|date and time", returns="date")
def date_of_moment(run: Run, moment: date) -> Value:
    return date(moment.year, moment.month, moment.day)


@function("date", "year: number", "month: number", "day: number", returns="date")
def date_of_parts(run: Run, year: Decimal, month: Decimal, day: Decimal) -> Value:
    return temporal.make_date(int(year), int(month), int(day))


@function("time", "from: string", returns="time")
def time_of_text(run: Run, text: str) -> Value:
    return temporal.parse_time(text)


@function("time", "from: time|date and time|date", returns="time")
def time_of_moment(run: Run, moment: Value) -> Value:
    if isinstance(moment, datetime):
        return moment.timetz()
    return moment if isinstance(moment, time) else time(tzinfo=UTC)


@function(
    "time",
    "hour: number",
    "minute: number",
    "second: number",
    "offset?: days and time duration|null",
    returns="time",
)
def time_of_parts(run: Run, hour: Decimal, minute: Decimal, second: Decimal, offset: timedelta | None = None) -> Value:
    if not (0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 60):
        return None
    zone = None if offset is None else temporal.fixed_offset(offset)
    if offset is not None and zone is None:
        return None
    return time(int(hour), int(minute), int(second), int(second % 1 * 1_000_000), tzinfo=zone)


@function("date and time", "from: string", returns="date and time", aliases=("datetime",))
def datetime_of_text(run: Run, text: str) -> Value:
    return temporal.parse_datetime(text)


@function("date and time", "from: date and time", returns="date and time")
def datetime_of_datetime(run: Run, moment: datetime) -> Value:
    return moment


@function("date and time", "date: date|date and time", "time: time", returns="date and time")
def datetime_of_parts(run: Run, day: date, hour: time) -> Value:
    return datetime.combine(date(day.year, day.month, day.day), hour)


@function(
    "date and time",
    "year: number",
    "month: number",
    "day: number",
    "hour: number",
    "minute: number",
    "second: number",
    "offset?: days and time duration|null",
    returns="date and time",
)
def datetime_of_numbers(
    run: Run,
    year: Decimal,
    month: Decimal,
    day: Decimal,
    hour: Decimal,
    minute: Decimal,
    second: Decimal,
    offset: timedelta | None = None,
) -> Value:
    on, clock = temporal.make_date(int(year), int(month), int(day)), time_of_parts(run, hour, minute, second, offset)
    return datetime.combine(on, clock) if on is not None and isinstance(clock, time) else None


@function("duration", "from: string", returns="Any")
def duration(run: Run, text: str) -> Value:
    return temporal.parse_duration(text)


@function("duration", "from: days and time duration|years and months duration", returns="Any")
def duration_of_duration(run: Run, length: Value) -> Value:
    return length


@function(
    "years and months duration",
    "from: date|date and time",
    "to: date|date and time",
    returns="years and months duration",
)
def months_between(run: Run, start: date, end: date) -> Value:
    return YearMonthDuration(whole_months(start, end))


def whole_months(start: date, end: date) -> int:
    """Complete months from one day or moment to another, negative backwards. Zones are as written."""
    months = (end.year - start.year) * 12 + end.month - start.month
    first, last = _day_and_clock(start), _day_and_clock(end)
    if months > 0 and last < first:
        return months - 1
    if months < 0 and last > first:
        return months + 1
    return months


def _day_and_clock(moment: date) -> tuple[int, time]:
    return moment.day, moment.time() if isinstance(moment, datetime) else time()


_DATE = "date: date|date and time"


@function("day of year", _DATE, returns="number")
def day_of_year(run: Run, day: date) -> Value:
    return Decimal(day.timetuple().tm_yday)


@function("day of week", _DATE, returns="string")
def day_of_week(run: Run, day: date) -> Value:
    return DAYS[day.weekday()]


@function("month of year", _DATE, returns="string")
def month_of_year(run: Run, day: date) -> Value:
    return MONTHS[day.month - 1]


@function("week of year", _DATE, returns="number")
def week_of_year(run: Run, day: date) -> Value:
    return Decimal(day.isocalendar().week)


@function("last day of month", _DATE, returns="number")
def last_day_of_month(run: Run, day: date) -> Value:
    following = date(day.year + day.month // 12, day.month % 12 + 1, 1) if (day.year, day.month) != (9999, 12) else None
    return Decimal((following - timedelta(days=1)).day) if following else Decimal(31)


def member(value: Value, name: str) -> Value:
    """A property of a date, time, date-time or duration, by FEEL's name for it; null when it has none of that name."""
    match value:
        case datetime():
            return _date_member(value, name) if name in _OF_DATES else _time_member(value, name)
        case date():
            return _date_member(value, name) if name in _OF_DATES else None
        case time():
            return _time_member(value, name)
        case timedelta():
            return _length_member(value, name)
        case YearMonthDuration():
            years, months = divmod(abs(value.months), 12)
            part = {"years": years, "months": months}.get(name)
            return None if part is None else Decimal(part if value.months >= 0 else -part)
        case _:
            return None


_OF_DATES = frozenset({"year", "month", "day", "weekday"})


def _date_member(day: date, name: str) -> Value:
    return Decimal(day.isoweekday() if name == "weekday" else getattr(day, name))


def _time_member(moment: time | datetime, name: str) -> Value:
    match name:
        case "hour":
            return Decimal(moment.hour)
        case "minute":
            return Decimal(moment.minute)
        case "second":
            return Decimal(moment.second) + Decimal(moment.microsecond) / 1_000_000
        case "time offset":
            return temporal.offset_of(moment)
        case "timezone":
            return getattr(moment.tzinfo, "key", None)
        case _:
            return None


def _length_member(length: timedelta, name: str) -> Value:
    seconds = abs(seconds_of(length))
    parts = {
        "days": seconds // 86400,
        "hours": seconds // 3600 % 24,
        "minutes": seconds // 60 % 60,
        "seconds": seconds % 60,
    }
    part = parts.get(name)
    return -part if part and length < timedelta() else part
