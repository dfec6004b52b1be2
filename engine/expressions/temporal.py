"""Dates, times, date-times and durations as FEEL writes them: text to value, value to text.

Python's own types hold them, so years run from 1 to 9999 and fractions of a second to the microsecond; what FEEL
could write beyond that is refused with a sentence, never rounded. Malformed text is null, as FEEL asks.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from engine.calendars import YearMonthDuration
from engine.expressions.problems import ExpressionError

_YEAR = r"(-?(?:[1-9]\d{4,8}|\d{4}))"
_DATE = re.compile(_YEAR + r"-(\d\d)-(\d\d)\Z", re.ASCII)
_TIME = re.compile(
    r"(\d\d):(\d\d):(\d\d)(?:\.(\d{1,30}))?(?:(Z)|([+-]\d\d:\d\d(?::\d\d)?)|@([A-Za-z0-9_+\-/]{1,40}))?\Z", re.ASCII
)
_MONTHS = re.compile(r"(-?)P(?=\d)(?:(\d{1,12})Y)?(?:(\d{1,12})M)?\Z", re.ASCII)
_SECONDS = re.compile(
    r"(-?)P(?=[\dT])(?:(\d{1,12})D)?(?:T(?=\d)(?:(\d{1,12})H)?(?:(\d{1,12})M)?(?:(\d{1,12})(?:\.(\d{0,30}))?S)?)?\Z",
    re.ASCII,
)
_WIDEST_OFFSET = timedelta(hours=18)

Moment = date | time | datetime | timedelta | YearMonthDuration


def parse_date(text: str) -> date | None:
    parts = _DATE.match(text)
    if parts is None or not (1 <= int(parts[2]) <= 12 and 1 <= int(parts[3]) <= 31):
        return None
    return make_date(int(parts[1]), int(parts[2]), int(parts[3]))


def make_date(year: int, month: int, day: int) -> date | None:
    """The date, None when the calendar has no such day."""
    if not (-999_999_999 <= year <= 999_999_999) or not 1 <= month <= 12 or not 1 <= day <= 31:
        return None
    if not 1 <= year <= 9999:
        raise ExpressionError(f"L'année {year} est hors du calendrier du langage (1 à 9999).")
    try:
        return date(year, month, day)
    except ValueError:
        return None


def parse_time(text: str) -> time | None:
    """`10:30:00`, with an optional fraction and `Z`, an offset or `@zone`. `24:00:00` is midnight."""
    parts = _TIME.match(text)
    if parts is None:
        return None
    hour, minute, second = int(parts[1]), int(parts[2]), int(parts[3])
    if (hour, minute, second) == (24, 0, 0) and not (parts[4] or "").strip("0"):
        hour = 0
    if hour > 23 or minute > 59 or second > 59:
        return None
    zone = _zone(parts[5], parts[6], parts[7])
    if zone is None and (parts[5] or parts[6] or parts[7]):
        return None
    return time(hour, minute, second, _microseconds(parts[4]), tzinfo=zone)


def parse_datetime(text: str) -> datetime | None:
    """A date and a time with `T` between; a date alone is its midnight. Local when no zone is written."""
    written_day, separator, written_hour = text.partition("T")
    day = parse_date(written_day)
    if day is None:
        return None
    if not separator:
        return datetime.combine(day, time())
    hour = parse_time(written_hour)
    if hour is None:
        return None
    moment = datetime.combine(day, hour)
    return moment + timedelta(days=1) if written_hour.startswith("24") else moment


def parse_duration(text: str) -> timedelta | YearMonthDuration | None:
    if months := _MONTHS.match(text):
        total = int(months[2] or 0) * 12 + int(months[3] or 0)
        return YearMonthDuration(-total if months[1] else total)
    if not (parts := _SECONDS.match(text)):
        return None
    try:
        length = timedelta(
            days=int(parts[2] or 0),
            hours=int(parts[3] or 0),
            minutes=int(parts[4] or 0),
            seconds=int(parts[5] or 0),
            microseconds=_microseconds(parts[6]),
        )
    except OverflowError:
        raise ExpressionError(f"La durée « {text} » est trop longue.") from None
    return -length if parts[1] else length


def parse_moment(text: str) -> Moment | None:
    """What an at-literal `@"…"` means: whichever of the five forms the text has."""
    if text[:1] == "P" or text[:2] == "-P":
        return parse_duration(text)
    if "T" in text:
        return parse_datetime(text)
    return parse_time(text) if ":" in text else parse_date(text)


def _microseconds(fraction: str | None) -> int:
    digits = (fraction or "").rstrip("0")
    if len(digits) > 6:
        raise ExpressionError("Une fraction de seconde va au plus jusqu'à la microseconde (six chiffres).")
    return int(digits.ljust(6, "0")) if digits else 0


@lru_cache(maxsize=1)
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones())


def zone_named(name: str) -> tzinfo | None:
    """A zone of the IANA database; only its listed names, so that no text becomes a file path."""
    return ZoneInfo(name) if name in _zone_names() else None


def fixed_offset(offset: timedelta) -> tzinfo | None:
    if abs(offset) > _WIDEST_OFFSET:
        return None
    return timezone(offset) if offset else UTC


def _zone(zulu: str | None, offset: str | None, name: str | None) -> tzinfo | None:
    if zulu:
        return UTC
    if name:
        return zone_named(name)
    if not offset:
        return None
    hours, minutes, seconds = ([*map(int, offset[1:].split(":")), 0])[:3]
    if minutes > 59 or seconds > 59:
        return None
    length = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return fixed_offset(-length if offset[0] == "-" else length)


def show_date(day: date) -> str:
    return f"{day.year:04d}-{day.month:02d}-{day.day:02d}"


def show_time(hour: time | datetime) -> str:
    fraction = f".{hour.microsecond:06d}".rstrip("0") if hour.microsecond else ""
    return f"{hour.hour:02d}:{hour.minute:02d}:{hour.second:02d}{fraction}{_show_zone(hour)}"


def show_datetime(moment: datetime) -> str:
    return f"{show_date(moment)}T{show_time(moment)}"


def _show_zone(moment: time | datetime) -> str:
    zone = moment.tzinfo
    if zone is None:
        return ""
    if isinstance(zone, ZoneInfo):
        return f"@{zone.key}"
    offset = moment.utcoffset() or timedelta()
    if not offset:
        return "Z"
    seconds = abs(int(offset.total_seconds()))
    tail = f":{seconds % 60:02d}" if seconds % 60 else ""
    return f"{'-' if offset < timedelta() else '+'}{seconds // 3600:02d}:{seconds % 3600 // 60:02d}{tail}"


def show_duration(length: timedelta) -> str:
    if not length:
        return "PT0S"
    whole = abs(length)
    hours, rest = divmod(whole.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    fraction = f".{whole.microseconds:06d}".rstrip("0") if whole.microseconds else ""
    clock = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    clock += f"{seconds}{fraction}S" if seconds or fraction else ""
    days = f"{whole.days}D" if whole.days else ""
    return ("-" if length < timedelta() else "") + "P" + days + (f"T{clock}" if clock else "")


def offset_of(moment: time | datetime) -> timedelta | None:
    """The distance to UTC, None when local. A time of day in a named zone has that zone's offset of 1 January 1970."""
    if isinstance(moment, time) and moment.tzinfo is not None:
        return datetime.combine(date(1970, 1, 1), moment).utcoffset()
    return moment.utcoffset()
