"""« Séances »: the group sessions of an education team, and one session with everybody expected at it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from engine.actor import Actor, ActorKind
from engine.errors import NotAllowed, NotFound
from engine.library import version_of
from engine.lookups import alphabetical
from engine.models import (
    Case,
    EtpPlace,
    EtpProgram,
    EtpSessionTemplate,
    EtpSlot,
    MessageSubscription,
    Patient,
)
from engine.visibility import EDUCATION_TEAM, of_education_team, opposed

MESSAGE = "attendance"
SHOWN_SINCE = timedelta(days=60)
MOST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotLine:
    """A session in the list. `expected` counts the patients who wait for it or have a place in it."""

    id: UUID
    title: str
    starts_at: datetime
    ends_at: datetime
    room: str
    places: int
    expected: int
    recorded_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendee:
    """A patient expected at a session. `attendance` is what was noted; None: not yet."""

    case_id: UUID
    case_number: str
    name: str
    birth_date: date
    attendance: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotPage:
    """One session. `competences` are the codes and labels that the pathway of the patients knows."""

    id: UUID
    code: str
    title: str
    program: str
    starts_at: datetime
    ends_at: datetime
    room: str
    places: int
    started: bool
    recorded_at: datetime | None
    recorded_by: str
    attendees: Sequence[Attendee]
    competences: Sequence[tuple[str, str]]


def slot_list(session: Session, *, by: Actor, now: datetime) -> Sequence[SlotLine]:
    """The sessions of my programmes, those of the last weeks first to come. Raises NotAllowed outside the teams."""
    if by.kind is not ActorKind.SYSTEM and not by.has_role(*EDUCATION_TEAM):
        raise NotAllowed("Ces séances sont celles des équipes d'éducation thérapeutique.")
    expected = (
        select(func.count())
        .select_from(Case)
        .where(Case.territory_id == by.territory_id, expected_at(EtpSlot), ~opposed(Case.patient_id))
        .correlate(EtpSlot)
        .scalar_subquery()
    )
    rows = session.execute(
        select(EtpSlot, EtpSessionTemplate.title, expected)
        .join(EtpSessionTemplate, EtpSessionTemplate.id == EtpSlot.template_id)
        .where(EtpSlot.territory_id == by.territory_id, of_education_team(by), EtpSlot.ends_at > now - SHOWN_SINCE)
        .order_by(EtpSlot.starts_at, EtpSlot.code)
        .limit(MOST)
    )
    return tuple(
        SlotLine(
            id=slot.id, title=title, starts_at=slot.starts_at, ends_at=slot.ends_at, room=slot.room,
            places=slot.places, expected=count, recorded_at=slot.recorded_at,
        )
        for slot, title, count in rows
    )  # fmt: skip


def slot_page(session: Session, *, slot_id: UUID, by: Actor, now: datetime) -> SlotPage:
    """One session with its attendees, by name. Raises NotFound, also to those who are not of its team."""
    row = session.execute(
        select(EtpSlot, EtpSessionTemplate.title, EtpProgram.name)
        .join(EtpSessionTemplate, EtpSessionTemplate.id == EtpSlot.template_id)
        .join(EtpProgram, EtpProgram.id == EtpSlot.program_id)
        .where(EtpSlot.id == slot_id, EtpSlot.territory_id == by.territory_id, of_education_team(by))
    ).one_or_none()
    if row is None:
        raise NotFound("Cette séance n'existe pas, ou vous ne faites pas partie de son équipe.")
    slot, title, program = row
    found = session.execute(
        select(Case.id, Case.number, Case.pathway_version_id, Patient, EtpPlace.attendance)
        .join(Patient, Patient.id == Case.patient_id)
        .join(EtpSlot, EtpSlot.id == slot_id)
        .outerjoin(EtpPlace, and_(EtpPlace.case_id == Case.id, EtpPlace.slot_id == slot_id))
        .where(Case.territory_id == by.territory_id, expected_at(EtpSlot), ~opposed(Case.patient_id))
    ).all()
    found = sorted(found, key=lambda row: alphabetical(row.Patient))
    return SlotPage(
        id=slot.id, code=slot.code, title=title, program=program, starts_at=slot.starts_at, ends_at=slot.ends_at,
        room=slot.room, places=slot.places, started=slot.starts_at <= now, recorded_at=slot.recorded_at,
        recorded_by=slot.recorded_by or "",
        attendees=tuple(
            Attendee(
                case_id=case_id, case_number=number, name=patient.display_name, birth_date=patient.birth_date,
                attendance=attendance,
            )
            for case_id, number, _, patient, attendance in found
        ),
        competences=_competences(session, {version for _, _, version, _, _ in found}, by.locale),
    )  # fmt: skip


def expected_at(slot: Any) -> ColumnElement[bool]:
    """True in SQL for cases that wait for this slot's attendance, or were given a place in it."""
    waits = exists().where(
        MessageSubscription.case_id == Case.id,
        MessageSubscription.name == MESSAGE,
        MessageSubscription.correlation_key == slot.code,
    )
    place = aliased(EtpPlace)
    booked = exists().where(place.case_id == Case.id, place.slot_id == slot.id)
    return or_(and_(waits, Case.closed_at.is_(None)), booked)


def _competences(session: Session, version_ids: set[UUID], locale: str) -> Sequence[tuple[str, str]]:
    """Codes and labels of the competences, as the message of the pathway declares them."""
    found: dict[str, str] = {}
    for version_id in version_ids:
        for message in version_of(session, version_id).description.get("messages_in", ()):
            if message.get("name") == MESSAGE:
                found |= _options(message.get("payload") or {}, locale)
    return tuple(found.items())


def _options(payload: Mapping[str, Any], locale: str) -> dict[str, str]:
    table = payload.get("competences")
    columns = table.get("columns", ()) if isinstance(table, Mapping) else ()
    return {
        str(option["value"]): str(option["label"].get(locale) or option["label"].get("fr"))
        for column in columns
        if column.get("name") == "code"
        for option in column.get("options", ())
    }
