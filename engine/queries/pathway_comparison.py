"""Two versions of a pathway to compare, or a version and a draft: what each is called, its files and its values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.actor import Actor
from engine.errors import PathwayNotFound
from engine.library import files_of
from engine.models import Pathway, PathwayVersion
from engine.queries.pathway_pages import check_may_read, main_drawing


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side. `number` is None for a draft."""

    id: UUID
    number: int | None
    label: str
    made_by: str
    diagram: str
    files: Mapping[str, bytes]
    values: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What may stand on either side."""

    id: UUID
    number: int | None
    label: str
    made_by: str


def sides_of(session: Session, *, key: str, by: Actor) -> tuple[Mapping[str, str], Sequence[Choice]]:
    """The title of a pathway and what may be compared, drafts first, then versions from the newest. Raises
    PathwayNotFound."""
    check_may_read(by)
    title = session.execute(
        select(Pathway.title).where(Pathway.territory_id == by.territory_id, Pathway.key == key)
    ).scalar_one_or_none()
    if title is None:
        raise PathwayNotFound(f"Aucun parcours ne s'appelle « {key} ».")
    rows = session.execute(
        select(
            PathwayVersion.id, PathwayVersion.number, PathwayVersion.state, PathwayVersion.label,
            PathwayVersion.created_by,
        )
        .join(Pathway, Pathway.id == PathwayVersion.pathway_id)
        .where(Pathway.territory_id == by.territory_id, Pathway.key == key)
        .order_by(PathwayVersion.state != "draft", PathwayVersion.number.desc())
    )  # fmt: skip
    return title, tuple(
        Choice(
            id=row.id, number=None if row.state == "draft" else row.number, label=row.label, made_by=row.created_by
        )
        for row in rows
    )  # fmt: skip


def side_of(session: Session, *, version_id: UUID, by: Actor) -> Side:
    """One side with its files. Raises PathwayNotFound."""
    check_may_read(by)
    row = session.execute(
        select(PathwayVersion).where(PathwayVersion.id == version_id, PathwayVersion.territory_id == by.territory_id)
    ).scalar_one_or_none()
    if row is None:
        raise PathwayNotFound("Cette version n'existe pas.")
    files = files_of(session, version_id)
    return Side(
        id=row.id,
        number=None if row.state == "draft" else row.number,
        label=row.label,
        made_by=row.created_by,
        diagram=main_drawing(list(files)),
        files=files,
        values=row.parameters,
    )
