"""Wait records: for every open leaf, what it waits for, who answers for it, when it is expected, what happens next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from engine.library import Version
from engine.outcome import OpenTask, Outcome, PendingTimer, WaitKind
from engine.projection.loading import LoadedCase

COORDINATOR = "coordinator"
DEFAULT_TASK_DELAY = "P7D"
DEFAULT_MESSAGE_DELAY = "P30D"
DEFAULT_INCIDENT_DELAY = "WD1"
DEFAULT_HOLD_REVIEW = "P14D"
"""Overridden by parameters of the same name in lower case (`default_task_delay`…)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """What happens by itself, and when."""

    at: datetime
    what: str


def default_delay(version: Version, name: str, default: str) -> Any:
    """A delay of the version's parameters, or the product's."""
    return version.parameters.get(name, default)


def expected_of(case: LoadedCase, version: Version, task: OpenTask, now: datetime) -> datetime:
    """When a task is expected: its due date, or the default delay after it opens."""
    if task.due_at is not None:
        return task.due_at
    delay = default_delay(version, "default_task_delay", DEFAULT_TASK_DELAY)
    return case.calendar.due(delay, task.opens_at or now)


def earliest(candidates: Iterable[Next | None]) -> Next | None:
    """The first thing that happens."""
    known = [candidate for candidate in candidates if candidate is not None]
    return min(known, key=lambda candidate: candidate.at) if known else None


def boundary_next(outcome: Outcome, token: str) -> Next | None:
    """The first timer drawn on the border of the step."""
    return earliest(
        Next(at=timer.due_at, what=_timer_clause(timer)) for timer in outcome.timers if timer.attached_token == token
    )


def _timer_clause(timer: PendingTimer) -> str:
    """What the timer leads to; its own name is often a date (« J5 »), which says nothing of what happens."""
    if timer.leads_to or timer.name:
        return f"« {timer.leads_to or timer.name} »"
    return "le parcours continue sans attendre" if timer.interrupting else "le parcours fait une relance"


def machine_waits(case: LoadedCase, version: Version, outcome: Outcome, now: datetime) -> dict[str, dict[str, Any]]:
    """Wait records of everything open that is not a person's task, by token."""
    found: dict[str, dict[str, Any]] = {}
    for timer in outcome.timers:
        if timer.attached_to is None:
            found[timer.token] = _wait(
                case, timer.token, WaitKind.TIMER, timer.element_id,
                timer.name or version.element_name(timer.element_id), now, expected=timer.due_at,
                next_=Next(at=timer.due_at, what="le parcours reprend de lui-même"),
            )  # fmt: skip
    for subscription in outcome.subscriptions:
        if subscription.attached_to is None:
            known = case.waits.get(subscription.token)
            delay = default_delay(version, "default_message_delay", DEFAULT_MESSAGE_DELAY)
            expected = subscription.expected_at or (known["expected_at"] if known else case.calendar.due(delay, now))
            found[subscription.token] = _wait(
                case, subscription.token, subscription.kind, subscription.element_id,
                subscription.name or version.element_name(subscription.element_id), now, expected=expected,
                role=subscription.responsible or COORDINATOR, message=subscription.message or subscription.name,
                next_=boundary_next(outcome, subscription.token),
            )  # fmt: skip
    for leaf in outcome.leaves:
        known = case.waits.get(leaf.token)
        delay = default_delay(version, "default_message_delay", DEFAULT_MESSAGE_DELAY)
        found[leaf.token] = _wait(
            case, leaf.token, leaf.kind, leaf.element_id, leaf.name or version.element_name(leaf.element_id), now,
            expected=known["expected_at"] if known else case.calendar.due(delay, now),
        )  # fmt: skip
    return found


def _wait(
    case: LoadedCase,
    token: str,
    kind: WaitKind,
    element_id: str,
    name: str,
    now: datetime,
    *,
    expected: datetime,
    role: str = COORDINATOR,
    message: str | None = None,
    next_: Next | None = None,
) -> dict[str, Any]:
    return wait_row(
        case, token=token, kind=str(kind), element_id=element_id, element_name=name, now=now, expected_at=expected,
        responsible_role=role, message_name=message, next_=next_,
    )  # fmt: skip


def at_risk(since: datetime, expected_at: datetime) -> datetime:
    """When three quarters of the delay are gone."""
    return since + max(expected_at - since, timedelta()) * 0.75


def wait_row(
    case: LoadedCase,
    *,
    token: str,
    kind: str,
    element_id: str,
    element_name: str,
    now: datetime,
    expected_at: datetime,
    responsible_role: str,
    task_id: UUID | None = None,
    message_name: str | None = None,
    responsible_id: UUID | None = None,
    responsible_name: str = "",
    next_: Next | None = None,
    escalation_level: int | None = None,
) -> dict[str, Any]:
    """A row of wait_record; what an existing record knows (since when, last touch, level) is kept."""
    known: Mapping[str, Any] = case.waits.get(token, {})
    level = known.get("escalation_level", 0) if escalation_level is None else escalation_level
    return {
        "token": token,
        "kind": kind,
        "element_id": element_id,
        "element_name": element_name[:300],
        "task_id": task_id,
        "message_name": message_name,
        "since": known.get("since", now),
        "expected_at": expected_at,
        "at_risk_at": at_risk(known.get("since", now), expected_at),
        "responsible_role": responsible_role,
        "responsible_id": responsible_id,
        "responsible_name": responsible_name,
        "next_at": None if next_ is None else next_.at,
        "next_what": "" if next_ is None else next_.what[:300],
        "last_touch_at": known.get("last_touch_at", now),
        "escalation_level": level,
    }
