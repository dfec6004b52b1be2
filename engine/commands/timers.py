"""Timers: claimed when due, fired one transaction each. A step timer is told to the engine, a rung climbs a ladder."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine import trace
from engine.actor import Actor, system_actor
from engine.bpmn import runner
from engine.course import settle, surroundings
from engine.escalations import STANDARD, Rung
from engine.library import Version, version_of
from engine.models import Timer
from engine.projection import notices, tables, tasks
from engine.projection.acting import Acting
from engine.projection.history import history_row
from engine.projection.loading import LoadedCase, lock_case
from engine.projection.waits import Next, earliest, wait_row
from engine.projection.writing import apply

CLAIM_SECONDS = 60
FIRST_BACKOFF = timedelta(minutes=5)
LONGEST_BACKOFF = timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class DueTimer:
    """A timer this sweep won: nobody else fires it for a minute."""

    id: UUID
    case_id: UUID
    kind: str


def claim_due(session: Session, *, territory_id: UUID, now: datetime, limit: int) -> tuple[DueTimer, ...]:
    """Take up to `limit` due timers of a territory, the earliest first."""
    free = (Timer.claimed_until.is_(None)) | (Timer.claimed_until <= now)
    due = (
        select(Timer.id)
        .where(Timer.territory_id == territory_id, Timer.held_at.is_(None), Timer.due_at <= now, free)
        .order_by(Timer.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = (
        session.connection()
        .execute(
            update(tables.TIMER)
            .where(tables.TIMER.c.id.in_(due.scalar_subquery()), free)
            .values(claimed_until=now + timedelta(seconds=CLAIM_SECONDS))
            .returning(tables.TIMER.c.id, tables.TIMER.c.case_id, tables.TIMER.c.kind, tables.TIMER.c.due_at)
        )
        .all()
    )
    ordered = sorted(rows, key=lambda row: row.due_at)
    return tuple(DueTimer(id=row.id, case_id=row.case_id, kind=row.kind) for row in ordered)


def fire(session: Session, *, timer_id: UUID, now: datetime) -> bool:
    """Fire one timer if it is still due. False when it is gone, held, or no longer due: somebody was faster."""
    territory_id = (
        session.connection()
        .execute(select(tables.TIMER.c.territory_id).where(tables.TIMER.c.id == timer_id))
        .scalar_one_or_none()
    )
    if territory_id is None:
        return False
    case = lock_case(session, by="timer", key=timer_id, territory_id=territory_id, now=now)
    timer = None if case is None else next((row for row in case.timers if row["id"] == timer_id), None)
    if case is None or timer is None or case.state == "on_hold":
        return False
    if timer["held_at"] is not None or timer["due_at"] > now:
        return False
    by = system_actor(territory_id)
    version = version_of(session, case.version_id)
    if timer["kind"] == "escalation":
        _climb(session, case, version, timer, by, now)
    else:
        _tick(session, case, version, timer, by, now)
    return True


def move_alarm(session: Session, *, timer_id: UUID, problem: str, now: datetime) -> None:
    """A timer that could not be fired is tried again later and later; from the third failure on the case shows it."""
    row = (
        session.connection()
        .execute(select(tables.TIMER).where(tables.TIMER.c.id == timer_id).with_for_update())
        .mappings()
        .one_or_none()
    )
    if row is None:
        return
    attempts = row["attempts"] + 1
    backoff = min(FIRST_BACKOFF * 2 ** (attempts - 1), LONGEST_BACKOFF)
    session.connection().execute(
        update(tables.TIMER)
        .where(tables.TIMER.c.id == timer_id)
        .values(attempts=attempts, claimed_until=now + backoff, detail={"problem": problem[:80]})
    )
    if attempts == 3:
        _show_failure(session, dict(row), problem, now)


def _tick(
    session: Session, case: LoadedCase, version: Version, timer: dict[str, Any], by: Actor, now: datetime
) -> None:
    outcome = runner.tick(
        version.program, case.control_state, tokens=[timer["token"]], around=surroundings(case, version, now)
    )
    attempted = {"verb": "tick", "token": timer["token"]}
    settled = settle(session, case, version, outcome, facts=case.facts, attempted=attempted, now=now)
    late = int((now - timer["due_at"]).total_seconds())
    detail = {"planned": timer["due_at"].isoformat(), "late_seconds": late} if late > 300 else {}
    acting = Acting(kind="timer_late" if detail else "", element_id=timer["element_id"], detail=detail)
    apply(session, case, version, settled, acting=acting, by=by, now=now)
    if outcome.incident is not None:  # it would stop again at each sweep: it waits for the retry
        session.connection().execute(
            update(tables.TIMER).where(tables.TIMER.c.id == timer["id"]).values(held_at=now, claimed_until=None)
        )
    _trace(session, case, "timers.fire", timer, by, now)


def _climb(
    session: Session, case: LoadedCase, version: Version, timer: dict[str, Any], by: Actor, now: datetime
) -> None:
    """One rung: tell people, mark the level, set the next alarm. Nothing moves in the pathway."""
    row = case.task(timer["task_id"])
    ladder = None if row is None else version.ladders.get(row["escalation"]) or version.ladders.get(STANDARD)
    connection = session.connection()
    tables.drop(connection, tables.TIMER, [timer["id"]])
    if row is None or ladder is None or timer["step"] >= len(ladder.rungs):
        return
    rung = ladder.rungs[timer["step"]]
    level = max(row["escalation_level"], rung.level)
    wait = case.waits[row["token"]]
    alarm = tasks.next_alarm(case, version, row, timer["step"] + 1, wait["expected_at"])
    tables.add(connection, tables.TIMER, [] if alarm is None else [alarm])
    next_ = earliest((tasks.alarm_next(version, row, alarm), _other_next(case, timer, wait)))
    connection.execute(update(tables.TASK).where(tables.TASK.c.id == row["id"]).values(escalation_level=level))
    connection.execute(
        update(tables.WAIT)
        .where(tables.WAIT.c.id == wait["id"])
        .values(
            escalation_level=level,
            next_at=None if next_ is None else next_.at,
            next_what="" if next_ is None else next_.what,
        )
    )
    _tell(session, case, row, rung, now)
    connection.execute(update(tables.CASE).where(tables.CASE.c.id == case.id).values(version=case.version + 1))
    detail = {"do": rung.do, "level": rung.level, "to": list(rung.to), "say": rung.sentence}
    history = history_row(
        case, "escalated", now, element_id=row["element_id"], name=row["name"], task_id=row["id"], detail=detail
    )
    tables.add(connection, tables.HISTORY, [history])
    _trace(session, case, "timers.escalate", timer, by, now)


def _other_next(case: LoadedCase, timer: dict[str, Any], wait: dict[str, Any]) -> Next | None:
    """What was announced before this rung and is still to come (a timer drawn on the step)."""
    if wait["next_at"] is None or wait["next_at"] <= timer["due_at"]:
        return None
    return Next(at=wait["next_at"], what=wait["next_what"])


def _tell(session: Session, case: LoadedCase, row: dict[str, Any], rung: Rung, now: datetime) -> None:
    template = notices.TEMPLATES.get(rung.do, "task_reminder")
    owner = row["owner_id"] or row["audience_professional_id"]
    people: list[UUID] = []
    if "owner" in rung.to and owner is not None:
        people.append(owner)
    if "deputy" in rung.to and owner is not None:
        people += notices.substitutes(session, case, owner, now)
    roles = [code for code in rung.to if code not in ("owner", "deputy", "team")]
    people += notices.recipients(session, case, roles, now)
    rows = [
        notices.row_to_person(case, person, template, now, task_id=row["id"], level=rung.level)
        for person in dict.fromkeys(people)
    ]
    tables.add(session.connection(), tables.OUTBOX, rows)
    team = "team" in rung.to or ("owner" in rung.to and owner is None)
    if team and row["state"] == "offered" and row["audience"] != "professional":
        notices.tell_audience(session, case, row["id"], template, now)


def _show_failure(session: Session, timer: dict[str, Any], problem: str, now: datetime) -> None:
    case = lock_case(session, by="id", key=timer["case_id"], territory_id=timer["territory_id"], now=now)
    if case is None or case.closed_at is not None:
        return
    incident = {
        "id": uuid4(), "territory_id": case.territory_id, "case_id": case.id, "code": "sweep",
        "element_id": timer["element_id"], "expression": "", "value_types": {},
        "sentence": f"L'alarme « {timer['name'] or timer['element_id']} » n'a pas pu être traitée ({problem[:80]}). "
        "Elle est réessayée régulièrement.",
        "attempted": {"verb": "tick", "token": timer["token"]} if timer["kind"] == "step" else {},
        "opened_at": now, "resolved_at": None, "resolved_by": None,
    }  # fmt: skip
    tables.add(session.connection(), tables.INCIDENT, [incident])
    wait = wait_row(
        case, token=f"incident:{incident['id']}", kind="incident", element_id=timer["element_id"],
        element_name=timer["name"] or timer["element_id"], now=now, expected_at=case.calendar.due("WD1", now),
        responsible_role="coordinator",
    )  # fmt: skip
    tables.upsert(
        session.connection(), tables.WAIT,
        [{**wait, "id": uuid4(), "case_id": case.id, "territory_id": case.territory_id}],
    )  # fmt: skip


def _trace(session: Session, case: LoadedCase, action: str, timer: dict[str, Any], by: Actor, now: datetime) -> None:
    trace.record(
        session, action=action, by=by, now=now, patient_id=case.patient_id, case_id=case.id, object_kind="timer",
        object_id=timer["id"],
    )  # fmt: skip
