"""The calendar of the visitor's territory."""

from __future__ import annotations

from engine.calendars import Calendar
from engine.territory_calendar import territory_calendar
from web import visitor


def calendar() -> Calendar:
    """Working days and local time of the territory."""
    territory = visitor.current_territory()
    if territory is None:
        return territory_calendar(visitor.DEFAULT_ZONE, "FR")
    return territory_calendar(territory.time_zone, territory.holidays)
