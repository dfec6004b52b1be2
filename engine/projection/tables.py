"""The statements of the writer, built once. Upserts write whole rows: one statement opens some and changes others."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Table, bindparam, delete, insert, update
from sqlalchemy.dialects import postgresql, sqlite

from engine.models import (
    Case,
    CaseFact,
    CaseHistory,
    CaseState,
    EarlyMessage,
    IncidentRow,
    MessageSubscription,
    Outbox,
    Task,
    Timer,
    WaitRecord,
)
from engine.sealing import owned

CASE: Table = Case.__table__  # type: ignore[assignment]
FACT: Table = CaseFact.__table__  # type: ignore[assignment]
HISTORY: Table = CaseHistory.__table__  # type: ignore[assignment]
TASK: Table = Task.__table__  # type: ignore[assignment]
WAIT: Table = WaitRecord.__table__  # type: ignore[assignment]
TIMER: Table = Timer.__table__  # type: ignore[assignment]
SUBSCRIPTION: Table = MessageSubscription.__table__  # type: ignore[assignment]
EARLY: Table = EarlyMessage.__table__  # type: ignore[assignment]
OUTBOX: Table = Outbox.__table__  # type: ignore[assignment]
INCIDENT: Table = IncidentRow.__table__  # type: ignore[assignment]
STATE: Table = CaseState.__table__  # type: ignore[assignment]

KEYS = {"task": ("id",), "wait_record": ("case_id", "token"), "timer": ("case_id", "kind", "token", "step"),
        "case_state": ("case_id", "version"), "task_offer": ("task_id", "professional_id"),
        "task_draft": ("task_id", "account_id")}  # fmt: skip


@lru_cache(maxsize=16)
def _upsert(dialect: str, table: Table) -> Any:
    made: Any = (postgresql if dialect == "postgresql" else sqlite).insert(table)
    keys = KEYS[table.name]
    changed = {column.name: made.excluded[column.name] for column in table.c if column.name not in (*keys, "id")}
    return made.on_conflict_do_update(index_elements=list(keys), set_=changed)


@lru_cache(maxsize=16)
def _insert(table: Table) -> Any:
    return insert(table)


def upsert(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Write whole rows: new ones are inserted, known ones (same key) replaced. What is sealed is their case's."""
    if rows:
        connection.execute(_upsert(connection.dialect.name, table), owned(connection, table, rows))


def add(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows. What is sealed is their case's."""
    if rows:
        connection.execute(_insert(table), owned(connection, table, rows))


def drop(connection: Connection, table: Table, ids: Sequence[UUID]) -> None:
    """Delete rows by id."""
    if ids:
        connection.execute(delete(table).where(table.c.id.in_(ids)))


UPDATE_CASE = (
    update(CASE)
    .where(CASE.c.id == bindparam("case"), CASE.c.version == bindparam("before"))
    .values(
        {
            name: bindparam(f"new_{name}")
            for name in (
                "state", "outcome", "closed_at", "held_at", "last_touch_at", "version", "completed_steps",
                "control_state",
            )
        }
    )
)  # fmt: skip
TOUCH_CASE = (
    update(CASE)
    .where(CASE.c.id == bindparam("case"), CASE.c.version == bindparam("before"))
    .values(version=CASE.c.version + 1, last_touch_at=bindparam("now"))
)
