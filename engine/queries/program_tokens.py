"""Which program sent a request, by its token; and the tokens of a territory, for its administrators."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import policies
from engine.actor import Actor, ActorKind, Scope
from engine.eligibility import holds_role_now, within
from engine.models import Account, Organization, ProfessionalRole, ServiceToken, TerritoryRow
from engine.queries.sign_ins import TerritoryView, territory_view

_NO_HASH = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program that showed a live token."""

    token_id: UUID
    name: str
    actor: Actor
    territory: TerritoryView
    organization_name: str
    expires_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenLine:
    """One token in the list; its secret is not known any more."""

    id: UUID
    name: str
    organization: str
    scopes: Sequence[str]
    made_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None
    live: bool


def program_of(session: Session, *, token_id: UUID, token_hash: str, now: datetime, today: date) -> Program | None:
    """The program of a token; None when it is unknown, expired, revoked, or its account was closed.

    The row is found by its number, the hash is compared in constant time. `now` is the machine's.
    """
    row: Any = session.execute(
        select(ServiceToken, Organization.name, TerritoryRow)
        .join(Organization, Organization.id == ServiceToken.organization_id)
        .join(TerritoryRow, TerritoryRow.id == ServiceToken.territory_id)
        .join(Account, Account.id == ServiceToken.account_id)
        .where(
            ServiceToken.id == token_id,
            ServiceToken.revoked_at.is_(None),
            ServiceToken.expires_at > now,
            Account.disabled_at.is_(None),
        )
    ).one_or_none()
    kept = _NO_HASH if row is None else row.ServiceToken.token_hash
    if not hmac.compare_digest(kept, token_hash) or row is None:
        return None
    token: ServiceToken = row.ServiceToken
    actor = Actor(
        territory_id=token.territory_id, kind=ActorKind.SERVICE, account_id=token.account_id, name=token.name,
        organization_ids=frozenset({token.organization_id}),
        scopes=frozenset(scope for scope in Scope if scope in token.scopes),
        organization_roles=_roles_held_in(session, token.organization_id, today),
    )  # fmt: skip
    return Program(
        token_id=token.id, name=token.name, actor=actor, territory=territory_view(row.TerritoryRow),
        organization_name=row.name, expires_at=token.expires_at, last_used_at=token.last_used_at,
    )  # fmt: skip


def check_scope(by: Actor, scope: Scope) -> None:
    """Raises ScopeMissing unless the token of the program opens this."""
    policies.check_scope(by, scope)


def check_may_list(by: Actor) -> None:
    """Raises NotAllowed for anybody but the administration."""
    policies.check_may_issue_tokens(by)


def may_list(by: Actor) -> bool:
    """True for those who let programs in."""
    return by.has_role("territory_admin")


def token_list(session: Session, *, by: Actor, now: datetime) -> Sequence[TokenLine]:
    """Every token of the territory, the live ones first, then the latest. `now` is the machine's. Raises NotAllowed."""
    policies.check_may_issue_tokens(by)
    rows = session.execute(
        select(ServiceToken, Organization.name)
        .join(Organization, Organization.id == ServiceToken.organization_id)
        .where(ServiceToken.territory_id == by.territory_id)
        .order_by(ServiceToken.made_at.desc(), ServiceToken.name)
    ).all()
    lines = [
        TokenLine(
            id=token.id, name=token.name, organization=organization, scopes=tuple(token.scopes), made_at=token.made_at,
            expires_at=token.expires_at, revoked_at=token.revoked_at, last_used_at=token.last_used_at,
            live=token.revoked_at is None and token.expires_at > now,
        )
        for token, organization in rows
    ]  # fmt: skip
    return tuple(sorted(lines, key=lambda line: not line.live))


def _roles_held_in(session: Session, organization_id: UUID, today: date) -> frozenset[str]:
    held = session.execute(
        select(ProfessionalRole.role)
        .where(within(ProfessionalRole.organization_id, organization_id), holds_role_now(ProfessionalRole, today))
        .distinct()
    )
    return frozenset(held.scalars())
