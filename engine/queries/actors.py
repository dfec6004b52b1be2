"""A professional of the directory as an actor: the roles they hold today, where, and for which sectors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.actor import Actor, Exercise
from engine.eligibility import holds_role_now
from engine.errors import ProfessionalNotFound
from engine.models import Account, Organization, Professional, ProfessionalRole, ProfessionalSector


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a professional may act as on one day."""

    exercises: Mapping[Exercise, str]
    """Each role where it is held, with the name of the structure (empty: the whole territory); the oldest first."""
    sector_ids: frozenset[UUID]

    @property
    def roles(self) -> frozenset[str]:
        """The roles, wherever they are held."""
        return frozenset(one.role for one in self.exercises)

    @property
    def organizations(self) -> Mapping[UUID, str]:
        """Where they hold a role, with its name; the oldest first."""
        return {one.organization_id: name for one, name in self.exercises.items() if one.organization_id is not None}


def held_by(session: Session, *, professional_id: UUID, today: date) -> Held:
    """Roles, organisations and sectors of a professional on `today`."""
    rows = session.execute(
        select(ProfessionalRole.role, ProfessionalRole.organization_id, Organization.name)
        .outerjoin(Organization, Organization.id == ProfessionalRole.organization_id)
        .where(ProfessionalRole.professional_id == professional_id, holds_role_now(ProfessionalRole, today))
        .order_by(ProfessionalRole.valid_from, Organization.name)
    ).all()
    sectors = session.execute(
        select(ProfessionalSector.sector_id).where(ProfessionalSector.professional_id == professional_id)
    ).scalars()
    return Held(
        exercises={Exercise(role=role, organization_id=organization): name or "" for role, organization, name in rows},
        sector_ids=frozenset(sectors),
    )


def actor_of(session: Session, *, professional_id: UUID, today: date, proved_at: datetime | None = None) -> Actor:
    """The professional as they may act on `today`, who proved who they are at `proved_at`.

    Raises ProfessionalNotFound.
    """
    row = session.execute(
        select(Professional, Account.id, Account.locale)
        .outerjoin(Account, Account.professional_id == Professional.id)
        .where(Professional.id == professional_id)
    ).first()
    if row is None:
        raise ProfessionalNotFound("Ce professionnel n'est pas dans l'annuaire du territoire.")
    professional, account_id, locale = row
    held = held_by(session, professional_id=professional_id, today=today)
    return Actor(
        territory_id=professional.territory_id,
        account_id=account_id,
        professional_id=professional.id,
        name=professional.display_name,
        roles=held.roles,
        organization_ids=frozenset(held.organizations),
        sector_ids=held.sector_ids,
        proved_at=proved_at,
        locale=locale or "fr",
    )


def holders_of(session: Session, *, territory_id: UUID, role: str, today: date) -> tuple[UUID, ...]:
    """Everybody who holds a role in the territory on `today`, by name."""
    rows = session.execute(
        select(Professional.id)
        .join(ProfessionalRole, ProfessionalRole.professional_id == Professional.id)
        .where(
            ProfessionalRole.territory_id == territory_id,
            ProfessionalRole.role == role,
            holds_role_now(ProfessionalRole, today),
        )
        .group_by(Professional.id, Professional.family_name, Professional.given_name)
        .order_by(Professional.family_name, Professional.given_name)
    )
    return tuple(rows.scalars())
