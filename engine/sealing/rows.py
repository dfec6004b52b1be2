"""Whose each value of a row is: the row names its case or patient, so its sealed columns need nothing more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Table

from engine.sealing.columns import SealedColumn, sealed_columns
from engine.sealing.keyring import key_of
from engine.sealing.keys import Owned, Readable


def owned(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The rows with every value of a sealed column owned by the subject that the row names."""
    columns = _named_columns(table)
    return [_owned(connection, row, columns) for row in rows] if columns else list(rows)


@lru_cache(maxsize=64)
def _named_columns(table: Table) -> tuple[tuple[str, SealedColumn], ...]:
    """The sealed columns whose subject the row names."""
    return tuple((name, kind) for name, kind in sealed_columns(table) if kind.kind is not None)


def _owned(
    connection: Connection, row: Mapping[str, Any], columns: Sequence[tuple[str, SealedColumn]]
) -> Mapping[str, Any]:
    made: dict[str, Any] | None = None
    for name, kind in columns:
        value = row.get(name)
        if not value or type(value) is Readable or type(value) is Owned or kind.stays_clear(value):
            continue  # most rows hold nothing to seal
        subject = row[kind.owner]
        if subject is not None and kind.kind is not None:
            made = dict(row) if made is None else made
            made[name] = key_of(connection, kind.kind, subject, row["territory_id"]).owns(value)
    return row if made is None else made
