"""Patients, and who belongs to the care circle of each."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from engine import trace
from engine.actor import Actor
from engine.eligibility import in_circle_now
from engine.errors import InvalidRequest, PatientNotFound
from engine.lookups import ins_is, ins_token, make_findable
from engine.models import CareCircleMember, Commune, Patient
from engine.models.patient import IDENTITY_STATUSES, SEXES
from engine.sealing import key_of
from engine.written_signs import mixed_word, seen

EARLIEST_BIRTH = 1850


def register_patient(
    session: Session,
    *,
    birth_name: str,
    given_name: str,
    sex: str,
    birth_date: date,
    used_name: str | None = None,
    birth_place: str = "",
    ins: str | None = None,
    ins_oid: str | None = None,
    identity_status: str = "PROV",
    phone: str | None = None,
    address: str | None = None,
    commune_insee: str | None = None,
    by: Actor,
    now: datetime,
) -> UUID:
    """The patient with these traits: the one already known under this INS, or a new one. Returns the id.

    Raises InvalidRequest naming the trait that cannot be used.
    """
    birth_name, given_name = written_name(birth_name), written_name(given_name)
    used_name = written_name(used_name) if used_name else None
    if not birth_name or not given_name:
        raise InvalidRequest("Le nom de naissance et le premier prénom sont obligatoires.")
    if sex not in SEXES:
        raise InvalidRequest("Le sexe est « female », « male » ou « unknown ».")
    if identity_status not in IDENTITY_STATUSES:
        raise InvalidRequest(f"Le statut d'identité est l'un de {', '.join(IDENTITY_STATUSES)}.")
    check_birth_date(birth_date, now)
    if ins:
        known = session.execute(
            select(Patient.id).where(
                Patient.territory_id == by.territory_id, ins_is(session, ins, territory_id=by.territory_id)
            )
        ).scalar_one_or_none()
        if known is not None:
            return known
    patient_id = uuid4()
    key = key_of(session, "patient", patient_id, by.territory_id)
    session.execute(
        insert(Patient).values(
            id=patient_id,
            territory_id=by.territory_id,
            birth_name=key.owns(birth_name),
            used_name=key.owns(used_name),
            given_name=key.owns(given_name),
            sex=sex,
            birth_date=birth_date,
            birth_place=birth_place,
            ins=key.owns(ins),
            ins_token=ins_token(session, ins, territory_id=by.territory_id),
            ins_oid=ins_oid,
            identity_status=identity_status,
            phone=key.owns(phone),
            address=key.owns(address),
            commune_id=commune_of(session, by.territory_id, commune_insee),
        )
    )
    make_findable(
        session, patient_id=patient_id, territory_id=by.territory_id, birth_name=birth_name,
        other_names=(used_name, given_name),
    )  # fmt: skip
    trace.record(session, action="patients.register", by=by, now=now, patient_id=patient_id)
    return patient_id


def check_birth_date(born: date, now: datetime) -> None:
    """Raises InvalidRequest for a date nobody alive was born on."""
    if born > now.date():
        raise InvalidRequest("La date de naissance est dans le futur.")
    if born.year < EARLIEST_BIRTH:
        raise InvalidRequest(f"La date de naissance est avant {EARLIEST_BIRTH} : vérifiez l'année.")


def written_name(written: str) -> str:
    """A name as it is read. Raises InvalidRequest when letters of two scripts are mixed in one word."""
    mixed = mixed_word(written)
    if mixed is not None:
        raise InvalidRequest(f"« {mixed} » mêle des lettres latines et d'autres qui leur ressemblent : retapez ce nom.")
    return seen(written).strip()


def commune_of(session: Session, territory_id: UUID, insee_code: str | None) -> UUID | None:
    """The commune of that INSEE code in the territory; None when it is not one of ours."""
    if not insee_code:
        return None
    return session.execute(
        select(Commune.id).where(Commune.territory_id == territory_id, Commune.insee_code == insee_code)
    ).scalar_one_or_none()


def add_to_circle(
    session: Session,
    *,
    patient_id: UUID,
    role: str,
    professional_id: UUID | None = None,
    organization_id: UUID | None = None,
    person_name: str | None = None,
    person_phone: str | None = None,
    usual: bool = False,
    source: str = "declared",
    by: Actor,
    now: datetime,
) -> UUID:
    """Let somebody into the care circle. The same member in the same role is not added twice.

    With `usual`, the member becomes the patient's usual professional of that role and the former one stops being it.
    """
    if professional_id is None and organization_id is None and not person_name:
        raise InvalidRequest("Un membre du cercle de soins est une personne ou une structure.")
    if session.get(Patient, patient_id) is None:
        raise PatientNotFound("Ce patient n'existe pas dans votre territoire.")
    current = (
        CareCircleMember.patient_id == patient_id,
        CareCircleMember.role == role,
        in_circle_now(CareCircleMember, now),
    )
    if usual:
        session.execute(update(CareCircleMember).where(*current).values(usual=False))
    known = next(
        (
            member.id
            for member in session.execute(select(CareCircleMember).where(*current)).scalars()
            if (member.professional_id == professional_id if professional_id
                else member.organization_id == organization_id if organization_id
                else member.person_name == person_name)
        ),
        None,
    )  # fmt: skip
    if known is not None:
        session.execute(update(CareCircleMember).where(CareCircleMember.id == known).values(usual=usual))
        return known
    member_id = uuid4()
    key = key_of(session, "patient", patient_id, by.territory_id)
    session.execute(
        insert(CareCircleMember).values(
            id=member_id,
            territory_id=by.territory_id,
            patient_id=patient_id,
            role=role,
            professional_id=professional_id,
            organization_id=organization_id,
            person_name=key.owns(person_name),
            person_phone=key.owns(person_phone),
            usual=usual,
            valid_from=now,
            source=source,
        )
    )
    trace.record(
        session,
        action="patients.add_to_circle",
        by=by,
        now=now,
        patient_id=patient_id,
        object_kind="care_circle_member",
        object_id=member_id,
        detail={"role": role},
    )
    return member_id


def leave_circle(session: Session, *, member_id: UUID, by: Actor, now: datetime) -> None:
    """End a membership; what was shared stays in the trace."""
    patient_id = session.execute(
        update(CareCircleMember)
        .where(CareCircleMember.id == member_id, CareCircleMember.territory_id == by.territory_id)
        .values(valid_to=now, usual=False)
        .returning(CareCircleMember.patient_id)
    ).scalar_one_or_none()
    if patient_id is None:
        raise PatientNotFound("Ce membre du cercle de soins n'existe pas.")
    trace.record(
        session, action="patients.leave_circle", by=by, now=now, patient_id=patient_id,
        object_kind="care_circle_member", object_id=member_id,
    )  # fmt: skip
