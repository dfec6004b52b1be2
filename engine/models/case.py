"""Cases, their facts with provenance, their append-only history, and incidents."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, deferred, mapped_column

from engine.models.columns import Json, Key, Moment, Number, Table, Territory, one_of
from engine.sealing import SealedBytes, SealedJson

CASE_STATES = (
    "draft",
    "active",
    "on_hold",
    "completed",
    "cancelled",
    "readmitted",
    "deceased",
    "oriented",
    "refused",
    "lost",
    "closed",
)
"""`active` and `on_hold` are open; `closed` is an end whose pathway names another outcome (kept in `outcome`)."""
OPEN_CASE_STATES = ("draft", "active", "on_hold")


class Case(Table):
    """One patient (or none) in one pathway version. `control_state` is opaque to everything but `engine.bpmn`."""

    __tablename__ = "care_case"
    __table_args__ = (
        UniqueConstraint("territory_id", "number"),
        one_of("state", CASE_STATES),
        Index(
            "uq_care_case_business_key",
            "territory_id",
            "business_key",
            unique=True,
            sqlite_where=text("closed_at IS NULL AND business_key IS NOT NULL"),
            postgresql_where=text("closed_at IS NULL AND business_key IS NOT NULL"),
        ),
        Index(
            "ix_care_case_open",
            "territory_id",
            "opened_at",
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        {"postgresql_with": {"fillfactor": "70"}},
    )

    id: Mapped[Key]
    territory_id: Mapped[Territory]
    number: Mapped[str] = mapped_column(String(20))
    """What people say on the phone: `C-1042`."""
    pathway_version_id: Mapped[UUID] = mapped_column(ForeignKey("pathway_version.id"), index=True)
    patient_id: Mapped[UUID | None] = mapped_column(ForeignKey("patient.id"), index=True)
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organization.id"), index=True)
    """Where the case was opened (the ward); hospital roles are found there."""
    sector_id: Mapped[UUID | None] = mapped_column(ForeignKey("sector.id"))
    business_key: Mapped[str | None] = mapped_column(String(200))
    """Pathway, patient and a digest of the stay, which cannot have two open cases (`engine.lookups`)."""
    state: Mapped[str] = mapped_column(String(12), default="active")
    outcome: Mapped[str | None] = mapped_column(String(40))
    opened_at: Mapped[Moment]
    opened_by: Mapped[str] = mapped_column(String(200), default="")
    closed_at: Mapped[Moment | None]
    held_at: Mapped[Moment | None]
    last_touch_at: Mapped[Moment]
    version: Mapped[int] = mapped_column(default=1)
    """Optimistic version: one more at each step."""
    completed_steps: Mapped[Json] = mapped_column(default=list)
    """Ids of the elements completed at least once, for expressions (`case.completed_steps`)."""
    control_state: Mapped[bytes] = deferred(mapped_column(SealedBytes("care_case.control_state", owner="id")))


class CaseFact(Table):
    """One value of one fact: who said it, when, on which form. A newer value supersedes it; nothing is overwritten."""

    __tablename__ = "case_fact"
    __table_args__ = (
        Index(
            "uq_case_fact_current",
            "case_id",
            "scope",
            "name",
            unique=True,
            sqlite_where=text("superseded_at IS NULL"),
            postgresql_where=text("superseded_at IS NULL"),
        ),
        Index(
            "ix_case_fact_live",
            "case_id",
            sqlite_where=text("superseded_at IS NULL AND closed_at IS NULL"),
            postgresql_where=text("superseded_at IS NULL AND closed_at IS NULL"),
        ),
        Index("ix_case_fact_history", "case_id", "name", "recorded_at"),
    )

    id: Mapped[Number]
    territory_id: Mapped[Territory]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("care_case.id"))
    scope: Mapped[str] = mapped_column(String(64), default="")
    name: Mapped[str] = mapped_column(String(80))
    value: Mapped[Any] = mapped_column(SealedJson("case_fact.value", owner="case_id", instead="text"))
    """Tagged JSON of `engine.expressions.to_json`; readable when `engine.counted` says that the indicators count it."""
    recorded_at: Mapped[Moment]
    recorded_by: Mapped[str] = mapped_column(String(200))
    recorded_by_id: Mapped[UUID | None]
    role: Mapped[str | None] = mapped_column(String(40))
    task_id: Mapped[UUID | None]
    form_key: Mapped[str | None] = mapped_column(String(80))
    element_id: Mapped[str | None] = mapped_column(String(120))
    superseded_at: Mapped[Moment | None]
    """Set by a trigger when a newer value arrives (`engine.migrations`)."""
    closed_at: Mapped[Moment | None]
    """When the branch that could read it (`scope`) ended; always null in the case's own scope."""
    conflicting: Mapped[bool] = mapped_column(default=False)
    """True when the value replaced one written meanwhile by a parallel branch the author had not seen."""


class CaseHistory(Table):
    """What happened, in order; append-only. `kind` is one of engine.outcome.Happened or a command's verb."""

    __tablename__ = "case_history"
    __table_args__ = (Index("ix_case_history_case", "case_id", "id"),)

    id: Mapped[Number]
    territory_id: Mapped[Territory]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("care_case.id"))
    at: Mapped[Moment]
    kind: Mapped[str] = mapped_column(String(40))
    element_id: Mapped[str | None] = mapped_column(String(120))
    element_name: Mapped[str] = mapped_column(String(300), default="")
    actor: Mapped[str] = mapped_column(String(200), default="")
    actor_id: Mapped[UUID | None]
    role: Mapped[str | None] = mapped_column(String(40))
    task_id: Mapped[UUID | None]
    detail: Mapped[Any] = mapped_column(
        SealedJson("case_history.detail", owner="case_id", readable=("token", "code")), default=dict
    )
    visible: Mapped[bool] = mapped_column(default=True)
    """False for movements of gateways and flows that people do not read."""


class CaseState(Table):
    """A former control-flow state, for rewind; small, and it expires."""

    __tablename__ = "case_state"

    case_id: Mapped[UUID] = mapped_column(ForeignKey("care_case.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    territory_id: Mapped[Territory]
    kept_at: Mapped[Moment]
    control_state: Mapped[bytes] = mapped_column(SealedBytes("case_state.control_state", owner="case_id"))


class IncidentRow(Table):
    """A step that could not go on: where, why, and whether it was mended. No patient data."""

    __tablename__ = "incident"
    __table_args__ = (
        Index(
            "ix_incident_open",
            "territory_id",
            "case_id",
            sqlite_where=text("resolved_at IS NULL"),
            postgresql_where=text("resolved_at IS NULL"),
        ),
    )

    id: Mapped[Key]
    territory_id: Mapped[Territory]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("care_case.id"), index=True)
    code: Mapped[str] = mapped_column(String(40))
    element_id: Mapped[str] = mapped_column(String(120))
    sentence: Mapped[str] = mapped_column(Text)
    expression: Mapped[str] = mapped_column(Text, default="")
    value_types: Mapped[Json] = mapped_column(default=dict)
    attempted: Mapped[Json] = mapped_column(default=dict)
    """The step that was tried (`complete`, `tick`, `signal` and its token), to be tried again."""
    opened_at: Mapped[Moment]
    resolved_at: Mapped[Moment | None]
    resolved_by: Mapped[str | None] = mapped_column(String(200))
