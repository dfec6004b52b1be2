"""One patient over all their pathways: one circle, one timeline, and duties that fall together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine.actor import Actor
from engine.calendars import Calendar
from engine.eligibility import in_circle_now
from engine.errors import PatientNotFound
from engine.models import (
    OPEN_TASK_STATES,
    CareCircleMember,
    Case,
    Organization,
    Pathway,
    PathwayVersion,
    Patient,
    Professional,
    Task,
)
from engine.visibility import may_see

MOST = 100
TEAM_ROLES = frozenset({"coordinator", "mission_lead"})
"""They look after many patients from a desk: two of their tasks in a week are not two visits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientCase:
    """One pathway of the patient, open or closed."""

    number: str
    pathway_title: Mapping[str, str]
    state: str
    opened_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Somebody of the care circle."""

    role: str
    name: str
    usual: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """A task of one of the pathways: done (`done_at`, `who`), or to do (`due_at`)."""

    name: str
    role: str
    case_number: str
    due_at: datetime | None
    done_at: datetime | None
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """Duties of one role in several pathways, in the same week: one meeting might do for both."""

    role: str
    week_of: datetime
    duties: Sequence[Duty]


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientPage:
    """Everything `by` may see of the patient, over all pathways."""

    id: UUID
    name: str
    cases: Sequence[PatientCase]
    circle: Sequence[Member]
    to_do: Sequence[Duty]
    done: Sequence[Duty]
    overlaps: Sequence[Overlap]


def patient_page(session: Session, *, patient_id: UUID, by: Actor, now: datetime, calendar: Calendar) -> PatientPage:
    """The patient's cases that `by` may see. Raises PatientNotFound when there is none, as for an unknown patient."""
    rows = session.execute(
        select(Case, Pathway.title)
        .join(PathwayVersion, PathwayVersion.id == Case.pathway_version_id)
        .join(Pathway, Pathway.id == PathwayVersion.pathway_id)
        .where(Case.patient_id == patient_id, may_see(by, now=now, today=calendar.today(now)))
        .order_by(Case.closed_at.is_not(None), Case.opened_at.desc())
    ).all()
    patient = session.get(Patient, patient_id)
    if not rows or patient is None:
        raise PatientNotFound("Ce patient n'existe pas, ou vous ne suivez aucun de ses parcours.")
    to_do, done = _duties(session, {case.id: case.number for case, _ in rows})
    return PatientPage(
        id=patient.id,
        name=patient.display_name,
        cases=tuple(
            PatientCase(
                number=case.number, pathway_title=title, state=case.state, opened_at=case.opened_at,
                closed_at=case.closed_at,
            )
            for case, title in rows
        ),
        circle=_circle(session, patient_id, now),
        to_do=to_do,
        done=done,
        overlaps=overlaps(to_do, calendar),
    )  # fmt: skip


def overlaps(duties: Sequence[Duty], calendar: Calendar) -> tuple[Overlap, ...]:
    """Duties of the same role, in different cases, due in the same week of the territory."""
    found: dict[tuple[str, int, int], list[Duty]] = defaultdict(list)
    for duty in duties:
        if duty.due_at is not None and duty.role not in TEAM_ROLES:
            year, week, _ = calendar.today(duty.due_at).isocalendar()
            found[duty.role, year, week].append(duty)
    return tuple(
        Overlap(role=role, week_of=min(one.due_at for one in together if one.due_at), duties=tuple(together))
        for (role, _, _), together in sorted(found.items())
        if len({one.case_number for one in together}) > 1
    )


def _duties(session: Session, numbers: Mapping[UUID, str]) -> tuple[Sequence[Duty], Sequence[Duty]]:
    tasks = session.execute(
        select(Task)
        .where(Task.case_id.in_(numbers), or_(Task.state.in_(OPEN_TASK_STATES), Task.state == "completed"))
        .order_by(Task.completed_at.desc(), Task.due_at)
        .limit(MOST)
    ).scalars()
    told = [
        (
            task.state,
            Duty(
                name=task.name, role=task.role, case_number=numbers[task.case_id], due_at=task.due_at,
                done_at=task.completed_at, who=task.completed_by or "",
            ),
        )
        for task in tasks
    ]  # fmt: skip
    open_ = [duty for state, duty in told if state != "completed"]
    open_.sort(key=lambda duty: (duty.due_at is None, duty.due_at.isoformat() if duty.due_at else ""))
    return tuple(open_), tuple(duty for state, duty in told if state == "completed")


def _circle(session: Session, patient_id: UUID, now: datetime) -> Sequence[Member]:
    rows = session.execute(
        select(CareCircleMember, Professional, Organization.name)
        .outerjoin(Professional, Professional.id == CareCircleMember.professional_id)
        .outerjoin(Organization, Organization.id == CareCircleMember.organization_id)
        .where(
            CareCircleMember.patient_id == patient_id,
            in_circle_now(CareCircleMember, now),
        )
        .order_by(CareCircleMember.role, CareCircleMember.usual.desc())
    )
    return tuple(
        Member(
            role=member.role,
            name=(
                person.display_name if member.professional_id is not None else organization or member.person_name or ""
            ),
            usual=member.usual,
        )
        for member, person, organization in rows
    )
