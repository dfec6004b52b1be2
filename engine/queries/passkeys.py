"""The keys of an account, as its owner sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.models import Passkey


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyRow:
    """One key. `suspect_at` is set when a copy of it was seen: it opens nothing any more."""

    id: UUID
    name: str
    made_at: datetime
    last_used_at: datetime | None
    suspect_at: datetime | None


def passkeys_of(session: Session, *, account_id: UUID) -> Sequence[PasskeyRow]:
    """The keys of an account, the oldest first."""
    rows = session.execute(select(Passkey).where(Passkey.account_id == account_id).order_by(Passkey.made_at)).scalars()
    return tuple(
        PasskeyRow(
            id=key.id, name=key.name, made_at=key.made_at, last_used_at=key.last_used_at, suspect_at=key.suspect_at
        )
        for key in rows
    )
