"""« Tour de contrôle »: how the open cases stand, and those to unblock, the worst first.

Every list is one keyset page; nothing is asked once per row. Who may see a case is part of the statement
(`engine.visibility`); people who only follow the figures of the territory get counts and no case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Subquery, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from engine.actor import Actor
from engine.calendars import Calendar
from engine.errors import NotAllowed
from engine.lookups import names_begin
from engine.models import (
    Case,
    CaseHistory,
    Commune,
    IncidentRow,
    Organization,
    Pathway,
    PathwayVersion,
    Patient,
    Professional,
    Task,
    WaitRecord,
)
from engine.queries.health import Health, case_rank, wait_rank
from engine.queries.why import Wait, describe
from engine.queries.worklist import PatientCard, patient_card
from engine.visibility import COUNTERS, may_see, may_see_figures

PAGE_SIZE = 40
EXPORT_LIMIT = 5_000
NAMELESS = COUNTERS - {"coordinator", "mission_lead", "dac_case_manager"}
"""They follow figures: no case is listed to them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What the address of the page asks for; blank: everything."""

    pathway: str = ""
    health: Health | None = None
    role: str = ""
    step: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """Where the previous page ended, in the order of the list."""

    rank: int
    soonest: datetime
    case_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class TowerRow:
    """One open case. `waits` are all it waits for, the most pressing first; joins only when nothing else is open."""

    case_id: UUID
    number: str
    state: str
    patient: PatientCard
    pathway_title: Mapping[str, str]
    version: int
    organization: str
    health: Health
    waits: Sequence[Wait]
    phones: Mapping[UUID, str]
    """Telephone of the person a task waits for, by task."""
    last_event: str
    last_event_by: str
    last_event_at: datetime | None
    cursor: Cursor

    @property
    def first(self) -> Wait | None:
        """What presses most."""
        return self.waits[0] if self.waits else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A step that the software could not do, to be tried again."""

    id: UUID
    case_number: str
    pathway_title: Mapping[str, str]
    element_id: str
    sentence: str
    opened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Tower:
    """The page. `counts` follow every filter but that of health."""

    counts: Mapping[Health, int]
    total: int
    late_step: str
    late_there: int
    rows: Sequence[TowerRow]
    matching: int
    after: Cursor | None
    pathways: Sequence[tuple[str, Mapping[str, str]]]
    roles: Sequence[str]
    incidents: Sequence[Incident]
    nameless: bool


def tower(
    session: Session, *, by: Actor, now: datetime, calendar: Calendar, filters: Filters, after: Cursor | None = None
) -> Tower:
    """One page of the control tower, in nine statements. Raises NotAllowed for those who coordinate nothing."""
    if not may_see_figures(by):
        raise NotAllowed("Le suivi du territoire est celui de la coordination. Vos tâches sont dans « Ma journée ».")
    today = calendar.today(now)
    nameless = by.roles <= NAMELESS
    scope = _scope(by, now, today)
    graded = _graded(session, by, scope, now, today, filters)
    ranks = session.execute(select(graded.c.rank, func.count()).group_by(graded.c.rank)).all()
    counts = dict.fromkeys(Health, 0) | {Health(rank): count for rank, count in ranks}
    late_step, late_there = _latest_step(session, scope, now)
    rows = () if nameless else case_rows(session, by=by, now=now, calendar=calendar, filters=filters, after=after)
    return Tower(
        counts=counts,
        total=sum(counts.values()),
        late_step=late_step,
        late_there=late_there,
        rows=rows[:PAGE_SIZE],
        matching=counts[filters.health] if filters.health is not None else sum(counts.values()),
        after=rows[PAGE_SIZE - 1].cursor if len(rows) > PAGE_SIZE else None,
        pathways=_pathways(session, scope),
        roles=_roles(session, scope),
        incidents=() if nameless else _incidents(session, scope),
        nameless=nameless,
    )


def case_rows(
    session: Session,
    *,
    by: Actor,
    now: datetime,
    calendar: Calendar,
    filters: Filters,
    after: Cursor | None = None,
    limit: int = PAGE_SIZE + 1,
) -> Sequence[TowerRow]:
    """Open cases that match, the worst first, then by what was expected first. Five statements."""
    today = calendar.today(now)
    graded = _graded(session, by, may_see(by, now=now, today=today), now, today, filters)
    statement = (
        select(Case, graded.c.rank, graded.c.soonest, Pathway.title, PathwayVersion.number, Patient, Commune.name,
               Organization.name)
        .join(graded, graded.c.id == Case.id)
        .join(PathwayVersion, PathwayVersion.id == Case.pathway_version_id)
        .join(Pathway, Pathway.id == PathwayVersion.pathway_id)
        .outerjoin(Patient, Patient.id == Case.patient_id)
        .outerjoin(Commune, Commune.id == Patient.commune_id)
        .outerjoin(Organization, Organization.id == Case.organization_id)
        .order_by(graded.c.rank.desc(), graded.c.soonest, Case.id)
        .limit(limit)
    )  # fmt: skip
    if filters.health is not None:
        statement = statement.where(graded.c.rank == int(filters.health))
    if after is not None:
        statement = statement.where(_past(graded, after))
    rows = session.execute(statement).all()
    case_ids = [row[0].id for row in rows]
    waits, phones = _waits(session, case_ids, calendar, now)
    events = _last_events(session, case_ids)
    return tuple(_row(row, waits, phones, events) for row in rows)


def _past(graded: Subquery, after: Cursor) -> ColumnElement[bool]:
    rank, soonest = graded.c.rank, graded.c.soonest
    return or_(
        rank < after.rank,
        and_(rank == after.rank, soonest > after.soonest),
        and_(rank == after.rank, soonest == after.soonest, graded.c.id > after.case_id),
    )


def _scope(by: Actor, now: datetime, today: date) -> ColumnElement[bool]:
    if by.roles <= NAMELESS:
        return Case.territory_id == by.territory_id
    return may_see(by, now=now, today=today)


def _graded(
    session: Session, by: Actor, scope: ColumnElement[bool], now: datetime, today: date, filters: Filters
) -> Subquery:
    """Open cases in scope with their rank and the first date they are expected to move."""
    wait = aliased(WaitRecord)
    soonest = select(func.min(wait.expected_at)).where(wait.case_id == Case.id).correlate(Case).scalar_subquery()
    rank = case_rank(now=now, today=today).label("rank")
    first = func.coalesce(soonest, Case.opened_at, type_=Case.opened_at.type).label("soonest")
    statement = select(Case.id, rank, first).where(scope, Case.closed_at.is_(None))
    return _filtered(session, by, statement, filters).subquery()


def _filtered(
    session: Session, by: Actor, statement: Select[*tuple[Any, ...]], filters: Filters
) -> Select[*tuple[Any, ...]]:
    wait = aliased(WaitRecord)
    if filters.pathway:
        statement = (
            statement.join(PathwayVersion, PathwayVersion.id == Case.pathway_version_id)
            .join(Pathway, Pathway.id == PathwayVersion.pathway_id)
            .where(Pathway.key == filters.pathway)
        )
    if filters.role or filters.step:
        wanted = [wait.responsible_role == filters.role] if filters.role else []
        wanted += [wait.element_id == filters.step] if filters.step else []
        statement = statement.where(select(wait.id).where(wait.case_id == Case.id, *wanted).correlate(Case).exists())
    if filters.text:
        named = or_(
            names_begin(session, filters.text, territory_id=by.territory_id, patient_id=Case.patient_id),
            Case.number.icontains(filters.text, autoescape=True),
        )
        statement = statement.where(named)
    return statement


def _waits(
    session: Session, case_ids: Sequence[UUID], calendar: Calendar, now: datetime
) -> tuple[Mapping[UUID, list[Wait]], Mapping[UUID, str]]:
    rows = session.execute(
        select(WaitRecord, Task, Professional.phone, wait_rank(now=now, today=calendar.today(now)).label("rank"))
        .join(Case, Case.id == WaitRecord.case_id)
        .outerjoin(Task, Task.id == WaitRecord.task_id)
        .outerjoin(Professional, Professional.id == WaitRecord.responsible_id)
        .where(WaitRecord.case_id.in_(case_ids))
    ).all()
    sentences = {
        f"incident:{key}": sentence
        for key, sentence in session.execute(
            select(IncidentRow.id, IncidentRow.sentence).where(
                IncidentRow.case_id.in_(case_ids), IncidentRow.resolved_at.is_(None)
            )
        )
    }
    found: dict[UUID, list[Wait]] = {}
    joins: dict[UUID, list[Wait]] = {}
    phones: dict[UUID, str] = {}
    for row in sorted(rows, key=lambda one: (-one.rank, one.WaitRecord.expected_at, one.WaitRecord.element_id)):
        wait: WaitRecord = row.WaitRecord
        said = describe(wait, row.Task, Health(row.rank), calendar.zone, now, sentences.get(wait.token, ""))
        (joins if wait.kind == "join" else found).setdefault(wait.case_id, []).append(said)
        if row.phone and wait.task_id is not None:
            phones[wait.task_id] = row.phone
    return {key: found.get(key) or joins.get(key, []) for key in case_ids}, phones


def _last_events(session: Session, case_ids: Sequence[UUID]) -> Mapping[UUID, tuple[str, str, datetime]]:
    """The last thing a person did in each case."""
    last = (
        select(func.max(CaseHistory.id))
        .where(CaseHistory.case_id.in_(case_ids), CaseHistory.visible.is_(True), CaseHistory.actor != "")
        .group_by(CaseHistory.case_id)
    )
    rows = session.execute(select(CaseHistory).where(CaseHistory.id.in_(last))).scalars()
    return {row.case_id: (row.element_name, row.actor, row.at) for row in rows}


def _row(
    row: Sequence[Any],
    waits: Mapping[UUID, Sequence[Wait]],
    phones: Mapping[UUID, str],
    events: Mapping[UUID, tuple[str, str, datetime]],
) -> TowerRow:
    case, rank, soonest, title, version, patient, commune, organization = row
    event, event_by, event_at = events.get(case.id, ("", "", None))
    mine = waits[case.id]
    return TowerRow(
        case_id=case.id,
        number=case.number,
        state=case.state,
        patient=patient_card(patient, commune or ""),
        pathway_title=title,
        version=version,
        organization=organization or "",
        health=Health(rank),
        waits=mine,
        phones={wait.task_id: phones[wait.task_id] for wait in mine if wait.task_id and wait.task_id in phones},
        last_event=event,
        last_event_by=event_by,
        last_event_at=event_at,
        cursor=Cursor(rank=rank, soonest=soonest, case_id=case.id),
    )


def _latest_step(session: Session, scope: ColumnElement[bool], now: datetime) -> tuple[str, int]:
    """The step where most cases are late, and how many."""
    row = session.execute(
        select(WaitRecord.element_name, func.count(func.distinct(WaitRecord.case_id)))
        .join(Case, Case.id == WaitRecord.case_id)
        .where(
            scope, Case.closed_at.is_(None), Case.state == "active", WaitRecord.expected_at < now,
            WaitRecord.kind.in_(("human", "offer")),
        )
        .group_by(WaitRecord.element_name)
        .order_by(func.count(func.distinct(WaitRecord.case_id)).desc(), WaitRecord.element_name)
        .limit(1)
    ).one_or_none()  # fmt: skip
    return ("", 0) if row is None else (row[0], row[1])


def _pathways(session: Session, scope: ColumnElement[bool]) -> Sequence[tuple[str, Mapping[str, str]]]:
    rows = session.execute(
        select(Pathway.key, Pathway.title)
        .where(
            select(Case.id)
            .join(PathwayVersion, PathwayVersion.id == Case.pathway_version_id)
            .where(PathwayVersion.pathway_id == Pathway.id, scope, Case.closed_at.is_(None))
            .correlate(Pathway)
            .exists()
        )
        .order_by(Pathway.key)
    )
    return tuple((row.key, row.title) for row in rows)


def _roles(session: Session, scope: ColumnElement[bool]) -> Sequence[str]:
    rows = session.execute(
        select(WaitRecord.responsible_role)
        .join(Case, Case.id == WaitRecord.case_id)
        .where(scope, Case.closed_at.is_(None))
        .distinct()
        .order_by(WaitRecord.responsible_role)
    )
    return tuple(rows.scalars())


def _incidents(session: Session, scope: ColumnElement[bool]) -> Sequence[Incident]:
    rows = session.execute(
        select(IncidentRow, Case.number, Pathway.title)
        .join(Case, Case.id == IncidentRow.case_id)
        .join(PathwayVersion, PathwayVersion.id == Case.pathway_version_id)
        .join(Pathway, Pathway.id == PathwayVersion.pathway_id)
        .where(scope, Case.closed_at.is_(None), IncidentRow.resolved_at.is_(None))
        .order_by(IncidentRow.opened_at)
        .limit(PAGE_SIZE)
    )
    return tuple(
        Incident(
            id=incident.id, case_number=number, pathway_title=title, element_id=incident.element_id,
            sentence=incident.sentence, opened_at=incident.opened_at,
        )
        for incident, number, title in rows
    )  # fmt: skip
