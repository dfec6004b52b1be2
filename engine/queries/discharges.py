"""« Mes sorties »: the cases opened by a ward, each with what comes next and who answers for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, func, or_, select
from sqlalchemy.orm import Session

from engine.actor import Actor
from engine.calendars import Calendar
from engine.eligibility import within
from engine.expressions import from_json
from engine.lookups import names_begin
from engine.models import (
    Case,
    CaseFact,
    CaseHistory,
    Commune,
    Organization,
    Pathway,
    PathwayVersion,
    Patient,
    Task,
    WaitRecord,
)
from engine.queries.health import Health, wait_rank
from engine.queries.why import describe
from engine.queries.worklist import PatientCard, patient_card, shared_or_nameless

PAGE_SIZE = 40
CLOSED_SINCE = timedelta(days=7)
FIRST_VISIT = "first_nurse_visit"
"""The step of the discharge pathway that a ward looks for first (domain glossary, task A-T14)."""
DISCHARGED, PLANNED = "discharge_at", "planned_discharge_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class NextStep:
    """The most pressing thing a case waits for: the worst first, then the first expected."""

    what: str
    role: str
    who: str
    expected_at: datetime
    health: Health
    sentence: str
    """What, since when, until when, and what happens by itself otherwise."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many things a case waits for, how many past their date, and the most pressing one."""

    count: int
    late: int
    next: NextStep


@dataclass(frozen=True, slots=True, kw_only=True)
class Discharge:
    """One row of the ward's list."""

    case_id: UUID
    number: str
    pathway_title: Mapping[str, str]
    patient: PatientCard
    ward: str
    state: str
    opened_at: datetime
    discharged_at: datetime | None
    planned_at: datetime | None
    first_visit: str | None
    """State of the first visit at home: offered, accepted, completed…; None while it does not exist."""
    first_visit_at: datetime | None
    first_visit_by: str
    waits: int
    health: Health
    next: NextStep | None
    last_event: str
    last_event_by: str
    last_event_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Discharges:
    """One page of the list, most pressing first, with the counts of the tabs."""

    rows: Sequence[Discharge]
    open: int
    closed: int
    late: int
    has_more: bool


def discharges(
    session: Session,
    *,
    by: Actor,
    now: datetime,
    calendar: Calendar,
    closed: bool = False,
    text: str = "",
    page: int = 1,
) -> Discharges:
    """Cases opened in the organisations of `by` (wards of their hospital included), in six statements."""
    mine = and_(Case.territory_id == by.territory_id, _in_my_organizations(by))
    is_open = Case.closed_at.is_(None)
    recently_closed = and_(Case.closed_at.is_not(None), Case.closed_at > now - CLOSED_SINCE)
    soonest = (
        select(WaitRecord.case_id, func.min(WaitRecord.expected_at).label("at")).group_by(WaitRecord.case_id).subquery()
    )
    counted = session.execute(
        select(
            func.count(Case.id).filter(is_open),
            func.count(Case.id).filter(recently_closed),
            func.count(Case.id).filter(and_(is_open, soonest.c.at < now)),
        )
        .outerjoin(soonest, soonest.c.case_id == Case.id)
        .where(mine)
    ).one()
    rows = session.execute(
        select(Case, Pathway.title, Patient, Commune.name, Organization.name)
        .join(PathwayVersion, PathwayVersion.id == Case.pathway_version_id)
        .join(Pathway, Pathway.id == PathwayVersion.pathway_id)
        .outerjoin(Patient, Patient.id == Case.patient_id)
        .outerjoin(Commune, Commune.id == Patient.commune_id)
        .outerjoin(Organization, Organization.id == Case.organization_id)
        .outerjoin(soonest, soonest.c.case_id == Case.id)
        .where(mine, recently_closed if closed else is_open, shared_or_nameless(), *_named(session, text, by))
        .order_by(Case.closed_at.desc() if closed else soonest.c.at, Case.opened_at, Case.id)
        .limit(PAGE_SIZE + 1)
        .offset((max(page, 1) - 1) * PAGE_SIZE)
    ).all()
    details = CaseDetails.of(session, [row[0].id for row in rows[:PAGE_SIZE]], now, calendar)
    return Discharges(
        rows=tuple(_row(row, details) for row in rows[:PAGE_SIZE]),
        open=counted[0],
        closed=counted[1],
        late=counted[2],
        has_more=len(rows) > PAGE_SIZE,
    )


@dataclass(frozen=True, slots=True)
class CaseDetails:
    """What lists show of several cases at once, read in four statements."""

    dates: Mapping[UUID, Mapping[str, datetime]]
    visits: Mapping[UUID, tuple[str, datetime | None, str]]
    waits: Mapping[UUID, Waiting]
    events: Mapping[UUID, tuple[str, str, datetime]]

    @staticmethod
    def of(session: Session, case_ids: Sequence[UUID], now: datetime, calendar: Calendar) -> CaseDetails:
        """Dates, first visits, waits and last events of these cases."""
        return CaseDetails(
            dates=_dates(session, case_ids),
            visits=_visits(session, case_ids),
            waits=_waits(session, case_ids, now, calendar),
            events=_events(session, case_ids),
        )


def _in_my_organizations(by: Actor) -> ColumnElement[bool]:
    if not by.organization_ids:
        return false()
    return or_(*(within(Case.organization_id, one) for one in sorted(by.organization_ids)))


def _named(session: Session, text: str, by: Actor) -> Sequence[ColumnElement[bool]]:
    wanted = text.strip()
    if not wanted:
        return ()
    names = names_begin(session, wanted, territory_id=by.territory_id, patient_id=Case.patient_id)
    return (or_(names, Case.number.icontains(wanted, autoescape=True)),)


def _dates(session: Session, case_ids: Sequence[UUID]) -> Mapping[UUID, Mapping[str, datetime]]:
    found: dict[UUID, dict[str, datetime]] = {}
    rows = session.execute(
        select(CaseFact.case_id, CaseFact.name, CaseFact.value).where(
            CaseFact.case_id.in_(case_ids),
            CaseFact.scope == "",
            CaseFact.superseded_at.is_(None),
            CaseFact.name.in_((DISCHARGED, PLANNED)),
        )
    )
    for case_id, name, value in rows:
        moment = from_json(value)
        if isinstance(moment, datetime):
            found.setdefault(case_id, {})[name] = moment
    return found


def _visits(session: Session, case_ids: Sequence[UUID]) -> Mapping[UUID, tuple[str, datetime | None, str]]:
    rows = session.execute(
        select(Task.case_id, Task.state, func.coalesce(Task.completed_at, Task.due_at), Task.completed_by)
        .where(Task.case_id.in_(case_ids), Task.element_id == FIRST_VISIT)
        .order_by(Task.opened_at)
    )
    return {case_id: (state, at, who or "") for case_id, state, at, who in rows}


def _waits(session: Session, case_ids: Sequence[UUID], now: datetime, calendar: Calendar) -> Mapping[UUID, Waiting]:
    rank = wait_rank(now=now, today=calendar.today(now)).label("rank")
    rows = session.execute(
        select(WaitRecord, Task, rank)
        .join(Case, Case.id == WaitRecord.case_id)
        .outerjoin(Task, Task.id == WaitRecord.task_id)
        .where(WaitRecord.case_id.in_(case_ids))
        .order_by(rank.desc(), WaitRecord.expected_at, WaitRecord.id)
    )
    found: dict[UUID, Waiting] = {}
    for wait, task, grade in rows:
        known = found.get(wait.case_id)
        late = int(wait.expected_at < now)
        if known is not None:
            found[wait.case_id] = replace(known, count=known.count + 1, late=known.late + late)
            continue
        said = describe(wait, task, Health(grade), calendar.zone, now)
        step = NextStep(
            what=wait.element_name, role=wait.responsible_role, who=wait.responsible_name,
            expected_at=wait.expected_at, health=Health(grade), sentence=said.sentence,
        )  # fmt: skip
        found[wait.case_id] = Waiting(1, late, step)
    return found


def _events(session: Session, case_ids: Sequence[UUID]) -> Mapping[UUID, tuple[str, str, datetime]]:
    last = (
        select(func.max(CaseHistory.id))
        .where(CaseHistory.case_id.in_(case_ids), CaseHistory.visible.is_(True), CaseHistory.element_name != "")
        .group_by(CaseHistory.case_id)
    )
    rows = session.execute(select(CaseHistory).where(CaseHistory.id.in_(last))).scalars()
    return {row.case_id: (row.element_name, row.actor, row.at) for row in rows}


def _row(row: Sequence[object], details: CaseDetails) -> Discharge:
    case, title, patient, commune, ward = row
    assert isinstance(case, Case)
    dates = details.dates.get(case.id, {})
    visit, visit_at, visit_by = details.visits.get(case.id, (None, None, ""))
    waiting = details.waits.get(case.id)
    nothing = Health.HEALTHY if case.closed_at is not None else Health.BROKEN  # an open case waits for something
    event, event_by, event_at = details.events.get(case.id, ("", "", None))
    return Discharge(
        case_id=case.id,
        number=case.number,
        pathway_title=title if isinstance(title, Mapping) else {},
        patient=patient_card(patient if isinstance(patient, Patient) else None, str(commune or "")),
        ward=str(ward or ""),
        state=case.state,
        opened_at=case.opened_at,
        discharged_at=dates.get(DISCHARGED),
        planned_at=dates.get(PLANNED),
        first_visit=visit,
        first_visit_at=visit_at,
        first_visit_by=visit_by,
        waits=0 if waiting is None else waiting.count,
        health=nothing if waiting is None else waiting.next.health,
        next=None if waiting is None else waiting.next,
        last_event=event,
        last_event_by=event_by,
        last_event_at=event_at,
    )
