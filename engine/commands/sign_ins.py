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

from engine import trace
from engine.actor import Actor, Exercise
from engine.eligibility import holds_role_now
from engine.errors import InvalidRequest, NotAllowed, NotFound
from engine.models import Account, Professional, ProfessionalRole, SignIn, TerritoryRow

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


def prove_password(session: Session, *, territory_id: UUID, login: str, password: str) -> UUID:
    """The account that this login and password open.

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
    found: UUID = account.id
    return found


def choose_exercise(
    session: Session, *, sign_in_id: UUID, exercise: Exercise, remember: bool, by: Actor, now: datetime
) -> str:
    """Practise as one of what one holds, from now on and (`remember`) at the next sign-ins.

    The session gets a new secret, which is returned. Raises InvalidRequest for what one does not hold.
    """
    held = session.execute(
        select(ProfessionalRole.id).where(
            ProfessionalRole.professional_id == by.professional_id,
            ProfessionalRole.role == exercise.role,
            ProfessionalRole.organization_id.is_not_distinct_from(exercise.organization_id),
            holds_role_now(ProfessionalRole, now.date()),
        )
    ).first()
    if held is None:
        raise InvalidRequest("Choisissez un de vos exercices.")
    token = secrets.token_urlsafe(32)
    session.execute(
        update(SignIn)
        .where(SignIn.id == sign_in_id, SignIn.account_id == by.account_id)
        .values(acting_as=exercise.role, acting_at=exercise.organization_id, token_hash=hash_token(token))
    )
    if remember:
        session.execute(
            update(Account)
            .where(Account.id == by.account_id)
            .values(usual_role=exercise.role, usual_organization_id=exercise.organization_id)
        )
    where = "" if exercise.organization_id is None else str(exercise.organization_id)
    trace.record(
        session, action="act_as", by=by, now=now, object_kind="sign_in", object_id=sign_in_id, why=exercise.role,
        detail={"organization_id": where},
    )  # fmt: skip
    return token


def prove_again(session: Session, *, sign_in_id: UUID, how: str, by: Actor, now: datetime) -> None:
    """Note that the person has just proved once more who they are. `now` is the machine's time."""
    session.execute(
        update(SignIn)
        .where(SignIn.id == sign_in_id, SignIn.account_id == by.account_id, SignIn.ended_at.is_(None))
        .values(proved_at=now)
    )
    trace.record(session, action="prove", by=by, now=now, object_kind="sign_in", object_id=sign_in_id, why=how)


def sign_as_demo_person(session: Session, *, sign_in_id: UUID, by: Actor, now: datetime) -> None:
    """« Je signe »: a fictitious person has nothing to prove. Raises NotAllowed outside a demo territory."""
    if session.execute(select(TerritoryRow.kind).where(TerritoryRow.id == by.territory_id)).scalar_one() != "demo":
        raise NotAllowed("Ce choix n'existe que dans un territoire de démonstration.")
    prove_again(session, sign_in_id=sign_in_id, how="demo", by=by, now=now)


def open_as_demo_person(session: Session, *, account_id: UUID, device: str, from_where: str = "", now: datetime) -> str:
    """Become a fictitious person. Raises NotAllowed outside a demo territory. Returns the secret for the cookie."""
    territory_id = session.execute(
        select(Account.territory_id)
        .join(TerritoryRow, TerritoryRow.id == Account.territory_id)
        .where(Account.id == account_id, TerritoryRow.kind == "demo", Account.disabled_at.is_(None))
    ).scalar_one_or_none()
    if territory_id is None:
        raise NotAllowed("Ce choix n'existe que dans un territoire de démonstration.")
    return open_for(session, account_id=account_id, device=device, how="demo", from_where=from_where, now=now)


def keep_alive(session: Session, *, sign_in_id: UUID, now: datetime) -> None:
    """Note that the session is in use."""
    session.execute(update(SignIn).where(SignIn.id == sign_in_id, SignIn.ended_at.is_(None)).values(last_seen_at=now))


def close(session: Session, *, sign_in_id: UUID, by: Actor, now: datetime) -> None:
    """Sign out: the cookie is worth nothing from now on."""
    session.execute(update(SignIn).where(SignIn.id == sign_in_id, SignIn.ended_at.is_(None)).values(ended_at=now))
    trace.record(session, action="sign_out", by=by, now=now, object_kind="sign_in", object_id=sign_in_id)


def revoke(session: Session, *, sign_in_id: UUID, by: Actor, now: datetime) -> None:
    """End one of one's own sessions, on another device. Raises NotFound for somebody else's."""
    ended = session.execute(
        update(SignIn)
        .where(SignIn.id == sign_in_id, SignIn.account_id == by.account_id, SignIn.ended_at.is_(None))
        .values(ended_at=now)
        .returning(SignIn.id)
    ).scalar_one_or_none()
    if ended is None:
        raise NotFound("Cette session est déjà fermée.")
    trace.record(session, action="sign_out", by=by, now=now, object_kind="sign_in", object_id=sign_in_id, why="revoked")


def leave_device(session: Session, *, device_secret: str, by: Actor) -> None:
    """Be listed no more on a shared computer."""
    session.execute(
        update(SignIn)
        .where(SignIn.device_hash == hash_token(device_secret), SignIn.account_id == by.account_id)
        .values(device_hash=None)
    )


def note_failure(
    session: Session, *, territory_id: UUID, login: str = "", how: str = "password", from_where: str = "", now: datetime
) -> None:
    """A refused attempt. What was typed is not kept (it may be a password); a known account is named by its id."""
    account_id = (
        session.execute(
            select(Account.id).where(Account.territory_id == territory_id, Account.login == login.strip())
        ).scalar_one_or_none()
        if login
        else None
    )
    trace.record(
        session, action="sign_in", by=Actor(territory_id=territory_id, account_id=account_id), now=now,
        object_kind="account", object_id=account_id or "", why=how, from_where=from_where, result="refused",
    )  # fmt: skip


def choose_locale(session: Session, *, locale: str, by: Actor) -> None:
    """Remember the language of an account."""
    if locale not in LOCALES:
        raise InvalidRequest("Cette langue n'est pas proposée.")
    session.execute(update(Account).where(Account.id == by.account_id).values(locale=locale))


def open_for(
    session: Session,
    *,
    account_id: UUID,
    device: str,
    how: str = "password",
    from_where: str = "",
    device_secret: str = "",
    now: datetime,
) -> str:
    """Open a session for an account that has proved who it is. Returns the secret for the cookie.

    `device_secret` is what a shared computer is known by; the person is then listed there for the day.
    """
    account = session.execute(
        select(Account).where(Account.id == account_id, Account.disabled_at.is_(None))
    ).scalar_one()
    person = session.get(Professional, account.professional_id) if account.professional_id is not None else None
    token = secrets.token_urlsafe(32)
    sign_in_id = uuid4()
    session.execute(
        insert(SignIn).values(
            id=sign_in_id,
            territory_id=account.territory_id,
            account_id=account_id,
            token_hash=hash_token(token),
            acting_as=account.usual_role,
            acting_at=account.usual_organization_id,
            how=how,
            proved_at=None if how == "demo" else now,
            device=device[:200],
            device_hash=hash_token(device_secret) if device_secret else None,
            opened_at=now,
            last_seen_at=now,
        )
    )
    actor = Actor(
        territory_id=account.territory_id, account_id=account_id, professional_id=account.professional_id,
        name=account.login if person is None else person.display_name,
    )  # fmt: skip
    trace.record(
        session, action="sign_in", by=actor, now=now, object_kind="sign_in", object_id=sign_in_id, why=how,
        from_where=from_where,
    )  # fmt: skip
    return token
