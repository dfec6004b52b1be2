"""Times as written in timers and deadlines: ISO 8601, bare or quoted, or an expression; anything else is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from engine.bpmn.model import ExpressionText, Place, TimerKind
from engine.bpmn.reader import texts

_DURATION = re.compile(
    r"P(?=\d|T\d)(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,5})D)?"
    r"(?:T(?=\d)(?:(\d{1,7})H)?(?:(\d{1,8})M)?(?:(\d{1,10})(?:\.\d{1,6})?S)?)?"
)
_WORKING_DAYS = re.compile(r"WD\d{1,4}")
_CYCLE = re.compile(r"R(\d*)/(?:([0-9T:+.Z-]+)/)?([^/]+)")
_ISO_LOWER = re.compile(r"(?:r-?\d*/)?(?:[0-9t:+.z-]+/)?p[\dtymwdhs.]+|wd\d{1,4}")
_ENDLESS = re.compile(r"R-1(?=/)")
_SPACED = re.compile(r"(\d{4}-\d\d-\d\d) (?=\d\d:)")
_INTERVAL = re.compile(r"(?=\d)(?:(\d{1,5})d)?\s*(?:(\d{1,7})h)?\s*(?:(\d{1,8})m)?\s*(?:(\d{1,10})s)?")
"""How Drools and jBPM write delays: `1d2h`, `30m`, `10s`."""
_CRON = re.compile(r"(?:[\d*?/,LW#A-Za-z-]{1,60}\s+){4,6}[\d*?/,LW#A-Za-z-]{1,60}")
_LONGEST = timedelta(days=36_600)
MAX_REPETITIONS = 10_000


@dataclass(frozen=True, slots=True)
class BadTime:
    """Why a text is not a time, in both languages."""

    french: str
    english: str
    expression: bool = False
    """The text is an expression of another engine, not a slip in a literal."""


def read_time(text: str, kind: TimerKind, place: Place, *, source: str) -> ExpressionText | BadTime:
    """The literal (bare ISO text, spelling `plain`) or the expression that gives the time."""
    stripped = text.strip()
    quoted = re.fullmatch(r"=?\s*[\"']([^\"']*)[\"']", stripped)
    raw = (quoted.group(1) if quoted else stripped).strip()
    if source != "parcours":
        raw = _as_iso(raw, kind)
    problem = _literal_problem(raw, kind)
    if problem is None:
        return ExpressionText(raw, "plain", place)
    if quoted or re.match(r"[-+]?(P|R\d*/|\d)", raw) or not _looks_like_expression(raw):
        return problem
    found = texts.expression(stripped, place, source=source)
    error = texts.problem_of(found)
    if error is not None:
        return BadTime(
            f"l’expression « {texts.shorten(raw)} » ne se lit pas : {error}",
            f"“{texts.shorten(raw)}”: {error}",
            expression=True,
        )
    return found


def is_cron(text: str) -> bool:
    """Whether the text is a rule as cron writes it: five to seven fields, `*`, `?` or a number in the first."""
    raw = text.strip().strip("\"'")
    return bool(_CRON.fullmatch(raw)) and raw[0] in "*?0123456789" and ("*" in raw or "?" in raw)


def _as_iso(raw: str, kind: TimerKind) -> str:
    """ISO 8601 for the spellings of other engines that mean the same: small letters, `R-1`, a space, `1d2h`."""
    if _ISO_LOWER.fullmatch(raw):
        raw = raw.upper()
    raw = _SPACED.sub(r"\1T", _ENDLESS.sub("R", raw))
    delay = _INTERVAL.fullmatch(raw) if kind is TimerKind.DURATION else None
    if delay is None:
        return raw
    days, hours, minutes, seconds = delay.groups()
    clock = "".join(f"{count}{unit}" for count, unit in ((hours, "H"), (minutes, "M"), (seconds, "S")) if count)
    return "P" + (f"{days}D" if days else "") + (f"T{clock}" if clock else "")


def is_literal(text: str) -> bool:
    """Whether the text is a duration, a number of working days, a date or a cycle rather than an expression."""
    return any(_literal_problem(text.strip(), kind) is None for kind in TimerKind)


def _looks_like_expression(raw: str) -> bool:
    return bool(
        re.search(r"[$#]\{", raw) or raw.startswith("=") or re.fullmatch(r"[^\W\d]\w*([.(+-].*)?", raw, re.DOTALL)
    )


def _literal_problem(raw: str, kind: TimerKind) -> BadTime | None:
    shown = texts.shorten(raw)
    match kind:
        case TimerKind.DURATION:
            if is_duration(raw) or _is_nothing(raw):
                return None
            return BadTime(
                f"« {shown} » n’est pas une durée : écrivez par exemple PT48H, P7D ou WD5 (jours ouvrés)",
                f"“{shown}” is not a duration: write PT48H, P7D or WD5 (working days)",
            )
        case TimerKind.DATE:
            if is_moment(raw):
                return None
            return BadTime(
                f"« {shown} » n’est pas une date : écrivez par exemple 2026-03-29T08:00 ou une expression",
                f"“{shown}” is not a date: write 2026-03-29T08:00 or an expression",
            )
        case TimerKind.CYCLE:
            return _cycle_problem(raw)


def is_duration(raw: str) -> bool:
    """A strict ISO 8601 duration, not zero and at most a hundred years, or working days."""
    if _WORKING_DAYS.fullmatch(raw):
        return int(raw[2:]) > 0
    match = _DURATION.fullmatch(raw)
    if match is None:
        return False
    years, months, weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    length = timedelta(days=years * 366 + months * 31 + weeks * 7 + days, hours=hours, minutes=minutes, seconds=seconds)
    return timedelta(0) < length <= _LONGEST or (length == timedelta(0) and "." in raw)


def _is_nothing(raw: str) -> bool:
    """`PT0S`: a wait that ends as soon as it begins. The checker warns of it (TM-021)."""
    match = _DURATION.fullmatch(raw)
    return match is not None and "." not in raw and not any(int(part or 0) for part in match.groups())


def is_moment(raw: str) -> bool:
    """A date, or a date and time with or without its zone."""
    try:
        if len(raw) == 10:
            date.fromisoformat(raw)
        else:
            datetime.combine(date.fromisoformat(raw[:10]), time.fromisoformat(raw[11:]))
    except ValueError:
        return False
    return len(raw) == 10 or raw[10] == "T"


def _cycle_problem(raw: str) -> BadTime | None:
    shown = texts.shorten(raw)
    if is_duration(raw):
        return None
    match = _CYCLE.fullmatch(raw)
    if match is None:
        if is_cron(raw):
            return BadTime(
                f"« {shown} » est une règle cron, qui n’est pas lue : écrivez par exemple R/P1D ou R3/PT24H",
                f"“{shown}” is a cron rule, which is not read: write R/P1D or R3/PT24H",
            )
        return BadTime(
            f"« {shown} » n’est pas une répétition : écrivez par exemple R3/PT24H",
            f"“{shown}” is not a repetition: write R3/PT24H",
        )
    times, start, interval = match.groups()
    if not is_duration(interval) or (start and not is_moment(start)):
        return BadTime(
            f"l’intervalle de « {shown} » n’est pas une durée non nulle : écrivez par exemple R3/PT24H",
            f"the interval of “{shown}” is not a duration above zero: write R3/PT24H",
        )
    if times and (len(times) > 6 or not 0 < int(times) <= MAX_REPETITIONS):
        return BadTime(
            f"« {shown} » demande plus de {MAX_REPETITIONS} répétitions, ou aucune",
            f"“{shown}” asks for more than {MAX_REPETITIONS} repetitions, or for none",
        )
    return None
