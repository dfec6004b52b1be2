"""When timers and due dates fall. Computed once, when the token arrives; SpiffWorkflow never looks at a clock.

Days, weeks, months and working days keep the local hour; hours, minutes and seconds are elapsed time (see
`engine.calendars`). The instant is kept in the token, in microseconds since 1970, UTC.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from engine.bpmn.model import ExpressionText, TimerKind, Trigger
from engine.calendars import InvalidDuration, YearMonthDuration, parse_cycle
from engine.outcome import Value

if TYPE_CHECKING:
    from engine.bpmn.step import Step
    from engine.bpmn.traversal import CaseTask

_LITERAL = re.compile(r"R\d*/\S+|-?P[\dT][\dA-Z.,]*|WD\d+|\d{4}-\d\d-\d\d(?:T\S+)?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(moment: datetime) -> int:
    """An aware instant as microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def moment(count: int) -> datetime:
    """The inverse of `microseconds`."""
    return _EPOCH + count * _MICROSECOND


def written_time(step: Step, task: CaseTask, text: ExpressionText) -> Value:
    """A time as written (`PT48H`, `WD2`, `R3/PT24H`, `2026-05-01T08:00`), or the value of its expression."""
    plain = text.text.strip()
    if _LITERAL.fullmatch(plain):
        return plain
    return step.evaluate(task, text)


def instant(step: Step, task: CaseTask, text: ExpressionText) -> datetime | None:
    """The instant a text means for something that opens now; None when the expression gives null."""
    value = written_time(step, task, text)
    if value is None:
        return None
    if not isinstance(value, str | date | timedelta | YearMonthDuration):
        raise step.broken(task, task.task_spec.node, text, "une date ou une durée est attendue.", code="time")
    try:
        return step.calendar.due(value, step.now)
    except InvalidDuration as error:
        raise step.broken(task, task.task_spec.node, text, str(error), code="time") from error


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a timer fires next; `cycle` is the repetition as written, `number` the firing it is (from 1)."""

    due: datetime
    cycle: str | None = None
    number: int = 1


def schedule(step: Step, task: CaseTask, trigger: Trigger) -> Schedule:
    """The first firing of a timer whose token arrives now. A time that is not known yet stops the step."""
    text = trigger.expression
    assert text is not None  # `unsupported` refuses a timer without a time
    node = task.task_spec.node
    if trigger.timer is not TimerKind.CYCLE:
        due = instant(step, task, text)
        if due is None:
            raise step.broken(task, node, text, "l'échéance n'est pas connue.", code="time")
        return Schedule(due)
    value = written_time(step, task, text)
    if not isinstance(value, str):
        raise step.broken(task, node, text, "une répétition est attendue, par exemple R3/P1W.", code="time")
    try:
        first = step.calendar.occurrence(parse_cycle(value), step.now, 1)
    except InvalidDuration as error:
        raise step.broken(task, node, text, str(error), code="time") from error
    if first is None:
        raise step.broken(task, node, text, "cette répétition ne se produit jamais (R0).", code="time")
    return Schedule(first, value.strip(), 1)


def following(step: Step, schedule_: Schedule, opened: datetime) -> tuple[Schedule | None, int]:
    """The next firing of a repeated timer that is still to come, None after the last; and how many were missed.

    After an interruption of the service a repeated timer fires once, not once for every turn it missed.
    """
    if schedule_.cycle is None:
        return None, 0
    cycle = parse_cycle(schedule_.cycle)
    low = schedule_.number + 1
    nearest = step.calendar.occurrence(cycle, opened, low)
    if nearest is None or nearest > step.now:
        return (None if nearest is None else Schedule(nearest, schedule_.cycle, low)), 0
    high = low + 1
    while (later := step.calendar.occurrence(cycle, opened, high)) is not None and later <= step.now:
        high += high - low + 1
    gone = low  # the last number known to be past; `high` is to come, or beyond the last
    while high - gone > 1:
        middle = (gone + high) // 2
        found = step.calendar.occurrence(cycle, opened, middle)
        if found is not None and found <= step.now:
            gone = middle
        else:
            high = middle
    due = step.calendar.occurrence(cycle, opened, high)
    return (None if due is None else Schedule(due, schedule_.cycle, high)), high - low


def cycles_left(cycle: str | None, number: int) -> int | None:
    """Firings after this one; None when the timer fires once or repeats for ever."""
    if cycle is None:
        return None
    repetitions = parse_cycle(cycle).repetitions
    return None if repetitions is None else repetitions - number
