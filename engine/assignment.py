"""To whom a newly opened task goes first, and to whom next when they decline.

Order: the person named by the model → the patient's usual professional of the role → the holders of the role in the
organisation of the case (hospital roles) → in the patient's sector → in the whole territory. An absent person without
a substitute is passed over. Offer rounds (`usual`, `pool`, `neighbours`, `search`) say themselves whom they ask.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Date, Select, Uuid, bindparam, func, or_, select
from sqlalchemy import case as sql_case
from sqlalchemy.orm import Session, aliased

from engine.eligibility import away, holds_role_now, present
from engine.models import Organization, Professional, ProfessionalRole, ProfessionalSector, Sector
from engine.outcome import OpenTask
from engine.projection.loading import LoadedCase, display_name
from engine.roles import ORGANIZATION_ROLES, TERRITORY_ROLES, role_label

OFFER_ROUNDS = ("usual", "pool", "neighbours")
"""Rounds that end by themselves when nobody is left to ask; `search` is work for the coordination."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Who may take a task. `anybody` is False when the directory holds nobody for it today."""

    kind: str
    professional_id: UUID | None = None
    organization_id: UUID | None = None
    sector_ids: tuple[str, ...] = ()
    name: str = ""
    """Of the professional, for sentences; empty for a team."""
    anybody: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Holders:
    """Where the directory has holders of a role today."""

    ward: bool = False
    hospital: bool = False
    sector: bool = False
    neighbours: bool = False
    anywhere: bool = False


NOBODY = Holders()


@dataclass(frozen=True, slots=True, kw_only=True)
class Surrounds:
    """What is known of the directory around one case, for the roles of its new tasks."""

    holders: Mapping[str, Holders]
    hospital_id: UUID | None
    neighbour_ids: tuple[str, ...]
    named: Mapping[str, tuple[UUID, str]]
    """Professional id or RPPS as the model names them → id and display name, present today."""


def look_around(session: Session, case: LoadedCase, tasks: Sequence[OpenTask], now: datetime) -> Surrounds:
    """Read the directory for the roles and people of these tasks: one statement, two more when people are named or
    neighbouring sectors are asked."""
    today = case.calendar.today(now)
    roles = sorted({role for task in tasks for role in task.roles})
    neighbour_ids: tuple[str, ...] = ()
    if case.sector_id is not None and any(task.offer == "neighbours" for task in tasks):
        neighbour_ids = _neighbours(session, case.sector_id)
    hospital_id, holders = _holders(session, case, roles, neighbour_ids, today)
    wanted = {str(task.assignee) for task in tasks if task.assignee}
    known = {str(member.professional_id): (member.professional_id, member.name) for member in case.circle}
    named = {text: known[text] for text in wanted if text in known}
    if missing := wanted - named.keys():
        named |= _people(session, case.territory_id, missing, today)
    return Surrounds(holders=holders, hospital_id=hospital_id, neighbour_ids=neighbour_ids, named=named)


def first_audience(case: LoadedCase, task: OpenTask, around: Surrounds) -> Audience:
    """Whom the task is offered to when it opens."""
    if task.offer in OFFER_ROUNDS:
        return _offer_audience(case, task, around)
    if task.assignee and str(task.assignee) in around.named:
        professional_id, name = around.named[str(task.assignee)]
        return Audience(kind="professional", professional_id=professional_id, name=name)
    usual = _usual(case, task.roles)
    if usual is not None:
        return usual
    return wider(case, task.roles, around)


def wider(case: LoadedCase, roles: Iterable[str], around: Surrounds) -> Audience:
    """The smallest team that holds the responsible role, the first one: ward, hospital, sector, territory.

    Only when nobody in the territory holds it do the other roles decide.
    """
    wanted = tuple(roles)
    for role in wanted:
        held = around.holders.get(role, NOBODY)
        if not held.anywhere:
            continue
        if case.organization_id is not None and role in ORGANIZATION_ROLES:
            if held.ward:
                return Audience(kind="organization", organization_id=case.organization_id)
            if around.hospital_id is not None and held.hospital:
                return Audience(kind="organization", organization_id=around.hospital_id)
        local = role not in TERRITORY_ROLES | ORGANIZATION_ROLES
        if local and case.sector_id is not None and held.sector:
            return Audience(kind="sector", sector_ids=(case.sector_id.hex,))
        return Audience(kind="territory")
    return Audience(kind="territory", anybody=False)


def _offer_audience(case: LoadedCase, task: OpenTask, around: Surrounds) -> Audience:
    held = [around.holders.get(role, NOBODY) for role in task.roles]
    if task.offer == "usual":
        if task.assignee and str(task.assignee) in around.named:
            professional_id, name = around.named[str(task.assignee)]
            return Audience(kind="professional", professional_id=professional_id, name=name)
        usual = _usual(case, task.roles)
        return usual or Audience(kind="territory", anybody=False)
    if case.sector_id is None:
        return Audience(kind="territory", anybody=any(each.anywhere for each in held))
    if task.offer == "pool":
        return Audience(kind="sector", sector_ids=(case.sector_id.hex,), anybody=any(each.sector for each in held))
    return Audience(kind="sector", sector_ids=around.neighbour_ids, anybody=any(each.neighbours for each in held))


def _usual(case: LoadedCase, roles: Iterable[str]) -> Audience | None:
    """The patient's usual professional of one of the roles, or the only one of the circle; absent ones without a
    substitute are passed over (their substitute sees the task with them)."""
    members = [member for role in roles for member in case.circle if member.role == role and not member.away]
    chosen = next((member for member in members if member.usual), members[0] if len(members) == 1 else None)
    if chosen is None:
        return None
    return Audience(kind="professional", professional_id=chosen.professional_id, name=chosen.name)


def audience_sentence(role: str, audience: Audience) -> str:
    """« Claire DEMO-MESANGE », or the team in words."""
    return audience.name or role_label(role)


def _holders(
    session: Session, case: LoadedCase, roles: Sequence[str], neighbour_ids: Sequence[str], today: date
) -> tuple[UUID | None, dict[str, Holders]]:
    rows = session.connection().execute(
        _holders_statement(),
        {
            "ward": case.organization_id, "sector": case.sector_id, "territory": case.territory_id,
            "roles": list(roles), "neighbours": [UUID(each) for each in neighbour_ids], "today": today,
        },
    ).all()  # fmt: skip
    found = {
        row[0]: Holders(
            ward=bool(row[1]), hospital=bool(row[2]), sector=bool(row[3]), neighbours=bool(row[4]), anywhere=True
        )
        for row in rows
    }
    hospital_id = next((row[5] for row in rows if row[5] is not None), None)
    return hospital_id, found


@lru_cache(maxsize=1)
def _holders_statement() -> Select[Any]:
    """Built once: building it costs ten times what running it does."""
    role, person = aliased(ProfessionalRole), aliased(Professional)
    place, above, ward = aliased(Organization), aliased(Organization), aliased(Organization)
    ward_id, sector_id = bindparam("ward", type_=Uuid()), bindparam("sector", type_=Uuid())
    today = cast(date, bindparam("today", type_=Date()))
    hospital = select(func.coalesce(ward.parent_id, ward.id)).where(ward.id == ward_id).scalar_subquery()
    in_ward = or_(role.organization_id == ward_id, place.parent_id == ward_id)
    in_hospital = or_(role.organization_id == hospital, place.parent_id == hospital, above.parent_id == hospital)
    nearby = ProfessionalSector.sector_id.in_(bindparam("neighbours", expanding=True, type_=Uuid()))

    def any_of(condition: Any) -> Any:
        return func.max(sql_case((condition, 1), else_=0))

    return (
        select(
            role.role, any_of(in_ward), any_of(in_hospital), any_of(ProfessionalSector.sector_id == sector_id),
            any_of(nearby), hospital,
        )
        .join(person, person.id == role.professional_id)
        .outerjoin(place, place.id == role.organization_id)
        .outerjoin(above, above.id == place.parent_id)
        .outerjoin(ProfessionalSector, ProfessionalSector.professional_id == role.professional_id)
        .where(
            role.territory_id == bindparam("territory", type_=Uuid()),
            role.role.in_(bindparam("roles", expanding=True)),
            holds_role_now(role, today),
            present(person, today),
            ~away(person.id, today),
        )
        .group_by(role.role)
    )  # fmt: skip


def _neighbours(session: Session, sector_id: UUID) -> tuple[str, ...]:
    own = (
        session.connection()
        .execute(select(Sector.territory_id, Sector.neighbours).where(Sector.id == sector_id))
        .one_or_none()
    )
    if own is None or not own.neighbours:
        return ()
    rows = session.connection().execute(
        select(Sector.id).where(Sector.territory_id == own.territory_id, Sector.code.in_(own.neighbours))
    )
    return tuple(row.id.hex for row in rows)


@lru_cache(maxsize=1)
def _people_statement() -> Select[UUID, str | None, str, str, str]:
    return select(
        Professional.id, Professional.rpps, Professional.title, Professional.given_name, Professional.family_name
    ).where(
        Professional.territory_id == bindparam("territory", type_=Uuid()),
        or_(
            Professional.id.in_(bindparam("ids", expanding=True, type_=Uuid())),
            Professional.rpps.in_(bindparam("texts", expanding=True)),
        ),
        present(Professional, cast(date, bindparam("today", type_=Date()))),
    )


def _people(session: Session, territory_id: UUID, wanted: Iterable[str], today: date) -> dict[str, tuple[UUID, str]]:
    """Professionals named by id or RPPS, when they are still in the territory and not away without a substitute."""
    texts = sorted(wanted)
    ids = [found for text in texts if (found := _uuid(text)) is not None]
    rows = session.connection().execute(
        _people_statement(), {"territory": territory_id, "ids": ids, "texts": texts, "today": today}
    )
    people: dict[str, tuple[UUID, str]] = {}
    for row in rows:
        person = (row.id, display_name(row.title, row.given_name, row.family_name))
        for text in texts:
            if text == row.rpps or _uuid(text) == row.id:
                people[text] = person
    return people


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
