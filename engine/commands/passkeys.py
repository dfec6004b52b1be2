"""Passkeys (WebAuthn): a key is added, proves who one is, is removed. It answers a challenge that serves once.

A refusal is an answer, not an exception: the challenge stays spent, and the trace keeps the attempt.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import webauthn
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session
from webauthn.helpers import parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticationCredential,
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from engine import trace
from engine.actor import Actor
from engine.commands.accounts import keep_recovery_codes
from engine.errors import Conflict, NotFound
from engine.models import Account, Passkey, PasskeyChallenge, Professional

CHALLENGE_LASTS = timedelta(minutes=5)
MOST_KEYS = 10
LONGEST_NAME = 80
LONGEST_CREDENTIAL = 20_000
NOT_ADDED = "La clé n'a pas pu être ajoutée. Recommencez ; si cela se répète, essayez un autre appareil."
NOT_KNOWN = "Cette clé d'accès n'est pas reconnue ici. Recommencez, ou entrez autrement."
COPIED = (
    "Cette clé d'accès semble avoir été copiée : elle n'ouvre plus rien. Entrez autrement, retirez-la de votre compte, "
    "et prévenez votre coordination."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RelyingParty:
    """Us, as keys know us: the domain they are bound to, and the one origin that may use them."""

    id: str
    origin: str
    name: str = "Parcours"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A challenge given to a browser: `options` is the JSON that WebAuthn's functions take."""

    challenge_id: UUID
    options: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """The recovery codes when this is the account's first second factor, or the sentence of a refusal."""

    recovery_codes: Sequence[str] = ()
    refusal: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proved:
    """The account that a key opened, or the sentence of a refusal."""

    account_id: UUID | None = None
    refusal: str = ""


def ask_for_new_key(session: Session, *, account_id: UUID, party: RelyingParty, now: datetime) -> Asked:
    """What a browser needs to make a key that remembers its account and checks who holds it. Raises Conflict."""
    account = session.execute(select(Account).where(Account.id == account_id)).scalar_one()
    person = session.get(Professional, account.professional_id) if account.professional_id is not None else None
    known = _credentials(session, account_id)
    if len(known) >= MOST_KEYS:
        raise Conflict(f"Un compte a au plus {MOST_KEYS} clés d'accès : retirez-en une d'abord.")
    challenge = secrets.token_bytes(32)
    options = webauthn.generate_registration_options(
        rp_id=party.id,
        rp_name=party.name,
        user_id=account_id.bytes,
        user_name=account.login,
        user_display_name=account.login if person is None else person.display_name,
        challenge=challenge,
        exclude_credentials=known,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
    )
    challenge_id = _keep(session, account.territory_id, account_id, "register", challenge, now)
    return Asked(challenge_id=challenge_id, options=webauthn.options_to_json(options))


def add(
    session: Session,
    *,
    account_id: UUID,
    challenge_id: UUID | None,
    credential: str,
    name: str,
    party: RelyingParty,
    now: datetime,
) -> Added:
    """Keep a key that has just been made. The first second factor of an account comes with recovery codes."""
    account = session.execute(select(Account).where(Account.id == account_id).with_for_update()).scalar_one()
    by = Actor(territory_id=account.territory_id, account_id=account_id, name=account.login)
    challenge = _spend(session, challenge_id, "register", account_id, now)
    try:
        if challenge is None or len(credential) > LONGEST_CREDENTIAL:
            raise ValueError("challenge")
        made = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=True,
        )
        taken = session.execute(select(Passkey.id).where(Passkey.credential_id == made.credential_id)).first()
        if taken is not None:
            raise ValueError("taken")
    except (WebAuthnException, ValueError, RecursionError):
        trace.record(session, action="passkeys.add", by=by, now=now, object_kind="passkey", result="refused")
        return Added(refusal=NOT_ADDED)
    passkey_id = uuid4()
    session.execute(
        insert(Passkey).values(
            id=passkey_id,
            territory_id=account.territory_id,
            account_id=account_id,
            name=" ".join(name.split())[:LONGEST_NAME] or "Clé d'accès",
            credential_id=made.credential_id,
            public_key=made.credential_public_key,
            sign_count=made.sign_count,
            made_at=now,
        )
    )
    trace.record(session, action="passkeys.add", by=by, now=now, object_kind="passkey", object_id=passkey_id)
    return Added(recovery_codes=keep_recovery_codes(session, account_id=account_id))


def ask_for_proof(
    session: Session, *, territory_id: UUID, account_id: UUID | None = None, party: RelyingParty, now: datetime
) -> Asked:
    """What a browser needs to have a key sign: any key of ours, or one of `account_id`."""
    challenge = secrets.token_bytes(32)
    options = webauthn.generate_authentication_options(
        rp_id=party.id,
        challenge=challenge,
        allow_credentials=None if account_id is None else _credentials(session, account_id),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    challenge_id = _keep(session, territory_id, account_id, "prove", challenge, now)
    return Asked(challenge_id=challenge_id, options=webauthn.options_to_json(options))


def prove(
    session: Session,
    *,
    territory_id: UUID,
    challenge_id: UUID | None,
    credential: str,
    account_id: UUID | None = None,
    party: RelyingParty,
    from_where: str = "",
    now: datetime,
) -> Proved:
    """Whose key signed the challenge. With `account_id`, only a key of that account is an answer.

    A count of signatures that does not grow means that the key was copied: it is refused from then on, and traced.
    """
    challenge = _spend(session, challenge_id, "prove", account_id, now)
    key = _signed_by(session, territory_id, challenge, credential, party)
    whose = None if key is None else key.account_id
    if key is None or (account_id is not None and whose != account_id):
        return _refuse(session, territory_id, None, "passkey", NOT_KNOWN, from_where, now)
    if key.suspect_at is not None:
        return _refuse(session, territory_id, whose, "passkey_copied", COPIED, from_where, now)
    count = key.presented
    if (count or key.sign_count) and count <= key.sign_count:
        session.execute(update(Passkey).where(Passkey.id == key.id).values(suspect_at=now))
        return _refuse(session, territory_id, whose, "passkey_copied", COPIED, from_where, now)
    session.execute(update(Passkey).where(Passkey.id == key.id).values(sign_count=count, last_used_at=now))
    return Proved(account_id=whose)


def remove(session: Session, *, passkey_id: UUID, by: Actor, now: datetime) -> None:
    """Take a key away from one's own account. Raises NotFound for somebody else's."""
    removed = session.execute(
        delete(Passkey).where(Passkey.id == passkey_id, Passkey.account_id == by.account_id).returning(Passkey.id)
    ).scalar_one_or_none()
    if removed is None:
        raise NotFound("Cette clé d'accès n'est plus dans votre compte.")
    trace.record(session, action="passkeys.remove", by=by, now=now, object_kind="passkey", object_id=passkey_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class _SignedKey:
    """A known key whose signature is right, and the count it presented."""

    id: UUID
    account_id: UUID
    sign_count: int
    suspect_at: datetime | None
    presented: int


def _signed_by(
    session: Session, territory_id: UUID, challenge: bytes | None, credential: str, party: RelyingParty
) -> _SignedKey | None:
    """The known, open account's key that signed `challenge` here, locked; None when anything at all is wrong."""
    if challenge is None or len(credential) > LONGEST_CREDENTIAL:
        return None
    try:
        read: AuthenticationCredential = parse_authentication_credential_json(credential)
        key = session.execute(
            select(Passkey)
            .join(Account, Account.id == Passkey.account_id)
            .where(
                Passkey.credential_id == read.raw_id,
                Account.territory_id == territory_id,
                Account.kind == "person",
                Account.disabled_at.is_(None),
            )
            .with_for_update(of=Passkey)
        ).scalar_one_or_none()
        if key is None or read.response.user_handle not in (None, b"", key.account_id.bytes):
            return None
        verified = webauthn.verify_authentication_response(
            credential=read,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=key.public_key,
            credential_current_sign_count=0,  # compared by the caller, once the signature is known to be right
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, RecursionError):
        return None
    return _SignedKey(
        id=key.id, account_id=key.account_id, sign_count=key.sign_count, suspect_at=key.suspect_at,
        presented=verified.new_sign_count,
    )  # fmt: skip


def _credentials(session: Session, account_id: UUID) -> list[PublicKeyCredentialDescriptor]:
    ids = session.execute(
        select(Passkey.credential_id).where(Passkey.account_id == account_id).order_by(Passkey.made_at)
    ).scalars()
    return [PublicKeyCredentialDescriptor(id=one) for one in ids]


def _keep(
    session: Session, territory_id: UUID, account_id: UUID | None, purpose: str, challenge: bytes, now: datetime
) -> UUID:
    session.execute(delete(PasskeyChallenge).where(PasskeyChallenge.made_at <= now - CHALLENGE_LASTS))
    challenge_id = uuid4()
    session.execute(
        insert(PasskeyChallenge).values(
            id=challenge_id, territory_id=territory_id, account_id=account_id, purpose=purpose, challenge=challenge,
            made_at=now,
        )
    )  # fmt: skip
    return challenge_id


def _spend(
    session: Session, challenge_id: UUID | None, purpose: str, account_id: UUID | None, now: datetime
) -> bytes | None:
    """The challenge, which no other answer can have; None when it is spent, too old, or was another's."""
    if challenge_id is None:
        return None
    found = session.execute(
        delete(PasskeyChallenge)
        .where(PasskeyChallenge.id == challenge_id)
        .returning(
            PasskeyChallenge.challenge, PasskeyChallenge.account_id, PasskeyChallenge.purpose, PasskeyChallenge.made_at
        )
    ).one_or_none()
    if found is None or (found.purpose, found.account_id) != (purpose, account_id):
        return None
    challenge: bytes = found.challenge
    return challenge if found.made_at > now - CHALLENGE_LASTS else None


def _refuse(
    session: Session, territory_id: UUID, account_id: UUID | None, why: str, sentence: str, from_where: str,
    now: datetime,
) -> Proved:  # fmt: skip
    trace.record(
        session, action="sign_in", by=Actor(territory_id=territory_id, account_id=account_id), now=now,
        object_kind="account", object_id=account_id or "", why=why, from_where=from_where, result="refused",
    )  # fmt: skip
    return Proved(refusal=sentence)
