"""Requests of programs that may be sent twice: the same key gives the same answer, and nothing is done twice.

The key is taken before the work begins, in the transaction of the work. Of two sendings at the same instant the second
waits for the first on the key itself, then finds its answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from engine.actor import Actor
from engine.errors import InvalidRequest
from engine.models import IdempotencyKey

FINGERPRINT = 24


def take(
    session: Session, *, key: str, operation: str, content: bytes, by: Actor, now: datetime
) -> Mapping[str, Any] | None:
    """None when the work is to be done now; the answer already given when it was done under this key.

    Keys belong to the program that sends them. Raises InvalidRequest when the key stood for another request.
    """
    command = f"{operation}:{hashlib.sha256(content).hexdigest()[:FINGERPRINT]}"
    row = {
        "territory_id": by.territory_id, "key": _own(key, by), "command": command, "account_id": by.account_id,
        "answer": {}, "created_at": now,
    }  # fmt: skip
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    taken = session.execute(
        insert(IdempotencyKey).values(row).on_conflict_do_nothing().returning(IdempotencyKey.key)
    ).scalar_one_or_none()
    if taken is not None:
        return None
    known = session.execute(
        select(IdempotencyKey.command, IdempotencyKey.answer).where(
            IdempotencyKey.territory_id == by.territory_id, IdempotencyKey.key == _own(key, by)
        )
    ).one()
    if known.command != command:
        raise InvalidRequest("Cette clé a déjà servi à une autre demande : donnez une clé neuve à chaque demande.")
    return dict(known.answer)


def keep(session: Session, *, key: str, answer: Mapping[str, Any], by: Actor) -> None:
    """Keep the answer under the key that was taken. It names no patient."""
    session.execute(
        update(IdempotencyKey)
        .where(IdempotencyKey.territory_id == by.territory_id, IdempotencyKey.key == _own(key, by))
        .values(answer=dict(answer))
    )


def _own(key: str, by: Actor) -> str:
    return hashlib.sha256(f"{by.account_id}:{key}".encode()).hexdigest()
