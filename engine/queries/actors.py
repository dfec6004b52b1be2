"""A professional of the directory as an actor: the roles they hold today, where, and for which sectors."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine.actor import Actor
from engine.errors import ProfessionalNotFound
from engine.models import Account, Professional, ProfessionalRole, ProfessionalSector


def actor_of(session: Session, *, professional_id: UUID, today: date) -> Actor:
    """The professional as they may act on `today`. Raises ProfessionalNotFound."""
    row = session.execute(
        select(Professional, Account.id, Account.locale)
        .outerjoin(Account, Account.professional_id == Professional.id)
        .where(Professional.id == professional_id)
    ).first()
    if row is None:
        raise ProfessionalNotFound("Ce professionnel n'est pas dans l'annuaire du territoire.")
    professional, account_id, locale = row
    held = session.execute(
        select(ProfessionalRole.role, ProfessionalRole.organization_id).where(
            ProfessionalRole.professional_id == professional_id,
            ProfessionalRole.valid_from <= today,
            or_(ProfessionalRole.valid_to.is_(None), ProfessionalRole.valid_to >= today),
        )
    ).all()
    sectors = session.execute(
        select(ProfessionalSector.sector_id).where(ProfessionalSector.professional_id == professional_id)
    ).scalars()
    return Actor(
        territory_id=professional.territory_id,
        account_id=account_id,
        professional_id=professional.id,
        name=professional.display_name,
        roles=frozenset(role for role, _ in held),
        organization_ids=frozenset(organization for _, organization in held if organization is not None),
        sector_ids=frozenset(sectors),
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
            ProfessionalRole.valid_from <= today,
            or_(ProfessionalRole.valid_to.is_(None), ProfessionalRole.valid_to >= today),
        )
        .group_by(Professional.id, Professional.family_name, Professional.given_name)
        .order_by(Professional.family_name, Professional.given_name)
    )
    return tuple(rows.scalars())


def role_count(session: Session, *, account_id: UUID, today: date) -> int:
    """How many different roles the person behind an account holds on `today`."""
    return len(
        set(
            session.execute(
                select(ProfessionalRole.role)
                .join(Account, Account.professional_id == ProfessionalRole.professional_id)
                .where(
                    Account.id == account_id,
                    ProfessionalRole.valid_from <= today,
                    or_(ProfessionalRole.valid_to.is_(None), ProfessionalRole.valid_to >= today),
                )
            ).scalars()
        )
    )
