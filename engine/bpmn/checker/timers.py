"""TM: durations and dates as written. Syntax, plausibility, time zone, past dates, windows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from engine.bpmn.checker.reading import compiled, written_time
from engine.bpmn.checker.subject import Subject, Words, about
from engine.bpmn.findings import Finding
from engine.bpmn.model import ExpressionText, Node, NodeKind, TimerKind, TriggerKind
from engine.bpmn.token_game import outgoing
from engine.calendars import Duration, InvalidDuration, parse_cycle, parse_duration
from engine.expressions import ExpressionError

LONGEST = timedelta(days=3653)
SHORTEST = timedelta(minutes=1)
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_ZONED = re.compile(r"(Z|[+-]\d\d:?\d\d)$")

TIME = Words("L’échéance", "the time")
DUE = Words("Le délai", "the due time")
OPENS = Words("L’ouverture", "the opening time")


def timers(subject: Subject, *, now: datetime | None) -> Iterator[Finding]:
    """All findings about times; past dates only when `now` is known."""
    for node in subject.nodes:
        trigger = node.trigger
        if trigger.kind is TriggerKind.TIMER:
            if trigger.expression is None or not trigger.expression.text.strip():
                yield about(node, "TM-026")
            else:
                yield from _time(node, TIME, trigger.expression, trigger.timer, now)
        if node.work is not None:
            for what, text in ((DUE, node.work.due), (OPENS, node.work.opens)):
                if text is not None:
                    yield from _time(node, what, text, None, now)
            yield from _window(node)
            if node.kind is NodeKind.USER_TASK and node.work.due is None and not node.work.offer:
                yield about(node, "TM-025")
    yield from _races(subject)


def _races(subject: Subject) -> Iterator[Finding]:
    """TM-027: of several written delays that start together, only the shortest ever ends."""
    for corner in subject.corners:
        flows = outgoing(corner.scope)
        for node in corner.scope.nodes.values():
            if node.kind is not NodeKind.EVENT_BASED:
                continue
            delays = [
                (rough_length(duration), event)
                for flow in flows[node.id]
                if (duration := _written(event := corner.scope.nodes[flow.target])) is not None
            ]
            if len(delays) > 1:
                first = min(delays, key=lambda one: one[0])[1]
                for _, event in delays:
                    if event is not first:
                        yield about(event, "TM-027", first=first, gateway=node, related=(first.id, node.id))


def _written(event: Node) -> Duration | None:
    """The delay of a timer that is written out."""
    text = event.trigger.expression
    if event.trigger.kind is not TriggerKind.TIMER or event.trigger.timer is not TimerKind.DURATION or text is None:
        return None
    try:
        return parse_duration(text.text.strip().removeprefix("=").strip().strip("\"'"))
    except InvalidDuration:
        return None


def _time(
    node: Node, what: Words, text: ExpressionText, kind: TimerKind | None, now: datetime | None
) -> Iterator[Finding]:
    raw = text.text.strip()
    bare = raw.removeprefix("=").strip().strip("\"'")
    place = text.place
    if not written_time(raw):
        try:
            compiled(text)
        except ExpressionError as error:
            yield about(node, "TM-020", place=place, what=what, text=raw, problem=str(error))
        return
    if _DATE.match(bare):
        yield from _date(node, what, text, bare, now)
        return
    try:
        cycle = parse_cycle(bare) if bare.startswith("R") or kind is TimerKind.CYCLE else None
        duration = cycle.step if cycle is not None else parse_duration(bare)
    except InvalidDuration as error:
        yield about(node, "TM-020", place=place, what=what, text=raw, problem=str(error).rstrip("."))
        return
    why = _implausible(duration)
    if why is not None:
        yield about(node, "TM-021", place=place, what=what, why=why, text=raw)


def _date(node: Node, what: Words, text: ExpressionText, bare: str, now: datetime | None) -> Iterator[Finding]:
    try:
        moment = datetime.fromisoformat(bare)
    except ValueError:
        unreadable = Words("ce n’est pas une date", "it is not a date")
        yield about(node, "TM-020", place=text.place, what=what, text=bare, problem=unreadable)
        return
    if "T" in bare and not _ZONED.search(bare):
        yield about(node, "TM-023", place=text.place, what=what, text=bare)
    if now is not None:
        aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=now.tzinfo)
        if aware < now:
            yield about(node, "TM-022", place=text.place, what=what, text=bare)


def _implausible(duration: Duration) -> Words | None:
    length = rough_length(duration)
    if length == timedelta(0):
        return Words("nulle", "zero")
    if length < SHORTEST:
        return Words("de moins d’une minute", "less than a minute")
    if length > LONGEST:
        return Words("de plus de dix ans", "more than ten years")
    return None


def rough_length(duration: Duration) -> timedelta:
    """About how long: a month as 30.4 days, a working day as 1.4 days."""
    days = duration.months * 30.4 + duration.days + (duration.working_days or 0) * 1.4
    return timedelta(days=days) + duration.elapsed


def _window(node: Node) -> Iterator[Finding]:
    work = node.work
    if work is None or work.due is None or work.opens is None:
        return
    try:
        due, opens = parse_duration(work.due.text.strip()), parse_duration(work.opens.text.strip())
    except InvalidDuration:
        return
    if rough_length(opens) > rough_length(due):
        yield about(node, "TM-024", opens=work.opens.text, due=work.due.text)
