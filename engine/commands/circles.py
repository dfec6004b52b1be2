"""The care circle as a start form declares it: usual professionals, pharmacy, caregiver."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine.actor import Actor
from engine.commands.patients import add_to_circle
from engine.models import Organization, Professional
from engine.outcome import Value

USUAL_PEOPLE = MappingProxyType(
    {
        "usual_gp": "gp",
        "usual_nurse": "home_nurse",
        "usual_physiotherapist": "physiotherapist",
        "usual_home_help": "home_help",
        "usual_social_worker": "social_worker",
    }
)
"""Start-form fields naming a person, and the role they have around the patient."""
USUAL_PLACES = MappingProxyType({"usual_pharmacy": "pharmacist"})


def join_declared(session: Session, *, patient_id: UUID, values: Mapping[str, Value], by: Actor, now: datetime) -> None:
    """Let the people a start form names into the circle. A name the directory does not know is kept as a name."""
    for field, role in USUAL_PEOPLE.items():
        if (named := values.get(field)) is not None:
            person = _professional(session, str(named), by)
            add_to_circle(
                session, patient_id=patient_id, role=role, professional_id=person,
                person_name=None if person else str(named), usual=True, by=by, now=now,
            )  # fmt: skip
    for field, role in USUAL_PLACES.items():
        if (named := values.get(field)) is not None:
            place = named_organization(session, str(named), by)
            add_to_circle(
                session, patient_id=patient_id, role=role, organization_id=place,
                person_name=None if place else str(named), usual=True, by=by, now=now,
            )  # fmt: skip
    if (caregiver := values.get("caregiver")) is not None:
        phone = values.get("caregiver_phone")
        add_to_circle(
            session, patient_id=patient_id, role="caregiver", person_name=str(caregiver)[:200],
            person_phone=None if phone is None else str(phone)[:30], by=by, now=now,
        )  # fmt: skip


def join_found(session: Session, *, patient_id: UUID, role: str, named: str, by: Actor, now: datetime) -> None:
    """Somebody found by phone joins the circle; a name the directory does not know is kept as a name."""
    person = _professional(session, named, by)
    add_to_circle(
        session, patient_id=patient_id, role=role, professional_id=person, person_name=None if person else named[:200],
        source="search", by=by, now=now,
    )  # fmt: skip


def _professional(session: Session, named: str, by: Actor) -> UUID | None:
    identified = [Professional.rpps == named]
    if (found := _uuid(named)) is not None:
        identified.append(Professional.id == found)
    return (
        session.connection()
        .execute(select(Professional.id).where(Professional.territory_id == by.territory_id, or_(*identified)))
        .scalar_one_or_none()
    )


def named_organization(session: Session, named: str, by: Actor) -> UUID | None:
    """The organisation of this id, code or FINESS number; None when the directory does not know it."""
    identified = [Organization.code == named, Organization.finess == named]
    if (found := _uuid(named)) is not None:
        identified.append(Organization.id == found)
    return (
        session.connection()
        .execute(select(Organization.id).where(Organization.territory_id == by.territory_id, or_(*identified)))
        .scalars()
        .first()
    )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
