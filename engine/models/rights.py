"""What limits or follows the keeping of a person's data: erasures held back."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.columns import Moment, Table, Territory, one_of

HOLD_REASONS = ("complaint", "litigation", "inquiry")


class ErasureHold(Table):
    """A patient whose data must not be erased for now: a complaint, a trial or an inquiry needs them."""

    __tablename__ = "erasure_hold"
    __table_args__ = (one_of("reason", HOLD_REASONS),)

    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patient.id"), primary_key=True)
    territory_id: Mapped[Territory]
    reason: Mapped[str] = mapped_column(String(20))
    held_at: Mapped[Moment]
    held_by: Mapped[str] = mapped_column(String(200))
