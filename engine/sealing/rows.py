"""Whose each value of a row is: the row names its case or patient, so its sealed columns need nothing more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table

from engine.sealing.columns import sealed_columns
from engine.sealing.keyring import key_of


def owned(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The rows with every value of a sealed column owned by the subject that the row names."""
    columns = [(name, kind) for name, kind in sealed_columns(table) if kind.kind is not None]
    return [_owned(connection, row, columns) for row in rows] if columns else list(rows)


def _owned(connection: Connection, row: Mapping[str, Any], columns: Sequence[tuple[str, Any]]) -> Mapping[str, Any]:
    said = {
        name: kind for name, kind in columns if name in row and not kind.stays_clear(row[name])
    }  # most rows hold nothing to seal
    if not said:
        return row
    made = dict(row)
    for name, kind in said.items():
        made[name] = key_of(connection, kind.kind, row[kind.owner], row["territory_id"]).owns(row[name])
    return made
