"""« Ma journée »: the tasks of one professional, in four tabs, for the screen and the phone.

Whose a task is: mine when I accepted it, or when it was addressed to me by name and is not an offer to answer.
To take: what is offered to me (an offer round), to my structure, my sector or my role, and nobody has taken yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Literal, TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from engine.actor import Actor
from engine.calendars import Calendar
from engine.eligibility import in_exercise, may_take
from engine.lookups import names_begin
from engine.models import (
    Case,
    Commune,
    Organization,
    Pathway,
    PathwayVersion,
    Patient,
    Task,
    TaskDraft,
)

Tab: TypeAlias = Literal["today", "to_take", "later", "done"]
TABS: tuple[Tab, ...] = ("today", "to_take", "later", "done")
PAGE_SIZE = 60
DONE_SINCE = timedelta(days=14)
ANONYMOUS_ROUNDS = ("pool", "neighbours")
"""Rounds in which people who do not know the patient are asked: commune and care only, no identity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientCard:
    """What a visit needs to know of a patient. Blank names: the request is anonymous until it is accepted."""

    id: UUID | None
    name: str
    birth_date: date | None
    phone: str
    address: str
    commune: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorklistTask:
    """One line of the list."""

    id: UUID
    name: str
    why: str
    role: str
    state: str
    mine: bool
    offer_round: str | None
    offered_until: datetime | None
    offered_by: str
    opens_at: datetime | None
    due_at: datetime | None
    follow_up_at: datetime | None
    priority: str
    priority_reason: str
    late: bool
    case_number: str
    pathway_title: Mapping[str, str]
    has_draft: bool
    completed_at: datetime | None
    revision: int
    patient: PatientCard


@dataclass(frozen=True, slots=True, kw_only=True)
class Worklist:
    """One tab, with the counts of all four. `next_due` is the first date of the tab « À venir »."""

    tab: Tab
    counts: Mapping[Tab, int]
    late: int
    tasks: Sequence[WorklistTask]
    has_more: bool
    next_due: datetime | None


def worklist(
    session: Session,
    *,
    by: Actor,
    now: datetime,
    calendar: Calendar,
    tab: Tab | None = None,
    text: str = "",
    page: int = 1,
) -> Worklist:
    """The tab asked for; without one, today's, or what is to take when today is empty.

    A day ends at midnight in the territory. Relies on ix_task_owner_open, ix_task_offered, ix_task_done_by.
    """
    tabs = _tabs(by, now, calendar)
    counted = session.execute(
        select(
            *(func.coalesce(func.sum(case((tabs[one], 1), else_=0)), 0).label(one) for one in TABS),
            func.coalesce(func.sum(case((and_(tabs["today"], Task.due_at < now), 1), else_=0)), 0).label("late"),
            func.min(case((tabs["later"], func.coalesce(Task.opens_at, Task.due_at)))).label("next_due"),
        ).where(Task.territory_id == by.territory_id, or_(*tabs.values()))
    ).one()
    counts: dict[Tab, int] = {one: int(getattr(counted, one)) for one in TABS}
    chosen: Tab = tab or ("to_take" if not counts["today"] and counts["to_take"] else "today")
    rows = session.execute(
        _rows(by)
        .where(tabs[chosen], *_matching(session, text, by))
        .order_by(*_order(chosen, now))
        .limit(PAGE_SIZE + 1)
        .offset((max(page, 1) - 1) * PAGE_SIZE)
    ).all()
    return Worklist(
        tab=chosen,
        counts=counts,
        late=int(counted.late),
        tasks=tuple(_task(row, by, now) for row in rows[:PAGE_SIZE]),
        has_more=len(rows) > PAGE_SIZE,
        next_due=counted.next_due,
    )


def others_for_patient(
    session: Session, *, by: Actor, patient_id: UUID, now: datetime, calendar: Calendar, besides: UUID | None = None
) -> Sequence[WorklistTask]:
    """My other open tasks for one patient, and those I could take."""
    rows = session.execute(
        _rows(by)
        .where(
            Task.patient_id == patient_id,
            Task.id != (besides or UUID(int=0)),
            or_(_mine(by, calendar.today(now)), _to_take(by, calendar.today(now))),
        )
        .order_by(*_order("today", now))
        .limit(10)
    ).all()
    return tuple(_task(row, by, now) for row in rows)


def _me(by: Actor) -> UUID:
    """The professional acting; an id nobody has for an account without one (a null would match what nobody owns)."""
    return by.professional_id or UUID(int=0)


def _mine(by: Actor, today: date) -> ColumnElement[bool]:
    given = or_(
        and_(Task.state == "accepted", Task.owner_id == _me(by)),
        and_(
            Task.state == "offered",
            Task.audience == "professional",
            Task.audience_professional_id == _me(by),
            Task.offer_round.is_(None),
        ),
    )
    return and_(given, in_exercise(_me(by), exercise=by.exercise, today=today))


def _to_take(by: Actor, today: date) -> ColumnElement[bool]:
    to_me = and_(Task.audience == "professional", Task.audience_professional_id == _me(by), Task.offer_round.is_(None))
    free = may_take(_me(by), today=today, exercise=by.exercise)
    return and_(Task.state == "offered", free, ~func.coalesce(to_me, False))


def _tabs(by: Actor, now: datetime, calendar: Calendar) -> dict[Tab, ColumnElement[bool]]:
    today = calendar.today(now)
    day_ends = calendar.at(today + timedelta(days=1), time(0))
    put_off = and_(Task.follow_up_at.is_not(None), Task.follow_up_at >= day_ends)
    not_yet = and_(Task.opens_at.is_not(None), Task.opens_at >= day_ends)
    far = and_(Task.due_at.is_not(None), Task.due_at >= day_ends, Task.opens_at.is_(None), Task.priority != "vital")
    chosen_for_today = and_(Task.follow_up_at.is_not(None), Task.follow_up_at < day_ends)
    late = and_(Task.due_at.is_not(None), Task.due_at < now)
    later = and_(~late, or_(put_off, not_yet, and_(far, ~chosen_for_today)))
    return {
        "today": and_(_mine(by, today), ~func.coalesce(later, False)),
        "to_take": _to_take(by, today),
        "later": and_(_mine(by, today), later),
        "done": and_(
            Task.completed_by_id == _me(by),
            Task.state.in_(("completed", "not_done")),
            Task.completed_at > now - DONE_SINCE,
        ),
    }


def _rows(by: Actor) -> Select[*tuple[Any, ...]]:
    origin = aliased(Organization)
    return (
        select(Task, Case.number, Pathway.title, Patient, Commune.name, origin.name, TaskDraft.saved_at)
        .join(Case, Case.id == Task.case_id)
        .join(PathwayVersion, PathwayVersion.id == Case.pathway_version_id)
        .join(Pathway, Pathway.id == PathwayVersion.pathway_id)
        .outerjoin(Patient, Patient.id == Task.patient_id)
        .outerjoin(Commune, Commune.id == Patient.commune_id)
        .outerjoin(origin, origin.id == Case.organization_id)
        .outerjoin(TaskDraft, and_(TaskDraft.task_id == Task.id, TaskDraft.account_id == by.account_id))
        .where(Task.territory_id == by.territory_id, shared_or_nameless())
    )


def shared_or_nameless() -> ColumnElement[bool]:
    """The patient (if there is one) has neither opposed sharing nor been erased. The statement joins Patient."""
    return and_(Patient.opposition_at.is_(None), Patient.erased_at.is_(None))


def _order(tab: Tab, now: datetime) -> tuple[ColumnElement[object], ...]:
    if tab == "done":
        return (Task.completed_at.desc(), Task.id)  # type: ignore[return-value]
    rank = case((Task.priority == "vital", 0), (Task.priority == "high", 1), else_=2)
    late = case((Task.due_at < now, 0), else_=1)
    undated = case((Task.due_at.is_(None), 1), else_=0)
    return (late, rank, undated, Task.due_at, Task.opened_at, Task.id)  # type: ignore[return-value]


def _matching(session: Session, text: str, by: Actor) -> Sequence[ColumnElement[bool]]:
    """Rows whose task or patient holds the words. Anonymous requests are never found by a name."""
    wanted = text.strip()
    if not wanted:
        return ()
    named = names_begin(session, wanted, territory_id=by.territory_id, patient_id=Task.patient_id)
    return (or_(Task.name.icontains(wanted, autoescape=True), and_(named, ~_anonymous())),)


def _anonymous() -> ColumnElement[bool]:
    return and_(Task.state == "offered", func.coalesce(Task.offer_round, "").in_(ANONYMOUS_ROUNDS))


def _task(row: Sequence[object], by: Actor, now: datetime) -> WorklistTask:
    task, number, title, patient, commune, origin, draft_at = row
    assert isinstance(task, Task)
    hidden = task.state == "offered" and task.offer_round in ANONYMOUS_ROUNDS
    return WorklistTask(
        id=task.id,
        name=task.name,
        why=task.why,
        role=task.role,
        state=task.state,
        mine=task.owner_id is not None and task.owner_id == by.professional_id,
        offer_round=task.offer_round,
        offered_until=task.offered_until,
        offered_by=str(origin or ""),
        opens_at=task.opens_at,
        due_at=task.due_at,
        follow_up_at=task.follow_up_at,
        priority=task.priority,
        priority_reason=task.priority_reason,
        late=task.due_at is not None and task.due_at < now and task.state in ("offered", "accepted"),
        case_number=str(number),
        pathway_title=title if isinstance(title, Mapping) else {},
        has_draft=draft_at is not None,
        completed_at=task.completed_at,
        revision=task.revision,
        patient=patient_card(patient if isinstance(patient, Patient) else None, str(commune or ""), anonymous=hidden),
    )


def patient_card(patient: Patient | None, commune: str, *, anonymous: bool = False) -> PatientCard:
    """The patient as a card; only the commune when the request is anonymous."""
    if patient is None or anonymous:
        return PatientCard(id=None, name="", birth_date=None, phone="", address="", commune=commune)
    return PatientCard(
        id=patient.id,
        name=patient.display_name,
        birth_date=patient.birth_date,
        phone=patient.phone or "",
        address=patient.address or "",
        commune=commune,
    )
