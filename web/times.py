"""Dates as people say them: « mar. 24 nov. à 14 h 30 », « demain à 9 h », « en retard de 3 h »."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import NamedTuple

from babel.dates import format_date
from flask import Flask

from engine.calendars import describe_duration
from web import language, visitor
from web.texts import gettext as _
from web.texts import ngettext

SOON = timedelta(hours=12)
NARROW = "\u00a0"
"""Keeps « 14 h 30 » on one line."""


class Lateness(NamedTuple):
    """A due date seen from now: `kind` is late, soon, planned or none; `words` say it."""

    kind: str
    words: str


def local(moment: datetime) -> datetime:
    """The moment on the clocks of the territory."""
    return moment.astimezone(visitor.zone())


def day(moment: date | datetime) -> str:
    """« mar. 24 nov. », with the year when it is not this one."""
    when = local(moment).date() if isinstance(moment, datetime) else moment
    this_year = when.year == local(visitor.now()).year
    if language.current() == "en":
        return format_date(when, "EEE d MMM" if this_year else "EEE d MMM y", locale="en_GB")
    return format_date(when, "EEE d MMM" if this_year else "EEE d MMM y", locale="fr")


def long_day(moment: date | datetime) -> str:
    """« mardi 24 novembre »."""
    when = local(moment).date() if isinstance(moment, datetime) else moment
    return format_date(when, "EEEE d MMMM", locale="en_GB" if language.current() == "en" else "fr")


def full_date(when: date) -> str:
    """« 17/03/1941 »: dates of birth."""
    return format_date(when, "dd/MM/y", locale="fr")


def clock(moment: datetime) -> str:
    """« 14 h 30 », « 9 h »."""
    there = local(moment)
    if language.current() == "en":
        return f"{there:%H:%M}"
    minutes = f"{NARROW}{there.minute:02d}" if there.minute else ""
    return f"{there.hour}{NARROW}h{minutes}"


def moment_words(moment: datetime) -> str:
    """« mar. 24 nov. à 14 h 30 »."""
    return _("%(day)s à %(time)s", day=day(moment), time=clock(moment))


def near(moment: datetime) -> str:
    """The same, but « aujourd'hui à 14 h 30 », « demain à 9 h », « hier à 18 h » when close."""
    days = (local(moment).date() - local(visitor.now()).date()).days
    match days:
        case 0:
            return _("aujourd'hui à %(time)s", time=clock(moment))
        case 1:
            return _("demain à %(time)s", time=clock(moment))
        case -1:
            return _("hier à %(time)s", time=clock(moment))
        case _:
            return moment_words(moment)


def near_day(moment: datetime) -> str:
    """« aujourd'hui », « demain », « hier », « mar. 24 nov. »."""
    days = (local(moment).date() - local(visitor.now()).date()).days
    return {0: _("aujourd'hui"), 1: _("demain"), -1: _("hier")}.get(days) or day(moment)


def span(length: timedelta) -> str:
    """A length of time in its largest unit: « 25 min », « 3 h », « 2 j »."""
    seconds = abs(int(length.total_seconds()))
    if seconds < 3600:
        return _("%(count)s min", count=max(1, seconds // 60))
    if seconds < 48 * 3600:
        return _("%(count)s h", count=seconds // 3600)
    return ngettext("%(num)s j", "%(num)s j", seconds // 86400)


def ago(moment: datetime) -> str:
    """« il y a 3 h », « dans 2 j »."""
    distance = moment - visitor.now()
    if abs(distance) < timedelta(minutes=1):
        return _("à l'instant")
    if distance < timedelta(0):
        return _("il y a %(span)s", span=span(distance))
    return _("dans %(span)s", span=span(distance))


def lateness(due_at: datetime | None) -> Lateness:
    """How a due date stands now, for a tag."""
    if due_at is None:
        return Lateness("none", "")
    left = due_at - visitor.now()
    if left < timedelta(0):
        return Lateness("late", _("en retard de %(span)s", span=span(left)))
    if left < SOON:
        return Lateness(
            "soon",
            _("avant %(time)s", time=clock(due_at))
            if near_day(due_at) == _("aujourd'hui")
            else _("avant demain %(time)s", time=clock(due_at)),
        )
    return Lateness("planned", near_day(due_at))


def window(opens_at: datetime | None, due_at: datetime | None) -> str:
    """When to do it, in words: « à faire du mar. 24 nov. au jeu. 26 nov. à 14 h »."""
    if due_at is None:
        return _("sans date limite") if opens_at is None else _("à partir du %(day)s", day=day(opens_at))
    if due_at < visitor.now():
        return _("était attendue %(end)s", end=near(due_at))
    if opens_at is not None and opens_at > visitor.now():
        return _("à faire du %(start)s au %(end)s", start=day(opens_at), end=moment_words(due_at))
    match (local(due_at).date() - local(visitor.now()).date()).days:
        case 0:
            return _("à faire aujourd'hui avant %(time)s", time=clock(due_at))
        case 1:
            return _("à faire avant demain %(time)s", time=clock(due_at))
        case _:
            return _("à faire avant le %(end)s", end=moment_words(due_at))


def age(born: date) -> str:
    """« 85 ans »."""
    today = local(visitor.now()).date()
    years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    return ngettext("%(num)s an", "%(num)s ans", years)


def typed_moment(text: str) -> str:
    """What a date-time input holds (`2026-11-24T14:30`), in words; the text itself when it is something else."""
    try:
        return moment_words(datetime.fromisoformat(text).replace(tzinfo=visitor.zone()))
    except ValueError:
        return text


def typed_date(text: str) -> str:
    """What a date input holds (`2026-11-24`), in words; the text itself when it is something else."""
    try:
        return day(date.fromisoformat(text))
    except ValueError:
        return text


def duration(text: str) -> str:
    """An ISO 8601 duration as people say it: « 38 jours »."""
    return describe_duration(text, language.current())


def init(app: Flask) -> None:
    """Give templates the words for dates."""
    app.jinja_env.filters.update(
        ago=ago,
        clock=clock,
        day=day,
        duration=duration,
        full_date=full_date,
        long_day=long_day,
        moment=moment_words,
        near=near,
        near_day=near_day,
        typed_date=typed_date,
        typed_moment=typed_moment,
    )
    app.jinja_env.globals.update(age=age, lateness=lateness, window=window, now=visitor.now)
