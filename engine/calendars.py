"""Working days, French public holidays and due dates: a territory's calendar, in its own time zone.

Three rules decide every instant, whatever the season:

* days, weeks, months, years and working days (`P7D`, `P1M`, `WD2`) keep the local hour: 08:00 stays 08:00;
* hours, minutes and seconds (`PT48H`) are elapsed time: 48 hours are 48 hours, also across a clock change;
* a local hour that does not exist (spring) is read as the same distance after the change (02:30 becomes 03:30),
  one that exists twice (autumn) is read as its first occurrence.

Holidays come from the `holidays` library, by territory: Code du travail L3133-1 (national), L3422-2 (overseas),
L3134-13 (Alsace-Moselle), and for Guadeloupe and Martinique the days it lists as observed there.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from types import MappingProxyType
from zoneinfo import ZoneInfo

from holidays.countries.france import France

from engine.errors import Invalid

HolidaySource = Callable[[int], frozenset[date]]
"""A year gives its public holidays."""

_KNOWN_YEARS = range(1946, 2200)  # public holidays before or after are nobody's due date
LONGEST = 100  # years; a due date further away is a mistake of the model
SATURDAY, SUNDAY = 5, 6

# territory code: (code of the holidays library, zone)
TERRITORIES = MappingProxyType(
    {
        "metropole": (None, "Europe/Paris"),
        "alsace": ("6AE", "Europe/Paris"),
        "moselle": ("57", "Europe/Paris"),
        "guadeloupe": ("971", "America/Guadeloupe"),
        "martinique": ("972", "America/Martinique"),
        "guyane": ("973", "America/Cayenne"),
        "reunion": ("974", "Indian/Reunion"),
        "mayotte": ("976", "Indian/Mayotte"),
        "saint-barthelemy": ("BL", "America/St_Barthelemy"),
        "saint-martin": ("MF", "America/Marigot"),
        "saint-pierre-et-miquelon": ("PM", "America/Miquelon"),
    }
)


class InvalidDuration(Invalid):
    """The text is not a duration or a due date; the sentence says what is accepted."""


@dataclass(frozen=True, slots=True, order=True)
class YearMonthDuration:
    """A duration counted in calendar months; its length in days depends on where it starts."""

    months: int

    def __str__(self) -> str:
        years, months = divmod(abs(self.months), 12)
        text = (f"{years}Y" if years else "") + (f"{months}M" if months or not years else "")
        return f"{'-' if self.months < 0 else ''}P{text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration:
    """A written duration, never negative. Months and days are counted on the calendar, `elapsed` on the clock."""

    months: int = 0
    days: int = 0
    working_days: int | None = None
    elapsed: timedelta = timedelta()

    def times(self, count: int) -> Duration:
        working = None if self.working_days is None else self.working_days * count
        return Duration(
            months=self.months * count, days=self.days * count, working_days=working, elapsed=self.elapsed * count
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """`R3/PT10H`: `repetitions` times (None: for ever), one `step` apart, the first at `start` (without a zone: local
    wall time) or a step after now.
    """

    repetitions: int | None
    start: datetime | None
    step: Duration


_WORKING = re.compile(r"WD(\d{1,4})\Z", re.ASCII)
_ISO = re.compile(
    r"P(?=[\dT])(?:(\d{1,6})Y)?(?:(\d{1,6})M)?(?:(\d{1,6})W)?(?:(\d{1,6})D)?"
    r"(?:T(?=\d)(?:(\d{1,8})H)?(?:(\d{1,8})M)?(?:(\d{1,9})(?:\.(\d{1,6}))?S)?)?\Z",
    re.ASCII,
)
_CYCLE = re.compile(r"R(\d{0,4})/(?:([^/]{1,40})/)?([^/]{1,40})\Z", re.ASCII)


def parse_duration(text: str) -> Duration:
    """`PT48H`, `P7D`, `P1Y2M`, `P2W` or `WD5`. Raises InvalidDuration with what to write instead."""
    written = text.strip()
    if working := _WORKING.match(written):
        return Duration(working_days=int(working[1]))
    if written.startswith("-"):
        raise InvalidDuration(f"« {text} » est une durée négative : une échéance ne peut pas précéder son départ.")
    if not (parts := _ISO.match(written)):
        raise InvalidDuration(
            f"« {text} » n'est pas une durée. Écrivez par exemple PT48H (48 heures), P7D (7 jours), "
            "P3M (3 mois) ou WD5 (5 jours ouvrés)."
        )
    years, months, weeks, days, hours, minutes, seconds = (int(part or 0) for part in parts.groups()[:7])
    microseconds = int((parts[8] or "").ljust(6, "0"))
    duration = Duration(
        months=years * 12 + months,
        days=weeks * 7 + days,
        elapsed=timedelta(hours=hours, minutes=minutes, seconds=seconds, microseconds=microseconds),
    )
    if duration.months > LONGEST * 12 or duration.days + duration.elapsed.days > LONGEST * 366:
        raise InvalidDuration(f"« {text} » dépasse {LONGEST} ans.")
    return duration


def parse_cycle(text: str) -> Cycle:
    """`R/P1M`, `R3/PT10H` or `R5/2026-05-01T08:00+02:00/P1D`. A step of nothing is refused: it would never end."""
    parts = _CYCLE.match(text.strip())
    if parts is None:
        raise InvalidDuration(f"« {text} » n'est pas une répétition. Écrivez par exemple R3/PT10H ou R/P1M.")
    step = parse_duration(parts[3])
    if step in (Duration(), Duration(working_days=0)):
        raise InvalidDuration(f"« {text} » se répète sans attendre.")
    start = _moment(parts[2]) if parts[2] else None
    return Cycle(repetitions=int(parts[1]) if parts[1] else None, start=start, step=step)


def add_months(moment: date, months: int) -> date:
    """The same day `months` later (or earlier), or the last day of a month too short for it. Keeps a time of day."""
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    for day in range(moment.day, 27, -1):
        try:
            return moment.replace(year=year, month=month + 1, day=day)
        except ValueError:
            continue
    return moment.replace(year=year, month=month + 1, day=moment.day)


@lru_cache(maxsize=512)
def _french_holidays(library_code: str | None, year: int) -> frozenset[date]:
    if year not in _KNOWN_YEARS:
        return frozenset()
    return frozenset(France(subdiv=library_code, years=year, expand=False))  # type: ignore[no-untyped-call]


@lru_cache(maxsize=len(TERRITORIES))
def french_holidays(territory: str = "metropole") -> HolidaySource:
    """The public holidays of one of `TERRITORIES`, a year at a time."""
    library_code = TERRITORIES[territory][0]
    return lambda year: _french_holidays(library_code, year)


@dataclass(frozen=True, slots=True)
class Calendar:
    """When people work, and what time it is, in one territory."""

    zone: ZoneInfo
    holidays: frozenset[date] | HolidaySource = field(default_factory=french_holidays)
    weekend: frozenset[int] = frozenset({SATURDAY, SUNDAY})
    closed_days: frozenset[date] = frozenset()

    def today(self, now: datetime) -> date:
        return now.astimezone(self.zone).date()

    def is_holiday(self, day: date) -> bool:
        listed = self.holidays if isinstance(self.holidays, frozenset) else self.holidays(day.year)
        return day in listed or day in self.closed_days

    def is_working_day(self, day: date) -> bool:
        return day.weekday() not in self.weekend and not self.is_holiday(day)

    def add_working_days(self, day: date, count: int) -> date:
        """`count` working days after `day` (before it when negative); 0 gives `day`, or the next working day."""
        if abs(count) > LONGEST * 366:
            raise InvalidDuration(f"{count} jours ouvrés : c'est plus de {LONGEST} ans.")
        step = timedelta(days=-1 if count < 0 else 1)
        remaining = abs(count)
        while remaining or not self.is_working_day(day):
            day += step
            if remaining and self.is_working_day(day):
                remaining -= 1
        return day

    def working_days_between(self, start: date, end: date) -> int:
        """Working days after `start` up to and including `end`; negative when `end` comes first."""
        if end < start:
            return -self.working_days_between(end, start)
        if (end - start).days > LONGEST * 366:
            raise InvalidDuration(f"Ces deux dates sont à plus de {LONGEST} ans l'une de l'autre.")
        return sum(self.is_working_day(start + timedelta(days=n)) for n in range(1, (end - start).days + 1))

    def at(self, day: date, hour: time) -> datetime:
        """The local wall time of that day as an aware date-time in the zone (see the rules for clock changes)."""
        wall = datetime.combine(date(day.year, day.month, day.day), hour.replace(tzinfo=None, fold=0))
        # Through UTC and back, so that an hour the clocks skip becomes the one they show.
        return wall.replace(tzinfo=self.zone).astimezone(UTC).astimezone(self.zone)

    def after(self, duration: Duration, start: datetime) -> datetime:
        """`start` plus a duration, aware, in the zone. Raises InvalidDuration beyond the year 9999."""
        local = start.astimezone(self.zone)
        try:
            day = local.date()
            if duration.working_days is not None:
                day = self.add_working_days(day, duration.working_days)
            day = add_months(day, duration.months) + timedelta(days=duration.days)
            moved = local if day == local.date() else self.at(day, local.time())
            return (moved.astimezone(UTC) + duration.elapsed).astimezone(self.zone)
        except (OverflowError, ValueError) as error:
            raise InvalidDuration("Cette échéance dépasse l'an 9999.") from error

    def due(self, when: str | date | datetime | timedelta | YearMonthDuration | Duration, start: datetime) -> datetime:
        """The instant, aware and in UTC, that `when` means for something opened at `start`.

        A duration counts from `start`; a date means its first minute here; a date-time without a zone is local wall
        time here. Raises InvalidDuration with a sentence for anything else, and for negative durations.
        """
        match when:
            case str():
                return self._due_text(when, start)
            case Duration():
                return self.after(when, start).astimezone(UTC)
            case timedelta() if when < timedelta():
                raise InvalidDuration("Une échéance ne peut pas précéder son départ : la durée est négative.")
            case timedelta():
                return self.after(Duration(elapsed=when), start).astimezone(UTC)
            case YearMonthDuration() if when.months < 0:
                raise InvalidDuration("Une échéance ne peut pas précéder son départ : la durée est négative.")
            case YearMonthDuration():
                return self.after(Duration(months=when.months), start).astimezone(UTC)
            case datetime() if when.tzinfo is not None:
                return when.astimezone(UTC)
            case datetime():
                return self.at(when.date(), when.time()).astimezone(UTC)
            case date():
                return self.at(when, time()).astimezone(UTC)

    def _due_text(self, text: str, start: datetime) -> datetime:
        written = text.strip()
        if written[:1].isdigit():
            if len(written) == 10:
                return self.due(_day(written), start)
            return self.due(_moment(written), start)
        return self.after(parse_duration(written), start).astimezone(UTC)

    def occurrence(self, cycle: Cycle, opened: datetime, number: int) -> datetime | None:
        """The `number`-th firing (from 1) in UTC, None after the last. Counted from the anchor: months never drift."""
        if cycle.repetitions is not None and number > cycle.repetitions:
            return None
        steps = number - 1 if cycle.start is not None else number
        anchor = self.due(cycle.start, opened) if cycle.start is not None else opened
        return self.after(cycle.step.times(steps), anchor).astimezone(UTC)


def calendar_of(territory: str, closed_days: frozenset[date] = frozenset()) -> Calendar:
    """The calendar of one of `TERRITORIES` (`metropole`, `reunion`, `guyane`…), with days closed locally on top."""
    if territory not in TERRITORIES:
        raise Invalid(f"Territoire inconnu : « {territory} ». Connus : {', '.join(TERRITORIES)}.")
    return Calendar(ZoneInfo(TERRITORIES[territory][1]), french_holidays(territory), closed_days=closed_days)


def describe_duration(text: str, language: str = "fr") -> str:
    """A duration as people say it: `WD2` is “2 jours ouvrés”, `PT48H` “48 heures”, `P1Y6M` “1 an 6 mois”."""
    duration = parse_duration(text)
    hours, rest = divmod(int(duration.elapsed.total_seconds()), 3600)
    minutes, seconds = divmod(rest, 60)
    counts = (
        duration.months // 12,
        duration.months % 12,
        duration.days,
        duration.working_days,
        hours,
        minutes,
        seconds,
    )
    said = [
        f"{count} {(singular if count == 1 else plural)}"
        for count, (singular, plural) in zip(counts, _UNITS[language], strict=True)
        if count
    ]
    return " ".join(said) or _AT_ONCE[language]


_UNITS = MappingProxyType(
    {
        "fr": (
            ("an", "ans"),
            ("mois", "mois"),
            ("jour", "jours"),
            ("jour ouvré", "jours ouvrés"),
            ("heure", "heures"),
            ("minute", "minutes"),
            ("seconde", "secondes"),
        ),
        "en": (
            ("year", "years"),
            ("month", "months"),
            ("day", "days"),
            ("working day", "working days"),
            ("hour", "hours"),
            ("minute", "minutes"),
            ("second", "seconds"),
        ),
    }
)
_AT_ONCE = MappingProxyType({"fr": "tout de suite", "en": "at once"})


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidDuration(f"« {text} » n'est pas une date du calendrier.") from error


def _moment(text: str) -> datetime:
    """An ISO date-time, aware if it names an offset, else local wall time."""
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidDuration(f"« {text} » n'est ni une durée ni une date-heure (2026-05-01T08:00).") from error
