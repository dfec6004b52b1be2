"""Accounts: invited by a link, opened by a password one chooses, guarded by a second factor where much can be done."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pyotp
from sqlalchemy import exists, insert, select, update
from sqlalchemy.orm import Session

from engine import policies, trace
from engine.actor import Actor, system_actor
from engine.commands.sign_ins import hash_password, hash_token
from engine.eligibility import holds_role_now
from engine.errors import Conflict, InvalidRequest, NotAllowed, NotFound
from engine.models import Account, Invitation, Passkey, Professional, ProfessionalRole, SignIn, TerritoryRow
from engine.vault import Vault

INVITATION_LASTS = timedelta(hours=72)
SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 200
GUARDED = frozenset({"coordinator", "mission_lead", "territory_admin", "pathway_designer"})
"""Roles whose local accounts need a second factor."""
RECOVERY_CODES = 10
TOTP_STEP_SECONDS = 30
TOO_COMMON = frozenset({"motdepasse123", "azertyuiop123", "password12345", "123456789012", "qwertyuiop123"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """An account that waits for its password. `token` is the secret of the link; it is stored nowhere."""

    account_id: UUID
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSecondFactor:
    """What an authenticator application is given."""

    secret: str
    address: str
    """`otpauth://…`, what a QR code would hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactors:
    """Which second proofs an account can give."""

    application: bool
    recovery: bool
    passkey: bool


def invite(session: Session, *, login: str, professional_id: UUID | None = None, by: Actor, now: datetime) -> Invited:
    """Make (or find) the local account of that login and a link good for 72 hours. Earlier links are void."""
    policies.check_may_administer(by)
    return _invite(session, by.territory_id, login, professional_id, by, now)


def create_first_admin(
    session: Session, *, territory_id: UUID, login: str, family_name: str, given_name: str, now: datetime
) -> Invited:
    """The first administrator of a territory. Raises Conflict when there already is one: they invite the others."""
    known = session.execute(
        select(Account.id)
        .join(ProfessionalRole, ProfessionalRole.professional_id == Account.professional_id)
        .where(
            Account.territory_id == territory_id,
            ProfessionalRole.role == "territory_admin",
            Account.disabled_at.is_(None),
            Account.password_hash.is_not(None),
        )
    ).first()
    if known is not None:
        raise Conflict("Ce territoire a déjà une administration : c'est elle qui invite.")
    by = system_actor(territory_id)
    person = uuid4()
    session.execute(
        insert(Professional).values(
            id=person, territory_id=territory_id, family_name=family_name, given_name=given_name, title=""
        )
    )
    session.execute(
        insert(ProfessionalRole).values(
            id=uuid4(),
            territory_id=territory_id,
            professional_id=person,
            role="territory_admin",
            valid_from=now.date(),
            valid_to=None,
        )
    )
    return _invite(session, territory_id, login, person, by, now)


def accept_invitation(session: Session, *, token: str, password: str, now: datetime) -> UUID:
    """Choose a password with a link. The link works once. Returns the account's id.

    Raises NotFound for a link that is unknown, used or too old, InvalidRequest for a password that is too weak.
    """
    found = session.execute(
        select(Invitation, Account)
        .join(Account, Account.id == Invitation.account_id)
        .where(
            Invitation.token_hash == hash_token(token),
            Invitation.used_at.is_(None),
            Invitation.expires_at > now,
            Account.disabled_at.is_(None),
        )
        .with_for_update(of=Invitation)
    ).one_or_none()
    if found is None:
        raise NotFound("Ce lien a déjà servi ou a plus de 72 heures. Demandez-en un autre à votre coordination.")
    invitation, account = found
    check_password(password, login=account.login)
    session.execute(update(Invitation).where(Invitation.id == invitation.id).values(used_at=now))
    session.execute(update(Account).where(Account.id == account.id).values(password_hash=hash_password(password)))
    end_sessions(session, account_id=account.id, now=now)
    by = Actor(territory_id=account.territory_id, account_id=account.id, name=account.login)
    trace.record(
        session, action="accounts.choose_password", by=by, now=now, object_kind="account", object_id=account.id
    )
    return invitation.account_id


def check_password(password: str, *, login: str) -> None:
    """Long rather than odd (ANSSI, NIST 800-63B): no composition rules. Raises InvalidRequest."""
    if len(password) < SHORTEST_PASSWORD:
        raise InvalidRequest(f"Choisissez au moins {SHORTEST_PASSWORD} caractères : une phrase convient très bien.")
    if len(password) > LONGEST_PASSWORD:
        raise InvalidRequest(f"Choisissez au plus {LONGEST_PASSWORD} caractères.")
    plain = password.casefold()
    if plain in TOO_COMMON or login.casefold() in plain or len(set(plain)) < 5:
        raise InvalidRequest("Ce mot de passe est trop facile à deviner. Choisissez une phrase à vous.")


def end_sessions(session: Session, *, account_id: UUID, now: datetime) -> None:
    """End every session of an account, on every device."""
    session.execute(
        update(SignIn).where(SignIn.account_id == account_id, SignIn.ended_at.is_(None)).values(ended_at=now)
    )


def needs_second_factor(session: Session, *, account_id: UUID, now: datetime) -> bool:
    """True when the account holds a guarded role today, outside demonstrations."""
    today = now.date()
    return (
        session.execute(
            select(Account.id)
            .join(TerritoryRow, TerritoryRow.id == Account.territory_id)
            .join(ProfessionalRole, ProfessionalRole.professional_id == Account.professional_id)
            .where(
                Account.id == account_id,
                TerritoryRow.kind != "demo",
                ProfessionalRole.role.in_(GUARDED),
                holds_role_now(ProfessionalRole, today),
            )
        ).first()
        is not None
    )


def has_second_factor(session: Session, *, account_id: UUID) -> bool:
    """True when an application of codes or a passkey was set up."""
    stored, key = session.execute(
        select(Account.second_factor, exists().where(Passkey.account_id == Account.id)).where(Account.id == account_id)
    ).one()
    return bool(key or (stored and stored.get("totp")))


def second_factors(session: Session, *, account_id: UUID) -> SecondFactors:
    """What the account may prove itself with a second time."""
    stored, key = session.execute(
        select(Account.second_factor, exists().where(Passkey.account_id == Account.id, Passkey.suspect_at.is_(None)))
        .where(Account.id == account_id)
    ).one()  # fmt: skip
    kept = stored or {}
    return SecondFactors(application=bool(kept.get("totp")), recovery=bool(kept.get("recovery")), passkey=bool(key))


def propose_second_factor(login: str) -> NewSecondFactor:
    """A fresh secret, stored only once a code made from it has come back."""
    secret = pyotp.random_base32()
    return NewSecondFactor(
        secret=secret, address=pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name="Parcours")
    )


def set_second_factor(
    session: Session, *, account_id: UUID, secret: str, code: str, vault: Vault, now: datetime
) -> Sequence[str]:
    """Keep the secret, sealed, once `code` proves that the application has it. Returns the recovery codes, once."""
    step = _matching_step(secret, code, now, after=-1)
    if step is None:
        raise InvalidRequest("Ce code ne correspond pas. Vérifiez l'heure du téléphone, puis recommencez.")
    codes = _new_recovery_codes()
    kept = {"totp": vault.seal(secret), "last_step": step, "recovery": [_digest(one) for one in codes]}
    account = session.execute(select(Account).where(Account.id == account_id).with_for_update()).scalar_one()
    session.execute(update(Account).where(Account.id == account_id).values(second_factor=kept))
    by = Actor(territory_id=account.territory_id, account_id=account_id, name=account.login)
    trace.record(session, action="accounts.second_factor", by=by, now=now, object_kind="account", object_id=account_id)
    return codes


def keep_recovery_codes(session: Session, *, account_id: UUID) -> Sequence[str]:
    """Give an account without recovery codes its ten, shown once. Empty when it still has some."""
    kept = session.execute(select(Account.second_factor).where(Account.id == account_id)).scalar_one() or {}
    if kept.get("recovery"):
        return ()
    codes = _new_recovery_codes()
    kept = {**kept, "recovery": [_digest(one) for one in codes]}
    session.execute(update(Account).where(Account.id == account_id).values(second_factor=kept))
    return codes


def check_second_factor(session: Session, *, account_id: UUID, code: str, vault: Vault, now: datetime) -> None:
    """Raises NotAllowed unless `code` is the application's, not used before, or an unused recovery code."""
    account = session.execute(select(Account).where(Account.id == account_id).with_for_update()).scalar_one()
    kept = dict(account.second_factor or {})
    typed = code.replace(" ", "").strip().lower()
    step = _matching_step(vault.open(kept["totp"]), typed, now, after=kept["last_step"]) if kept.get("totp") else None
    if step is not None:
        kept["last_step"] = step
    else:
        left = [one for one in kept.get("recovery", []) if not hmac.compare_digest(one, _digest(typed))]
        if len(left) == len(kept.get("recovery", [])):
            raise NotAllowed("Ce code ne correspond pas, ou a déjà servi.")
        kept["recovery"] = left
    session.execute(update(Account).where(Account.id == account_id).values(second_factor=kept))


def reseal_all(session: Session, *, vault: Vault) -> int:
    """Seal every secret under the present key. Returns how many."""
    rows = session.execute(select(Account.id, Account.second_factor).where(Account.second_factor.is_not(None))).all()
    resealed = 0
    for account_id, kept in rows:
        if kept and kept.get("totp"):
            session.execute(
                update(Account)
                .where(Account.id == account_id)
                .values(second_factor={**kept, "totp": vault.reseal(kept["totp"])})
            )
            resealed += 1
    return resealed


def _invite(
    session: Session, territory_id: UUID, login: str, professional_id: UUID | None, by: Actor, now: datetime
) -> Invited:
    name = login.strip()
    if not name or len(name) > 120:
        raise InvalidRequest("L'identifiant est vide ou trop long.")
    account_id = session.execute(
        select(Account.id).where(Account.territory_id == territory_id, Account.login == name)
    ).scalar_one_or_none()
    if account_id is None:
        account_id = uuid4()
        session.execute(
            insert(Account).values(
                id=account_id,
                territory_id=territory_id,
                professional_id=professional_id,
                kind="person",
                login=name,
                locale="fr",
            )
        )
    session.execute(
        update(Invitation).where(Invitation.account_id == account_id, Invitation.used_at.is_(None)).values(used_at=now)
    )
    token = secrets.token_urlsafe(32)
    session.execute(
        insert(Invitation).values(
            id=uuid4(),
            territory_id=territory_id,
            account_id=account_id,
            token_hash=hash_token(token),
            made_at=now,
            made_by=by.name,
            expires_at=now + INVITATION_LASTS,
        )
    )
    trace.record(session, action="accounts.invite", by=by, now=now, object_kind="account", object_id=account_id)
    return Invited(account_id=account_id, token=token)


def _matching_step(secret: str, code: str, now: datetime, *, after: int) -> int | None:
    """The time step whose code was typed: this one or its neighbours, never one already used."""
    present = int(now.timestamp()) // TOTP_STEP_SECONDS
    generator = pyotp.TOTP(secret)
    for step in (present, present - 1, present + 1):
        if step > after and hmac.compare_digest(generator.at(step * TOTP_STEP_SECONDS), code):
            return step
    return None


def _new_recovery_codes() -> list[str]:
    return [f"{secrets.token_hex(2)}-{secrets.token_hex(2)}-{secrets.token_hex(2)}" for _ in range(RECOVERY_CODES)]


def _digest(code: str) -> str:
    return hashlib.sha256(f"recovery:{code}".encode()).hexdigest()
