"""The directory: organisations, professionals, the roles they hold where and when, and their accounts."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.columns import Json, Key, Moment, Table, Territory, one_of

ACCOUNT_KINDS = ("person", "service")


class Organization(Table):
    """A structure (hospital, ward, practice, pharmacy, home-care service…), in a tree."""

    __tablename__ = "organization"
    __table_args__ = (UniqueConstraint("territory_id", "code"),)

    id: Mapped[Key]
    territory_id: Mapped[Territory]
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("organization.id"), index=True)
    code: Mapped[str] = mapped_column(String(60))
    org_type: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(200))
    finess: Mapped[str | None] = mapped_column(String(9))
    phone: Mapped[str | None] = mapped_column(String(30))
    commune_id: Mapped[UUID | None] = mapped_column(ForeignKey("commune.id"))


class Professional(Table):
    """A person who works for patients of the territory."""

    __tablename__ = "professional"
    __table_args__ = (UniqueConstraint("territory_id", "rpps"),)

    id: Mapped[Key]
    territory_id: Mapped[Territory]
    rpps: Mapped[str | None] = mapped_column(String(11))
    title: Mapped[str] = mapped_column(String(20), default="")
    family_name: Mapped[str] = mapped_column(String(100))
    given_name: Mapped[str] = mapped_column(String(100), default="")
    phone: Mapped[str | None] = mapped_column(String(30))
    email: Mapped[str | None] = mapped_column(String(200))
    left_at: Mapped[date | None]

    @property
    def display_name(self) -> str:
        """« Dr Paul DEMO-PAULET », as people call each other."""
        return " ".join(part for part in (self.title, self.given_name, self.family_name) if part)


class ProfessionalRole(Table):
    """A role held in an organisation between two dates (open-ended when `valid_to` is null)."""

    __tablename__ = "professional_role"
    __table_args__ = (
        UniqueConstraint("professional_id", "role", "organization_id"),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="dates_in_order"),
        Index("ix_professional_role_lookup", "territory_id", "role", "professional_id"),
    )

    id: Mapped[Key]
    territory_id: Mapped[Territory]
    professional_id: Mapped[UUID] = mapped_column(ForeignKey("professional.id"), index=True)
    role: Mapped[str] = mapped_column(String(40))
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organization.id"), index=True)
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]


class ProfessionalSector(Table):
    """A sector in which a professional accepts work."""

    __tablename__ = "professional_sector"

    professional_id: Mapped[UUID] = mapped_column(ForeignKey("professional.id"), primary_key=True)
    sector_id: Mapped[UUID] = mapped_column(ForeignKey("sector.id"), primary_key=True, index=True)
    territory_id: Mapped[Territory]


class Absence(Table):
    """Days away, with who takes over."""

    __tablename__ = "absence"
    __table_args__ = (CheckConstraint("last_day >= first_day", name="dates_in_order"),)

    id: Mapped[Key]
    territory_id: Mapped[Territory]
    professional_id: Mapped[UUID] = mapped_column(ForeignKey("professional.id"), index=True)
    first_day: Mapped[date]
    last_day: Mapped[date]
    substitute_id: Mapped[UUID | None] = mapped_column(ForeignKey("professional.id"))


class Account(Table):
    """What somebody signs in with. A demo account has no password: the role chooser opens it."""

    __tablename__ = "account"
    __table_args__ = (UniqueConstraint("territory_id", "login"), one_of("kind", ACCOUNT_KINDS))

    id: Mapped[Key]
    territory_id: Mapped[Territory]
    professional_id: Mapped[UUID | None] = mapped_column(ForeignKey("professional.id"), index=True)
    kind: Mapped[str] = mapped_column(String(10), default="person")
    login: Mapped[str] = mapped_column(String(120))
    password_hash: Mapped[str | None] = mapped_column(String(200))
    second_factor: Mapped[Json | None]
    locale: Mapped[str] = mapped_column(String(5), default="fr")
    usual_role: Mapped[str | None] = mapped_column(String(40))
    """What the person practises as unless they say otherwise, when they hold several roles."""
    usual_organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organization.id"))
    disabled_at: Mapped[Moment | None]


class SignIn(Table):
    """A session of a browser, revocable. `token_hash` is the SHA-256 of the cookie's secret."""

    __tablename__ = "sign_in"

    id: Mapped[Key]
    territory_id: Mapped[Territory]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    acting_as: Mapped[str | None] = mapped_column(String(40))
    acting_at: Mapped[UUID | None] = mapped_column(ForeignKey("organization.id"))
    how: Mapped[str] = mapped_column(String(20), default="")
    """How the person proved who they are: password, second_factor, oidc, invitation, demo…"""
    proved_at: Mapped[Moment | None]
    """When they last did; null when nothing was asked (a demonstration)."""
    device: Mapped[str] = mapped_column(String(200), default="")
    device_hash: Mapped[str | None] = mapped_column(String(64), index=True)
    """SHA-256 of the secret of a shared computer; null once the person has left it for good."""
    opened_at: Mapped[Moment]
    last_seen_at: Mapped[Moment]
    ended_at: Mapped[Moment | None]
