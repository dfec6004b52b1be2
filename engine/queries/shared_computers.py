"""Who signed in today on a shared computer: their names, so that each finds themselves again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.models import Account, Professional, SignIn


@dataclass(frozen=True, slots=True, kw_only=True)
class Colleague:
    """Somebody who signed in today on this computer."""

    account_id: UUID
    name: str
    login: str
    password: bool
    """They come back in with a password; else with the provider."""


def people_of_device(session: Session, *, device_hash: str, since: datetime) -> Sequence[Colleague]:
    """Who signed in on a shared computer since `since` and has not left it for good, the latest first."""
    rows: Any = session.execute(
        select(Account, Professional)
        .join(SignIn, SignIn.account_id == Account.id)
        .outerjoin(Professional, Professional.id == Account.professional_id)
        .where(SignIn.device_hash == device_hash, SignIn.opened_at >= since, Account.disabled_at.is_(None))
        .order_by(SignIn.opened_at.desc())
    )
    found: dict[UUID, Colleague] = {}
    for account, professional in rows:
        colleague = Colleague(
            account_id=account.id,
            name=account.login if professional is None else professional.display_name,
            login=account.login,
            password=account.password_hash is not None,
        )
        found.setdefault(account.id, colleague)
    return tuple(found.values())
