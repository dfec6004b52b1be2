"""« Qui a vu »: who read, took away or changed what about a patient or a case, from the trace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, CompoundSelect, select, union
from sqlalchemy.orm import Session

from engine.actor import Actor
from engine.errors import PatientNotFound
from engine.models import AuditEvent, AuditListing, CareCircleMember, Case, Patient, TaskLink
from engine.queries.worklist import PatientCard, patient_card
from engine.visibility import oversees

PAGE_SIZE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One row of the trace. `among` is how many patients the same page listed (1: this one alone)."""

    at: datetime
    who: str
    acting_as: str
    action: str
    about: str
    case_number: str
    result: str
    among: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Accesses:
    """One page of the list, the latest first. `older` is the number to ask the next page with."""

    patient: PatientCard | None
    rows: Sequence[Access]
    older: int | None


def accesses_to_case(session: Session, *, case_id: UUID, before: int | None = None) -> Accesses:
    """Who saw and changed one case. The caller has checked that the reader may see the case."""
    return _page(session, None, AuditEvent.case_id == case_id, before)


def accesses_to_patient(session: Session, *, patient_id: UUID, by: Actor, before: int | None = None) -> Accesses:
    """Everybody who saw or changed anything of a patient, lists included. PatientNotFound but for the coordination."""
    patient = session.execute(
        select(Patient).where(Patient.id == patient_id, Patient.territory_id == by.territory_id)
    ).scalar_one_or_none()
    if patient is None or not oversees(by):
        raise PatientNotFound("Ce patient n'existe pas, ou ne vous est pas confié.")
    return _page(session, patient_card(patient, ""), AuditEvent.id.in_(events_about(patient_id)), before)


def events_about(patient_id: UUID) -> CompoundSelect[int]:
    """Numbers of the events about a patient: alone, through a case, or in a list. Each is found by an index."""
    cases = select(Case.id).where(Case.patient_id == patient_id)
    return union(
        select(AuditEvent.id).where(AuditEvent.patient_id == patient_id),
        select(AuditEvent.id).where(AuditEvent.case_id.in_(cases)),
        select(AuditListing.event_id).where(AuditListing.patient_id == patient_id),
    )


def _people_by_link(session: Session, events: Sequence[AuditEvent]) -> dict[int, str]:
    """Who came by a link: the trace holds the link and the role; the care circle names the person, until erased."""
    links = {
        event.id: UUID(event.object_id)
        for event in events
        if event.object_kind == "task_link" and event.professional_id is None and event.object_id
    }
    if not links:
        return {}
    named = session.execute(
        select(TaskLink.id, CareCircleMember.person_name)
        .join(CareCircleMember, CareCircleMember.id == TaskLink.member_id)
        .where(TaskLink.id.in_(set(links.values())))
    )
    names = {row.id: row.person_name for row in named}
    roles = {event.id: event.actor for event in events}
    return {event: f"{names[link]}, {roles[event]}" for event, link in links.items() if names.get(link)}


def _page(session: Session, patient: PatientCard | None, about: ColumnElement[bool], before: int | None) -> Accesses:
    older = AuditEvent.id < before if before is not None else AuditEvent.id.is_not(None)
    found = session.execute(
        select(AuditEvent, Case.number)
        .outerjoin(Case, Case.id == AuditEvent.case_id)
        .where(about, older)
        .order_by(AuditEvent.id.desc())
        .limit(PAGE_SIZE + 1)
    ).all()
    by_link = _people_by_link(session, [event for event, _number in found])
    rows = tuple(
        Access(
            at=event.at, who=by_link.get(event.id, event.actor),
            acting_as=event.acting_as or "", action=event.action, about=event.object_kind,
            case_number=number or "", result=event.result, among=len(event.detail.get("patients", ())) or 1,
        )
        for event, number in found[:PAGE_SIZE]
    )  # fmt: skip
    return Accesses(patient=patient, rows=rows, older=found[PAGE_SIZE - 1][0].id if len(found) > PAGE_SIZE else None)
