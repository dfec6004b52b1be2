"""Moments and lengths of time as people say them in French."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin",
    "juillet", "août", "septembre", "octobre", "novembre", "décembre",
)  # fmt: skip
DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")


def hour_text(moment: datetime, zone: ZoneInfo) -> str:
    """« 10 h 32 », « 14 h »."""
    local = moment.astimezone(zone)
    return f"{local.hour} h {local.minute:02d}" if local.minute else f"{local.hour} h"


def moment_text(moment: datetime, zone: ZoneInfo, now: datetime) -> str:
    """« aujourd'hui 14 h », « hier 9 h 30 », « mardi 10 h » (within six days), « le 12 avril 10 h », with the year if
    it is another one."""
    local, today = moment.astimezone(zone), now.astimezone(zone).date()
    days = (local.date() - today).days
    hour = hour_text(moment, zone)
    near = {0: "aujourd'hui", -1: "hier", 1: "demain"}.get(days)
    if near is not None:
        return f"{near} {hour}"
    day = f"{local.day if local.day > 1 else '1er'} {MONTHS[local.month - 1]}"
    if 1 < days < 7:
        return f"{DAYS[local.weekday()]} {hour}"
    year = "" if local.year == today.year else f" {local.year}"
    return f"le {day}{year} {hour}"


def at_moment(moment: datetime, zone: ZoneInfo, now: datetime) -> str:
    """« à 10 h 32 » today, « le 3 mars à 10 h 32 » otherwise."""
    local = moment.astimezone(zone)
    hour = f"{local.hour} h {local.minute:02d}"
    if local.date() == now.astimezone(zone).date():
        return f"à {hour}"
    return f"le {local.day} {MONTHS[local.month - 1]} à {hour}"


def length_text(length: timedelta) -> str:
    """« 3 jours », « 5 heures », « 20 minutes »: one unit, rounded down."""
    seconds = int(abs(length).total_seconds())
    for size, one, many in ((86_400, "jour", "jours"), (3_600, "heure", "heures"), (60, "minute", "minutes")):
        count = seconds // size
        if count:
            return f"{count} {one if count == 1 else many}"
    return "un instant"
