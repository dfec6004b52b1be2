"""Commands that may be sent twice: the same key gives the same answer, and nothing is done twice."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from engine.actor import Actor
from engine.errors import InvalidRequest
from engine.models import IdempotencyKey

LONGEST = 100

_TABLE = IdempotencyKey.__table__
_INSERT = insert(_TABLE)  # type: ignore[arg-type]


def known_answer(session: Session, *, key: str | None, command: str, by: Actor) -> Mapping[str, Any] | None:
    """The answer already given under this key, or None.

    Two sendings at the same instant both find nothing; the second then stops on the key's uniqueness and rolls back.
    Raises InvalidRequest for a key used by another command, or too long.
    """
    if key is None:
        return None
    check_key(key)
    row = (
        session.connection()
        .execute(
            select(IdempotencyKey.command, IdempotencyKey.answer).where(
                IdempotencyKey.territory_id == by.territory_id, IdempotencyKey.key == key
            )
        )
        .one_or_none()
    )
    return answer_of(None if row is None else dict(row._mapping), command)


def answer_of(row: Mapping[str, Any] | None, command: str) -> Mapping[str, Any] | None:
    """The answer kept in a row; None without a row. Raises InvalidRequest when another command kept it."""
    if row is None:
        return None
    if row["command"] != command:
        raise InvalidRequest("Cette clé d'envoi unique a déjà servi à une autre action. Rechargez la page.")
    return dict(row["answer"])


def check_key(key: str | None) -> None:
    """Raises InvalidRequest for a key that cannot be kept."""
    if key is not None and (not key.strip() or len(key) > LONGEST):
        raise InvalidRequest(f"La clé d'envoi unique doit avoir entre 1 et {LONGEST} caractères.")


def remember(
    session: Session, *, key: str | None, command: str, answer: Mapping[str, Any], by: Actor, now: datetime
) -> None:
    """Keep the answer under the key, in the command's own transaction."""
    if key is None:
        return
    session.connection().execute(
        _INSERT,
        {
            "territory_id": by.territory_id,
            "key": key,
            "command": command,
            "account_id": by.account_id,
            "answer": dict(answer),
            "created_at": now,
        },
    )
