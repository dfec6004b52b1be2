"""The calendar of a territory row: its zone, and its public holidays by ISO 3166-2 code (`FR`, `FR-RE`, `FR-974`…)."""

from __future__ import annotations

from functools import lru_cache
from zoneinfo import ZoneInfo

from engine.calendars import TERRITORIES, Calendar, french_holidays

ISO_CODES = {
    "RE": "reunion", "GF": "guyane", "GP": "guadeloupe", "MQ": "martinique", "YT": "mayotte",
    "BL": "saint-barthelemy", "MF": "saint-martin", "PM": "saint-pierre-et-miquelon", "67": "alsace", "68": "alsace",
}  # fmt: skip


@lru_cache(maxsize=64)
def territory_calendar(time_zone: str, holidays: str) -> Calendar:
    """Working days and local hours of a territory. A holiday code nobody knows means metropolitan France."""
    code = holidays.removeprefix("FR").lstrip("-")
    by_library = {library: name for name, (library, _zone) in TERRITORIES.items() if library}
    name = ISO_CODES.get(code) or by_library.get(code) or (code if code in TERRITORIES else "metropole")
    return Calendar(ZoneInfo(time_zone), french_holidays(name))
