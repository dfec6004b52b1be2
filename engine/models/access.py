"""Ways in: invitations, identities of other providers, tokens of programs; and emergency access to a patient."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.columns import Json, Key, Moment, Table, Territory


class EmergencyAccess(Table):
    """A professional opened the cases of a patient they do not follow, briefly and for a reason; to be reviewed."""

    __tablename__ = "emergency_access"
    __table_args__ = (Index("ix_emergency_access_professional", "professional_id", "patient_id", "ends_at"),)

    id: Mapped[Key]
    territory_id: Mapped[Territory]
    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patient.id"), index=True)
    professional_id: Mapped[UUID] = mapped_column(ForeignKey("professional.id"))
    reason: Mapped[str] = mapped_column(String(40))
    comment: Mapped[str] = mapped_column(String(500), default="")
    opened_at: Mapped[Moment]
    ends_at: Mapped[Moment]
    reviewed_at: Mapped[Moment | None]
    reviewed_by: Mapped[str] = mapped_column(String(200), default="")
    justified: Mapped[bool | None]


class Invitation(Table):
    """A link by which a person chooses a first or a new password. `token_hash` is the SHA-256 of the link's secret."""

    __tablename__ = "invitation"

    id: Mapped[Key]
    territory_id: Mapped[Territory]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    made_at: Mapped[Moment]
    made_by: Mapped[str] = mapped_column(String(200))
    expires_at: Mapped[Moment]
    used_at: Mapped[Moment | None]


class ExternalIdentity(Table):
    """An account as an OpenID provider knows it: the pair of issuer and subject, never an e-mail address."""

    __tablename__ = "external_identity"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    id: Mapped[Key]
    territory_id: Mapped[Territory]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    issuer: Mapped[str] = mapped_column(String(200))
    subject: Mapped[str] = mapped_column(String(200))
    linked_at: Mapped[Moment]


class ServiceToken(Table):
    """What a program signs its requests with: only its SHA-256 is kept, and what it may do is listed in `scopes`."""

    __tablename__ = "service_token"

    id: Mapped[Key]
    territory_id: Mapped[Territory]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[Json] = mapped_column(default=list)
    made_at: Mapped[Moment]
    expires_at: Mapped[Moment]
    revoked_at: Mapped[Moment | None]
    last_used_at: Mapped[Moment | None]
