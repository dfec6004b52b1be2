"""« Mes patients »: the patients whose care circle I belong to and whose pathway is open, by where they are now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from engine.actor import Actor
from engine.calendars import Calendar
from engine.eligibility import in_circle_now, in_exercise, may_take
from engine.lookups import names_begin
from engine.models import (
    CareCircleMember,
    Case,
    Commune,
    Organization,
    Pathway,
    PathwayVersion,
    Patient,
    Task,
)
from engine.queries.discharges import DISCHARGED, PLANNED, CaseDetails, NextStep
from engine.queries.worklist import PatientCard, patient_card
from engine.visibility import may_see

MOST = 200
LETTER = "liaison_letter"
CLOSED_SINCE = timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class MyTask:
    """Something this professional has to do for the patient."""

    id: UUID
    name: str
    due_at: datetime | None
    offer_round: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A document written during the stay."""

    task_id: UUID
    name: str
    who: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MyPatient:
    """One patient in one open pathway. `place` is hospital, home or pathway (elsewhere, another kind of pathway)."""

    patient: PatientCard
    case_number: str
    pathway_title: Mapping[str, str]
    place: str
    ward: str
    opened_at: datetime
    planned_at: datetime | None
    discharged_at: datetime | None
    late: int
    next: NextStep | None
    tasks: Sequence[MyTask]
    letters: Sequence[Letter]


def my_patients(
    session: Session, *, by: Actor, now: datetime, calendar: Calendar, text: str = ""
) -> Sequence[MyPatient]:
    """Open cases of the patients whose circle `by` belongs to now, in seven statements."""
    rows = session.execute(
        select(Case, Pathway.title, Patient, Commune.name, Organization.name)
        .join(PathwayVersion, PathwayVersion.id == Case.pathway_version_id)
        .join(Pathway, Pathway.id == PathwayVersion.pathway_id)
        .join(Patient, Patient.id == Case.patient_id)
        .outerjoin(Commune, Commune.id == Patient.commune_id)
        .outerjoin(Organization, Organization.id == Case.organization_id)
        .where(
            Case.territory_id == by.territory_id,
            Case.closed_at.is_(None),
            in_my_circle(by, now),
            may_see(by, now=now, today=calendar.today(now)),
            *([names_begin(session, text, territory_id=by.territory_id)] if text.strip() else []),
        )
        .order_by(Case.opened_at.desc(), Case.id)
        .limit(MOST)
    ).all()
    case_ids = [row[0].id for row in rows]
    details = CaseDetails.of(session, case_ids, now, calendar)
    tasks = _my_tasks(session, by, case_ids, calendar, now)
    letters = _letters(session, case_ids)
    return tuple(_row(row, details, tasks, letters) for row in rows)


def in_my_circle(by: Actor, now: datetime) -> ColumnElement[bool]:
    """The patient's care circle holds `by`, or one of their organisations, today."""
    member = CareCircleMember
    return (
        select(member.id)
        .where(
            member.patient_id == Patient.id,
            in_circle_now(member, now),
            or_(
                member.professional_id == (by.professional_id or UUID(int=0)),
                member.organization_id.in_(by.organization_ids),
            ),
        )
        .correlate(Patient)
        .exists()
    )


def _my_tasks(
    session: Session, by: Actor, case_ids: Sequence[UUID], calendar: Calendar, now: datetime
) -> Mapping[UUID, list[MyTask]]:
    me = by.professional_id or UUID(int=0)
    rows = session.execute(
        select(Task.case_id, Task.id, Task.name, Task.due_at, Task.offer_round)
        .where(
            Task.case_id.in_(case_ids),
            or_(
                (Task.state == "accepted")
                & (Task.owner_id == me)
                & in_exercise(me, exercise=by.exercise, today=calendar.today(now)),
                may_take(me, today=calendar.today(now), exercise=by.exercise),
            ),
        )
        .order_by(Task.due_at, Task.id)
    )
    found: dict[UUID, list[MyTask]] = {}
    for case_id, key, name, due_at, offer in rows:
        found.setdefault(case_id, []).append(MyTask(id=key, name=name, due_at=due_at, offer_round=offer))
    return found


def _letters(session: Session, case_ids: Sequence[UUID]) -> Mapping[UUID, list[Letter]]:
    rows = session.execute(
        select(Task.case_id, Task.id, Task.name, Task.completed_by, Task.completed_at)
        .where(Task.case_id.in_(case_ids), Task.element_id == LETTER, Task.state == "completed")
        .order_by(Task.completed_at.desc())
    )
    found: dict[UUID, list[Letter]] = {}
    for case_id, key, name, who, at in rows:
        if at is not None:
            found.setdefault(case_id, []).append(Letter(task_id=key, name=name, who=who or "", at=at))
    return found


def _row(
    row: Sequence[object],
    details: CaseDetails,
    tasks: Mapping[UUID, Sequence[MyTask]],
    letters: Mapping[UUID, Sequence[Letter]],
) -> MyPatient:
    case, title, patient, commune, ward = row
    assert isinstance(case, Case) and isinstance(patient, Patient)
    dates = details.dates.get(case.id, {})
    waiting = details.waits.get(case.id)
    stay = PLANNED in dates or DISCHARGED in dates or ward is not None
    return MyPatient(
        patient=patient_card(patient, str(commune or "")),
        case_number=case.number,
        pathway_title=title if isinstance(title, Mapping) else {},
        place="home" if DISCHARGED in dates else "hospital" if stay else "pathway",
        ward=str(ward or ""),
        opened_at=case.opened_at,
        planned_at=dates.get(PLANNED),
        discharged_at=dates.get(DISCHARGED),
        late=0 if waiting is None else waiting.late,
        next=None if waiting is None else waiting.next,
        tasks=tasks.get(case.id, ()),
        letters=letters.get(case.id, ()),
    )
