"""Rows of a related table as one JSON column, so that everything a step needs of a case comes in one round trip."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ColumnElement, Uuid, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

from engine.models.columns import UtcDateTime
from engine.sealing import Keyring, SealedJson, SealedText

Decode = Callable[[Any, Keyring], Any]


class json_rows(GenericFunction[Any]):
    """A JSON list of JSON lists, one per row, in any order; null when there is no row."""

    inherit_cache = True
    name = "json_rows"


@compiles(json_rows, "postgresql")
def _postgresql(element: Any, compiler: Any, **options: Any) -> str:
    return f"json_agg(json_build_array({compiler.process(element.clauses, **options)}))"


@compiles(json_rows, "sqlite")
def _sqlite(element: Any, compiler: Any, **options: Any) -> str:
    parts = (
        f"json({compiler.process(column, **options)})"
        if isinstance(column.type, (JSON, SealedJson))
        else compiler.process(column, **options)
        for column in element.clauses
    )
    return f"json_group_array(json_array({', '.join(parts)}))"


def rows_of(columns: Sequence[Any], *conditions: Any) -> ColumnElement[Any]:
    """A scalar subquery giving the rows that satisfy `conditions` (correlated with the outer query)."""
    return select(json_rows(*columns)).where(*conditions).scalar_subquery()


def decoders(columns: Sequence[Any]) -> list[Decode | None]:
    """How each value comes back from JSON; None: as it is."""
    return [_decoder(column) for column in columns]


def _decoder(column: Any) -> Decode | None:
    kind = column.type
    if isinstance(kind, UtcDateTime):
        return _moment
    if isinstance(kind, Uuid):
        return as_uuid
    if isinstance(kind, (SealedJson, SealedText)):
        opened: Decode = kind.opened
        return opened
    return None


def as_uuid(text: str, _keyring: Keyring) -> UUID:
    """The decoder of an id."""
    return UUID(text)


def _moment(text: str, _keyring: Keyring) -> datetime:
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def decoded(raw: Any, names: Sequence[str], how: Sequence[Decode | None], keyring: Keyring) -> list[dict[str, Any]]:
    """The rows as dictionaries of Python values, what was sealed opened."""
    if raw is None:
        return []
    rows = json.loads(raw) if isinstance(raw, str | bytes) else raw
    return [
        {
            name: value if decode is None or value is None else decode(value, keyring)
            for name, decode, value in zip(names, how, row, strict=True)
        }
        for row in rows
    ]
