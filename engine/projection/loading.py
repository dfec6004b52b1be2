"""A case as a step needs it: locked, with its live facts, open tasks, waits, timers, subscriptions and care circle.

One statement. On PostgreSQL it takes the row lock; if it had to wait for another transaction, the rest of what it read
is older than the lock, which the version shows, and it is read again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Date, Select, Uuid, and_, bindparam, exists, or_, select
from sqlalchemy.orm import Session, aliased

from engine.actor import Exercise
from engine.calendars import Calendar
from engine.eligibility import away, may_do
from engine.errors import CaseChanged
from engine.expressions import from_json
from engine.models import (
    OPEN_TASK_STATES,
    CareCircleMember,
    Case,
    CaseFact,
    EarlyMessage,
    IdempotencyKey,
    IncidentRow,
    MessageSubscription,
    Professional,
    Task,
    TerritoryRow,
    Timer,
    WaitRecord,
)
from engine.outcome import Value
from engine.projection.json_rows import as_uuid, decoded, decoders, rows_of
from engine.sealing import Keyring, keyring_of
from engine.territory_calendar import territory_calendar

CASE = Case.__table__
READ_AGAIN = 3

_FACTS = (CaseFact.scope, CaseFact.name, CaseFact.value, CaseFact.recorded_at, CaseFact.task_id)
_TASKS = tuple(Task.__table__.columns)
_WAITS = (
    WaitRecord.id, WaitRecord.token, WaitRecord.kind, WaitRecord.element_id, WaitRecord.element_name,
    WaitRecord.task_id, WaitRecord.message_name, WaitRecord.since, WaitRecord.expected_at, WaitRecord.at_risk_at,
    WaitRecord.responsible_role,
    WaitRecord.responsible_id, WaitRecord.responsible_name, WaitRecord.next_at, WaitRecord.next_what,
    WaitRecord.last_touch_at, WaitRecord.escalation_level,
)  # fmt: skip
_TIMERS = (
    Timer.id, Timer.kind, Timer.token, Timer.step, Timer.task_id, Timer.element_id, Timer.name, Timer.due_at,
    Timer.held_at, Timer.attempts,
)  # fmt: skip
_SUBSCRIPTIONS = (MessageSubscription.token, MessageSubscription.name, MessageSubscription.correlation_key)
_EARLY = (
    EarlyMessage.id, EarlyMessage.name, EarlyMessage.correlation_key, EarlyMessage.payload, EarlyMessage.expires_at,
)  # fmt: skip
_ANSWERS = (IdempotencyKey.command, IdempotencyKey.answer)
_INCIDENTS = (IncidentRow.id, IncidentRow.code, IncidentRow.element_id, IncidentRow.sentence, IncidentRow.attempted,
              IncidentRow.opened_at)  # fmt: skip


@dataclass(slots=True, kw_only=True)
class CircleMember:
    """A professional of the patient's care circle, as offers and notifications need them."""

    role: str
    professional_id: UUID
    usual: bool
    name: str
    away: bool


@dataclass(slots=True, kw_only=True)
class LoadedCase:
    """Everything the decision and the writing of one step read. Used within one transaction."""

    id: UUID
    territory_id: UUID
    number: str
    version_id: UUID
    patient_id: UUID | None
    organization_id: UUID | None
    sector_id: UUID | None
    state: str
    opened_at: datetime
    closed_at: datetime | None
    held_at: datetime | None
    version: int
    completed_steps: list[str]
    control_state: bytes
    calendar: Calendar
    facts: dict[str, dict[str, Value]]
    """Scope → name → value; '' is the case."""
    fact_origins: Mapping[tuple[str, str], tuple[datetime, UUID | None]]
    """When each was recorded, and by which task."""
    tasks: dict[str, dict[str, Any]]
    """Open tasks by token."""
    waits: dict[str, dict[str, Any]]
    timers: list[dict[str, Any]]
    subscriptions: list[dict[str, Any]]
    early: list[dict[str, Any]]
    incidents: list[dict[str, Any]]
    answered: Mapping[str, Any] | None = None
    """The command and answer already kept under the key asked for."""
    eligible: bool = False
    """May the professional asked about do the task, according to the directory?"""
    circle: list[CircleMember] = field(default_factory=list)

    def task(self, task_id: UUID) -> dict[str, Any] | None:
        """An open task by id."""
        return next((task for task in self.tasks.values() if task["id"] == task_id), None)


@lru_cache(maxsize=256)
def _statement(by: str, *, exercise: Exercise | None = None, locked: bool = True) -> Select[Any]:
    territory, snapshot, professional = TerritoryRow.__table__, aliased(Case), aliased(Professional)
    circle = (
        CareCircleMember.role, CareCircleMember.professional_id, CareCircleMember.usual, professional.title,
        professional.given_name, professional.family_name,
        away(professional.id, cast(date, bindparam("today", type_=Date()))).label("away"),
    )  # fmt: skip
    found = {
        "id": CASE.c.id == bindparam("key"),
        "task": CASE.c.id == select(Task.case_id).where(Task.id == bindparam("key")).scalar_subquery(),
        "timer": CASE.c.id == select(Timer.case_id).where(Timer.id == bindparam("key")).scalar_subquery(),
        "number": CASE.c.number == bindparam("key"),
    }[by]
    mine: tuple[Any, ...] = ()
    if by == "task":
        person = bindparam("professional_id", type_=Uuid())
        today = cast(date, bindparam("today", type_=Date()))
        may = exists().where(Task.id == bindparam("key"), may_do(person, today=today, exercise=exercise))
        mine = (may.label("eligible"),)
    answered = rows_of(
        _ANSWERS, IdempotencyKey.territory_id == CASE.c.territory_id, IdempotencyKey.key == bindparam("once")
    ).label("answered")
    reading = (
        select(
            *mine, answered,
            CASE.c.id, CASE.c.territory_id, CASE.c.number, CASE.c.pathway_version_id, CASE.c.patient_id,
            CASE.c.organization_id, CASE.c.sector_id, CASE.c.state, CASE.c.opened_at, CASE.c.closed_at, CASE.c.held_at,
            CASE.c.version, CASE.c.completed_steps, CASE.c.control_state, territory.c.time_zone, territory.c.holidays,
            select(snapshot.version).where(snapshot.id == CASE.c.id).scalar_subquery().label("snapshot_version"),
            rows_of(
                _FACTS, CaseFact.case_id == CASE.c.id, CaseFact.superseded_at.is_(None), CaseFact.closed_at.is_(None)
            ).label("facts"),
            rows_of(_TASKS, Task.case_id == CASE.c.id, Task.state.in_(OPEN_TASK_STATES)).label("tasks"),
            rows_of(_WAITS, WaitRecord.case_id == CASE.c.id).label("waits"),
            rows_of(_TIMERS, Timer.case_id == CASE.c.id).label("timers"),
            rows_of(_SUBSCRIPTIONS, MessageSubscription.case_id == CASE.c.id).label("subscriptions"),
            rows_of(_EARLY, EarlyMessage.case_id == CASE.c.id).label("early"),
            rows_of(_INCIDENTS, IncidentRow.case_id == CASE.c.id, IncidentRow.resolved_at.is_(None)).label("incidents"),
            rows_of(
                circle,
                CareCircleMember.patient_id == CASE.c.patient_id,
                professional.id == CareCircleMember.professional_id,
                or_(professional.left_at.is_(None), professional.left_at > bindparam("today")),
                CareCircleMember.valid_from <= bindparam("now"),
                or_(CareCircleMember.valid_to.is_(None), CareCircleMember.valid_to > bindparam("now")),
            ).label("circle"),
        )
        .join_from(CASE, territory, territory.c.id == CASE.c.territory_id)
        .where(and_(found, CASE.c.territory_id == bindparam("territory_id")))
    )  # fmt: skip
    return reading.with_for_update(of=CASE) if locked else reading


def lock_case(
    session: Session,
    *,
    by: str,
    key: object,
    territory_id: UUID,
    now: datetime,
    once: str | None = None,
    professional_id: UUID | None = None,
    exercise: Exercise | None = None,
) -> LoadedCase | None:
    """The case found `by` "id", "task", "timer" or "number", locked until the end of the transaction; None when absent.

    `once` is an idempotency key to look up with it; `professional_id` whose right to do the task
    is asked, practising as `exercise`.
    Raises CaseChanged when the case keeps moving under our eyes.
    """
    connection = session.connection()
    values = {"key": key, "territory_id": territory_id, "now": now, "today": now.date(), "once": once}
    if by == "task":
        values["professional_id"] = professional_id
    for _ in range(READ_AGAIN):
        row = connection.execute(_statement(by, exercise=exercise if by == "task" else None), values).one_or_none()
        if row is None:
            return None
        if row.version == row.snapshot_version:
            return _loaded(row, keyring_of(connection))
    raise CaseChanged("Le dossier vient de changer plusieurs fois de suite. Rechargez la page et recommencez.")


def read_case(session: Session, *, case_id: UUID, territory_id: UUID, now: datetime) -> LoadedCase | None:
    """The same, without a lock: for a preview that writes nothing."""
    values = {"key": case_id, "territory_id": territory_id, "now": now, "today": now.date(), "once": None}
    connection = session.connection()
    row = connection.execute(_statement("id", locked=False), values).one_or_none()
    return None if row is None else _loaded(row, keyring_of(connection))


_DECODERS = {
    "facts": ([column.key for column in _FACTS], decoders(_FACTS)),
    "tasks": ([column.key for column in _TASKS], decoders(_TASKS)),
    "waits": ([column.key for column in _WAITS], decoders(_WAITS)),
    "timers": ([column.key for column in _TIMERS], decoders(_TIMERS)),
    "subscriptions": ([column.key for column in _SUBSCRIPTIONS], decoders(_SUBSCRIPTIONS)),
    "early": ([column.key for column in _EARLY], decoders(_EARLY)),
    "answered": ([column.key for column in _ANSWERS], decoders(_ANSWERS)),
    "incidents": ([column.key for column in _INCIDENTS], decoders(_INCIDENTS)),
}


def _loaded(row: Any, keyring: Keyring) -> LoadedCase:
    def rows(name: str) -> list[dict[str, Any]]:
        names, how = _DECODERS[name]
        return decoded(getattr(row, name), names, how, keyring)

    facts: dict[str, dict[str, Value]] = {"": {}}
    origins: dict[tuple[str, str], tuple[datetime, UUID | None]] = {}
    for fact in rows("facts"):
        facts.setdefault(fact["scope"], {})[fact["name"]] = from_json(fact["value"])
        origins[fact["scope"], fact["name"]] = (fact["recorded_at"], fact["task_id"])
    return LoadedCase(
        id=row.id,
        territory_id=row.territory_id,
        number=row.number,
        version_id=row.pathway_version_id,
        patient_id=row.patient_id,
        organization_id=row.organization_id,
        sector_id=row.sector_id,
        state=row.state,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        held_at=row.held_at,
        version=row.version,
        completed_steps=list(row.completed_steps),
        control_state=row.control_state,
        calendar=territory_calendar(row.time_zone, row.holidays),
        facts=facts,
        fact_origins=origins,
        tasks={task["token"]: task for task in rows("tasks")},
        waits={wait["token"]: wait for wait in rows("waits")},
        timers=rows("timers"),
        subscriptions=rows("subscriptions"),
        early=rows("early"),
        incidents=rows("incidents"),
        circle=_circle(row.circle, keyring),
        answered=next(iter(rows("answered")), None),
        eligible=bool(getattr(row, "eligible", False)),
    )


def _circle(raw: Any, keyring: Keyring) -> list[CircleMember]:
    names = ("role", "professional_id", "usual", "title", "given_name", "family_name", "away")
    return [
        CircleMember(
            role=row["role"],
            professional_id=row["professional_id"],
            usual=bool(row["usual"]),
            name=display_name(row["title"], row["given_name"], row["family_name"]),
            away=bool(row["away"]),
        )
        for row in decoded(raw, names, (None, as_uuid, None, None, None, None, None), keyring)
    ]


def display_name(title: str, given_name: str, family_name: str) -> str:
    """« Dr Paul DEMO-PAULET »."""
    return " ".join(part for part in (title, given_name, family_name) if part)


def day_of(case: LoadedCase, now: datetime) -> date:
    """Today in the case's territory."""
    return case.calendar.today(now)
