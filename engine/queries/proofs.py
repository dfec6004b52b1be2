"""How somebody signed in may prove once more who they are, before they sign."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from engine.actor import Actor
from engine.models import Account, ExternalIdentity, Passkey, TerritoryRow


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofWays:
    """How a person may prove again who they are."""

    nothing_to_prove: bool
    """A fictitious person of a demonstration."""
    password: bool
    code: bool
    """The code of an application, or a recovery code, beside the password."""
    provider: bool
    passkey: bool


def proof_ways(session: Session, *, by: Actor, provider: bool, passkeys: bool) -> ProofWays:
    """What the acting account can prove itself with; `provider`, `passkeys`: what this installation offers."""
    kind, hashed, factors, linked, key = session.execute(
        select(
            TerritoryRow.kind,
            Account.password_hash,
            Account.second_factor,
            exists().where(ExternalIdentity.account_id == Account.id),
            exists().where(Passkey.account_id == Account.id, Passkey.suspect_at.is_(None)),
        )
        .join(TerritoryRow, TerritoryRow.id == Account.territory_id)
        .where(Account.id == by.account_id)
    ).one()
    kept = factors or {}
    return ProofWays(
        nothing_to_prove=kind == "demo",
        password=hashed is not None,
        code=bool(kept.get("totp") or kept.get("recovery")),
        provider=provider and linked,
        passkey=passkeys and key,
    )
