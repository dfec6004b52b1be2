"""The trace: who did or saw what, append-only, sealed into a hash chain by a sweep."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.columns import Json, Moment, Number, Table, Territory, one_of

AUDIT_RESULTS = ("done", "refused", "failed")


class AuditEvent(Table):
    """One act on patient data or on the product: who, as what, which object, why, when, from where, with what result.

    `seal` is the SHA-256 of the previous seal and of this event's canonical JSON, set once by the sealing sweep.
    """

    __tablename__ = "audit_event"
    __table_args__ = (
        one_of("result", AUDIT_RESULTS),
        Index("ix_audit_event_patient", "patient_id", "id"),
        Index("ix_audit_event_case", "case_id", "id"),
    )

    id: Mapped[Number]
    territory_id: Mapped[Territory]
    at: Mapped[Moment]
    action: Mapped[str] = mapped_column(String(60))
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"), index=True)
    professional_id: Mapped[UUID | None]
    actor: Mapped[str] = mapped_column(String(200))
    acting_as: Mapped[str | None] = mapped_column(String(40))
    patient_id: Mapped[UUID | None]
    case_id: Mapped[UUID | None]
    object_kind: Mapped[str] = mapped_column(String(40), default="")
    object_id: Mapped[str] = mapped_column(String(64), default="")
    why: Mapped[str] = mapped_column(String(300), default="")
    from_where: Mapped[str] = mapped_column(String(60), default="")
    result: Mapped[str] = mapped_column(String(10), default="done")
    detail: Mapped[Json] = mapped_column(default=dict)
    seal: Mapped[str | None] = mapped_column(String(64))


class AuditListing(Table):
    """A patient named by an event that shows several: the way from the patient to it. Append-only like the trace."""

    __tablename__ = "audit_listing"

    patient_id: Mapped[UUID] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("audit_event.id"), primary_key=True, index=True)
