"""Lists, one page at a time: a cursor says where the previous page ended, and nothing else."""

from __future__ import annotations

import base64
import json
from binascii import Error as NotBase64
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import marshmallow
from marshmallow import validate

from engine.errors import InvalidRequest
from engine.queries.program_views import After
from web.api import fields

LARGEST = 100
USUAL = 50


class PageQuery(marshmallow.Schema):
    """Which page of a list."""

    cursor = fields.Text(
        validate=fields.shaped(r"^[A-Za-z0-9_=-]{1,200}$", "Reprenez le « next » de la page précédente."),
        metadata={"description": "`next` of the previous page; none: from the beginning"},
    )
    limit = fields.Integer(
        load_default=USUAL,
        validate=validate.Range(1, LARGEST, error=f"De 1 à {LARGEST}."),
        metadata={"description": "How many at most"},
    )


class Listed(Protocol):
    """One row of a list."""

    @property
    def after(self) -> After: ...


def after(cursor: str | None) -> After | None:
    """Where the page asked for begins. Raises InvalidRequest for a cursor we did not give."""
    if cursor is None:
        return None
    try:
        at, key = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii")))
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None:
            raise ValueError(at)
        return After(at=moment, id=UUID(key))
    except (NotBase64, ValueError, TypeError, AttributeError, OverflowError) as wrong:
        raise InvalidRequest("Ce curseur ne vient pas d'ici : reprenez celui de « next », ou aucun.") from wrong


def page(rows: Sequence[Listed], limit: int, items: Sequence[Any]) -> dict[str, Any]:
    """`rows` are one more than the page holds when there is another page; `items` say the rows in words."""
    last = rows[limit - 1].after if len(rows) > limit else None
    return {"items": items[:limit], "next": None if last is None else _cursor(last)}


def _cursor(where: After) -> str:
    return base64.urlsafe_b64encode(json.dumps([where.at.isoformat(), where.id.hex]).encode()).decode()
