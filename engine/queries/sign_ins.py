"""Who sits behind a browser, and who could sign in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import policies
from engine.actor import Actor, Exercise
from engine.eligibility import holds_role_now
from engine.models import (
    Account,
    Organization,
    Professional,
    ProfessionalRole,
    SignIn,
    TerritoryRow,
)
from engine.queries.actors import Held, held_by

IDLE_LIMIT = timedelta(minutes=30)
ABSOLUTE_LIMIT = timedelta(hours=12)
GROUP_OF_ROLE = {
    "social_worker": "social",
    "home_help": "social",
    "dac_case_manager": "coordination",
    "coordinator": "coordination",
    "mission_lead": "coordination",
    "quality_lead": "coordination",
    "board_member": "coordination",
    "pathway_designer": "coordination",
    "territory_admin": "coordination",
    "user_representative": "coordination",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TerritoryView:
    """What every page needs to know of its territory."""

    id: UUID
    name: str
    kind: str
    time_zone: str
    holidays: str
    clock_offset_seconds: int

    @property
    def is_demo(self) -> bool:
        """Fictitious people, a role chooser, a clock that can be moved."""
        return self.kind == "demo"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A live session: who acts, in which territory, and as what."""

    sign_in_id: UUID
    actor: Actor
    territory: TerritoryView
    login: str
    organization_name: str
    last_seen_at: datetime
    how: str
    """How they proved who they are: password, oidc, demo…"""
    exercises: Mapping[Exercise, str]
    """What they may choose to practise as, with the name of the structure."""

    def may_sign(self, *, now: datetime) -> bool:
        """They proved who they are a moment ago; `now` is the territory's time."""
        return policies.may_sign(self.actor, now=now)

    @property
    def must_choose(self) -> bool:
        """Several exercises and none chosen: until then they may do nothing (never in a demonstration)."""
        return len(self.exercises) > 1 and not self.actor.roles


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPerson:
    """One card of the demo role chooser."""

    account_id: UUID
    login: str
    name: str
    roles: tuple[str, ...]
    organization: str
    group: str
    """hospital, town, social or coordination: where the card stands."""
    shows: str
    """What this person is worth trying for, in French."""


def front_door(session: Session) -> TerritoryView | None:
    """The territory of this installation, before anybody has signed in; None while the database is empty."""
    row = session.execute(select(TerritoryRow).order_by(TerritoryRow.code).limit(1)).scalar_one_or_none()
    return None if row is None else territory_view(row)


def signed_in(session: Session, *, token_hash: str, now: datetime, today: date) -> SignedIn | None:
    """The live session of a cookie, or None: unknown, ended, idle for too long, too old, or its account was closed.

    `now` is the machine's time: moving the clock of a demo signs nobody out. Whoever holds several roles acts in the
    one chosen for the session; before the choice, in none.
    """
    row: Any = session.execute(
        select(SignIn, Account, TerritoryRow, Professional)
        .join(Account, Account.id == SignIn.account_id)
        .join(TerritoryRow, TerritoryRow.id == SignIn.territory_id)
        .outerjoin(Professional, Professional.id == Account.professional_id)
        .where(
            SignIn.token_hash == token_hash,
            SignIn.ended_at.is_(None),
            SignIn.last_seen_at > now - IDLE_LIMIT,
            SignIn.opened_at > now - ABSOLUTE_LIMIT,
            Account.disabled_at.is_(None),
        )
    ).one_or_none()
    if row is None:
        return None
    sign_in, account, territory, professional = row
    actor = Actor(
        territory_id=territory.id,
        account_id=account.id,
        professional_id=account.professional_id,
        name=account.login if professional is None else professional.display_name,
        proved_at=_on_the_clock_of(territory, sign_in.proved_at),
        locale=account.locale,
    )
    held = Held(exercises={}, sector_ids=frozenset())
    if professional is not None:
        held = held_by(session, professional_id=professional.id, today=today)
        actor = _practising(actor, held, sign_in, free=territory.kind == "demo")
    return SignedIn(
        sign_in_id=sign_in.id,
        actor=actor,
        territory=territory_view(territory),
        login=account.login,
        organization_name=_where(actor, held),
        last_seen_at=sign_in.last_seen_at,
        how=sign_in.how,
        exercises=held.exercises,
    )


def demo_people(session: Session, *, territory_id: UUID, today: date) -> Sequence[DemoPerson]:
    """Everybody whom the demo role chooser can become, by name. Empty unless the territory is a demo."""
    rows = session.execute(
        select(Account.id, Account.login, Professional, ProfessionalRole.role, Organization.name, TerritoryRow.settings)
        .join(TerritoryRow, TerritoryRow.id == Account.territory_id)
        .join(Professional, Professional.id == Account.professional_id)
        .join(ProfessionalRole, ProfessionalRole.professional_id == Professional.id)
        .outerjoin(Organization, Organization.id == ProfessionalRole.organization_id)
        .where(
            Account.territory_id == territory_id,
            TerritoryRow.kind == "demo",
            Account.kind == "person",
            Account.disabled_at.is_(None),
            holds_role_now(ProfessionalRole, today),
        )
        .order_by(Professional.family_name, Professional.given_name, ProfessionalRole.role)
    )
    people: dict[UUID, DemoPerson] = {}
    for account_id, login, professional, role, organization, settings in rows:
        known = people.get(account_id)
        if known is None:
            said = settings.get("demo_people", {}).get(login, {})
            people[account_id] = DemoPerson(
                account_id=account_id,
                login=login,
                name=professional.display_name,
                roles=(role,),
                organization=organization or "",
                group=said.get("group") or _group(role),
                shows=said.get("shows", ""),
            )
        elif role not in known.roles:
            people[account_id] = replace(known, roles=(*known.roles, role))
    return tuple(people.values())


def _practising(actor: Actor, held: Held, sign_in: SignIn, *, free: bool) -> Actor:
    """The actor in the exercise chosen for the session. Without a choice: in the only one; in all where it is free."""
    known = replace(actor, sector_ids=held.sector_ids)
    chosen = None
    if sign_in.acting_as is not None:
        chosen = Exercise(role=sign_in.acting_as, organization_id=sign_in.acting_at)
    if chosen in held.exercises and chosen is not None:
        return replace(
            known, roles=frozenset({chosen.role}), acting_as=chosen.role, acting_at=chosen.organization_id,
            organization_ids=frozenset() if chosen.organization_id is None else frozenset({chosen.organization_id}),
        )  # fmt: skip
    if free or len(held.exercises) <= 1:
        return replace(known, roles=held.roles, organization_ids=frozenset(held.organizations))
    return known


def _where(actor: Actor, held: Held) -> str:
    """The name of the structure of the exercise, else of the first one."""
    if actor.exercise is not None:
        return held.exercises[actor.exercise]
    return next(iter(held.organizations.values()), "")


def _on_the_clock_of(territory: TerritoryRow, moment: datetime | None) -> datetime | None:
    """A moment of the machine's clock on the territory's."""
    return None if moment is None else moment + timedelta(seconds=territory.clock_offset_seconds)


def _group(role: str) -> str:
    if role.startswith("hospital_") or role in ("discharge_office", "ward_manager"):
        return "hôpital"
    return GROUP_OF_ROLE.get(role, "ville")


def territory_view(row: TerritoryRow) -> TerritoryView:
    """What pages and programs need to know of a territory."""
    return TerritoryView(
        id=row.id,
        name=row.name,
        kind=row.kind,
        time_zone=row.time_zone,
        holidays=row.holidays,
        clock_offset_seconds=row.clock_offset_seconds,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSession:
    """One device on which the person is signed in."""

    id: UUID
    device: str
    opened_at: datetime
    last_seen_at: datetime


def live_sessions(session: Session, *, by: Actor, now: datetime) -> Sequence[LiveSession]:
    """The sessions of the acting account that still open something, the latest first. `now` is the machine's."""
    rows = session.execute(
        select(SignIn)
        .where(
            SignIn.account_id == by.account_id,
            SignIn.ended_at.is_(None),
            SignIn.last_seen_at > now - IDLE_LIMIT,
            SignIn.opened_at > now - ABSOLUTE_LIMIT,
        )
        .order_by(SignIn.last_seen_at.desc())
    ).scalars()
    return tuple(
        LiveSession(id=row.id, device=row.device, opened_at=row.opened_at, last_seen_at=row.last_seen_at)
        for row in rows
    )
