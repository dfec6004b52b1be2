"""Everything held about one patient, to be handed over to them; and how a patient's rights stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.actor import Actor
from engine.errors import PatientNotFound
from engine.forms import Field
from engine.identity import traits_of
from engine.library import version_of
from engine.models import (
    CareCircleMember,
    Case,
    CaseFact,
    CaseHistory,
    EmergencyAccess,
    ErasureHold,
    IdentityRectification,
    Organization,
    Pathway,
    PathwayVersion,
    Patient,
    Professional,
    Task,
)
from engine.queries.worklist import PatientCard, patient_card
from engine.visibility import oversees

MOST_RECTIFIED = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRights:
    """How the patient's rights stand, for the page of the coordination."""

    patient: PatientCard
    opposition_at: datetime | None
    erased_at: datetime | None
    held_back: str | None
    """Why an erasure is held back: complaint, litigation or inquiry."""
    open_cases: Sequence[str]
    suspended_cases: Sequence[str]
    """Those of the open cases that are on hold."""
    closed_cases: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyRow:
    """An emergency access, for the review of the coordination."""

    id: UUID
    patient: PatientCard
    who: str
    reason: str
    comment: str
    opened_at: datetime
    ends_at: datetime
    reviewed_at: datetime | None
    reviewed_by: str
    justified: bool | None


def person_rights(session: Session, *, patient_id: UUID, by: Actor) -> PersonRights:
    """Raises PatientNotFound but for the coordination."""
    patient = _patient(session, patient_id, by)
    rows = session.execute(
        select(Case.number, Case.closed_at, Case.state).where(Case.patient_id == patient_id).order_by(Case.opened_at)
    ).all()
    return PersonRights(
        patient=patient_card(patient, ""),
        opposition_at=patient.opposition_at,
        erased_at=patient.erased_at,
        held_back=session.execute(
            select(ErasureHold.reason).where(ErasureHold.patient_id == patient_id)
        ).scalar_one_or_none(),
        open_cases=tuple(row.number for row in rows if row.closed_at is None),
        suspended_cases=tuple(row.number for row in rows if row.state == "on_hold"),
        closed_cases=tuple(row.number for row in rows if row.closed_at is not None),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rectified:
    """One trait put right: what it was before."""

    trait: str
    before: str
    why: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The traits as texts, and those that were put right, newest first."""

    patient: PatientCard
    traits: Mapping[str, str]
    status: str
    rectified: Sequence[Rectified]


def identity(session: Session, *, patient_id: UUID, by: Actor) -> Identity:
    """Raises PatientNotFound but for the coordination, and for somebody erased."""
    patient = _patient(session, patient_id, by)
    if patient.erased_at is not None:
        raise PatientNotFound("Ce patient a été effacé.")
    return Identity(
        patient=patient_card(patient, ""), traits=traits_of(session, patient), status=patient.identity_status,
        rectified=_rectified(session, patient_id),
    )  # fmt: skip


def _rectified(session: Session, patient_id: UUID) -> Sequence[Rectified]:
    rows = session.execute(
        select(IdentityRectification)
        .where(IdentityRectification.patient_id == patient_id)
        .order_by(IdentityRectification.id.desc())
        .limit(MOST_RECTIFIED)
    ).scalars()
    return tuple(Rectified(trait=row.trait, before=row.before, why=row.why, at=row.at, by=row.by) for row in rows)


def person_export(session: Session, *, patient_id: UUID, by: Actor) -> dict[str, Any]:
    """Everything about one patient as plain data (JSON types only). Raises PatientNotFound but for the coordination."""
    patient = _patient(session, patient_id, by)
    cases = session.execute(
        select(Case, Pathway.title)
        .join(PathwayVersion, PathwayVersion.id == Case.pathway_version_id)
        .join(Pathway, Pathway.id == PathwayVersion.pathway_id)
        .where(Case.patient_id == patient_id)
        .order_by(Case.opened_at)
    ).all()
    return {
        "identity": {
            "birth_name": patient.birth_name, "used_name": patient.used_name, "given_name": patient.given_name,
            "sex": patient.sex, "birth_date": patient.birth_date.isoformat(), "birth_place": patient.birth_place,
            "ins": patient.ins, "identity_status": patient.identity_status, "phone": patient.phone,
            "address": patient.address, "opposition_at": _moment(patient.opposition_at),
        },
        "rectifications": [
            {"trait": one.trait, "before": one.before, "why": one.why, "at": _moment(one.at), "by": one.by}
            for one in _rectified(session, patient_id)
        ],
        "care_circle": _circle(session, patient_id),
        "cases": [_case(session, case, title) for case, title in cases],
    }  # fmt: skip


def emergencies(session: Session, *, by: Actor, limit: int = 100) -> Sequence[EmergencyRow]:
    """Emergency accesses of the territory, those to review first. Nothing but for the coordination."""
    if not oversees(by):
        return ()
    rows = session.execute(
        select(EmergencyAccess, Patient, Professional)
        .join(Patient, Patient.id == EmergencyAccess.patient_id)
        .join(Professional, Professional.id == EmergencyAccess.professional_id)
        .where(EmergencyAccess.territory_id == by.territory_id)
        .order_by(EmergencyAccess.reviewed_at.is_not(None), EmergencyAccess.opened_at.desc())
        .limit(limit)
    )
    return tuple(
        EmergencyRow(
            id=access.id, patient=patient_card(patient, ""), who=person.display_name, reason=access.reason,
            comment=access.comment, opened_at=access.opened_at, ends_at=access.ends_at, reviewed_at=access.reviewed_at,
            reviewed_by=access.reviewed_by, justified=access.justified,
        )
        for access, patient, person in rows
    )  # fmt: skip


def _patient(session: Session, patient_id: UUID, by: Actor) -> Patient:
    found = session.execute(
        select(Patient).where(Patient.id == patient_id, Patient.territory_id == by.territory_id)
    ).scalar_one_or_none()
    if found is None or not oversees(by):
        raise PatientNotFound("Ce patient n'existe pas, ou ne vous est pas confié.")
    return found


def _circle(session: Session, patient_id: UUID) -> list[dict[str, Any]]:
    rows: Any = session.execute(
        select(CareCircleMember, Professional, Organization.name)
        .outerjoin(Professional, Professional.id == CareCircleMember.professional_id)
        .outerjoin(Organization, Organization.id == CareCircleMember.organization_id)
        .where(CareCircleMember.patient_id == patient_id)
        .order_by(CareCircleMember.valid_from, CareCircleMember.id)
    )
    return [
        {
            "role": member.role,
            "name": person.display_name if person is not None else organization or member.person_name,
            "from": _moment(member.valid_from), "to": _moment(member.valid_to),
        }
        for member, person, organization in rows
    ]  # fmt: skip


def _case(session: Session, case: Case, title: Any) -> dict[str, Any]:
    forms = version_of(session, case.pathway_version_id).forms.values()
    fields = {name: field for form in forms for name, field in form.fields.items()}
    facts = session.execute(select(CaseFact).where(CaseFact.case_id == case.id).order_by(CaseFact.id)).scalars()
    tasks = session.execute(select(Task).where(Task.case_id == case.id).order_by(Task.opened_at)).scalars()
    history = session.execute(
        select(CaseHistory).where(CaseHistory.case_id == case.id, CaseHistory.visible).order_by(CaseHistory.id)
    ).scalars()
    return {
        "number": case.number, "pathway": title, "state": case.state, "outcome": case.outcome,
        "opened_at": _moment(case.opened_at), "opened_by": case.opened_by, "closed_at": _moment(case.closed_at),
        "values": [
            {
                "name": fact.name, "label": fields[fact.name].label.fr if fact.name in fields else fact.name,
                "value": fact.value, "choices": _choices(fields.get(fact.name)),
                "recorded_at": _moment(fact.recorded_at), "recorded_by": fact.recorded_by,
                "replaced_at": _moment(fact.superseded_at),
            }
            for fact in facts
        ],
        "tasks": [
            {
                "name": task.name, "state": task.state, "role": task.role, "done_by": task.completed_by,
                "opened_at": _moment(task.opened_at), "done_at": _moment(task.completed_at),
            }
            for task in tasks
        ],
        "history": [
            {"at": _moment(event.at), "kind": event.kind, "what": event.element_name, "who": event.actor,
             "detail": event.detail}
            for event in history
        ],
    }  # fmt: skip


def _choices(field: Field | None) -> dict[str, str]:
    """The words of the codes a field may hold."""
    return {} if field is None else {option.value: option.label.fr for option in field.options}


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
