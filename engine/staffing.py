"""Who could do the tasks of a pathway in this territory: its directory as the checker asks it, in two statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from engine.bpmn.checker import PEOPLE_CODES, YEAR, Holder, check_people
from engine.bpmn.checker import Absence as DaysAway
from engine.eligibility import present
from engine.library import files_of, read_folder
from engine.models import Absence, Organization, Professional, ProfessionalRole, ProfessionalSector, Sector
from engine.roles import ORGANIZATION_ROLES, ROLE_LABELS, TERRITORY_ROLES

WEIGHTS = {"error": 0, "warning": 1, "info": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class TerritoryDirectory:
    """The people of a territory from `today` on, read once for a whole pathway (engine.bpmn.checker.Directory)."""

    today: date
    roles: frozenset[str]
    sectors: frozenset[str]
    by_role: Mapping[str, Sequence[Holder]]

    def holders(self, role: str) -> Sequence[Holder]:
        """Everybody who holds the role now or later."""
        return self.by_role.get(role, ())


def territory_directory(session: Session, *, territory_id: UUID, today: date) -> TerritoryDirectory:
    """The directory of a territory: who holds which role where, and their absences of the coming year."""
    served, sectors = _sectors(session, territory_id)
    away: dict[UUID, set[DaysAway]] = defaultdict(set)
    held: dict[UUID, Any] = {}
    for row in session.execute(_held_roles(territory_id, today)):
        held[row.id] = row
        if row.first_day is not None:
            days = DaysAway(first_day=row.first_day, last_day=row.last_day, substituted=row.substitute_id is not None)
            away[row.id].add(days)
    by_role: dict[str, list[Holder]] = defaultdict(list)
    for role_id, row in held.items():
        anywhere = row.role in TERRITORY_ROLES | ORGANIZATION_ROLES
        by_role[row.role].append(
            Holder(
                professional=row.professional_id.hex,
                role=row.role,
                organization=row.establishment,
                sectors=frozenset() if anywhere else frozenset(served[row.professional_id]),
                valid_from=row.valid_from,
                valid_to=_last_day(row.valid_to, row.left_at),
                absences=tuple(sorted(away[role_id], key=lambda one: one.first_day)),
            )
        )
    return TerritoryDirectory(
        today=today, roles=frozenset(ROLE_LABELS) | by_role.keys(), sectors=sectors, by_role=by_role
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Staffing:
    """A draft beside the directory: its findings as JSON, and the names of its files that no role answers to."""

    findings: Sequence[Mapping[str, Any]]
    strangers: Collection[str]


def staffing_of(
    session: Session, *, version_id: UUID, findings: Sequence[Mapping[str, Any]], territory_id: UUID, today: date
) -> Staffing:
    """The findings kept with a draft, those about people replaced by what the directory says today."""
    kept = [one for one in findings if one["code"] not in PEOPLE_CODES]
    result = read_folder(files_of(session, version_id))
    model = result.model or result.draft
    if model is not None:
        directory = territory_directory(session, territory_id=territory_id, today=today)
        kept += [one.to_json() for one in check_people(model, directory=directory, read=result.findings)]
    kept.sort(key=lambda one: (WEIGHTS[one["severity"]], one["file"], one["line"], one["column"]))
    return Staffing(findings=kept, strangers=tuple(result.unmapped))


def _sectors(session: Session, territory_id: UUID) -> tuple[Mapping[UUID, set[str]], frozenset[str]]:
    """The names of the sectors each professional serves, and of all sectors."""
    served: dict[UUID, set[str]] = defaultdict(set)
    names = set()
    for name, professional_id in session.execute(
        select(Sector.name, ProfessionalSector.professional_id)
        .outerjoin(ProfessionalSector, ProfessionalSector.sector_id == Sector.id)
        .where(Sector.territory_id == territory_id)
    ):
        names.add(name)
        if professional_id is not None:
            served[professional_id].add(name)
    return served, frozenset(names)


def _held_roles(territory_id: UUID, today: date) -> Any:
    place, above, top = aliased(Organization), aliased(Organization), aliased(Organization)
    role = ProfessionalRole
    return (
        select(
            role.id, role.role, role.professional_id, role.valid_from, role.valid_to, Professional.left_at,
            func.coalesce(top.name, above.name, place.name).label("establishment"),
            Absence.first_day, Absence.last_day, Absence.substitute_id,
        )
        .join(Professional, Professional.id == role.professional_id)
        .outerjoin(place, place.id == role.organization_id)
        .outerjoin(above, above.id == place.parent_id)
        .outerjoin(top, top.id == above.parent_id)
        .outerjoin(
            Absence,
            and_(
                Absence.professional_id == Professional.id,
                Absence.last_day >= today,
                Absence.first_day < today + timedelta(days=YEAR),
            ),
        )
        .where(
            role.territory_id == territory_id,
            present(Professional, today),
            or_(role.valid_to.is_(None), role.valid_to >= today),
        )
        .order_by(role.role, role.id)
    )  # fmt: skip


def _last_day(valid_to: date | None, left_at: date | None) -> date | None:
    """The last day of the role: its own, or the day before the person leaves the territory."""
    ends = [day for day in (valid_to, None if left_at is None else left_at - timedelta(days=1)) if day is not None]
    return min(ends, default=None)
