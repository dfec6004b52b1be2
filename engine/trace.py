"""The trace: one row per act on patient data, written in the transaction of the act; sealed later by a sweep."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from engine.actor import Actor
from engine.models import AuditEvent

_INSERT = insert(AuditEvent.__table__)  # type: ignore[arg-type]


def record(
    session: Session,
    *,
    action: str,
    by: Actor,
    now: datetime,
    patient_id: UUID | None = None,
    case_id: UUID | None = None,
    object_kind: str = "",
    object_id: object = "",
    why: str = "",
    from_where: str = "",
    result: str = "done",
    detail: Mapping[str, Any] | None = None,
) -> int:
    """Write one row; its number. `detail` holds ids and codes only, never what people entered."""
    written = session.connection().execute(
        _INSERT,
        {
            "territory_id": by.territory_id,
            "at": now,
            "action": action,
            "account_id": by.account_id,
            "professional_id": by.professional_id,
            "actor": by.name[:200],
            "acting_as": by.acting_as,
            "patient_id": patient_id,
            "case_id": case_id,
            "object_kind": object_kind,
            "object_id": str(object_id)[:64],
            "why": why[:300],
            "from_where": from_where[:60],
            "result": result,
            "detail": dict(detail or {}),
            "seal": None,
        },
    )
    return int(written.inserted_primary_key.id)  # type: ignore[union-attr]
