"""What leaves the engine (outbox), and what makes a command safe to send twice (idempotency keys)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.columns import Json, Key, Moment, Number, Table, Territory, one_of
from engine.sealing import SealedJson, SealedText

OUTBOX_STATES = ("waiting", "sent", "failed", "stopped")


class Outbox(Table):
    """One notification or message to another system, written in the step's transaction and sent by a sweep.

    Notifications carry a reference and no health data; what one case tells another is sealed.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        one_of("state", OUTBOX_STATES),
        Index(
            "ix_outbox_waiting",
            "not_before",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_outbox_case", "case_id"),
    )

    id: Mapped[Number]
    territory_id: Mapped[Territory]
    case_id: Mapped[UUID | None] = mapped_column(ForeignKey("care_case.id"))
    task_id: Mapped[UUID | None] = mapped_column(ForeignKey("task.id"))
    channel: Mapped[str] = mapped_column(String(20))
    """email, secure_mail, webhook, pathway (starts another case) or message (to another case)."""
    recipient_id: Mapped[UUID | None] = mapped_column(ForeignKey("professional.id"), index=True)
    address: Mapped[str] = mapped_column(SealedText("outbox.address", owner="case_id", was=300), default="")
    template: Mapped[str] = mapped_column(String(60))
    parameters: Mapped[Any] = mapped_column(
        SealedJson("outbox.parameters", owner="case_id", readable=("reference", "level", "sealed_path")), default=dict
    )
    created_at: Mapped[Moment]
    not_before: Mapped[Moment]
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    attempts: Mapped[int] = mapped_column(default=0)
    claimed_until: Mapped[Moment | None]
    sent_at: Mapped[Moment | None]
    problem: Mapped[str] = mapped_column(String(300), default="")


class IdempotencyKey(Table):
    """A command already carried out: the same key gives the same answer and does nothing twice."""

    __tablename__ = "idempotency_key"

    territory_id: Mapped[UUID] = mapped_column(ForeignKey("territory.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(100), primary_key=True)
    command: Mapped[str] = mapped_column(String(60))
    account_id: Mapped[UUID | None]
    answer: Mapped[Json] = mapped_column(default=dict)
    created_at: Mapped[Moment] = mapped_column(index=True)


class Job(Table):
    """A long piece of work with its progress, polled by a page."""

    __tablename__ = "job"

    id: Mapped[Key]
    territory_id: Mapped[Territory]
    kind: Mapped[str] = mapped_column(String(40))
    detail: Mapped[Json] = mapped_column(default=dict)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[Moment]
    finished_at: Mapped[Moment | None]
    claimed_until: Mapped[Moment | None]
    problem: Mapped[str] = mapped_column(String(300), default="")
