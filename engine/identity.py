"""The traits of an identity as texts, for pages that show them and commands that compare them."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.models import Commune, Patient

INS_TRAITS = ("birth_name", "given_name", "sex", "birth_date", "birth_place")
"""Strict traits (Référentiel national d'identitovigilance)."""
TRAITS = (*INS_TRAITS, "used_name", "phone", "address", "commune")
NAMES = ("birth_name", "given_name", "used_name")


def traits_of(session: Session, patient: Patient) -> dict[str, str]:
    """The traits as texts, blank where there is none; the commune by its INSEE code."""
    insee = session.execute(select(Commune.insee_code).where(Commune.id == patient.commune_id)).scalar_one_or_none()
    said = {name: getattr(patient, name) or "" for name in TRAITS if name not in ("birth_date", "commune")}
    return {**said, "birth_date": patient.birth_date.isoformat(), "commune": insee or ""}
