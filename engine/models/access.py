"""Ways in: invitations, passkeys, identities of other providers, tokens of programs; and emergency access."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.columns import Json, Key, Moment, Table, Territory, one_of
from engine.sealing import SealedText

CHALLENGE_PURPOSES = ("register", "prove")


class EmergencyAccess(Table):
    """A professional opened the cases of a patient they do not follow, briefly and for a reason; to be reviewed."""

    __tablename__ = "emergency_access"
    __table_args__ = (Index("ix_emergency_access_professional", "professional_id", "patient_id", "ends_at"),)

    id: Mapped[Key]
    territory_id: Mapped[Territory]
    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patient.id"), index=True)
    professional_id: Mapped[UUID] = mapped_column(ForeignKey("professional.id"))
    reason: Mapped[str] = mapped_column(String(40))
    comment: Mapped[str] = mapped_column(
        SealedText("emergency_access.comment", owner="patient_id", was=500), default=""
    )
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
    """What a program shows with its requests: only its SHA-256 is kept. `scopes` says what it may do, for whom."""

    __tablename__ = "service_token"

    id: Mapped[Key]
    territory_id: Mapped[Territory]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"), index=True)
    """For whom the program acts: it sees what this organisation and those below it opened or follow."""
    name: Mapped[str] = mapped_column(String(120))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[Json] = mapped_column(default=list)
    made_at: Mapped[Moment]
    expires_at: Mapped[Moment]
    revoked_at: Mapped[Moment | None]
    last_used_at: Mapped[Moment | None]


class Passkey(Table):
    """A key that a person's phone, computer or token holds (WebAuthn): only its public half is here."""

    __tablename__ = "passkey"

    id: Mapped[Key]
    territory_id: Mapped[Territory]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    """What the person calls it: « Mon téléphone »."""
    credential_id: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger, default=0)
    """How often the key says it has signed. Going back means a copy exists; always 0 for synchronised keys."""
    made_at: Mapped[Moment]
    last_used_at: Mapped[Moment | None]
    suspect_at: Mapped[Moment | None]
    """Set when the count went back: the key opens nothing any more."""


class PasskeyChallenge(Table):
    """What a key was asked to sign, until it has; deleted by the first answer, right or wrong."""

    __tablename__ = "passkey_challenge"
    __table_args__ = (one_of("purpose", CHALLENGE_PURPOSES),)

    id: Mapped[Key]
    territory_id: Mapped[Territory]
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"), index=True)
    """Whose key must answer; None: the key says whose it is."""
    purpose: Mapped[str] = mapped_column(String(10))
    challenge: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[Moment] = mapped_column(index=True)
