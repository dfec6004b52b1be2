"""What a program does for its organisation: open a case, send a message to a case, tell what happened to a patient.

Who the patient is comes with the request. An unknown number, a closed case and somebody else's case look the same.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from engine import policies
from engine.actor import Actor, Scope
from engine.commands import cases, messages
from engine.commands.cases import StartedCase
from engine.commands.circles import named_organization
from engine.commands.deliveries import Delivery
from engine.commands.patient_events import PatientEvent, tell_patient_cases
from engine.commands.patients import register_patient
from engine.eligibility import within
from engine.errors import CaseNotFound, Conflict, DuplicateCase, InvalidAnswers, InvalidRequest
from engine.library import version_of
from engine.lookups import ins_is, stay_is
from engine.models import (
    Case,
    Commune,
    MessageSubscription,
    Organization,
    Pathway,
    PathwayVersion,
    Patient,
    TerritoryRow,
)
from engine.outcome import Value
from engine.visibility import may_see

SAID_OF_PATIENT = ("patient", "identity_status", "home_commune")
"""Fields of a start form that the traits answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """Who a patient is: the five strict traits, the INS when it is known, and where they live."""

    birth_name: str
    given_name: str
    sex: str
    birth_date: date
    birth_place: str = ""
    used_name: str | None = None
    ins: str | None = None
    identity_status: str = "PROV"
    phone: str | None = None
    address: str | None = None
    commune_insee: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """To which case a message goes: its number; the patient's INS, pathway and stay; or what the case waits for."""

    case_number: str | None = None
    ins: str | None = None
    pathway_key: str | None = None
    stay: str | None = None
    correlation_key: str | None = None


def start(
    session: Session,
    *,
    pathway_key: str,
    patient: Traits,
    answers: Mapping[str, Any],
    ward: str | None = None,
    stay: str | None = None,
    by: Actor,
    now: datetime,
) -> StartedCase:
    """Open a case for a patient, known or new. `ward` is the code or FINESS number of a structure of the program's.

    Raises what `cases.start` raises, and DuplicateCase only names a case that the program may see.
    """
    policies.check_scope(by, Scope.CASES_START)
    _lock_territory(session, by)
    organization_id = _organization(session, ward, by)
    patient_id, home = _patient(session, patient, by, now)
    said = dict(zip(SAID_OF_PATIENT, (str(patient_id), patient.identity_status, home), strict=True))
    try:
        started = cases.start(
            session, pathway_key=pathway_key, patient_id=patient_id, facts={**answers, **said},
            organization_id=organization_id, stay=stay, by=by, now=now,
        )  # fmt: skip
    except DuplicateCase as refusal:
        if _visible(session, Case.number == refusal.case_number, by, now):
            raise
        raise Conflict("Ce parcours est déjà ouvert pour ce patient, ailleurs. Appelez la coordination.") from refusal
    _check_asked(session, started, answers)
    return started


def send(session: Session, *, name: str, payload: Mapping[str, Any], to: Address, by: Actor, now: datetime) -> Delivery:
    """Give a message to the open cases of that address that the program may see.

    Raises what `messages.deliver` raises; CaseNotFound when there is no such case.
    """
    policies.check_scope(by, Scope.MESSAGES_SEND)
    targets = _visible(session, _addressed(session, to, name, by), by, now)
    if not targets:
        raise CaseNotFound("Aucun dossier de votre structure ne correspond à cette adresse.")
    told = [
        messages.deliver(
            session, name=name, payload=payload, case_id=target, correlation_key=to.correlation_key, by=by, now=now
        )
        for target in targets
    ]
    return Delivery(
        delivered=all(one.delivered for one in told),
        sentence=" ".join(dict.fromkeys(one.sentence for one in told)),
        case_numbers=tuple(number for one in told for number in one.case_numbers),
    )


def tell(session: Session, *, event: PatientEvent, ins: str, at: datetime, by: Actor, now: datetime) -> Sequence[str]:
    """Tell every case of the patient. Returns the numbers that changed, of those the program may see.

    A patient nobody follows here, or who opposed sharing, is no error: the answer does not say who is known.
    """
    policies.check_may_tell_of_patients(by)
    patient_id = session.execute(
        select(Patient.id).where(
            Patient.territory_id == by.territory_id,
            ins_is(session, ins, territory_id=by.territory_id),
            Patient.opposition_at.is_(None),
            Patient.erased_at.is_(None),
        )
    ).scalar_one_or_none()
    if patient_id is None:
        return ()
    payload = _payload(event, at, _zone(session, by), by)
    told = tell_patient_cases(session, patient_id=patient_id, name=event, payload=payload, by=by, now=now)
    seen = _visible(session, Case.number.in_(told.case_numbers), by, now, open_only=False)
    return tuple(
        session.execute(select(Case.number).where(Case.id.in_(seen)).order_by(Case.opened_at, Case.number)).scalars()
    )


def _payload(event: PatientEvent, at: datetime, zone: ZoneInfo, by: Actor) -> dict[str, Value]:
    if event is PatientEvent.DEATH:
        return {"date": at.astimezone(zone).date()}
    if event is PatientEvent.HOSPITALISED:
        return {"at": at, "org": str(next(iter(by.organization_ids)))}
    return {"at": at}


def _zone(session: Session, by: Actor) -> ZoneInfo:
    return ZoneInfo(
        session.execute(select(TerritoryRow.time_zone).where(TerritoryRow.id == by.territory_id)).scalar_one()
    )


def _lock_territory(session: Session, by: Actor) -> None:
    """Two programs that declare the same new patient at once make one patient."""
    session.execute(select(TerritoryRow.id).where(TerritoryRow.id == by.territory_id).with_for_update())


def _organization(session: Session, ward: str | None, by: Actor) -> UUID:
    (own,) = by.organization_ids
    if ward is None:
        return own
    named = named_organization(session, ward, by)
    inside = None if named is None else session.execute(
        select(Organization.id).where(Organization.id == named, within(Organization.id, own))
    ).scalar_one_or_none()  # fmt: skip
    if inside is None:
        raise InvalidRequest(f"« {ward} » n'est pas une structure de celle pour laquelle ce programme agit.")
    return inside


def _patient(session: Session, traits: Traits, by: Actor, now: datetime) -> tuple[UUID, str | None]:
    """The patient of these traits, and the INSEE code of their commune."""
    known = _known(session, traits, by)
    if known is None:
        patient_id = register_patient(
            session, birth_name=traits.birth_name.upper(), given_name=traits.given_name, used_name=traits.used_name,
            sex=traits.sex, birth_date=traits.birth_date, birth_place=traits.birth_place, ins=traits.ins,
            identity_status=traits.identity_status, phone=traits.phone, address=traits.address,
            commune_insee=traits.commune_insee, by=by, now=now,
        )  # fmt: skip
        return patient_id, traits.commune_insee
    home = session.execute(
        select(Commune.insee_code).join(Patient, Patient.commune_id == Commune.id).where(Patient.id == known)
    ).scalar_one_or_none()
    return known, home or traits.commune_insee


def _known(session: Session, traits: Traits, by: Actor) -> UUID | None:
    """By the INS, whose other traits must agree; else by the five strict traits, when only one person has them."""
    here = and_(Patient.territory_id == by.territory_id, Patient.erased_at.is_(None))
    if traits.ins is not None:
        wanted = ins_is(session, traits.ins, territory_id=by.territory_id)
        holder = session.execute(select(Patient).where(here, wanted)).scalar_one_or_none()
        if holder is None:
            return None
        if not _same(holder, traits):
            raise InvalidRequest(
                "Cet INS est connu ici avec d'autres traits d'identité. Vérifiez l'identité du patient, puis appelez "
                "la coordination."
            )
        return holder.id
    if not traits.birth_place:
        return None
    candidates = session.execute(
        select(Patient).where(here, Patient.birth_place == traits.birth_place, Patient.birth_date == traits.birth_date)
    ).scalars()
    same = [one.id for one in candidates if _same(one, traits)]
    return same[0] if len(same) == 1 else None


def _same(patient: Patient, traits: Traits) -> bool:
    return (patient.birth_date, patient.sex, _plain(patient.birth_name), _plain(patient.given_name)) == (
        traits.birth_date, traits.sex, _plain(traits.birth_name), _plain(traits.given_name),
    )  # fmt: skip


def _plain(name: str) -> str:
    """A name as identity systems compare it: capitals, no accents, hyphens and apostrophes as spaces."""
    bare = "".join(sign for sign in unicodedata.normalize("NFD", name) if not unicodedata.combining(sign))
    return " ".join("".join(sign if sign.isalnum() else " " for sign in bare).upper().split())


def _check_asked(session: Session, started: StartedCase, answers: Mapping[str, Any]) -> None:
    """What the start form does not ask is a mistake of the program, not something to drop in silence."""
    version_id = session.execute(select(Case.pathway_version_id).where(Case.id == started.id)).scalar_one()
    form = version_of(session, version_id).start_form
    asked = set() if form is None else set(form.fields) - set(SAID_OF_PATIENT)
    unknown = sorted(answers.keys() - asked)
    if unknown:
        raise InvalidAnswers(
            "Certaines réponses ne correspondent à aucune question.",
            dict.fromkeys(unknown, "Le formulaire de ce parcours ne pose pas cette question."),
        )


def _addressed(session: Session, to: Address, message: str, by: Actor) -> ColumnElement[bool]:
    ways = [one for one in (to.case_number, to.ins, to.correlation_key) if one is not None]
    if len(ways) != 1 or not ways[0].strip():
        raise InvalidRequest("Donnez une adresse et une seule : le numéro du dossier, l'INS du patient, ou une clé.")
    if to.case_number is not None:
        return Case.number == to.case_number.strip().upper()
    if to.correlation_key is not None:
        return Case.id.in_(
            select(MessageSubscription.case_id).where(
                MessageSubscription.name == message, MessageSubscription.correlation_key == to.correlation_key
            )
        )
    if to.pathway_key is None:
        raise InvalidRequest("Avec l'INS du patient, nommez aussi le parcours.")
    assert to.ins is not None
    wanted: list[ColumnElement[bool]] = [
        Case.patient_id.in_(select(Patient.id).where(ins_is(session, to.ins, territory_id=by.territory_id))),
        Case.pathway_version_id.in_(
            select(PathwayVersion.id)
            .join(Pathway, Pathway.id == PathwayVersion.pathway_id)
            .where(Pathway.key == to.pathway_key)
        ),
    ]
    if to.stay is not None:
        wanted.append(stay_is(session, to.stay, territory_id=by.territory_id))
    return and_(*wanted)


def _visible(
    session: Session, wanted: ColumnElement[bool], by: Actor, now: datetime, *, open_only: bool = True
) -> Sequence[UUID]:
    """In the order of their ids, so that two sendings lock them in the same order."""
    still = Case.closed_at.is_(None) if open_only else Case.id.is_not(None)
    return (
        session.execute(select(Case.id).where(wanted, still, may_see(by, now=now, today=now.date())).order_by(Case.id))
        .scalars()
        .all()
    )
