"""Tokens of programs: issued for an organisation and a few acts, for a time; revoked. The secret is shown once.

A token is `parcours_`, its number, `_`, and 256 random bits. Only the SHA-256 of the whole is kept.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from engine import policies, trace
from engine.actor import Actor, Scope
from engine.commands.sign_ins import hash_token
from engine.errors import Conflict, InvalidRequest, NotFound
from engine.models import Account, Organization, ServiceToken

PREFIX = "parcours"
LONGEST_NAME = 80
LONGEST_DAYS = 366
_TOKEN = re.compile(rf"{PREFIX}_(?P<id>[0-9a-f]{{32}})_[A-Za-z0-9_-]{{43}}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A new token. `secret` is what the program sends; it is stored nowhere."""

    id: UUID
    secret: str
    expires_at: datetime


def issue(
    session: Session,
    *,
    name: str,
    organization_id: UUID,
    scopes: Iterable[str],
    days: int,
    by: Actor,
    now: datetime,
    issued_at: datetime | None = None,
) -> Issued:
    """Let a program in, for an organisation, a few acts and some days.

    A token lives on the machine's clock (`issued_at`), the trace on the territory's (`now`): moving the clock of a demo
    ends no token. Raises NotAllowed, InvalidRequest, and Conflict while a live token bears the name.
    """
    policies.check_may_issue_tokens(by)
    start = issued_at or now
    called = _name(name)
    opened = _scopes(scopes)
    if not 1 <= days <= LONGEST_DAYS:
        raise InvalidRequest(f"La durée d'un accès est comprise entre 1 et {LONGEST_DAYS} jours.")
    _check_organization(session, organization_id, by)
    _check_name_free(session, called, by, start)
    token_id = uuid4()
    secret = f"{PREFIX}_{token_id.hex}_{secrets.token_urlsafe(32)}"
    expires_at = start + timedelta(days=days)
    session.execute(
        insert(ServiceToken).values(
            id=token_id, territory_id=by.territory_id, account_id=_account(session, called, by),
            organization_id=organization_id, name=called, token_hash=hash_token(secret), scopes=sorted(opened),
            made_at=start, expires_at=expires_at,
        )
    )  # fmt: skip
    trace.record(
        session, action="program_tokens.issue", by=by, now=now, object_kind="service_token", object_id=token_id,
        detail={"organization": organization_id.hex, "scopes": sorted(opened), "days": days},
    )  # fmt: skip
    return Issued(id=token_id, secret=secret, expires_at=expires_at)


def revoke(session: Session, *, token_id: UUID, by: Actor, now: datetime, revoked_at: datetime | None = None) -> None:
    """Throw a program out, at once. Raises NotAllowed, and NotFound for a token that is revoked already."""
    policies.check_may_issue_tokens(by)
    ended = session.execute(
        update(ServiceToken)
        .where(
            ServiceToken.id == token_id,
            ServiceToken.territory_id == by.territory_id,
            ServiceToken.revoked_at.is_(None),
        )
        .values(revoked_at=revoked_at or now)
        .returning(ServiceToken.id)
    ).scalar_one_or_none()
    if ended is None:
        raise NotFound("Cet accès est déjà retiré.")
    trace.record(
        session, action="program_tokens.revoke", by=by, now=now, object_kind="service_token", object_id=token_id
    )


def shown(secret: str) -> tuple[UUID, str] | None:
    """The number and the hash of what a program sent; None when that is no token at all."""
    shaped = _TOKEN.fullmatch(secret)
    return None if shaped is None else (UUID(shaped["id"]), hash_token(secret))


def note_use(session: Session, *, token_id: UUID, now: datetime) -> None:
    """Note that the token is in use. `now` is the machine's; the caller does not come more than once a minute."""
    session.execute(update(ServiceToken).where(ServiceToken.id == token_id).values(last_used_at=now))


def _name(name: str) -> str:
    called = " ".join(name.split())
    if not called or len(called) > LONGEST_NAME:
        raise InvalidRequest(f"Donnez au programme un nom de {LONGEST_NAME} caractères au plus.")
    return called


def _scopes(scopes: Iterable[str]) -> frozenset[Scope]:
    wanted = frozenset(scopes)
    unknown = sorted(wanted - set(Scope))
    if unknown:
        raise InvalidRequest(f"Portée inconnue : {', '.join(unknown)}. Connues : {', '.join(Scope)}.")
    if not wanted:
        raise InvalidRequest("Choisissez au moins une chose que le programme pourra faire.")
    return frozenset(Scope(one) for one in wanted)


def _check_organization(session: Session, organization_id: UUID, by: Actor) -> None:
    found = session.execute(
        select(Organization.id).where(Organization.id == organization_id, Organization.territory_id == by.territory_id)
    ).scalar_one_or_none()
    if found is None:
        raise InvalidRequest("Choisissez la structure pour laquelle le programme agit.")


def _check_name_free(session: Session, name: str, by: Actor, now: datetime) -> None:
    live = session.execute(
        select(ServiceToken.id).where(
            ServiceToken.territory_id == by.territory_id,
            ServiceToken.name == name,
            ServiceToken.revoked_at.is_(None),
            ServiceToken.expires_at > now,
        )
    ).first()
    if live is not None:
        raise Conflict(f"Un accès nommé « {name} » est déjà ouvert. Retirez-le d'abord, ou choisissez un autre nom.")


def _account(session: Session, name: str, by: Actor) -> UUID:
    """The account of the program: the same at each renewal, so that its trace stays one."""
    login = f"programme:{name}"
    known = session.execute(
        select(Account.id).where(Account.territory_id == by.territory_id, Account.login == login)
    ).scalar_one_or_none()
    if known is not None:
        return known
    account_id = uuid4()
    session.execute(
        insert(Account).values(
            id=account_id, territory_id=by.territory_id, professional_id=None, kind="service", login=login, locale="fr"
        )
    )
    return account_id
