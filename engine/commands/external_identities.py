"""Who an OpenID provider says somebody is, matched with the directory: by national number, never by e-mail.

Pro Santé Connect gives `SubjectNameID` (national id: `8` and the RPPS number) beside `sub`. The first sign-in links the
pair of issuer and subject to the account; from then on the pair must keep naming the same professional.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from engine import trace
from engine.actor import system_actor
from engine.commands.emergencies import tell
from engine.errors import NotAllowed
from engine.models import Account, ExternalIdentity, Professional

REFUSED = "Vous n'êtes pas encore dans l'annuaire du territoire. Appelez la coordination : elle vous y ajoutera."


def national_number(claims: Mapping[str, Any]) -> str | None:
    """The RPPS number of the claims: eleven digits, without the leading 8 of a national id. None when absent."""
    text = str(claims.get("SubjectNameID") or claims.get("preferred_username") or "").strip()
    number = text[1:] if len(text) == 12 and text.startswith("8") else text
    return number if len(number) == 11 and number.isdigit() else None


def account_of(session: Session, *, territory_id: UUID, issuer: str, claims: Mapping[str, Any], now: datetime) -> UUID:
    """The account of the person. Raises NotAllowed when the directory does not know them or the link differs."""
    number, subject = national_number(claims), str(claims.get("sub") or "")
    if number is None or not subject:
        raise NotAllowed(REFUSED)
    professional_id = session.execute(
        select(Professional.id).where(
            Professional.territory_id == territory_id, Professional.rpps == number, Professional.left_at.is_(None)
        )
    ).scalar_one_or_none()
    linked = session.execute(
        select(Account.id, Account.professional_id, Account.disabled_at)
        .join(ExternalIdentity, ExternalIdentity.account_id == Account.id)
        .where(ExternalIdentity.issuer == issuer, ExternalIdentity.subject == subject)
    ).one_or_none()
    if linked is not None:
        if linked.professional_id != professional_id or linked.disabled_at is not None:
            raise NotAllowed(REFUSED)
        found: UUID = linked.id
        return found
    if professional_id is None:
        raise NotAllowed(REFUSED)
    return _link(session, territory_id, professional_id, number, issuer, subject, now)


def tell_coordination(session: Session, *, territory_id: UUID, now: datetime) -> None:
    """Somebody the directory does not know has come with a professional card."""
    tell(session, "information", territory_id, by=system_actor(territory_id), now=now)


def _link(
    session: Session, territory_id: UUID, professional_id: UUID, number: str, issuer: str, subject: str, now: datetime
) -> UUID:
    account = session.execute(
        select(Account.id, Account.disabled_at)
        .where(Account.professional_id == professional_id, Account.kind == "person")
        .order_by(Account.login)
    ).first()
    if account is not None and account.disabled_at is not None:
        raise NotAllowed(REFUSED)
    account_id = uuid4() if account is None else account.id
    if account is None:
        session.execute(
            insert(Account).values(
                id=account_id,
                territory_id=territory_id,
                professional_id=professional_id,
                kind="person",
                login=number,
                locale="fr",
            )
        )
    session.execute(
        insert(ExternalIdentity).values(
            id=uuid4(), territory_id=territory_id, account_id=account_id, issuer=issuer, subject=subject, linked_at=now
        )
    )
    trace.record(
        session, action="accounts.link", by=system_actor(territory_id), now=now, object_kind="account",
        object_id=account_id,
    )  # fmt: skip
    return account_id
