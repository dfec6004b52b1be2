"""« Nouveau parcours »: what may be started, for whom, with which team; and what became of it right after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, true
from sqlalchemy.orm import Session

from engine.actor import Actor
from engine.calendars import Calendar
from engine.eligibility import away, in_circle_now, within
from engine.errors import CaseNotFound, PatientNotFound
from engine.forms import FormDefinition
from engine.library import version_of
from engine.lookups import alphabetical, ins_is, names_begin, reads_as_ins
from engine.models import (
    CareCircleMember,
    Case,
    Commune,
    Organization,
    Pathway,
    PathwayVersion,
    Patient,
    Professional,
    Task,
    TaskOffer,
)
from engine.queries.worklist import PatientCard, patient_card, shared_or_nameless
from engine.starting import starts_on, with_those_above
from engine.visibility import may_see

SHORTEST_SEARCH = 3
MOST_FOUND = 10
OVERSEERS = ("coordinator", "mission_lead")


@dataclass(frozen=True, slots=True, kw_only=True)
class PathwayCard:
    """A pathway the person may start."""

    key: str
    version_id: UUID
    number: int
    label: str
    title: Mapping[str, str]
    purpose: Mapping[str, str]
    for_whom: Mapping[str, str]
    typical_duration: str
    owner: str
    start_form: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientFound:
    """One answer of the search: enough to tell two namesakes apart."""

    id: UUID
    name: str
    birth_name: str
    birth_date: date
    commune: str
    identity_status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCase:
    """A pathway the patient is already in."""

    number: str
    key: str
    title: Mapping[str, str]
    opened_at: datetime
    organization: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamMember:
    """Somebody of the care circle."""

    role: str
    name: str
    reference: str
    phone: str
    usual: bool
    away: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientChosen:
    """The patient of the page, what they are already in, and who is around them."""

    id: UUID
    card: PatientCard
    ins: str
    identity_status: str
    commune_insee: str
    open_cases: Sequence[OpenCase]
    team: Sequence[TeamMember]


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstTask:
    """One of the first tasks of a case, as it stands now."""

    name: str
    role: str
    state: str
    who: str
    due_at: datetime | None
    declined: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A case just started."""

    number: str
    title: Mapping[str, str]
    patient: PatientCard
    opened_at: datetime
    opened_by: str
    tasks: Sequence[FirstTask]


def startable(session: Session, *, by: Actor, now: datetime) -> Sequence[PathwayCard]:
    """Pathways open here now whose `start_roles` name a role of `by`, by key, each at the version that starts here."""
    rows = session.execute(
        select(Pathway.key, Pathway.title, PathwayVersion)
        .join(PathwayVersion, PathwayVersion.pathway_id == Pathway.id)
        .where(Pathway.territory_id == by.territory_id, PathwayVersion.state == "published")
        .order_by(Pathway.key)
    ).all()
    tried = any(version.organizations for _key, _title, version in rows)
    here = with_those_above(session, by.organization_ids) if tried else frozenset[str]()
    versions: dict[str, list[PathwayVersion]] = {}
    titles: dict[str, Mapping[str, str]] = {}
    for key, title, version in rows:
        versions.setdefault(key, []).append(version)
        titles[key] = title
    found = ((key, starts_on(some, organizations=here, now=now)) for key, some in versions.items())
    return tuple(
        _pathway_card(key, titles[key], version)
        for key, version in found
        if version is not None
        and version.description.get("start_form")
        and not by.roles.isdisjoint(version.description.get("start_roles", ()))
    )


def start_form(session: Session, *, version_id: UUID) -> FormDefinition | None:
    """The form that opens a case of this version."""
    return version_of(session, version_id).start_form


def find_patients(session: Session, *, by: Actor, text: str, now: datetime) -> Sequence[PatientFound]:
    """Patients of the territory whose INS, name or given name begins so. At least three letters, ten answers."""
    words = text.split()
    if sum(len(word) for word in words) < SHORTEST_SEARCH:
        return ()
    if not startable(session, by=by, now=now):
        return ()  # who may open nothing has no patient to look for
    found = ins_is if reads_as_ins(text) else names_begin
    wanted = found(session, text, territory_id=by.territory_id)
    rows = session.execute(
        select(Patient, Commune.name)
        .outerjoin(Commune, Commune.id == Patient.commune_id)
        .where(Patient.territory_id == by.territory_id, wanted, shared_or_nameless())
        .order_by(Patient.birth_date, Patient.id)
        .limit(MOST_FOUND)
    )
    return tuple(
        PatientFound(
            id=patient.id, name=patient.display_name, birth_name=patient.birth_name, birth_date=patient.birth_date,
            commune=commune or "", identity_status=patient.identity_status,
        )
        for patient, commune in sorted(rows, key=lambda row: alphabetical(row[0]))
    )  # fmt: skip


def chosen_patient(
    session: Session, *, patient_id: UUID, by: Actor, now: datetime, calendar: Calendar
) -> PatientChosen:
    """The patient with open pathways and care circle. Raises PatientNotFound outside the territory."""
    row = session.execute(
        select(Patient, Commune.name, Commune.insee_code)
        .outerjoin(Commune, Commune.id == Patient.commune_id)
        .where(Patient.id == patient_id, Patient.territory_id == by.territory_id, shared_or_nameless())
    ).one_or_none()
    if row is None or not startable(session, by=by, now=now):
        raise PatientNotFound("Ce patient n'est pas connu dans votre territoire.")
    patient, commune, insee = row
    return PatientChosen(
        id=patient.id,
        card=patient_card(patient, commune or ""),
        ins=patient.ins or "",
        identity_status=patient.identity_status,
        commune_insee=insee or "",
        open_cases=_open_cases(session, patient_id, by, now),
        team=_team(session, patient_id, now, calendar.today(now)),
    )


def receipt(session: Session, *, number: str, by: Actor) -> Receipt:
    """The first tasks of a case, for who opened it. Raises CaseNotFound for anybody else."""
    row = session.execute(
        select(Case, Pathway.title, Patient, Commune.name)
        .join(PathwayVersion, PathwayVersion.id == Case.pathway_version_id)
        .join(Pathway, Pathway.id == PathwayVersion.pathway_id)
        .outerjoin(Patient, Patient.id == Case.patient_id)
        .outerjoin(Commune, Commune.id == Patient.commune_id)
        .where(Case.territory_id == by.territory_id, Case.number == number, _mine_to_follow(by))
    ).one_or_none()
    if row is None:
        raise CaseNotFound("Ce dossier n'existe pas ou ne vous est pas confié.")
    case, title, patient, commune = row
    declined = select(TaskOffer.task_id).where(TaskOffer.task_id == Task.id, TaskOffer.answer == "declined").exists()
    tasks: Any = session.execute(
        select(Task, Professional, declined)
        .outerjoin(Professional, Professional.id == func.coalesce(Task.owner_id, Task.audience_professional_id))
        .where(Task.case_id == case.id)
        .order_by(Task.opened_at, Task.due_at, Task.id)
        .limit(20)
    )
    return Receipt(
        number=case.number,
        title=title,
        patient=patient_card(patient, commune or ""),
        opened_at=case.opened_at,
        opened_by=case.opened_by,
        tasks=tuple(
            FirstTask(
                name=task.name, role=task.role, state=task.state, due_at=task.due_at, declined=int(refused),
                who=task.completed_by or (owner.display_name if owner is not None else ""),
            )
            for task, owner, refused in tasks
        ),
    )  # fmt: skip


def _pathway_card(key: str, title: Mapping[str, str], version: PathwayVersion) -> PathwayCard:
    said: Mapping[str, Any] = version.description
    return PathwayCard(
        key=key,
        version_id=version.id,
        number=version.number,
        label=version.label,
        title=title,
        purpose=said.get("purpose", {}),
        for_whom=said.get("for_whom", {}),
        typical_duration=said.get("typical_duration", ""),
        owner=said.get("owner", ""),
        start_form=said["start_form"],
    )


def _mine_to_follow(by: Actor) -> ColumnElement[bool]:
    if by.has_role(*OVERSEERS):
        return true()
    started = Case.opened_by == by.name
    if not by.organization_ids:
        return started
    return or_(started, *(within(Case.organization_id, one) for one in sorted(by.organization_ids)))


def _open_cases(session: Session, patient_id: UUID, by: Actor, now: datetime) -> Sequence[OpenCase]:
    """Pathways the patient is in; one of high sensitivity is shown to those who work on it only."""
    rows = session.execute(
        select(Case.number, Pathway.key, Pathway.title, Case.opened_at, Organization.name)
        .join(PathwayVersion, PathwayVersion.id == Case.pathway_version_id)
        .join(Pathway, Pathway.id == PathwayVersion.pathway_id)
        .join(Patient, Patient.id == Case.patient_id)
        .outerjoin(Organization, Organization.id == Case.organization_id)
        .where(
            Case.patient_id == patient_id,
            Case.territory_id == by.territory_id,
            Case.closed_at.is_(None),
            or_(Pathway.sensitivity != "high", may_see(by, now=now, today=now.date())),
        )
        .order_by(Case.opened_at.desc())
    )
    return tuple(
        OpenCase(number=number, key=key, title=title, opened_at=opened, organization=organization or "")
        for number, key, title, opened, organization in rows
    )


def _team(session: Session, patient_id: UUID, now: datetime, today: date) -> Sequence[TeamMember]:
    member = CareCircleMember
    rows: Any = session.execute(
        select(member, Professional, Organization.name, Organization.phone, away(Professional.id, today))
        .outerjoin(Professional, Professional.id == member.professional_id)
        .outerjoin(Organization, Organization.id == member.organization_id)
        .where(
            member.patient_id == patient_id,
            in_circle_now(member, now),
        )
        .order_by(member.usual.desc(), member.role)
    )
    return tuple(
        TeamMember(
            role=one.role,
            name=professional.display_name if professional else organization or one.person_name or "",
            reference=str(one.professional_id or one.organization_id or ""),
            phone=(professional.phone if professional else phone) or one.person_phone or "",
            usual=one.usual,
            away=bool(is_away),
        )
        for one, professional, organization, phone, is_away in rows
    )
