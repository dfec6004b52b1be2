"""Reading patient data leaves a trace too: who opened what, when, from where."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from engine import trace
from engine.actor import Actor


def note(
    session: Session,
    *,
    patient_id: UUID | None,
    case_id: UUID | None = None,
    object_kind: str,
    object_id: object = "",
    from_where: str = "",
    by: Actor,
    now: datetime,
) -> None:
    """A page that shows this patient was opened. `from_where` is the address of the browser."""
    trace.record_read(
        session, by=by, now=now, patient_id=patient_id, case_id=case_id, object_kind=object_kind,
        object_id=object_id, from_where=from_where,
    )  # fmt: skip
