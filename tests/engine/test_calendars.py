"""Working days, holidays of each territory, and due dates across clock changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from engine.calendars import (
    Calendar,
    Duration,
    InvalidDuration,
    YearMonthDuration,
    calendar_of,
    describe_duration,
    parse_cycle,
    parse_duration,
)
from engine.errors import Invalid

PARIS, REUNION, GUYANE = calendar_of("metropole"), calendar_of("reunion"), calendar_of("guyane")


def local(calendar: Calendar, text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=calendar.zone)


def due_here(calendar: Calendar, when: str, start: str) -> str:
    """The due date of something opened at a local time, as local time."""
    return calendar.due(when, local(calendar, start)).astimezone(calendar.zone).strftime("%Y-%m-%d %H:%M")


def test_two_working_days_before_the_first_of_may_pass_over_it_and_the_weekend() -> None:
    assert due_here(PARIS, "WD2", "2026-04-29 09:30") == "2026-05-04 09:30"
    assert due_here(PARIS, "WD2", "2026-04-30 17:00") == "2026-05-05 17:00"


def test_a_delay_in_working_days_started_on_a_closed_day_counts_from_it() -> None:
    assert due_here(PARIS, "WD1", "2026-05-02 10:00") == "2026-05-04 10:00"
    assert due_here(PARIS, "WD0", "2026-05-01 10:00") == "2026-05-04 10:00"
    assert due_here(PARIS, "WD0", "2026-04-30 10:00") == "2026-04-30 10:00"


@pytest.mark.parametrize(
    ("territory", "day"),
    [
        ("reunion", date(2026, 12, 20)),
        ("guyane", date(2026, 6, 10)),
        ("martinique", date(2026, 5, 22)),
        ("guadeloupe", date(2026, 5, 27)),
        ("mayotte", date(2026, 4, 27)),
        ("alsace", date(2026, 12, 26)),
        ("moselle", date(2026, 4, 3)),
    ],
)
def test_each_territory_has_its_own_holiday(territory: str, day: date) -> None:
    assert calendar_of(territory).is_holiday(day)
    assert not PARIS.is_holiday(day)


@pytest.mark.parametrize("territory", ["metropole", "reunion", "guyane", "mayotte", "guadeloupe", "alsace"])
@pytest.mark.parametrize(
    "day",
    [(1, 1), (4, 6), (5, 1), (5, 8), (5, 14), (5, 25), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)],
)
def test_the_eleven_national_holidays_of_2026_hold_everywhere(territory: str, day: tuple[int, int]) -> None:
    assert calendar_of(territory).is_holiday(date(2026, *day))


def test_a_locally_closed_day_is_no_working_day() -> None:
    calendar = calendar_of("metropole", closed_days=frozenset({date(2026, 5, 15)}))

    assert calendar.add_working_days(date(2026, 5, 13), 1) == date(2026, 5, 18)


@pytest.mark.parametrize(
    ("when", "start", "expected"),
    [
        ("P1D", "2026-03-28 08:00", "2026-03-29 08:00"),  # days keep the hour
        ("PT24H", "2026-03-28 08:00", "2026-03-29 09:00"),  # hours are elapsed
        ("P1D", "2026-10-24 08:00", "2026-10-25 08:00"),
        ("PT24H", "2026-10-24 08:00", "2026-10-25 07:00"),
        ("P7D", "2026-03-25 18:00", "2026-04-01 18:00"),
        ("P1M", "2026-10-01 08:00", "2026-11-01 08:00"),
        ("P1D", "2026-03-28 02:30", "2026-03-29 03:30"),  # 02:30 does not exist that night
        ("P1D", "2026-10-24 02:30", "2026-10-25 02:30"),  # exists twice: the first
        ("WD1", "2026-03-27 02:30", "2026-03-30 02:30"),
    ],
)
def test_clock_changes_in_paris(when: str, start: str, expected: str) -> None:
    assert due_here(PARIS, when, start) == expected


def test_the_repeated_hour_is_its_first_occurrence() -> None:
    assert PARIS.due("P1D", local(PARIS, "2026-10-24 02:30")) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize("calendar", [REUNION, GUYANE])
@pytest.mark.parametrize("start", ["2026-03-28 08:00", "2026-10-24 08:00"])
def test_overseas_clocks_do_not_change(calendar: Calendar, start: str) -> None:
    assert due_here(calendar, "P1D", start) == due_here(calendar, "PT24H", start)


def test_a_reminder_at_eight_fires_at_eight_in_each_territory() -> None:
    day = date(2026, 3, 29)

    assert PARIS.at(day, time(8)).astimezone(UTC).hour == 6
    assert REUNION.at(day, time(8)).astimezone(UTC).hour == 4
    assert GUYANE.at(day, time(8)).astimezone(UTC).hour == 11


def test_the_day_is_the_one_people_live() -> None:
    now = datetime(2026, 5, 1, 22, 30, tzinfo=UTC)

    assert PARIS.today(now) == date(2026, 5, 2)
    assert GUYANE.today(now) == date(2026, 5, 1)


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (date(2026, 5, 4), "2026-05-03T22:00:00+00:00"),
        (datetime(2026, 5, 4, 8, 0), "2026-05-04T06:00:00+00:00"),  # noqa: DTZ001 - local wall time is what is tested
        (datetime(2026, 5, 4, 8, 0, tzinfo=UTC), "2026-05-04T08:00:00+00:00"),
        (timedelta(hours=2), "2026-04-29T10:00:00+00:00"),
        (YearMonthDuration(1), "2026-05-29T08:00:00+00:00"),
        (Duration(days=1), "2026-04-30T08:00:00+00:00"),
        ("2026-05-04", "2026-05-03T22:00:00+00:00"),
        ("2026-05-04T08:00", "2026-05-04T06:00:00+00:00"),
        ("2026-05-04T08:00:00Z", "2026-05-04T08:00:00+00:00"),
    ],
)
def test_a_due_date_may_be_any_value_of_time(when: str | date | timedelta | Duration, expected: str) -> None:
    assert PARIS.due(when, datetime(2026, 4, 29, 8, tzinfo=UTC)).isoformat() == expected


@pytest.mark.parametrize(
    "text",
    ["", "P", "PT", "P1", "1D", "P1H", "PT1D", "-P1D", "P-1D", "WD", "WD-1", "WD99999", "P1DT", "demain",
     "P101Y", "PT99999999H", "P1.5D", "P٣D", "R3/P1D"],
)  # fmt: skip
def test_what_is_no_duration_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(InvalidDuration, match=r"\.$"):
        parse_duration(text)


@pytest.mark.parametrize(
    "when", [timedelta(hours=-1), YearMonthDuration(-1), "-PT1H", "2026-02-30", "2026-05-04T25:00"]
)
def test_a_due_date_that_cannot_be_is_refused(when: str | timedelta | YearMonthDuration) -> None:
    with pytest.raises(InvalidDuration):
        PARIS.due(when, datetime(2026, 4, 29, 8, tzinfo=UTC))


def test_months_end_where_the_month_ends() -> None:
    assert due_here(PARIS, "P1M", "2026-01-31 08:00") == "2026-02-28 08:00"
    assert due_here(PARIS, "P1Y", "2028-02-29 08:00") == "2029-02-28 08:00"


def test_a_cycle_of_months_does_not_drift() -> None:
    cycle = parse_cycle("R3/P1M")
    opened = local(PARIS, "2026-01-31 08:00")
    firings = [PARIS.occurrence(cycle, opened, number) for number in (1, 2, 3, 4)]

    shown = [moment and moment.astimezone(PARIS.zone).strftime("%d/%m %H:%M") for moment in firings]
    assert shown == ["28/02 08:00", "31/03 08:00", "30/04 08:00", None]


def test_a_cycle_with_a_start_fires_first_at_it() -> None:
    cycle = parse_cycle("R/2026-05-01T08:00:00+02:00/P1D")

    assert PARIS.occurrence(cycle, datetime(2026, 1, 1, tzinfo=UTC), 1) == datetime(2026, 5, 1, 6, tzinfo=UTC)


def test_a_cycle_whose_start_has_no_zone_begins_at_that_hour_of_the_territory() -> None:
    cycle = parse_cycle("R5/2026-05-01T08:00/P1D")

    assert PARIS.occurrence(cycle, datetime(2026, 1, 1, tzinfo=UTC), 2) == datetime(2026, 5, 2, 6, tzinfo=UTC)


@pytest.mark.parametrize("text", ["R3", "R/PT0S", "R/WD0", "R12345/P1D", "P1D"])
def test_a_cycle_that_cannot_run_is_refused(text: str) -> None:
    with pytest.raises(InvalidDuration):
        parse_cycle(text)


def test_working_days_between_two_dates() -> None:
    assert PARIS.working_days_between(date(2026, 4, 29), date(2026, 5, 4)) == 2
    assert PARIS.working_days_between(date(2026, 5, 4), date(2026, 4, 29)) == -2
    assert PARIS.add_working_days(date(2026, 5, 4), -2) == date(2026, 4, 29)


@pytest.mark.parametrize(
    ("text", "french", "english"),
    [
        ("WD2", "2 jours ouvrés", "2 working days"),
        ("WD1", "1 jour ouvré", "1 working day"),
        ("PT48H", "48 heures", "48 hours"),
        ("P1Y6M", "1 an 6 mois", "1 year 6 months"),
        ("P2W", "14 jours", "14 days"),
        ("PT1H30M", "1 heure 30 minutes", "1 hour 30 minutes"),
        ("PT0S", "tout de suite", "at once"),
    ],
)
def test_durations_are_said_as_people_say_them(text: str, french: str, english: str) -> None:
    assert describe_duration(text) == french
    assert describe_duration(text, "en") == english


def test_an_unknown_territory_is_refused() -> None:
    with pytest.raises(Invalid, match="Territoire inconnu"):
        calendar_of("atlantide")


def test_a_calendar_takes_a_set_of_holidays_as_well() -> None:
    calendar = Calendar(ZoneInfo("Europe/Paris"), frozenset({date(2026, 4, 30)}))

    assert not calendar.is_working_day(date(2026, 4, 30))
    assert calendar.is_working_day(date(2026, 5, 1))
