"""Reading patient data leaves a trace too: who opened or took away what, when, from where."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from engine import trace
from engine.actor import Actor
from engine.models import AuditListing


def note(
    session: Session,
    *,
    patients: Sequence[UUID],
    case_id: UUID | None = None,
    object_kind: str,
    object_id: object = "",
    action: str = "read",
    from_where: str = "",
    by: Actor,
    now: datetime,
) -> None:
    """A page or a file that shows these patients was opened: one row. `from_where` is the address of the browser.

    A list names its patients in `detail`; a page about one patient names them in `patient_id`.
    """
    alone = patients[0] if len(patients) == 1 else None
    event = trace.record(
        session, action=action, by=by, now=now, patient_id=alone, case_id=case_id, object_kind=object_kind,
        object_id=object_id or "", from_where=from_where,
        detail={} if alone else {"patients": [patient.hex for patient in patients]},
    )  # fmt: skip
    if len(patients) > 1:
        listed = [{"patient_id": patient, "event_id": event} for patient in dict.fromkeys(patients)]
        session.execute(insert(AuditListing), listed)
