"""A case as its page opens: who it is about, what the reader may do; its team; and the search for cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine import policies
from engine.actor import Actor
from engine.calendars import Calendar
from engine.eligibility import in_circle_now
from engine.errors import CaseNotFound, NotAllowed
from engine.forms import Field, FormDefinition, Section, Text
from engine.library import Version, version_of
from engine.lookups import ins_is, names_begin, reads_as_ins
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
)
from engine.queries.worklist import PatientCard, patient_card
from engine.roles import ROLE_LABELS
from engine.visibility import may_see, reads_comments

FOUND = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseHead:
    """The top of the page. `may_…` are what the buttons show."""

    id: UUID
    number: str
    patient: PatientCard
    pathway_key: str
    pathway_title: Mapping[str, str]
    owner_role: str
    version_id: UUID
    version: int
    state: str
    open: bool
    opened_at: datetime
    opened_by: str
    closed_at: datetime | None
    organization: str
    may_coordinate: bool
    may_close: bool
    messages: Sequence[MessageChoice]
    reads_comments: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageChoice:
    """A message that the reader may send to the case."""

    name: str
    label: Mapping[str, str]
    form: FormDefinition


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamMember:
    """Somebody around the patient: of the care circle, or with a task of the case."""

    role: str
    name: str
    organization: str
    phone: str
    usual: bool
    tasks: int
    """Open tasks of this case that are theirs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFound:
    """One result of a search."""

    number: str
    patient: PatientCard
    pathway_title: Mapping[str, str]
    state: str
    opened_at: datetime
    closed_at: datetime | None


def case_head(session: Session, *, number: str, by: Actor, now: datetime, calendar: Calendar) -> CaseHead:
    """The case of that number. Raises CaseNotFound for those who need not know it."""
    row = session.execute(
        select(Case, Pathway.key, Pathway.title, PathwayVersion.number, Patient, Commune.name, Organization.name)
        .join(PathwayVersion, PathwayVersion.id == Case.pathway_version_id)
        .join(Pathway, Pathway.id == PathwayVersion.pathway_id)
        .outerjoin(Patient, Patient.id == Case.patient_id)
        .outerjoin(Commune, Commune.id == Patient.commune_id)
        .outerjoin(Organization, Organization.id == Case.organization_id)
        .where(Case.number == number.strip().upper(), may_see(by, now=now, today=calendar.today(now)))
    ).one_or_none()
    if row is None:
        raise CaseNotFound("Ce dossier n'existe pas, ou ne vous est pas confié.")
    case, key, title, version_number, patient, commune, organization = row
    version = version_of(session, case.pathway_version_id)
    is_open = case.closed_at is None
    return CaseHead(
        id=case.id,
        number=case.number,
        patient=patient_card(patient, commune or ""),
        pathway_key=key,
        pathway_title=title,
        owner_role=str(version.description.get("owner", "coordinator")),
        version_id=case.pathway_version_id,
        version=version_number,
        state=case.state,
        open=is_open,
        opened_at=case.opened_at,
        opened_by=case.opened_by,
        closed_at=case.closed_at,
        organization=organization or "",
        may_coordinate=policies.may_coordinate(by),
        may_close=is_open and _may_close(by, case.organization_id),
        messages=_messages(version, by) if is_open else (),
        reads_comments=reads_comments(by),
    )


def _may_close(by: Actor, organization_id: UUID | None) -> bool:
    try:
        policies.check_may_close(by, organization_id)
    except NotAllowed:
        return False
    return True


def _messages(version: Version, by: Actor) -> Sequence[MessageChoice]:
    """The declared messages that the roles of `by` may send."""
    found = []
    for declared in version.description.get("messages_in", ()):
        senders = [code for code in declared.get("from", ()) if code in ROLE_LABELS]
        known = declared["name"] in version.program.messages
        if known and senders and (policies.may_coordinate(by) or by.has_role(*senders)):
            label = declared.get("label") or {"fr": declared["name"]}
            found.append(MessageChoice(name=declared["name"], label=label, form=message_form(version, declared)))
    return tuple(found)


def message_form(version: Version, declared: Mapping[str, Any]) -> FormDefinition:
    """What is asked with a message: the form « raise_… » of its name, else one question per value it carries."""
    name = str(declared["name"])
    payload = dict(declared.get("payload") or {})
    drawn = version.forms.get(f"raise_{name}") or version.forms.get(name)
    label = declared.get("label") or {}
    title = Text(str(label.get("fr", name)), str(label.get("en", label.get("fr", name))))
    known = {field.name: field for form in version.forms.values() for field in form.fields.values()}
    if drawn is not None:
        fields = tuple(field for field in drawn.fields.values() if field.name in payload)
        return FormDefinition(name, drawn.title, drawn.intro, (Section(None, fields),))
    fields = tuple(_asked(field, kind, known) for field, kind in payload.items())
    return FormDefinition(name, title, None, (Section(None, fields),) if fields else ())


NAMES = {
    "at": Text("Quand", "When"), "date": Text("Date", "Date"), "org": Text("Où", "Where"),
    "new_gp": Text("Nouveau médecin traitant", "New GP"),
    "new_planned_discharge_at": Text("Nouvelle date prévue de sortie", "New planned discharge"),
    "new_discharge_at": Text("Nouvelle date de départ", "New departure date"),
    "discharge_at": Text("Départ, le", "Left on"), "destination": Text("Destination", "Destination"),
}  # fmt: skip
"""Words for values of messages that no form of the pathway asks."""


def _asked(name: str, kind: str, known: Mapping[str, Field]) -> Field:
    asked = known.get(name)
    label = NAMES.get(name) or (asked.label if asked is not None else Text(name, name))
    options = asked.options if asked is not None and kind == "code" else ()
    type_ = kind if kind != "code" or options else "str"
    return Field(name=name, type=type_, label=label, options=options)


def team(session: Session, *, head: CaseHead, now: datetime) -> Sequence[TeamMember]:
    """The care circle today, then those who only have tasks of the case."""
    circle = session.execute(
        select(CareCircleMember, Professional, Organization.name)
        .outerjoin(Professional, Professional.id == CareCircleMember.professional_id)
        .outerjoin(Organization, Organization.id == CareCircleMember.organization_id)
        .where(
            CareCircleMember.patient_id == head.patient.id,
            in_circle_now(CareCircleMember, now),
        )
        .order_by(CareCircleMember.usual.desc(), CareCircleMember.role)
    ).all()
    working = session.execute(
        select(Task.role, Task.state, Professional)
        .join(Professional, or_(Professional.id == Task.owner_id, Professional.id == Task.completed_by_id))
        .where(Task.case_id == head.id)
        .order_by(Professional.family_name)
    ).all()
    open_tasks: dict[UUID, int] = {}
    for _role, state, person in working:
        open_tasks[person.id] = open_tasks.get(person.id, 0) + int(state == "accepted")
    found: dict[tuple[str, str], TeamMember] = {}
    for row in circle:
        member, professional, organization = _member(row)
        name = organization or member.person_name or "" if professional is None else professional.display_name
        found[(member.role, name)] = TeamMember(
            role=member.role,
            name=name,
            organization=organization,
            usual=member.usual,
            phone=(member.person_phone if professional is None else professional.phone) or "",
            tasks=0 if professional is None else open_tasks.get(professional.id, 0),
        )
    for role, _state, person in working:
        found.setdefault(
            (role, person.display_name),
            TeamMember(
                role=role, name=person.display_name, organization="", phone=person.phone or "", usual=False,
                tasks=open_tasks[person.id],
            ),
        )  # fmt: skip
    return tuple(found.values())


def _member(row: Sequence[Any]) -> tuple[CareCircleMember, Professional | None, str]:
    member, person, organization = row
    return member, person, organization or ""


def find_cases(session: Session, *, text: str, by: Actor, now: datetime, calendar: Calendar) -> Sequence[CaseFound]:
    """Cases `by` may see in which every word is found: it begins a name, is the INS, or is in the number.

    Open ones first, then the latest.
    """
    here = by.territory_id
    words = [
        or_(
            names_begin(session, word, territory_id=here),
            ins_is(session, word, territory_id=here),
            Case.number.icontains(word, autoescape=True),
        )
        for word in ([text] if reads_as_ins(text) else text.split()[:5])
    ]
    if not words:
        return ()
    rows = session.execute(
        select(Case, Pathway.title, Patient, Commune.name)
        .join(PathwayVersion, PathwayVersion.id == Case.pathway_version_id)
        .join(Pathway, Pathway.id == PathwayVersion.pathway_id)
        .outerjoin(Patient, Patient.id == Case.patient_id)
        .outerjoin(Commune, Commune.id == Patient.commune_id)
        .where(may_see(by, now=now, today=calendar.today(now)), *words)
        .order_by(Case.closed_at.is_not(None), Case.opened_at.desc(), Case.id)
        .limit(FOUND)
    ).all()
    return tuple(
        CaseFound(
            number=case.number, patient=patient_card(patient, commune or ""), pathway_title=title, state=case.state,
            opened_at=case.opened_at, closed_at=case.closed_at,
        )
        for case, title, patient, commune in rows
    )  # fmt: skip


def open_case_numbers(session: Session, *, patient_id: UUID, by: Actor, now: datetime) -> Sequence[str]:
    """The open cases of a patient that `by` may see, the latest first."""
    return (
        session.execute(
            select(Case.number)
            .where(Case.patient_id == patient_id, Case.closed_at.is_(None), may_see(by, now=now, today=now.date()))
            .order_by(Case.opened_at.desc())
        )
        .scalars()
        .all()
    )
