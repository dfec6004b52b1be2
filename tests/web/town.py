"""A small fictitious town for page tests: a ward, a nursing practice, a GP, one patient, and a trial pathway.

Hélène (ward nurse) may; Claire and Marc (home nurses of one practice) may in part; Charlie (home nurse of another
sector) may not. Everything is made through commands, once per session; each test gets a copy of the database.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import migrations
from engine.actor import Actor, system_actor
from engine.clock import utcnow
from engine.commands import pathways, patients, people, territories
from engine.commands.sign_ins import hash_password
from engine.db import Database
from engine.models import Account, Patient, TerritoryRow

TRIAL = Path(__file__).parent / "pathway"
PASSWORD = "une phrase de passe assez longue"


@dataclass(frozen=True, slots=True)
class Inhabitant:
    login: str
    name: str
    title: str
    role: str
    place: str
    sectors: tuple[str, ...] = ()


INHABITANTS = (
    Inhabitant("helene", "Hélène", "", "hospital_nurse", "cardio"),
    Inhabitant("victor", "Victor", "Dr", "hospital_physician", "cardio"),
    Inhabitant("ursule", "Ursule", "", "hospital_nurse", "surgery"),
    Inhabitant("claire", "Claire", "", "home_nurse", "practice", ("plaine",)),
    Inhabitant("marc", "Marc", "", "home_nurse", "practice", ("plaine",)),
    Inhabitant("charlie", "Charlie", "", "home_nurse", "far_practice", ("causse",)),
    Inhabitant("paul", "Paul", "Dr", "gp", "health_house", ("plaine",)),
    Inhabitant("yann", "Yann", "", "social_worker", "ccas", ("plaine",)),
    Inhabitant("maud", "Maud", "", "coordinator", "cpts"),
    Inhabitant("hugo", "Hugo", "", "pathway_designer", "cpts"),
)
PLACES = {
    "hospital": ("hospital", "Centre hospitalier", None),
    "cardio": ("ward", "Cardiologie", "hospital"),
    "surgery": ("ward", "Chirurgie", "clinic"),
    "clinic": ("hospital", "Clinique", None),
    "practice": ("practice", "Cabinet de la Plaine", None),
    "far_practice": ("practice", "Cabinet du Causse", None),
    "health_house": ("msp", "Maison de santé", None),
    "pharmacy": ("pharmacy", "Pharmacie du Pont", None),
    "ccas": ("ccas", "CCAS", None),
    "cpts": ("association", "CPTS", None),
}


def trial_files() -> dict[str, bytes]:
    """The trial pathway, by path."""
    return {path.relative_to(TRIAL).as_posix(): path.read_bytes() for path in TRIAL.rglob("*") if path.is_file()}


def settle(url: str) -> None:
    """Fill an empty database with the town."""
    database = Database(url)
    migrations.upgrade(database)
    now = utcnow()
    with database.transaction() as session:
        territory_id = territories.create(session, code="town", name="CPTS d'essai", kind="demo")
        by = system_actor(territory_id)
        sectors = {
            code: people.add_sector(session, code=code, name=code.title(), by=by, now=now)
            for code in ("plaine", "causse")
        }
        people.add_commune(
            session, insee_code="00001", name="Aubelle", sector_id=sectors["plaine"], postcode="00100", by=by, now=now
        )
        places: dict[str, UUID] = {}
        for code in sorted(PLACES, key=lambda one: PLACES[one][2] is not None):
            kind, name, parent = PLACES[code]
            places[code] = people.add_organization(
                session, code=code, org_type=kind, name=name, parent_id=places.get(parent or ""), by=by, now=now
            )
        for one in INHABITANTS:
            _move_in(session, one, places, sectors, by)
        patients.register_patient(
            session, birth_name="DEMO-ABEILLE", given_name="Josette", sex="female", birth_date=date(1941, 3, 17),
            ins="241039999901705", identity_status="VALI", phone="06 39 98 50 00", address="12, rue des Lilas",
            commune_insee="00001", by=by, now=now,
        )  # fmt: skip
        pathways.publish(session, files=trial_files(), label="essai", accepted={}, by=by, now=now)
    database.close()


def _move_in(session: Session, one: Inhabitant, places: dict[str, UUID], sectors: dict[str, UUID], by: Actor) -> None:
    now = utcnow()
    professional_id = people.add_professional(
        session, family_name=f"DEMO-{one.login.upper()}", given_name=one.name, title=one.title,
        sector_ids=[sectors[code] for code in one.sectors], by=by, now=now,
    )  # fmt: skip
    people.give_role(
        session, professional_id=professional_id, role=one.role, organization_id=places[one.place],
        valid_from=date(2020, 1, 1), by=by, now=now,
    )  # fmt: skip
    people.add_account(
        session, login=one.login, professional_id=professional_id,
        password_hash=hash_password(PASSWORD) if one.login == "claire" else None, by=by, now=now,
    )  # fmt: skip


def account_of(session: Session, login: str) -> UUID:
    """The account of an inhabitant."""
    return session.execute(select(Account.id).where(Account.login == login)).scalar_one()


def professional_of(session: Session, login: str) -> UUID:
    """The professional behind a login."""
    found = session.execute(select(Account.professional_id).where(Account.login == login)).scalar_one()
    assert found is not None
    return found


def josette(session: Session) -> UUID:
    """The one patient of the town."""
    return session.execute(select(Patient.id)).scalar_one()


def territory_of(session: Session) -> TerritoryRow:
    """The one territory."""
    return session.execute(select(TerritoryRow)).scalar_one()
