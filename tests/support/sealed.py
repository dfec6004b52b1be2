"""Values a test writes straight into sealed columns: like the product, it must say whose they are."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.models import Case, Patient
from engine.sealing import key_of


def of_patient(session: Session, value: Any, patient_id: UUID | None = None) -> Any:
    """A value of this patient, or of the only one there is."""
    rows = select(Patient.id, Patient.territory_id)
    found, territory_id = session.execute(rows if patient_id is None else rows.where(Patient.id == patient_id)).one()
    return key_of(session, "patient", found, territory_id).owns(value)


def of_case(session: Session, value: Any, case_id: UUID | None = None) -> Any:
    """A value of this case, or of the only one there is."""
    rows = select(Case.id, Case.territory_id)
    found, territory_id = session.execute(rows if case_id is None else rows.where(Case.id == case_id)).one()
    return key_of(session, "case", found, territory_id).owns(value)
