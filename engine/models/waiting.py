"""What each open case waits for: wait records, timers, message subscriptions, and messages that came early."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.columns import Json, Key, Moment, Table, Territory, one_of
from engine.sealing import SealedJson

WAIT_KINDS = ("human", "offer", "timer", "message", "signal", "condition", "join", "incident", "suspended")
TIMER_KINDS = ("step", "escalation")


class WaitRecord(Table):
    """One open leaf of a case: what it waits for, since when, who answers for it, by when, what happens next.

    Rebuilt in the transaction of every step. Every open case has at least one, with a responsible party and a date.
    """

    __tablename__ = "wait_record"
    __table_args__ = (
        one_of("kind", WAIT_KINDS),
        UniqueConstraint("case_id", "token"),
        Index("ix_wait_record_expected", "territory_id", "expected_at"),
        Index("ix_wait_record_role", "territory_id", "responsible_role", "expected_at"),
        Index("ix_wait_record_next", "territory_id", "next_at"),
    )

    id: Mapped[Key]
    territory_id: Mapped[Territory]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("care_case.id"))
    token: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(10))
    element_id: Mapped[str] = mapped_column(String(120))
    element_name: Mapped[str] = mapped_column(String(300))
    task_id: Mapped[UUID | None] = mapped_column(ForeignKey("task.id"), index=True)
    message_name: Mapped[str | None] = mapped_column(String(120))
    since: Mapped[Moment]
    expected_at: Mapped[Moment]
    at_risk_at: Mapped[Moment]
    """From when on what remains of the delay is less than a quarter of it."""
    responsible_role: Mapped[str] = mapped_column(String(40))
    responsible_id: Mapped[UUID | None] = mapped_column(ForeignKey("professional.id"), index=True)
    responsible_name: Mapped[str] = mapped_column(String(200), default="")
    next_at: Mapped[Moment | None]
    next_what: Mapped[str] = mapped_column(String(300), default="")
    """What happens by itself at `next_at`, as a French clause (« relance de l'infirmier·e »)."""
    last_touch_at: Mapped[Moment]
    escalation_level: Mapped[int] = mapped_column(default=0)


class Timer(Table):
    """Something due: a `step` of the pathway (told to the engine then), or a rung of an `escalation` ladder."""

    __tablename__ = "timer"
    __table_args__ = (
        one_of("kind", TIMER_KINDS),
        UniqueConstraint("case_id", "kind", "token", "step"),
        Index("ix_timer_due", "due_at", sqlite_where=text("held_at IS NULL"), postgresql_where=text("held_at IS NULL")),
    )

    id: Mapped[Key]
    territory_id: Mapped[Territory]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("care_case.id"))
    kind: Mapped[str] = mapped_column(String(10))
    token: Mapped[str] = mapped_column(String(64))
    """Engine token of a step timer; task id of an escalation timer."""
    step: Mapped[int] = mapped_column(default=0)
    """Rung of the ladder of an escalation timer."""
    task_id: Mapped[UUID | None] = mapped_column(ForeignKey("task.id"), index=True)
    element_id: Mapped[str] = mapped_column(String(120))
    name: Mapped[str] = mapped_column(String(300), default="")
    due_at: Mapped[Moment]
    claimed_until: Mapped[Moment | None]
    attempts: Mapped[int] = mapped_column(default=0)
    held_at: Mapped[Moment | None]
    """Set while the case is on hold: the clock of the timer stands still."""
    detail: Mapped[Json] = mapped_column(default=dict)


class MessageSubscription(Table):
    """A message or signal that a case would accept now."""

    __tablename__ = "message_subscription"
    __table_args__ = (Index("ix_message_subscription_key", "territory_id", "name", "correlation_key"),)

    case_id: Mapped[UUID] = mapped_column(ForeignKey("care_case.id"), primary_key=True)
    token: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(120), primary_key=True)
    territory_id: Mapped[Territory]
    kind: Mapped[str] = mapped_column(String(10), default="message")
    element_id: Mapped[str] = mapped_column(String(120))
    correlation_key: Mapped[str | None] = mapped_column(String(200))


class EarlyMessage(Table):
    """A message nobody waits for yet; delivered when its wait opens, forgotten when it expires."""

    __tablename__ = "early_message"
    __table_args__ = (Index("ix_early_message_case", "case_id", "name"),)

    id: Mapped[Key]
    territory_id: Mapped[Territory]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("care_case.id"))
    name: Mapped[str] = mapped_column(String(120))
    correlation_key: Mapped[str | None] = mapped_column(String(200))
    payload: Mapped[Any] = mapped_column(SealedJson("early_message.payload", owner="case_id"))
    received_at: Mapped[Moment]
    received_from: Mapped[str] = mapped_column(String(200), default="")
    expires_at: Mapped[Moment]
    why: Mapped[str] = mapped_column(Text, default="")
    """Why nobody took it, as a sentence."""
