"""Rows kept as JSON and read back column by column, equal to what they were."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Table, Uuid

from engine.models.columns import UtcDateTime


def kept(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row, or some of its columns, as JSON."""
    return {name: _written(table.c[name].type, value) for name, value in row.items()}


def read_back(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """The inverse of `kept`."""
    return {name: _read(table.c[name].type, value) for name, value in row.items()}


def _written(kind: object, value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(kind, UtcDateTime) and isinstance(value, datetime):
        return value.isoformat()
    return value


def _read(kind: object, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(kind, Uuid):
        return UUID(value)
    return datetime.fromisoformat(value) if isinstance(kind, UtcDateTime) else value
