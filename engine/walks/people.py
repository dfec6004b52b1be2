"""A fictitious territory put into an empty database: organisations, professionals, patients, accounts.

The people are those of `pathways/demo_territory.json`; their identifiers lie in ranges kept for tests and fiction.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from importlib.resources import files
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from engine.actor import Actor, system_actor
from engine.commands import people, territories
from engine.models import TerritoryRow

DEMO_INS_OID = "1.2.250.1.213.1.4.11"
"""Assigning authority of demonstration INS numbers (Référentiel INS, ANS)."""
ROLES_SINCE = date(2020, 1, 1)


@dataclass(frozen=True, slots=True)
class Settled:
    """Ids of what was put into the database: professionals by login, patients by key, organisations by code."""

    territory_id: UUID
    professionals: Mapping[str, UUID]
    patients: Mapping[str, UUID]
    organizations: Mapping[str, UUID]


def fictitious_territory() -> dict[str, Any]:
    """The people and places of the demonstration, as JSON values."""
    data: dict[str, Any] = json.loads(files("pathways").joinpath("demo_territory.json").read_text(encoding="utf-8"))
    return data


def settle(session: Session, data: Mapping[str, Any], *, time_zone: str, holidays: str, now: datetime) -> Settled:
    """Create the territory and everybody in it."""
    place = data["territory"]
    territory_id = territories.create(
        session, code=place["code"], name=place["name"], kind="demo", time_zone=time_zone, holidays=holidays
    )
    session.flush()
    by = system_actor(territory_id)
    sectors = _sectors(session, data, by, now)
    communes = _communes(session, data, sectors, by, now)
    organizations = _organizations(session, data, communes, by, now)
    professionals = _professionals(session, data, organizations, sectors, by, now)
    patients = _patients(session, data, professionals, by, now)
    _remember_chooser(session, data, territory_id)
    return Settled(territory_id, professionals, patients, organizations)


def _sectors(session: Session, data: Mapping[str, Any], by: Actor, now: datetime) -> dict[str, UUID]:
    return {
        item["code"]: people.add_sector(
            session, code=item["code"], name=item["name"], neighbours=item["neighbours"], by=by, now=now
        )
        for item in data["sectors"]
    }


def _communes(
    session: Session, data: Mapping[str, Any], sectors: Mapping[str, UUID], by: Actor, now: datetime
) -> dict[str, UUID]:
    return {
        item["insee_code"]: people.add_commune(
            session,
            insee_code=item["insee_code"],
            name=item["name"],
            sector_id=sectors[item["sector"]],
            postcode=item["postcode"],
            by=by,
            now=now,
        )
        for item in data["communes"]
    }


def _organizations(
    session: Session, data: Mapping[str, Any], communes: Mapping[str, UUID], by: Actor, now: datetime
) -> dict[str, UUID]:
    organizations: dict[str, UUID] = {}
    for item in data["organizations"]:
        organizations[item["code"]] = people.add_organization(
            session,
            code=item["code"],
            org_type=item["org_type"],
            name=item["name"],
            finess=item["finess"],
            phone=item["phone"],
            parent_id=organizations.get(item["parent"]),
            commune_id=communes[item["commune"]],
            by=by,
            now=now,
        )
    return organizations


def _professionals(
    session: Session,
    data: Mapping[str, Any],
    organizations: Mapping[str, UUID],
    sectors: Mapping[str, UUID],
    by: Actor,
    now: datetime,
) -> dict[str, UUID]:
    professionals: dict[str, UUID] = {}
    for item in data["professionals"]:
        professional_id = people.add_professional(
            session,
            title=item["title"],
            given_name=item["given_name"],
            family_name=item["family_name"],
            rpps=item["rpps"],
            phone=item["phone"],
            email=item["email"],
            sector_ids=[sectors[code] for code in item["sectors"]],
            by=by,
            now=now,
        )
        for role in item["roles"]:
            people.give_role(
                session,
                professional_id=professional_id,
                role=role,
                organization_id=organizations[item["organization"]],
                valid_from=ROLES_SINCE,
                by=by,
                now=now,
            )
        people.add_account(session, login=item["login"], professional_id=professional_id, by=by, now=now)
        professionals[item["login"]] = professional_id
    return professionals


def _patients(
    session: Session, data: Mapping[str, Any], professionals: Mapping[str, UUID], by: Actor, now: datetime
) -> dict[str, UUID]:
    patients: dict[str, UUID] = {}
    for item in data["patients"]:
        patient_id = people.register_patient(
            session,
            birth_name=item["birth_name"],
            given_name=item["given_name"],
            sex=item["sex"],
            birth_date=date.fromisoformat(item["birth_date"]),
            ins=item["ins"],
            ins_oid=DEMO_INS_OID,
            identity_status="VALI",
            phone=item["phone"],
            address=item["address"],
            commune_insee=item["commune"],
            by=by,
            now=now,
        )
        patients[item["key"]] = patient_id
        for role, login in (("gp", item["gp"]), ("home_nurse", item["nurse"])):
            if login:
                people.add_to_circle(
                    session,
                    patient_id=patient_id,
                    role=role,
                    professional_id=professionals[login],
                    usual=True,
                    by=by,
                    now=now,
                )
    return patients


def _remember_chooser(session: Session, data: Mapping[str, Any], territory_id: UUID) -> None:
    """What the sign-in page of a demo says of each person: their group, and what they are worth trying."""
    chooser = {item["login"]: {"group": item["group"], "shows": item["shows"]} for item in data["professionals"]}
    session.execute(
        update(TerritoryRow).where(TerritoryRow.id == territory_id).values(settings={"demo_people": chooser})
    )
