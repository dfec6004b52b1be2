"""Tasks answered by link: somebody of the care circle without an account, one task, for a moment."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.columns import Key, Moment, Table, Territory


class TaskLink(Table):
    """One link sent to one member of a care circle for one task. No secret is here, only what recognises it.

    Its moments are the machine's, like those of sessions: moving the clock of a demonstration opens or ends none.
    """

    __tablename__ = "task_link"
    __table_args__ = (
        CheckConstraint("(code_hash IS NULL) = (code_until IS NULL)", name="code_has_an_end"),
        CheckConstraint("(session_hash IS NULL) = (session_until IS NULL)", name="session_has_an_end"),
        CheckConstraint("answered_at IS NULL OR session_hash IS NULL", name="serves_once"),
        Index("ix_task_link_task", "task_id", "sent_at"),
        Index("ix_task_link_case", "case_id"),
    )

    id: Mapped[Key]
    territory_id: Mapped[Territory]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("care_case.id"))
    task_id: Mapped[UUID] = mapped_column(ForeignKey("task.id"))
    member_id: Mapped[UUID] = mapped_column(ForeignKey("care_circle_member.id"), index=True)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    """SHA-256 of the link's secret."""
    sent_at: Mapped[Moment]
    sent_by: Mapped[str] = mapped_column(String(200))
    sent_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("professional.id"))
    expires_at: Mapped[Moment]
    revoked_at: Mapped[Moment | None]
    opened_at: Mapped[Moment | None]
    code_asked_at: Mapped[Moment | None]
    code_hash: Mapped[str | None] = mapped_column(String(200))
    """Argon2id of the six digits that were read out."""
    code_until: Mapped[Moment | None]
    code_tries: Mapped[int] = mapped_column(default=0)
    session_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    """SHA-256 of the cookie of the one browser that gave the code."""
    session_until: Mapped[Moment | None]
    answered_at: Mapped[Moment | None]
