"""Pathways and their immutable versions; the designer's files are kept byte for byte."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.columns import Json, Key, Moment, Table, Territory, one_of

VERSION_STATES = ("draft", "published", "retired")


class Pathway(Table):
    """A kind of care pathway of a territory. `sensitivity` high hides even its title from outsiders."""

    __tablename__ = "pathway"
    __table_args__ = (UniqueConstraint("territory_id", "key"),)

    id: Mapped[Key]
    territory_id: Mapped[Territory]
    key: Mapped[str] = mapped_column(String(60))
    title: Mapped[Json]
    """`{"fr": …, "en": …}`."""
    sensitivity: Mapped[str] = mapped_column(String(10), default="normal")


class PathwayVersion(Table):
    """One version. A published version never changes; a case stays on the version it started on."""

    __tablename__ = "pathway_version"
    __table_args__ = (
        UniqueConstraint("pathway_id", "number"),
        one_of("state", VERSION_STATES),
        CheckConstraint("state = 'draft' OR published_at IS NOT NULL", name="published_has_date"),
        Index(
            "uq_pathway_version_published",
            "pathway_id",
            unique=True,
            sqlite_where=text("state = 'published'"),
            postgresql_where=text("state = 'published'"),
        ),
    )

    id: Mapped[Key]
    territory_id: Mapped[Territory]
    pathway_id: Mapped[UUID] = mapped_column(ForeignKey("pathway.id"), index=True)
    number: Mapped[int]
    state: Mapped[str] = mapped_column(String(10), default="draft")
    label: Mapped[str] = mapped_column(String(200), default="")
    description: Mapped[Json] = mapped_column(default=dict)
    """The pathway.json of the version: title, purpose, start form, messages, indicators."""
    parameters: Mapped[Json] = mapped_column(default=list)
    """Named, typed, documented values: list of {name, type, value, unit, label, source}."""
    findings: Mapped[Json] = mapped_column(default=list)
    """The checker's findings, with the reasons for which warnings were accepted."""
    content_digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 over the files, in order of path."""
    spiff_version: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[Moment]
    created_by: Mapped[str] = mapped_column(String(200))
    published_at: Mapped[Moment | None]
    published_by: Mapped[str | None] = mapped_column(String(200))
    retired_at: Mapped[Moment | None]
    revision: Mapped[int] = mapped_column(default=1)


class PathwayFile(Table):
    """One source file, byte for byte. `path` is relative to the pathway's folder; shared pieces keep `shared/…`."""

    __tablename__ = "pathway_file"

    version_id: Mapped[UUID] = mapped_column(ForeignKey("pathway_version.id"), primary_key=True)
    path: Mapped[str] = mapped_column(String(200), primary_key=True)
    territory_id: Mapped[Territory]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    sha256: Mapped[str] = mapped_column(String(64))
