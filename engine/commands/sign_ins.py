"""Sessions of browsers: opened, kept alive, ended; and the choice of language.

Signing in writes the trace of who came; the cookie's secret is never stored, only its SHA-256.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from uuid import UUID, uuid4

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from engine.actor import Actor
from engine.errors import InvalidRequest, NotAllowed
from engine.models import Account, SignIn, TerritoryRow

LOCALES = ("fr", "en")
HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# Verified when the login is unknown, so that the answer takes as long as for a known one.
NOBODY = HASHER.hash(secrets.token_hex(16))
REFUSED = "Identifiant ou mot de passe inconnu. Vérifiez la saisie, ou demandez à votre coordination."


def hash_token(token: str) -> str:
    """What is stored of a cookie's secret: hexadecimal SHA-256."""
    return hashlib.sha256(token.encode()).hexdigest()


def hash_password(password: str) -> str:
    """An argon2id hash for `Account.password_hash`."""
    return HASHER.hash(password)


def open_with_password(
    session: Session, *, territory_id: UUID, login: str, password: str, device: str, now: datetime
) -> str:
    """Sign in with a local account. Returns the secret for the cookie.

    Raises NotAllowed with one and the same sentence for an unknown login, a closed account and a wrong password.
    """
    account = session.execute(
        select(Account.id, Account.password_hash, Account.disabled_at).where(
            Account.territory_id == territory_id, Account.login == login.strip(), Account.kind == "person"
        )
    ).one_or_none()
    known = account is not None and account.password_hash is not None and account.disabled_at is None
    stored = account.password_hash if account is not None and known else NOBODY
    try:
        HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        raise NotAllowed(REFUSED) from None
    if account is None or not known:
        raise NotAllowed(REFUSED)
    return _open(session, territory_id, account.id, device, now)


def open_as_demo_person(session: Session, *, account_id: UUID, device: str, now: datetime) -> str:
    """Become a fictitious person. Raises NotAllowed outside a demo territory. Returns the secret for the cookie."""
    territory_id = session.execute(
        select(Account.territory_id)
        .join(TerritoryRow, TerritoryRow.id == Account.territory_id)
        .where(Account.id == account_id, TerritoryRow.kind == "demo", Account.disabled_at.is_(None))
    ).scalar_one_or_none()
    if territory_id is None:
        raise NotAllowed("Ce choix n'existe que dans un territoire de démonstration.")
    return _open(session, territory_id, account_id, device, now)


def keep_alive(session: Session, *, sign_in_id: UUID, now: datetime) -> None:
    """Note that the session is in use."""
    session.execute(update(SignIn).where(SignIn.id == sign_in_id, SignIn.ended_at.is_(None)).values(last_seen_at=now))


def close(session: Session, *, sign_in_id: UUID, now: datetime) -> None:
    """Sign out: the cookie is worth nothing from now on."""
    session.execute(update(SignIn).where(SignIn.id == sign_in_id, SignIn.ended_at.is_(None)).values(ended_at=now))


def choose_locale(session: Session, *, locale: str, by: Actor) -> None:
    """Remember the language of an account."""
    if locale not in LOCALES:
        raise InvalidRequest("Cette langue n'est pas proposée.")
    session.execute(update(Account).where(Account.id == by.account_id).values(locale=locale))


def _open(session: Session, territory_id: UUID, account_id: UUID, device: str, now: datetime) -> str:
    token = secrets.token_urlsafe(32)
    session.execute(
        insert(SignIn).values(
            id=uuid4(),
            territory_id=territory_id,
            account_id=account_id,
            token_hash=hash_token(token),
            device=device[:200],
            opened_at=now,
            last_seen_at=now,
        )
    )
    return token
