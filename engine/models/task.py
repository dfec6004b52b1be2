"""Tasks as people see them, the offers made, and drafts of answers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.columns import Json, Key, Moment, Table, Territory, one_of
from engine.sealing import SealedJson, SealedText

TASK_STATES = ("offered", "accepted", "completed", "not_done", "cancelled")
OPEN_TASK_STATES = ("offered", "accepted")
AUDIENCES = ("professional", "organization", "sector", "territory")
OFFER_ANSWERS = ("accepted", "declined", "expired", "withdrawn")


class Task(Table):
    """One open or finished piece of work of a case.

    While nobody has accepted it, it is offered to its audience: one professional, the holders of the role in an
    organisation, in a sector, or in the whole territory. Eligibility is computed in SQL from the directory
    (`engine.queries.eligibility`), so that a newcomer sees open work at once.
    """

    __tablename__ = "task"
    __table_args__ = (
        one_of("state", TASK_STATES),
        one_of("audience", AUDIENCES),
        CheckConstraint("state <> 'accepted' OR owner_id IS NOT NULL", name="accepted_has_owner"),
        CheckConstraint("state NOT IN ('completed', 'not_done') OR completed_at IS NOT NULL", name="done_has_date"),
        UniqueConstraint("case_id", "token"),
        Index(
            "ix_task_owner_open",
            "owner_id",
            "due_at",
            sqlite_where=text("state = 'accepted'"),
            postgresql_where=text("state = 'accepted'"),
        ),
        Index(
            "ix_task_offered",
            "territory_id",
            "role",
            "due_at",
            sqlite_where=text("state = 'offered'"),
            postgresql_where=text("state = 'offered'"),
        ),
        Index(
            "ix_task_case_open",
            "case_id",
            sqlite_where=text("state IN ('offered', 'accepted')"),
            postgresql_where=text("state IN ('offered', 'accepted')"),
        ),
        Index("ix_task_done_by", "completed_by_id", "completed_at"),
        Index("ix_task_case", "case_id", "opened_at"),
    )

    id: Mapped[Key]
    territory_id: Mapped[Territory]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("care_case.id"))
    patient_id: Mapped[UUID | None] = mapped_column(ForeignKey("patient.id"), index=True)
    token: Mapped[str] = mapped_column(String(64))
    """The engine's name for the open step."""
    element_id: Mapped[str] = mapped_column(String(120))
    name: Mapped[str] = mapped_column(String(300))
    why: Mapped[str] = mapped_column(Text, default="")
    """One sentence from the model: why this is asked."""
    role: Mapped[str] = mapped_column(String(40))
    """First role code of the step; others that may do it are in `other_roles`."""
    other_roles: Mapped[Json] = mapped_column(default=list)
    form_key: Mapped[str | None] = mapped_column(String(80))
    scope: Mapped[str] = mapped_column(String(64), default="")
    locals: Mapped[Any] = mapped_column(SealedJson("task.locals", owner="case_id"), default=dict)
    state: Mapped[str] = mapped_column(String(10), default="offered")
    audience: Mapped[str] = mapped_column(String(12))
    audience_professional_id: Mapped[UUID | None] = mapped_column(ForeignKey("professional.id"), index=True)
    audience_organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organization.id"), index=True)
    audience_sector_ids: Mapped[Json] = mapped_column(default=list)
    owner_id: Mapped[UUID | None] = mapped_column(ForeignKey("professional.id"))
    accepted_at: Mapped[Moment | None]
    offer_round: Mapped[str | None] = mapped_column(String(20))
    """usual, pool, neighbours or search when the step is an offer: accepting it finishes it."""
    offered_until: Mapped[Moment | None]
    priority: Mapped[str] = mapped_column(String(10), default="normal")
    priority_reason: Mapped[str] = mapped_column(
        SealedText("task.priority_reason", owner="case_id", was=300), default=""
    )
    escalation: Mapped[str] = mapped_column(String(60), default="standard")
    escalation_level: Mapped[int] = mapped_column(default=0)
    opened_at: Mapped[Moment]
    opens_at: Mapped[Moment | None]
    due_at: Mapped[Moment | None]
    follow_up_at: Mapped[Moment | None]
    """A date the owner chose (« Reporter »); the due date itself never moves."""
    postponements: Mapped[int] = mapped_column(default=0)
    completed_at: Mapped[Moment | None]
    completed_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("professional.id"))
    completed_by: Mapped[str | None] = mapped_column(String(200))
    done_at: Mapped[Moment | None]
    """When the work was done, if the phone was offline; `completed_at` is when we received it."""
    not_done_reason: Mapped[str | None] = mapped_column(String(40))
    revision: Mapped[int] = mapped_column(default=1)


class TaskOffer(Table):
    """What one professional was offered, and answered."""

    __tablename__ = "task_offer"
    __table_args__ = (
        CheckConstraint(
            "answer IS NULL OR answer IN ('accepted', 'declined', 'expired', 'withdrawn')", name="answer_known"
        ),
        CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name="answer_has_date"),
        Index("ix_task_offer_professional", "professional_id", "task_id"),
    )

    task_id: Mapped[UUID] = mapped_column(ForeignKey("task.id"), primary_key=True)
    professional_id: Mapped[UUID] = mapped_column(ForeignKey("professional.id"), primary_key=True)
    territory_id: Mapped[Territory]
    offered_at: Mapped[Moment]
    answer: Mapped[str | None] = mapped_column(String(10))
    answered_at: Mapped[Moment | None]
    reason: Mapped[str | None] = mapped_column(String(40))
    comment: Mapped[str] = mapped_column(SealedText("task_offer.comment", owner="task_id"), default="")


class TaskDraft(Table):
    """Answers typed but not sent yet; one per task and account."""

    __tablename__ = "task_draft"

    task_id: Mapped[UUID] = mapped_column(ForeignKey("task.id"), primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), primary_key=True)
    territory_id: Mapped[Territory]
    answers: Mapped[Any] = mapped_column(SealedJson("task_draft.answers", owner="task_id"))
    saved_at: Mapped[Moment]
