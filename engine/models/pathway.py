"""Pathways, their immutable versions, their drafts' changes; the designer's files are kept byte for byte."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.columns import Json, Key, Moment, Number, Table, Territory, one_of

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
    """One version. A published version never changes; a case stays on the version it started on.

    Several may be published at once: `engine.starting` says on which of them a new case starts.
    """

    __tablename__ = "pathway_version"
    __table_args__ = (
        UniqueConstraint("pathway_id", "number"),
        one_of("state", VERSION_STATES),
        CheckConstraint("state = 'draft' OR published_at IS NOT NULL", name="published_has_date"),
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
    note: Mapped[str] = mapped_column(Text, default="", server_default="")
    """What whoever published it wanted people to know."""
    starts_at: Mapped[Moment | None]
    """From when new cases may start on it; None: since it was published."""
    organizations: Mapped[Json] = mapped_column(default=list, server_default=text("'[]'"))
    """Ids of the only organisations whose new cases start on it (a pilot); empty: every organisation."""
    authors: Mapped[Json] = mapped_column(default=list, server_default=text("'[]'"))
    """Ids of the accounts that made, drew or proposed it: none of them may approve it."""
    proposal: Mapped[Json | None]
    """A draft that waits for a second person, or was sent back by one: `engine.commands.approvals`."""
    proposed_by: Mapped[str] = mapped_column(String(200), default="", server_default="")
    """Who asked for its publication, when somebody else approved it."""
    retired_at: Mapped[Moment | None]
    retired_by: Mapped[str] = mapped_column(String(200), default="", server_default="")
    retired_why: Mapped[str] = mapped_column(String(300), default="", server_default="")
    """The reason somebody gave; empty when a later version replaced it."""
    revision: Mapped[int] = mapped_column(default=1)


class DraftChange(Table):
    """One file of a draft as it was before a change, so that the last change can be undone."""

    __tablename__ = "pathway_draft_change"

    id: Mapped[Number]
    version_id: Mapped[UUID] = mapped_column(ForeignKey("pathway_version.id"), index=True)
    territory_id: Mapped[Territory]
    revision: Mapped[int]
    """The draft's revision after the change: what one change did to several files shares it."""
    path: Mapped[str] = mapped_column(String(200))
    before: Mapped[bytes | None] = mapped_column(LargeBinary)
    """None: the file did not exist."""
    said: Mapped[str] = mapped_column(Text)
    """What was done, in words."""
    at: Mapped[Moment]
    by_name: Mapped[str] = mapped_column(String(200))


class PathwayFile(Table):
    """One source file, byte for byte. `path` is relative to the pathway's folder; shared pieces keep `shared/…`."""

    __tablename__ = "pathway_file"

    version_id: Mapped[UUID] = mapped_column(ForeignKey("pathway_version.id"), primary_key=True)
    path: Mapped[str] = mapped_column(String(200), primary_key=True)
    territory_id: Mapped[Territory]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    sha256: Mapped[str] = mapped_column(String(64))
