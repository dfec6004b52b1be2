"""Sealing the trace into a hash chain, and checking it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Table, bindparam, func, select, text, update
from sqlalchemy.orm import Session

from engine.errors import InvalidRequest
from engine.models import AuditEvent

BATCH = 5_000
TABLE: Table = AuditEvent.__table__  # type: ignore[assignment]
FIRST = "0" * 64
_SEAL = update(TABLE).where(TABLE.c.id == bindparam("row"), TABLE.c.seal.is_(None)).values(seal=bindparam("new_seal"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """The head of the chain on one day, kept outside the database: who rewrites the whole chain is still found."""

    day: date
    event: int
    """Number of the last sealed event."""
    position: int
    """How many events were sealed up to there."""
    seal: str

    def as_text(self) -> str:
        """What is written in the file of the day, one `name: value` a line."""
        return f"day: {self.day.isoformat()}\nevent: {self.event}\nposition: {self.position}\nseal: {self.seal}\n"


def root_from_text(text: str) -> Root:
    """The root that `Root.as_text` wrote. Raises InvalidRequest when a line is missing or unreadable."""
    found = dict(line.partition(": ")[::2] for line in text.splitlines())
    try:
        return Root(
            day=date.fromisoformat(found["day"]), event=int(found["event"]), position=int(found["position"]),
            seal=found["seal"].strip(),
        )  # fmt: skip
    except (KeyError, ValueError) as wrong:
        raise InvalidRequest("Une empreinte de la trace est illisible : son fichier a été modifié.") from wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What checking the chain found.

    `first_bad` is the number of the first event that was changed, moved, or stands where another was removed;
    `position` is its place in the chain, from 1. `broken_root` is the first day whose kept root is contradicted.
    """

    checked: int
    unsealed: int
    first_bad: int | None
    position: int | None = None
    broken_root: date | None = None

    @property
    def intact(self) -> bool:
        """Nothing was touched."""
        return self.first_bad is None and self.broken_root is None


def seal(session: Session) -> int:
    """Seal the events written since the last time, in order of number. Returns how many.

    On PostgreSQL the table is locked against writers for the moment it takes: a number given earlier but committed
    later could otherwise never find its place in the chain.
    """
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE audit_event IN SHARE ROW EXCLUSIVE MODE"))
    previous = (
        connection.execute(
            select(TABLE.c.seal).where(TABLE.c.seal.is_not(None)).order_by(TABLE.c.id.desc()).limit(1)
        ).scalar_one_or_none()
        or FIRST
    )
    rows = connection.execute(select(TABLE).where(TABLE.c.seal.is_(None)).order_by(TABLE.c.id).limit(BATCH)).mappings()
    seals = []
    for row in rows:
        previous = chained(previous, row)
        seals.append({"row": row["id"], "new_seal": previous})
    if seals:
        connection.execute(_SEAL, seals)
    return len(seals)


def root(session: Session, *, day: date) -> Root | None:
    """The head of the chain now; None while nothing is sealed."""
    connection = session.connection()
    last = connection.execute(
        select(TABLE.c.id, TABLE.c.seal).where(TABLE.c.seal.is_not(None)).order_by(TABLE.c.id.desc()).limit(1)
    ).one_or_none()
    if last is None:
        return None
    position = connection.execute(select(func.count()).where(TABLE.c.seal.is_not(None))).scalar_one()
    return Root(day=day, event=last.id, position=position, seal=last.seal)


def verify(session: Session, *, roots: Sequence[Root] = ()) -> Verified:
    """Recompute the chain from its first event, and compare it with the roots kept outside.

    Roots are what finds out that the last events were removed, or that the whole chain was computed again.
    """
    previous, checked, unsealed = FIRST, 0, 0
    connection = session.connection().execution_options(yield_per=1_000)
    rows = connection.execute(select(TABLE).order_by(TABLE.c.id)).mappings()
    first_bad: int | None = None
    position: int | None = None
    kept = {root.position: root for root in roots}
    met: set[int] = set()
    for row in rows:
        if row["seal"] is None:
            unsealed += 1
            continue
        checked += 1
        if first_bad is None and (unsealed or row["seal"] != chained(previous, row)):
            first_bad, position = row["id"], checked
        previous = row["seal"]
        if (known := kept.get(checked)) is not None and (known.event, known.seal) == (row["id"], previous):
            met.add(checked)
    missed = sorted(known.day for place, known in kept.items() if place not in met)
    return Verified(
        checked=checked, unsealed=unsealed, first_bad=first_bad, position=position,
        broken_root=missed[0] if missed else None,
    )  # fmt: skip


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
