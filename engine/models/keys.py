"""The keys that seal what is about patients, and what makes their names searchable."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.columns import Moment, Number, Table, Territory, one_of
from engine.sealing.keyring import KINDS


class DataKey(Table):
    """One key, itself sealed: a territory's under PARCOURS_SECRET_KEY, any other under its territory's.

    A table of its own, so that its backups are kept apart and for a few days only (`docs/how-to/production.md`): an
    older backup of everything else, opened with today's keys, no longer holds whoever was erased since.
    """

    __tablename__ = "data_key"
    __table_args__ = (one_of("kind", KINDS), UniqueConstraint("kind", "subject_id"))

    number: Mapped[Number]
    name: Mapped[str] = mapped_column(String(16), unique=True)
    """What sealed values call it. Never given twice."""
    territory_id: Mapped[Territory]
    kind: Mapped[str] = mapped_column(String(10))
    subject_id: Mapped[UUID]
    wrapped: Mapped[str | None] = mapped_column(Text)
    """None once destroyed: the row stays, to tell an erased value from a broken one."""
    wrapped_by: Mapped[str] = mapped_column(String(16), default="")
    destroyed_at: Mapped[Moment | None]


class PatientSearchToken(Table):
    """One beginning of one word of a patient's names, as a keyed digest: found again, not read."""

    __tablename__ = "patient_search_token"
    __table_args__ = (Index("ix_patient_search_token_patient", "patient_id"),)

    territory_id: Mapped[UUID] = mapped_column(ForeignKey("territory.id"), primary_key=True)
    token: Mapped[str] = mapped_column(String(16), primary_key=True)
    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patient.id"), primary_key=True)
