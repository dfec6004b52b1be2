"""An identity put right: the trait is replaced, what it was is kept with the reason, and the names stay findable.

A qualified identity (VALI) whose INS traits change by hand is no longer one: its status falls back to provisional until
the national service has been asked again (Référentiel national d'identitovigilance).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from engine import policies, trace
from engine.actor import Actor
from engine.at_hand import patient_at_hand
from engine.commands.patients import check_birth_date, commune_of, written_name
from engine.errors import InvalidRequest
from engine.identity import INS_TRAITS, NAMES, TRAITS, traits_of
from engine.lookups import forget, make_findable
from engine.models import IdentityRectification, Patient
from engine.models.patient import SEXES
from engine.sealing import key_of

SEALED = (*NAMES, "phone", "address")
LONGEST = {"birth_name": 100, "given_name": 100, "used_name": 100, "birth_place": 5, "phone": 30, "address": 300}


def rectify_identity(
    session: Session, *, patient_id: UUID, traits: Mapping[str, str], why: str, by: Actor, now: datetime
) -> tuple[str, ...]:
    """Put traits right; those not named, or the same as before, stay. Returns the traits that changed.

    `traits` are texts as typed: dates as YYYY-MM-DD, the commune by its INSEE code. Raises NotAllowed, PatientNotFound,
    InvalidRequest naming what cannot be; nothing changes then.
    """
    policies.check_may_coordinate(by)
    patient = patient_at_hand(session, patient_id=patient_id, by=by)
    if not why.strip():
        raise InvalidRequest("Dites pourquoi : la raison reste avec l'identité d'avant.")
    before = traits_of(session, patient)
    wanted = {name: _read(name, text, now) for name, text in traits.items() if name in TRAITS}
    changed = {name: text for name, text in wanted.items() if text != before[name]}
    if not changed:
        raise InvalidRequest("Rien n'a changé.")
    key = key_of(session, "patient", patient_id, by.territory_id)
    session.execute(
        insert(IdentityRectification),
        [
            {"territory_id": by.territory_id, "patient_id": patient_id, "trait": name, "before": key.owns(before[name]),
             "why": key.owns(why.strip()[:300]), "at": now, "by": by.name[:200]}
            for name in changed
        ],
    )  # fmt: skip
    values = {_column(name): _value(session, name, text, key, by) for name, text in changed.items()}
    if patient.identity_status == "VALI" and not changed.keys().isdisjoint(INS_TRAITS):
        values["identity_status"] = "PROV"
    session.execute(update(Patient).where(Patient.id == patient_id).values(**values))
    if not changed.keys().isdisjoint(NAMES):
        now_named = {**before, **changed}
        forget(session, patient_id=patient_id)
        make_findable(
            session, patient_id=patient_id, territory_id=by.territory_id, birth_name=now_named["birth_name"],
            other_names=(now_named["used_name"], now_named["given_name"]),
        )  # fmt: skip
    trace.record(
        session, action="patients.rectify", by=by, now=now, patient_id=patient_id, object_kind="patient",
        object_id=patient_id, detail={"traits": sorted(changed)},
    )  # fmt: skip
    return tuple(changed)


def _read(name: str, typed: str, now: datetime) -> str:
    text = written_name(typed) if name in NAMES else typed.strip()
    if name in LONGEST and len(text) > LONGEST[name]:
        raise InvalidRequest(f"{LONGEST[name]} caractères au plus ; il y en a {len(text)}.")
    match name:
        case "birth_name" | "given_name" if not text:
            raise InvalidRequest("Le nom de naissance et le premier prénom sont obligatoires.")
        case "sex" if text not in SEXES:
            raise InvalidRequest("Choisissez le sexe de la liste.")
        case "birth_date":
            try:
                born = date.fromisoformat(text)
            except ValueError as wrong:
                raise InvalidRequest("Indiquez la date de naissance.") from wrong
            check_birth_date(born, now)
    return text.upper() if name == "birth_name" else text


def _column(name: str) -> str:
    return "commune_id" if name == "commune" else name


def _value(session: Session, name: str, text: str, key: Any, by: Actor) -> Any:
    if name == "commune":
        found = commune_of(session, by.territory_id, text)
        if text and found is None:
            raise InvalidRequest("Choisissez une commune du territoire dans la liste.")
        return found
    if name == "birth_date":
        return date.fromisoformat(text)
    if name in SEALED:
        return key.owns(text) if text else "" if name in ("birth_name", "given_name") else None
    return text
