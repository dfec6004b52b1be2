"""Therapeutic education: the declared programme and its team, its sessions, and the slots patients have a place in."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.columns import Key, Moment, Table, Territory

ATTENDANCES = ("present", "excused", "absent")


class EtpProgram(Table):
    """A programme declared to the ARS (décret 2020-1832): its number, who coordinates it, when it is evaluated."""

    __tablename__ = "etp_program"
    __table_args__ = (UniqueConstraint("territory_id", "declaration_number"),)

    id: Mapped[Key]
    territory_id: Mapped[Territory]
    name: Mapped[str] = mapped_column(String(200))
    declaration_number: Mapped[str] = mapped_column(String(40))
    declared_on: Mapped[date]
    coordinator_id: Mapped[UUID] = mapped_column(ForeignKey("professional.id"))
    annual_evaluation_on: Mapped[date | None]
    four_year_evaluation_on: Mapped[date | None]


class EtpEducator(Table):
    """A member of the team, with the date of the attestation of 40 hours of training."""

    __tablename__ = "etp_educator"

    program_id: Mapped[UUID] = mapped_column(ForeignKey("etp_program.id"), primary_key=True)
    professional_id: Mapped[UUID] = mapped_column(ForeignKey("professional.id"), primary_key=True)
    territory_id: Mapped[Territory]
    attested_on: Mapped[date]


class EtpSessionTemplate(Table):
    """A session of the programme: S1 « Comprendre le diabète », two hours, ten places."""

    __tablename__ = "etp_session_template"
    __table_args__ = (UniqueConstraint("program_id", "code"),)

    id: Mapped[Key]
    territory_id: Mapped[Territory]
    program_id: Mapped[UUID] = mapped_column(ForeignKey("etp_program.id"))
    code: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(200))
    minutes: Mapped[int]
    places: Mapped[int]


class EtpSlot(Table):
    """One session on one day. `code` is what cases name when they wait for an attendance."""

    __tablename__ = "etp_slot"
    __table_args__ = (
        UniqueConstraint("territory_id", "code"),
        CheckConstraint("ends_at > starts_at", name="dates_in_order"),
        CheckConstraint("places > 0", name="some_places"),
        Index("ix_etp_slot_program", "program_id", "starts_at"),
    )

    id: Mapped[Key]
    territory_id: Mapped[Territory]
    program_id: Mapped[UUID] = mapped_column(ForeignKey("etp_program.id"))
    template_id: Mapped[UUID] = mapped_column(ForeignKey("etp_session_template.id"))
    code: Mapped[str] = mapped_column(String(40))
    starts_at: Mapped[Moment]
    ends_at: Mapped[Moment]
    room: Mapped[str] = mapped_column(String(200), default="")
    places: Mapped[int]
    recorded_at: Mapped[Moment | None]
    recorded_by: Mapped[str | None] = mapped_column(String(200))


class EtpPlace(Table):
    """The place of a case in a slot, and who came. What was learnt lies in the case, which can be erased."""

    __tablename__ = "etp_place"
    __table_args__ = (
        CheckConstraint(
            "attendance IS NULL OR attendance IN ('present', 'excused', 'absent')", name="attendance_known"
        ),
        Index("ix_etp_place_case", "case_id"),
    )

    slot_id: Mapped[UUID] = mapped_column(ForeignKey("etp_slot.id"), primary_key=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("care_case.id"), primary_key=True)
    territory_id: Mapped[Territory]
    booked_at: Mapped[Moment]
    attendance: Mapped[str | None] = mapped_column(String(10))
