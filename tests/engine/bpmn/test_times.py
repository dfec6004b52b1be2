"""Timers keep the hour people live by, across clock changes and oceans, and count working days of the territory."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from engine.bpmn.model import Trigger
from engine.bpmn.program import build_program
from engine.calendars import calendar_of
from tests.engine.bpmn.build import after, at, boundary, catch, end, every, exclusive, pathway, scope, start, user
from tests.engine.bpmn.playing import Played

WINTER_TO_SUMMER = datetime(2026, 3, 28, 7, 0, tzinfo=UTC)  # 08:00 in Paris, the day before the clocks go forward
SUMMER_TO_WINTER = datetime(2026, 10, 24, 6, 0, tzinfo=UTC)  # 08:00 in Paris, the day before they go back


def waiting(trigger: Trigger, now: datetime, territory: str = "metropole", **facts: Any) -> datetime:
    case = Played(
        pathway(scope(start(), catch("t", trigger), user("a"), end(), flows="s t a e")),
        now=now,
        calendar=calendar_of(territory),
        **facts,
    )
    return case.timers["t"].astimezone(case.calendar.zone)


@pytest.mark.parametrize("now", [WINTER_TO_SUMMER, SUMMER_TO_WINTER])
@pytest.mark.parametrize("territory", ["metropole", "reunion", "guyane"])
def test_a_day_later_is_the_same_local_hour(now: datetime, territory: str) -> None:
    local = now.astimezone(calendar_of(territory).zone)
    due = waiting(after("P1D"), now, territory)
    assert (due.hour, due.day) == (local.hour, local.day + 1)


@pytest.mark.parametrize(("now", "hour"), [(WINTER_TO_SUMMER, 9), (SUMMER_TO_WINTER, 7)])
def test_twenty_four_hours_later_are_twenty_four_hours(now: datetime, hour: int) -> None:
    assert waiting(after("PT24H"), now).hour == hour
    assert waiting(after("PT24H"), now, "reunion").hour == now.astimezone(calendar_of("reunion").zone).hour


def test_a_local_time_of_the_case_means_local_time() -> None:
    assert waiting(at("when"), WINTER_TO_SUMMER, when="2026-03-30T08:00").hour == 8
    assert waiting(at("when"), WINTER_TO_SUMMER, "guyane", when="2026-03-30T08:00").utctimetuple().tm_hour == 11


def test_a_weekly_reminder_stays_at_its_hour_through_the_year() -> None:
    model = pathway(
        scope(
            start(),
            user("a"),
            boundary("r", "a", every("R/P7D"), interrupting=False),
            end(),
            end("e2"),
            flows="s a e; r e2",
        )
    )
    case = Played(model, now=datetime(2026, 3, 23, 7, 30, tzinfo=UTC))
    hours = set()
    for _ in range(40):
        due = case.timers["r"]
        hours.add(due.astimezone(case.calendar.zone).strftime("%a %H:%M"))
        case.now = due
        case.tick("r")
    assert hours == {"Mon 08:30"}


def test_monthly_reminders_do_not_drift() -> None:
    model = pathway(
        scope(start(), user("a"), boundary("r", "a", every("R3/P1M"), interrupting=False), end(), flows="s a e; r e")
    )
    case = Played(model, now=datetime(2026, 1, 31, 9, 0, tzinfo=UTC))
    days = []
    while case.timers:
        days.append(case.timers["r"].date().isoformat())
        case.now = case.timers["r"]
        case.tick("r")
    assert days == ["2026-02-28", "2026-03-31", "2026-04-30"]


def test_two_working_days_before_the_first_of_may() -> None:
    assert waiting(after("WD2"), datetime(2026, 4, 29, 8, 0, tzinfo=UTC)).date().isoformat() == "2026-05-04"


def test_a_late_timer_fires_once_and_its_planned_time_is_kept() -> None:
    model = pathway(scope(start(), catch("t", after("P1D")), user("a"), end(), flows="s t a e"))
    case = Played(model, now=WINTER_TO_SUMMER)
    planned = case.timers["t"].isoformat()
    case.wait(days=9)
    assert [event.detail for event in case.events if event.kind == "fired"] == [planned]


def test_a_time_that_is_not_known_is_an_incident() -> None:
    model = pathway(scope(start(), user("q"), catch("t", at("visit")), user("a"), end(), flows="s q t a e"))
    case = Played(model, strict=False)
    case.do("q")
    assert case.outcome.incident is not None
    assert (case.outcome.incident.code, case.outcome.incident.element_id) == ("time", "t")
    assert case.outcome.incident.value_types == {"visit": "absent"}


def test_what_a_timer_starts_is_known_by_name_through_unnamed_gateways_and_loops() -> None:
    unnamed = replace(exclusive("g"), name="")
    model = pathway(scope(start(), catch("t", after("P1D")), unnamed, user("b"), end(), flows="s t g b; b g; b e"))
    named_after = build_program(model).named_after
    assert (named_after["s"], named_after["t"], named_after["g"], named_after["b"]) == ("t", "b", "b", "b")
    assert named_after["e"] == ""
