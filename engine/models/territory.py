"""The territory (tenant), its sectors and communes."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.columns import Json, Key, Table, Territory, one_of

TERRITORY_KINDS = ("demo", "live")


class TerritoryRow(Table):
    """One CPTS. `clock_offset_seconds` is how far ahead its clock runs: 0 unless the territory is a demo."""

    __tablename__ = "territory"
    __table_args__ = (one_of("kind", TERRITORY_KINDS),)

    id: Mapped[Key]
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(10), default="live")
    time_zone: Mapped[str] = mapped_column(String(60), default="Europe/Paris")
    holidays: Mapped[str] = mapped_column(String(20), default="FR")
    """Public holiday calendar: `FR` or `FR-xx` (engine.calendars)."""
    clock_offset_seconds: Mapped[int] = mapped_column(default=0)
    next_case_number: Mapped[int] = mapped_column(default=1001)
    settings: Mapped[Json] = mapped_column(default=dict)


class Sector(Table):
    """A group of communes, used to offer work nearby. `neighbours` lists the codes of adjacent sectors."""

    __tablename__ = "sector"
    __table_args__ = (UniqueConstraint("territory_id", "code"),)

    id: Mapped[Key]
    territory_id: Mapped[Territory]
    code: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(120))
    neighbours: Mapped[Json] = mapped_column(default=list)


class Commune(Table):
    """A commune, by INSEE code."""

    __tablename__ = "commune"
    __table_args__ = (UniqueConstraint("territory_id", "insee_code"),)

    id: Mapped[Key]
    territory_id: Mapped[Territory]
    sector_id: Mapped[UUID] = mapped_column(ForeignKey("sector.id"), index=True)
    insee_code: Mapped[str] = mapped_column(String(5))
    name: Mapped[str] = mapped_column(String(120))
    postcode: Mapped[str] = mapped_column(String(5), default="")
