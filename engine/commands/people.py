"""The directory: sectors, communes, organisations, professionals with their roles, accounts, absences."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from engine import policies, trace
from engine.actor import Actor
from engine.commands.patients import add_to_circle, leave_circle, register_patient
from engine.errors import InvalidRequest, ProfessionalNotFound
from engine.models import (
    Absence,
    Account,
    Commune,
    Organization,
    Professional,
    ProfessionalRole,
    ProfessionalSector,
    Sector,
)

__all__ = [
    "add_account",
    "add_commune",
    "add_organization",
    "add_professional",
    "add_sector",
    "add_to_circle",
    "declare_absence",
    "give_role",
    "leave",
    "leave_circle",
    "register_patient",
]


def add_sector(
    session: Session, *, code: str, name: str, neighbours: Sequence[str] = (), by: Actor, now: datetime
) -> UUID:
    """Add a sector; `neighbours` are codes of adjacent sectors."""
    policies.check_may_administer(by)
    sector_id = uuid4()
    session.execute(
        insert(Sector).values(
            id=sector_id, territory_id=by.territory_id, code=code, name=name, neighbours=list(neighbours)
        )
    )
    return _added(session, "sector", sector_id, by, now)


def add_commune(
    session: Session, *, insee_code: str, name: str, sector_id: UUID, postcode: str = "", by: Actor, now: datetime
) -> UUID:
    """Add a commune to a sector."""
    policies.check_may_administer(by)
    commune_id = uuid4()
    session.execute(
        insert(Commune).values(
            id=commune_id,
            territory_id=by.territory_id,
            sector_id=sector_id,
            insee_code=insee_code,
            name=name,
            postcode=postcode,
        )
    )
    return _added(session, "commune", commune_id, by, now)


def add_organization(
    session: Session,
    *,
    code: str,
    org_type: str,
    name: str,
    parent_id: UUID | None = None,
    finess: str | None = None,
    phone: str | None = None,
    commune_id: UUID | None = None,
    by: Actor,
    now: datetime,
) -> UUID:
    """Add a structure, under another one if it has a parent."""
    policies.check_may_administer(by)
    organization_id = uuid4()
    session.execute(
        insert(Organization).values(
            id=organization_id,
            territory_id=by.territory_id,
            parent_id=parent_id,
            code=code,
            org_type=org_type,
            name=name,
            finess=finess,
            phone=phone,
            commune_id=commune_id,
        )
    )
    return _added(session, "organization", organization_id, by, now)


def add_professional(
    session: Session,
    *,
    family_name: str,
    given_name: str = "",
    title: str = "",
    rpps: str | None = None,
    phone: str | None = None,
    email: str | None = None,
    sector_ids: Sequence[UUID] = (),
    by: Actor,
    now: datetime,
) -> UUID:
    """Add a person who works for patients, and the sectors in which they accept work."""
    policies.check_may_administer(by)
    if not family_name.strip():
        raise InvalidRequest("Le nom de famille manque.")
    professional_id = uuid4()
    session.execute(
        insert(Professional).values(
            id=professional_id,
            territory_id=by.territory_id,
            rpps=rpps,
            title=title,
            family_name=family_name.strip(),
            given_name=given_name.strip(),
            phone=phone,
            email=email,
        )
    )
    for sector_id in dict.fromkeys(sector_ids):
        session.execute(
            insert(ProfessionalSector).values(
                professional_id=professional_id, sector_id=sector_id, territory_id=by.territory_id
            )
        )
    return _added(session, "professional", professional_id, by, now)


def give_role(
    session: Session,
    *,
    professional_id: UUID,
    role: str,
    organization_id: UUID | None = None,
    valid_from: date,
    valid_to: date | None = None,
    by: Actor,
    now: datetime,
) -> UUID:
    """Let a professional hold a role, in an organisation if it is held there, between two dates."""
    policies.check_may_administer(by)
    if valid_to is not None and valid_to < valid_from:
        raise InvalidRequest("La fin du rôle précède son début.")
    role_id = uuid4()
    session.execute(
        insert(ProfessionalRole).values(
            id=role_id,
            territory_id=by.territory_id,
            professional_id=professional_id,
            role=role,
            organization_id=organization_id,
            valid_from=valid_from,
            valid_to=valid_to,
        )
    )
    return _added(session, "professional_role", role_id, by, now)


def add_account(
    session: Session,
    *,
    login: str,
    professional_id: UUID | None = None,
    kind: str = "person",
    password_hash: str | None = None,
    locale: str = "fr",
    by: Actor,
    now: datetime,
) -> UUID:
    """Let somebody sign in. Without a password only the role chooser of a demo opens the account."""
    policies.check_may_administer(by)
    account_id = uuid4()
    session.execute(
        insert(Account).values(
            id=account_id,
            territory_id=by.territory_id,
            professional_id=professional_id,
            kind=kind,
            login=login,
            password_hash=password_hash,
            locale=locale,
        )
    )
    return _added(session, "account", account_id, by, now)


def declare_absence(
    session: Session,
    *,
    professional_id: UUID,
    first_day: date,
    last_day: date,
    substitute_id: UUID | None = None,
    by: Actor,
    now: datetime,
) -> UUID:
    """Days away, with who takes over. People declare their own; administrators anybody's."""
    if by.professional_id != professional_id:
        policies.check_may_administer(by)
    if last_day < first_day:
        raise InvalidRequest("Le dernier jour d'absence précède le premier.")
    if substitute_id == professional_id:
        raise InvalidRequest("On ne peut pas se remplacer soi-même.")
    absence_id = uuid4()
    session.execute(
        insert(Absence).values(
            id=absence_id,
            territory_id=by.territory_id,
            professional_id=professional_id,
            first_day=first_day,
            last_day=last_day,
            substitute_id=substitute_id,
        )
    )
    return _added(session, "absence", absence_id, by, now)


def leave(session: Session, *, professional_id: UUID, day: date, by: Actor, now: datetime) -> None:
    """A professional leaves the territory on `day`; from then on nothing is offered to them."""
    policies.check_may_administer(by)
    found = session.execute(
        update(Professional)
        .where(Professional.id == professional_id, Professional.territory_id == by.territory_id)
        .values(left_at=day)
        .returning(Professional.id)
    ).first()
    if found is None:
        raise ProfessionalNotFound("Cette personne n'est pas dans l'annuaire de votre territoire.")
    trace.record(session, action="people.leave", by=by, now=now, object_kind="professional", object_id=professional_id)


def _added(session: Session, kind: str, row_id: UUID, by: Actor, now: datetime) -> UUID:
    trace.record(session, action="people.add", by=by, now=now, object_kind=kind, object_id=row_id)
    return row_id
