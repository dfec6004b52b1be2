"""The rights of a person kept beside their data: erasures held back, identities put right."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.columns import Moment, Number, Table, Territory, one_of
from engine.sealing import SealedText

HOLD_REASONS = ("complaint", "litigation", "inquiry")


class IdentityRectification(Table):
    """One trait of an identity put right: what it was before, by whom, when and why."""

    __tablename__ = "identity_rectification"
    __table_args__ = (Index("ix_identity_rectification_patient", "patient_id", "id"),)

    id: Mapped[Number]
    territory_id: Mapped[Territory]
    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patient.id"))
    trait: Mapped[str] = mapped_column(String(20))
    before: Mapped[str] = mapped_column(SealedText("identity_rectification.before", owner="patient_id"), default="")
    why: Mapped[str] = mapped_column(SealedText("identity_rectification.why", owner="patient_id"))
    at: Mapped[Moment]
    by: Mapped[str] = mapped_column(String(200))


class ErasureHold(Table):
    """A patient whose data must not be erased for now: a complaint, a trial or an inquiry needs them."""

    __tablename__ = "erasure_hold"
    __table_args__ = (one_of("reason", HOLD_REASONS),)

    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patient.id"), primary_key=True)
    territory_id: Mapped[Territory]
    reason: Mapped[str] = mapped_column(String(20))
    held_at: Mapped[Moment]
    held_by: Mapped[str] = mapped_column(String(200))
