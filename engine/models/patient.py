"""Patients, and the care circle around each of them."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.columns import Key, Moment, Table, Territory, one_of
from engine.sealing import SealedText

IDENTITY_STATUSES = ("VALI", "RECUP", "PROV", "VIDE")
SEXES = ("female", "male", "unknown")


class Patient(Table):
    """A person cared for: INS traits (birth name, first given name, sex, birth date, birth place) and identity status.

    Source of the status codes: Référentiel national d'identitovigilance (validée, récupérée, provisoire, vide).
    """

    __tablename__ = "patient"
    __table_args__ = (
        one_of("identity_status", IDENTITY_STATUSES),
        one_of("sex", SEXES),
        UniqueConstraint("territory_id", "ins"),  # since `ins` is sealed, `ins_token` keeps this promise
        Index("uq_patient_ins_token", "territory_id", "ins_token", unique=True),
    )

    id: Mapped[Key]
    territory_id: Mapped[Territory]
    birth_name: Mapped[str] = mapped_column(SealedText("patient.birth_name", owner="id", was=100))
    used_name: Mapped[str | None] = mapped_column(SealedText("patient.used_name", owner="id", was=100))
    given_name: Mapped[str] = mapped_column(SealedText("patient.given_name", owner="id", was=100))
    sex: Mapped[str] = mapped_column(String(10))
    birth_date: Mapped[date]
    birth_place: Mapped[str] = mapped_column(String(5), default="")
    """INSEE code of the birth place."""
    ins: Mapped[str | None] = mapped_column(SealedText("patient.ins", owner="id", was=15))
    ins_token: Mapped[str | None] = mapped_column(String(16))
    """A keyed digest of the INS: the same one is not registered twice (`engine.lookups`)."""
    ins_oid: Mapped[str | None] = mapped_column(String(40))
    identity_status: Mapped[str] = mapped_column(String(5), default="PROV")
    phone: Mapped[str | None] = mapped_column(SealedText("patient.phone", owner="id", was=30))
    address: Mapped[str | None] = mapped_column(SealedText("patient.address", owner="id", was=300))
    commune_id: Mapped[UUID | None] = mapped_column(ForeignKey("commune.id"), index=True)
    deceased_at: Mapped[Moment | None]
    opposition_at: Mapped[Moment | None]
    erased_at: Mapped[Moment | None]
    """Set when the person's content was destroyed; the row stays for the counts."""

    @property
    def display_name(self) -> str:
        """« Mme Josette DEMO-ABEILLE »."""
        title = {"female": "Mme", "male": "M."}.get(self.sex, "")
        return " ".join(part for part in (title, self.given_name, self.used_name or self.birth_name) if part)

    def age_on(self, day: date) -> int:
        """Age in whole years on `day`."""
        before_birthday = (day.month, day.day) < (self.birth_date.month, self.birth_date.day)
        return day.year - self.birth_date.year - before_birthday


class CareCircleMember(Table):
    """A member of the one care circle of a patient, with dates: who may know."""

    __tablename__ = "care_circle_member"
    __table_args__ = (
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="dates_in_order"),
        CheckConstraint(
            "professional_id IS NOT NULL OR organization_id IS NOT NULL OR person_name IS NOT NULL", name="somebody"
        ),
        Index("ix_care_circle_member_patient", "patient_id", "role"),
        Index("ix_care_circle_member_professional", "professional_id", "patient_id"),
    )

    id: Mapped[Key]
    territory_id: Mapped[Territory]
    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patient.id"))
    role: Mapped[str] = mapped_column(String(40))
    professional_id: Mapped[UUID | None] = mapped_column(ForeignKey("professional.id"))
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organization.id"), index=True)
    person_name: Mapped[str | None] = mapped_column(
        SealedText("care_circle_member.person_name", owner="patient_id", was=200)
    )
    person_phone: Mapped[str | None] = mapped_column(
        SealedText("care_circle_member.person_phone", owner="patient_id", was=30)
    )
    usual: Mapped[bool] = mapped_column(default=False)
    """True for the patient's usual professional of that role."""
    valid_from: Mapped[Moment]
    valid_to: Mapped[Moment | None]
    source: Mapped[str] = mapped_column(String(40), default="declared")
