"""The directory as forms need it: people and structures to choose from, and the names behind references."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, aliased

from engine.actor import Actor
from engine.eligibility import holds_role_now
from engine.errors import InvalidRequest
from engine.models import Commune, Organization, Professional, ProfessionalRole

MOST = 300
INSEE_LENGTH = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryEntry:
    """One person or structure: `reference` is what a form stores, `name` what people read and type."""

    reference: str
    name: str
    detail: str
    """A person's roles (codes, comma separated), a structure's type."""


def people(
    session: Session, *, by: Actor, today: date, text: str = "", roles: Iterable[str] = ()
) -> Sequence[DirectoryEntry]:
    """Professionals of the territory who hold a role on `today`, by name."""
    wanted = tuple(roles)
    rows = session.execute(
        select(Professional, ProfessionalRole.role)
        .join(ProfessionalRole, ProfessionalRole.professional_id == Professional.id)
        .where(
            Professional.territory_id == by.territory_id,
            Professional.left_at.is_(None),
            holds_role_now(ProfessionalRole, today),
            *([ProfessionalRole.role.in_(wanted)] if wanted else []),
            *([func.lower(Professional.family_name).contains(text.lower(), autoescape=True)] if text else []),
        )
        .order_by(Professional.family_name, Professional.given_name, ProfessionalRole.role)
        .limit(MOST)
    )
    found: dict[UUID, tuple[Professional, list[str]]] = {}
    for professional, role in rows:
        found.setdefault(professional.id, (professional, []))[1].append(role)
    return tuple(
        DirectoryEntry(reference=str(key), name=professional.display_name, detail=",".join(dict.fromkeys(held)))
        for key, (professional, held) in found.items()
    )


def organizations(session: Session, *, by: Actor) -> Sequence[DirectoryEntry]:
    """Structures of the territory, by name; a ward is named after its hospital."""
    rows = (
        session.execute(
            select(Organization)
            .where(Organization.territory_id == by.territory_id)
            .order_by(Organization.name)
            .limit(MOST)
        )
        .scalars()
        .all()
    )
    names = {row.id: row.name for row in rows}
    return tuple(
        DirectoryEntry(
            reference=str(row.id),
            name=f"{row.name} – {names[row.parent_id]}" if row.parent_id in names else row.name,
            detail=row.org_type,
        )
        for row in rows
    )


def organization_coded(session: Session, *, code: str, by: Actor) -> UUID:
    """The structure of this code or FINESS number. Raises InvalidRequest."""
    found = session.execute(
        select(Organization.id).where(
            Organization.territory_id == by.territory_id, or_(Organization.code == code, Organization.finess == code)
        )
    ).scalar_one_or_none()
    if found is None:
        raise InvalidRequest(f"Aucune structure du territoire n'a « {code} » pour code ou pour numéro FINESS.")
    return found


def names_of(session: Session, *, by: Actor, references: Iterable[str]) -> Mapping[str, str]:
    """The names behind references stored in facts; references that are plain text are left out."""
    wanted = tuple(references)
    named = communes_named(session, by=by, codes=[one for one in wanted if len(one) == INSEE_LENGTH])
    keys = [UUID(one) for one in wanted if _is_key(one)]
    if not keys:
        return named
    people_found = session.execute(
        select(Professional).where(Professional.territory_id == by.territory_id, Professional.id.in_(keys))
    ).scalars()
    named |= {str(one.id): one.display_name for one in people_found}
    structures = session.execute(
        select(Organization.id, Organization.name).where(
            Organization.territory_id == by.territory_id, Organization.id.in_(keys)
        )
    )
    return named | {str(key): name for key, name in structures}


def communes_named(session: Session, *, by: Actor, codes: Collection[str]) -> dict[str, str]:
    """Names of communes of the territory by INSEE code."""
    if not codes:
        return {}
    rows = session.execute(
        select(Commune.insee_code, Commune.name).where(
            Commune.territory_id == by.territory_id, Commune.insee_code.in_(codes)
        )
    )
    return {row.insee_code: row.name for row in rows}


def _is_key(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def communes(session: Session, *, by: Actor) -> Sequence[DirectoryEntry]:
    """Communes of the territory, by name: INSEE code, name, postcode."""
    rows = session.execute(
        select(Commune).where(Commune.territory_id == by.territory_id).order_by(Commune.name)
    ).scalars()
    return tuple(DirectoryEntry(reference=row.insee_code, name=row.name, detail=row.postcode) for row in rows)


def ward_and_hospital(session: Session, *, by: Actor) -> tuple[DirectoryEntry | None, DirectoryEntry | None]:
    """Where a hospital worker works: the ward, if their role is held in one, and its hospital."""
    if not by.organization_ids:
        return None, None
    place = aliased(Organization)
    row: Any = session.execute(
        select(place, Organization)
        .outerjoin(Organization, Organization.id == place.parent_id)
        .where(place.id.in_(by.organization_ids))
        .order_by(place.name)
        .limit(1)
    ).one_or_none()
    if row is None:
        return None, None
    inner, outer = row
    own = DirectoryEntry(reference=str(inner.id), name=inner.name, detail=inner.org_type)
    if outer is None:
        return None, own
    return own, DirectoryEntry(reference=str(outer.id), name=outer.name, detail=outer.org_type)
