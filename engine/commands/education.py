"""Therapeutic education: a declared programme, its sessions and slots, a place for a case, and who came, said once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from engine import idempotency, trace
from engine.actor import Actor, ActorKind
from engine.commands import messages
from engine.errors import CaseClosed, CaseNotFound, Conflict, InvalidRequest, NotAllowed, NotFound
from engine.models import Case, EtpEducator, EtpPlace, EtpProgram, EtpSessionTemplate, EtpSlot
from engine.models.education import ATTENDANCES
from engine.visibility import may_see, of_education_team

MESSAGE = "attendance"
ORGANISERS = frozenset({"etp_coordinator", "coordinator", "territory_admin"})
UNKNOWN_SLOT = "Cette séance n'existe pas, ou vous ne faites pas partie de son équipe."


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendance:
    """What the educator notes of one patient. `competences` are `{"code", "level"}` (level 0 to 2)."""

    status: str
    competences: Sequence[Mapping[str, str]] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Numbers of the cases that went on, and of those for which it changes nothing any more."""

    told: tuple[str, ...]
    left: tuple[str, ...]


def create_program(
    session: Session, *, name: str, declaration_number: str, declared_on: date, coordinator_id: UUID,
    team: Mapping[UUID, date], annual_evaluation_on: date | None = None, four_year_evaluation_on: date | None = None,
    by: Actor, now: datetime,
) -> UUID:  # fmt: skip
    """Note a programme declared to the ARS. `team` says when each educator's training was attested.

    Raises NotAllowed, InvalidRequest (fewer than two people: arrêté du 30 décembre 2020, at least two professions).
    """
    _check_organises(by)
    if len({*team, coordinator_id}) < 2:
        raise InvalidRequest("Une équipe d'éducation thérapeutique compte au moins deux professionnels.")
    program_id = uuid4()
    session.execute(
        insert(EtpProgram).values(
            id=program_id, territory_id=by.territory_id, name=name.strip()[:200],
            declaration_number=declaration_number.strip()[:40], declared_on=declared_on, coordinator_id=coordinator_id,
            annual_evaluation_on=annual_evaluation_on, four_year_evaluation_on=four_year_evaluation_on,
        )
    )  # fmt: skip
    for person, attested_on in team.items():
        session.execute(
            insert(EtpEducator).values(
                program_id=program_id, professional_id=person, territory_id=by.territory_id, attested_on=attested_on
            )
        )
    trace.record(session, action="education.program", by=by, now=now, object_kind="program", object_id=program_id)
    return program_id


def add_template(
    session: Session, *, program_id: UUID, code: str, title: str, minutes: int, places: int, by: Actor, now: datetime
) -> UUID:
    """Add a session to the catalogue of a programme."""
    _check_organises(by)
    _program(session, program_id, by)
    template_id = uuid4()
    session.execute(
        insert(EtpSessionTemplate).values(
            id=template_id, territory_id=by.territory_id, program_id=program_id, code=code.strip()[:20],
            title=title.strip()[:200], minutes=minutes, places=places,
        )
    )  # fmt: skip
    trace.record(session, action="education.template", by=by, now=now, object_kind="session", object_id=template_id)
    return template_id


def create_slot(
    session: Session, *, template_id: UUID, code: str, starts_at: datetime, ends_at: datetime, room: str,
    places: int | None = None, by: Actor, now: datetime,
) -> UUID:  # fmt: skip
    """Plan a session on a day. `code` is what the personalised programme of each patient names."""
    _check_organises(by)
    template = session.execute(
        select(EtpSessionTemplate).where(
            EtpSessionTemplate.id == template_id, EtpSessionTemplate.territory_id == by.territory_id
        )
    ).scalar_one_or_none()
    if template is None:
        raise NotFound("Ce modèle de séance n'existe pas.")
    if ends_at <= starts_at or not code.strip():
        raise InvalidRequest("Une séance a un code, un début, et une fin après son début.")
    slot_id = uuid4()
    session.execute(
        insert(EtpSlot).values(
            id=slot_id, territory_id=by.territory_id, program_id=template.program_id, template_id=template_id,
            code=code.strip()[:40], starts_at=starts_at, ends_at=ends_at, room=room.strip()[:200],
            places=places or template.places,
        )
    )  # fmt: skip
    trace.record(session, action="education.slot", by=by, now=now, object_kind="slot", object_id=slot_id)
    return slot_id


def book(session: Session, *, slot_id: UUID, case_id: UUID, by: Actor, now: datetime) -> None:
    """Give a case a place. Booking twice changes nothing. Raises Conflict when the session is full or over."""
    slot = _slot(session, slot_id, by)
    today = now.date()
    number = session.execute(
        select(Case.number).where(Case.id == case_id, Case.closed_at.is_(None), may_see(by, now=now, today=today))
    ).scalar_one_or_none()
    if number is None:
        raise CaseNotFound("Ce dossier n'existe pas, ou vous n'y avez pas accès.")
    taken = session.execute(select(EtpPlace.case_id).where(EtpPlace.slot_id == slot_id)).scalars().all()
    if case_id in taken:
        return
    if slot.recorded_at is not None:
        raise Conflict("Cette séance est déjà enregistrée : choisissez-en une autre.")
    if len(taken) >= slot.places:
        raise Conflict(f"Cette séance est complète ({slot.places} places) : choisissez-en une autre.")
    session.execute(
        insert(EtpPlace).values(slot_id=slot_id, case_id=case_id, territory_id=by.territory_id, booked_at=now)
    )
    trace.record(
        session, action="education.book", by=by, now=now, case_id=case_id, object_kind="slot", object_id=slot_id
    )


def record_attendance(
    session: Session, *, slot_id: UUID, lines: Mapping[UUID, Attendance], by: Actor, now: datetime,
    key: str | None = None,
) -> Recorded:  # fmt: skip
    """Say who came to a session, for the whole group at once: the case of each patient hears it.

    Done once: sent again under the same key, the same answer; otherwise Conflict. Raises NotFound to those who are not
    of the team, InvalidRequest for a line that cannot be read, CaseNotFound for a case that is not expected.
    """
    slot = _slot(session, slot_id, by)
    known = idempotency.known_answer(session, key=key, command="education.attendance", by=by)
    if known is not None:
        return Recorded(told=tuple(known["told"]), left=tuple(known["left"]))
    if slot.recorded_at is not None:
        raise Conflict(f"Cette séance a déjà été enregistrée par {slot.recorded_by or 'quelqu’un'}.")
    if slot.starts_at > now:
        raise Conflict("Cette séance n'a pas encore commencé : notez les présences quand elle a lieu.")
    told: list[str] = []
    left: list[str] = []
    for case_id in sorted(lines, key=str):
        number, went_on = _tell(session, slot, case_id, lines[case_id], by=by, now=now)
        (told if went_on else left).append(number)
    session.execute(
        update(EtpSlot)
        .where(EtpSlot.id == slot_id)
        .values(recorded_at=now, recorded_by=by.name[:200])
        .execution_options(synchronize_session=False)
    )
    trace.record(session, action="education.attendance", by=by, now=now, object_kind="slot", object_id=slot_id)
    answer = {"told": told, "left": left}
    idempotency.remember(session, key=key, command="education.attendance", answer=answer, by=by, now=now)
    return Recorded(told=tuple(told), left=tuple(left))


def _tell(
    session: Session, slot: EtpSlot, case_id: UUID, line: Attendance, *, by: Actor, now: datetime
) -> tuple[str, bool]:
    if line.status not in ATTENDANCES:
        raise InvalidRequest("Pour chaque patient, choisissez présent, excusé ou absent.")
    number = session.execute(
        select(Case.number).where(Case.id == case_id, Case.territory_id == by.territory_id)
    ).scalar_one_or_none()
    if number is None:
        raise CaseNotFound("Ce dossier n'existe pas, ou vous n'y avez pas accès.")
    present = line.status == "present"
    payload: dict[str, Any] = {"slot_id": slot.code, "status": line.status, "note": line.note.strip(), "stop": False}
    payload["competences"] = [dict(each) for each in line.competences] if present else []
    try:
        delivery = messages.deliver(
            session, name=MESSAGE, payload=payload, case_id=case_id, correlation_key=slot.code, by=by, now=now
        )
    except CaseClosed:
        return number, False
    seen = session.execute(
        update(EtpPlace)
        .where(EtpPlace.slot_id == slot.id, EtpPlace.case_id == case_id)
        .values(attendance=line.status)
        .execution_options(synchronize_session=False)
        .returning(EtpPlace.case_id)
    ).scalar_one_or_none()
    if seen is None:
        session.execute(
            insert(EtpPlace).values(
                slot_id=slot.id, case_id=case_id, territory_id=by.territory_id, booked_at=now, attendance=line.status
            )
        )
    return number, delivery.delivered


def _slot(session: Session, slot_id: UUID, by: Actor) -> EtpSlot:
    """The slot, locked, for those of its team."""
    slot = session.execute(
        select(EtpSlot)
        .where(EtpSlot.id == slot_id, EtpSlot.territory_id == by.territory_id, of_education_team(by))
        .with_for_update(of=EtpSlot)
    ).scalar_one_or_none()
    if slot is None:
        raise NotFound(UNKNOWN_SLOT)
    return slot


def _program(session: Session, program_id: UUID, by: Actor) -> None:
    known = session.execute(
        select(func.count())
        .select_from(EtpProgram)
        .where(EtpProgram.id == program_id, EtpProgram.territory_id == by.territory_id)
    ).scalar_one()
    if not known:
        raise NotFound("Ce programme n'existe pas.")


def _check_organises(by: Actor) -> None:
    if by.kind is not ActorKind.SYSTEM and not by.has_role(*ORGANISERS):
        raise NotAllowed("Seule la coordination du programme peut déclarer un programme ou planifier des séances.")
