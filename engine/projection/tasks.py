"""Task rows as the engine's open steps become people's work, with their waits and their next reminder."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from engine.assignment import Audience
from engine.course import Settled
from engine.escalations import NONE, STANDARD
from engine.expressions import to_json
from engine.library import Version
from engine.outcome import OpenTask, PendingTimer
from engine.projection.loading import LoadedCase
from engine.projection.waits import Next, boundary_next, earliest, expected_of, wait_row

Rows = tuple[list[dict[str, Any]], dict[str, dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]
"""Task rows to write, waits by token, timers that must exist, tasks that this step opened."""
OPEN = ("offered", "accepted")


def open_now(
    case: LoadedCase, version: Version, settled: Settled, acted: Mapping[str, Any] | None, now: datetime
) -> Rows:
    """Everything about people's tasks after a step. `acted` is the row somebody acted on, already changed."""
    rows: list[dict[str, Any]] = []
    waits: dict[str, dict[str, Any]] = {}
    timers = [step_timer(case, timer) for timer in settled.outcome.timers]
    opened: list[dict[str, Any]] = []
    tokens = {task.token for task in settled.outcome.tasks}
    for task in settled.outcome.tasks:
        row = case.tasks.get(task.token)
        if row is None:
            audience = settled.audiences[task.token]
            row = task_row(case, task, audience, now)
            rows.append(row)
            opened.append(row)
            alarm = next_alarm(case, version, row, 0, expected_of(case, version, task, now))
            name, responsible = audience.name, audience.professional_id
        else:
            if acted is not None and acted["id"] == row["id"]:
                row = dict(acted)
                rows.append(row)
            alarm = next((timer for timer in case.timers if timer["task_id"] == row["id"]), None)
            known = case.waits.get(task.token, {})
            name, responsible = known.get("responsible_name", ""), known.get("responsible_id")
        if alarm is not None:
            timers.append(timer_columns(case, alarm))
        waits[task.token] = task_wait(
            case, row, name, responsible, expected_of(case, version, task, row["opened_at"]), now,
            earliest((boundary_next(settled.outcome, task.token), alarm_next(version, row, alarm))),
        )  # fmt: skip
    for token, row in case.tasks.items():
        if token not in tokens:
            done = dict(acted) if acted is not None and acted["id"] == row["id"] else {**row, "state": "cancelled"}
            rows.append(done)
    return rows, waits, timers, opened


def unchanged(case: LoadedCase, acted: Mapping[str, Any] | None, now: datetime) -> Rows:
    """The step stopped: tasks, waits and timers stay as they were, but for the task somebody acted on."""
    rows = [dict(acted)] if acted is not None else []
    waits = {token: {name: value for name, value in row.items() if name != "id"} for token, row in case.waits.items()}
    timers = [timer_columns(case, row) for row in case.timers]
    return rows, waits, timers, []


def task_row(case: LoadedCase, task: OpenTask, audience: Audience, now: datetime) -> dict[str, Any]:
    """A new row of the task table."""
    return {
        "id": uuid4(), "territory_id": case.territory_id, "case_id": case.id, "patient_id": case.patient_id,
        "token": task.token, "element_id": task.element_id, "name": (task.name or task.element_id)[:300],
        "why": task.documentation, "role": task.roles[0] if task.roles else "coordinator",
        "other_roles": list(task.roles[1:]), "form_key": task.form_key, "scope": task.scope,
        "locals": {name: to_json(value) for name, value in task.locals.items()}, "state": "offered",
        "audience": audience.kind, "audience_professional_id": audience.professional_id,
        "audience_organization_id": audience.organization_id, "audience_sector_ids": list(audience.sector_ids),
        "owner_id": None, "accepted_at": None, "offer_round": task.offer,
        "offered_until": task.due_at if task.offer else None, "priority": task.priority, "priority_reason": "",
        "escalation": task.escalation, "escalation_level": 0, "opened_at": now, "opens_at": task.opens_at,
        "due_at": task.due_at, "follow_up_at": None, "postponements": 0, "completed_at": None,
        "completed_by_id": None, "completed_by": None, "done_at": None, "not_done_reason": None, "revision": 1,
    }  # fmt: skip


def task_wait(
    case: LoadedCase,
    row: Mapping[str, Any],
    name: str,
    responsible: UUID | None,
    expected: datetime,
    now: datetime,
    next_: Next | None,
) -> dict[str, Any]:
    """The wait record of a person's task."""
    return wait_row(
        case, token=row["token"], kind="offer" if row["offer_round"] else "human", element_id=row["element_id"],
        element_name=row["name"], now=now, expected_at=expected, responsible_role=row["role"], task_id=row["id"],
        responsible_id=row["owner_id"] or responsible, responsible_name=name, next_=next_,
        escalation_level=row["escalation_level"],
    )  # fmt: skip


def step_timer(case: LoadedCase, timer: PendingTimer) -> dict[str, Any]:
    """A timer of the pathway, told to the engine when due."""
    return _timer(case, "step", timer.token, 0, None, timer.element_id, timer.name, timer.due_at)


def next_alarm(
    case: LoadedCase, version: Version, row: Mapping[str, Any], climbed: int, expected: datetime
) -> dict[str, Any] | None:
    """The next rung of the task's ladder as a timer; None at the top, or without a ladder."""
    if row["escalation"] == NONE:
        return None
    ladder = version.ladders.get(row["escalation"]) or version.ladders.get(STANDARD)
    start = max(row["opened_at"], row["opens_at"] or row["opened_at"])
    rung = None if ladder is None else ladder.next_rung(
        climbed, opened=start, due=max(expected, start), calendar=case.calendar
    )  # fmt: skip
    if rung is None:
        return None
    number, due = rung
    return _timer(case, "escalation", str(row["id"]), number, row["id"], row["element_id"], row["name"], due)


def alarm_next(version: Version, row: Mapping[str, Any], alarm: Mapping[str, Any] | None) -> Next | None:
    """What the next rung does, as a clause."""
    if alarm is None:
        return None
    ladder = version.ladders.get(row["escalation"]) or version.ladders.get(STANDARD)
    if ladder is None or alarm["step"] >= len(ladder.rungs):
        return None
    return Next(at=alarm["due_at"], what=ladder.rungs[alarm["step"]].clause)


def timer_columns(case: LoadedCase, row: Mapping[str, Any]) -> dict[str, Any]:
    """A whole row of the timer table from what was read of it."""
    made = _timer(
        case, row["kind"], row["token"], row["step"], row["task_id"], row["element_id"], row["name"], row["due_at"]
    )
    return {**made, "id": row["id"], "held_at": row.get("held_at"), "attempts": row.get("attempts", 0)}


def _timer(
    case: LoadedCase, kind: str, token: str, step: int, task_id: UUID | None, element_id: str, name: str, due: datetime
) -> dict[str, Any]:
    return {
        "id": uuid4(), "territory_id": case.territory_id, "case_id": case.id, "kind": kind, "token": token,
        "step": step, "task_id": task_id, "element_id": element_id, "name": name[:300], "due_at": due,
        "claimed_until": None, "attempts": 0, "held_at": None, "detail": {},
    }  # fmt: skip
