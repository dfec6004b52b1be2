"""« Professionnels »: who is in the directory, as what, and how far each is with their account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from engine import policies
from engine.actor import Actor
from engine.eligibility import holds_role_now, present
from engine.models import Account, ExternalIdentity, Invitation, Organization, Professional, ProfessionalRole
from engine.visibility import families

MOST = 200


class AccountState(StrEnum):
    """How far somebody is with their account."""

    NONE = "none"
    INVITED = "invited"
    EXPIRED = "expired"
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfessionalRow:
    """One person of the directory."""

    id: UUID
    name: str
    roles: tuple[tuple[str, str], ...]
    """Role codes, each with the name of the structure (empty: the whole territory)."""
    email: str
    rpps: str
    account_id: UUID | None
    state: AccountState
    invited_at: datetime | None
    invited_by: str
    expires_at: datetime | None


def professionals(
    session: Session, *, by: Actor, today: date, at: datetime, text: str = ""
) -> Sequence[ProfessionalRow]:
    """The directory by name, those still to open their account first. `at` is the machine's time.

    Raises NotAllowed for anybody but the administration.
    """
    policies.check_may_administer(by)
    rows: Any = session.execute(
        select(
            Professional,
            Account,
            exists().where(ExternalIdentity.account_id == Account.id).label("linked"),
        )
        .outerjoin(Account, (Account.professional_id == Professional.id) & (Account.kind == "person"))
        .where(
            Professional.territory_id == by.territory_id,
            present(Professional, today),
            *([_named(text)] if text else []),
        )
        .order_by(Professional.family_name, Professional.given_name)
        .limit(MOST)
    )
    found = {person.id: _row(person, account, linked=linked) for person, account, linked in rows}
    _add_roles(session, found, today)
    _add_invitations(session, found, at)
    order = [AccountState.EXPIRED, AccountState.INVITED, AccountState.NONE, AccountState.OPEN]
    return sorted(found.values(), key=lambda row: order.index(row.state))


def roles_to_give(by: Actor) -> Sequence[str]:
    """The roles that `by` may give somebody they invite, by code. Raises NotAllowed for whoever may invite nobody."""
    policies.check_may_administer(by)
    return tuple(
        sorted(code for code, family in families().items() if family != "patient" and policies.may_give_role(by, code))
    )


def _named(text: str) -> Any:
    wanted = text.strip().lower()
    return or_(
        func.lower(Professional.family_name).contains(wanted, autoescape=True),
        func.lower(Professional.given_name).contains(wanted, autoescape=True),
    )


def _row(person: Professional, account: Account | None, *, linked: bool) -> ProfessionalRow:
    opened = account is not None and (account.password_hash is not None or linked)
    return ProfessionalRow(
        id=person.id, name=person.display_name, roles=(), email=person.email or "", rpps=person.rpps or "",
        account_id=None if account is None else account.id,
        state=AccountState.OPEN if opened else AccountState.NONE, invited_at=None, invited_by="", expires_at=None,
    )  # fmt: skip


def _add_roles(session: Session, found: dict[UUID, ProfessionalRow], today: date) -> None:
    rows = session.execute(
        select(ProfessionalRole.professional_id, ProfessionalRole.role, Organization.name)
        .outerjoin(Organization, Organization.id == ProfessionalRole.organization_id)
        .where(ProfessionalRole.professional_id.in_(found), holds_role_now(ProfessionalRole, today))
        .order_by(ProfessionalRole.valid_from, ProfessionalRole.role)
    )
    for person, role, place in rows:
        found[person] = replace(found[person], roles=(*found[person].roles, (role, place or "")))


def _add_invitations(session: Session, found: dict[UUID, ProfessionalRow], at: datetime) -> None:
    """The latest link of each account that nobody has opened yet."""
    waiting: Mapping[UUID, UUID] = {
        row.account_id: row.id for row in found.values() if row.account_id and row.state is AccountState.NONE
    }
    latest = session.execute(
        select(Invitation).where(Invitation.account_id.in_(waiting)).order_by(Invitation.made_at)
    ).scalars()
    for invitation in latest:
        person = waiting[invitation.account_id]
        open_still = invitation.used_at is None and invitation.expires_at > at
        found[person] = replace(
            found[person], state=AccountState.INVITED if open_still else AccountState.EXPIRED,
            invited_at=invitation.made_at, invited_by=invitation.made_by, expires_at=invitation.expires_at,
        )  # fmt: skip
