"""Inviting a professional: they enter the directory, and a letter takes them the link that opens their account.

The link is in the letter alone, sealed until it leaves; the page that invites never shows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from engine import policies, trace
from engine.actor import Actor
from engine.commands import accounts, people
from engine.errors import InvalidAnswers, NotFound
from engine.models import Account, Invitation, Organization, Outbox, Professional
from engine.projection.notices import reference
from engine.vault import Vault
from engine.visibility import families

LONGEST = {"family_name": 100, "given_name": 100, "title": 20, "email": 200}
RPPS_DIGITS = 11
UNKNOWN = "Cette invitation a été acceptée ou retirée entre-temps."


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitee:
    """Who is invited, as typed; `role` is held in the organisation, or for the whole territory without one."""

    family_name: str
    given_name: str
    role: str
    email: str
    title: str = ""
    rpps: str = ""
    organization_id: UUID | None = None


def invite_professional(
    session: Session, *, who: Invitee, vault: Vault, by: Actor, now: datetime, at: datetime
) -> UUID:
    """Add somebody to the directory and send them their link. Returns their account's id.

    `now` is the territory's time, `at` the machine's, by which links expire.
    Raises NotAllowed, and InvalidAnswers with one sentence per field.
    """
    policies.check_may_administer(by)
    _check(session, who, by)
    policies.check_may_give_role(by, who.role)
    professional_id = people.add_professional(
        session, family_name=who.family_name, given_name=who.given_name, title=who.title.strip(),
        rpps=who.rpps.strip() or None, email=who.email.strip(), by=by, now=now,
    )  # fmt: skip
    people.give_role(
        session, professional_id=professional_id, role=who.role, organization_id=who.organization_id,
        valid_from=now.date(), by=by, now=now,
    )  # fmt: skip
    login = who.email.strip().lower()
    invited = accounts.invite(session, login=login, professional_id=professional_id, by=by, now=at)
    _post(session, invited, professional_id, vault, by=by, now=now)
    return invited.account_id


def send_again(session: Session, *, account_id: UUID, vault: Vault, by: Actor, now: datetime, at: datetime) -> None:
    """A new link, by a new letter; the former one opens nothing any more. Raises NotAllowed, NotFound."""
    account = _waiting(session, account_id, by)
    assert account.professional_id is not None  # `_waiting` asked
    invited = accounts.invite(session, login=account.login, professional_id=account.professional_id, by=by, now=at)
    _post(session, invited, account.professional_id, vault, by=by, now=now)


def withdraw(session: Session, *, account_id: UUID, by: Actor, at: datetime) -> None:
    """Take the link back: it opens nothing any more. The person stays in the directory."""
    account = _waiting(session, account_id, by)
    session.execute(
        update(Invitation)
        .where(Invitation.account_id == account.id, Invitation.used_at.is_(None))
        .values(used_at=at, expires_at=at)
    )
    trace.record(session, action="accounts.withdraw", by=by, now=at, object_kind="account", object_id=account.id)


def _waiting(session: Session, account_id: UUID, by: Actor) -> Account:
    """An invited account that nobody has opened yet."""
    policies.check_may_administer(by)
    found = session.execute(
        select(Account).where(
            Account.id == account_id,
            Account.territory_id == by.territory_id,
            Account.kind == "person",
            Account.password_hash.is_(None),
            Account.professional_id.is_not(None),
            Account.disabled_at.is_(None),
            Account.id.in_(select(Invitation.account_id)),
        )
    ).scalar_one_or_none()
    if found is None:
        raise NotFound(UNKNOWN)
    return found


def _post(
    session: Session, invited: accounts.Invited, professional_id: UUID, vault: Vault, *, by: Actor, now: datetime
) -> None:
    parameters = {
        "reference": reference(invited.account_id),
        "sealed_path": vault.seal(f"/invitation/{invited.token}"),
    }
    session.execute(
        insert(Outbox).values(
            territory_id=by.territory_id, channel="email", recipient_id=professional_id, template="invitation",
            parameters=parameters, created_at=now, not_before=now,
        )
    )  # fmt: skip


def _check(session: Session, who: Invitee, by: Actor) -> None:
    problems: dict[str, str] = {}
    for name, words in (("family_name", "le nom"), ("given_name", "le prénom")):
        if not getattr(who, name).strip():
            problems[name] = f"Indiquez {words}."
    for name, limit in LONGEST.items():
        text = getattr(who, name)
        if len(text) > limit or not text.isprintable():
            problems[name] = f"{limit} caractères au plus, sur une ligne."
    if families().get(who.role, "patient") == "patient":
        problems["role"] = "Choisissez un rôle de la liste."
    if problem := _wrong_email(session, who.email.strip(), by):
        problems.setdefault("email", problem)
    if problem := _wrong_rpps(session, who.rpps.strip(), by):
        problems["rpps"] = problem
    if who.organization_id is not None and not _ours(session, who.organization_id, by):
        problems["organization_id"] = "Choisissez une structure de la liste."
    if problems:
        raise InvalidAnswers("L'invitation est à corriger.", problems)


def _wrong_email(session: Session, email: str, by: Actor) -> str:
    name, at_sign, domain = email.partition("@")
    if not (name and at_sign and "." in domain) or "@" in domain or " " in email:
        return "Indiquez une adresse électronique (nom@exemple.fr)."
    taken = select(Account.id).where(Account.territory_id == by.territory_id, Account.login == email.lower())
    if session.execute(taken).first() is not None:
        return "Cette adresse ouvre déjà un compte."
    return ""


def _wrong_rpps(session: Session, rpps: str, by: Actor) -> str:
    if not rpps:
        return ""
    if len(rpps) != RPPS_DIGITS or not (rpps.isascii() and rpps.isdigit()):
        return f"Un numéro RPPS a {RPPS_DIGITS} chiffres."
    known = select(Professional.id).where(Professional.territory_id == by.territory_id, Professional.rpps == rpps)
    if session.execute(known).first() is not None:
        return "Ce numéro RPPS est déjà dans l'annuaire."
    return ""


def _ours(session: Session, organization_id: UUID, by: Actor) -> bool:
    found = select(Organization.id).where(
        Organization.id == organization_id, Organization.territory_id == by.territory_id
    )
    return session.execute(found).first() is not None
