"""Sealing the trace into a hash chain, and checking it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Table, bindparam, select, text, update
from sqlalchemy.orm import Session

from engine.models import AuditEvent

BATCH = 5_000
TABLE: Table = AuditEvent.__table__  # type: ignore[assignment]
FIRST = "0" * 64
_SEAL = update(TABLE).where(TABLE.c.id == bindparam("row"), TABLE.c.seal.is_(None)).values(seal=bindparam("new_seal"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What checking the chain found. `first_bad` is the number of the first event that was changed or removed."""

    checked: int
    unsealed: int
    first_bad: int | None


def seal(session: Session) -> int:
    """Seal the events written since the last time, in order of number. Returns how many.

    On PostgreSQL the table is locked against writers for the moment it takes: a number given earlier but committed
    later could otherwise never find its place in the chain.
    """
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE audit_event IN SHARE ROW EXCLUSIVE MODE"))
    previous = connection.execute(
        select(TABLE.c.seal).where(TABLE.c.seal.is_not(None)).order_by(TABLE.c.id.desc()).limit(1)
    ).scalar_one_or_none() or FIRST
    rows = connection.execute(select(TABLE).where(TABLE.c.seal.is_(None)).order_by(TABLE.c.id).limit(BATCH)).mappings()
    seals = []
    for row in rows:
        previous = chained(previous, row)
        seals.append({"row": row["id"], "new_seal": previous})
    if seals:
        connection.execute(_SEAL, seals)
    return len(seals)


def verify(session: Session) -> Verified:
    """Recompute the chain from its first event."""
    previous, checked, unsealed = FIRST, 0, 0
    rows = session.connection().execution_options(yield_per=1_000).execute(select(TABLE).order_by(TABLE.c.id)).mappings()
    first_bad: int | None = None
    for row in rows:
        if row["seal"] is None:
            unsealed += 1
            continue
        checked += 1
        if first_bad is None and (unsealed or row["seal"] != chained(previous, row)):
            first_bad = row["id"]
        previous = row["seal"]
    return Verified(checked=checked, unsealed=unsealed, first_bad=first_bad)


def chained(previous: str, row: Mapping[Any, Any]) -> str:
    """SHA-256 of the previous seal and of the event's canonical JSON."""
    content = {name: _plain(value) for name, value in row.items() if name != "seal"}
    written = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(f"{previous}{written}".encode()).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value
