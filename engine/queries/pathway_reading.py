"""« Le parcours en toutes lettres », to print or to read without a diagram: who, what, by when, what if not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.actor import Actor
from engine.bpmn.reading_text import ReadPart, reading_text
from engine.errors import PathwayNotFound
from engine.library import version_of
from engine.models import Pathway
from engine.queries.pathway_pages import check_may_read
from engine.starting import to_show, versions_of


@dataclass(frozen=True, slots=True, kw_only=True)
class PathwayReading:
    """The published version of a pathway, as a text."""

    key: str
    title: Mapping[str, str]
    number: int
    published_at: datetime | None
    purpose: Mapping[str, str]
    parts: Sequence[ReadPart]


def pathway_reading(session: Session, *, key: str, by: Actor, now: datetime) -> PathwayReading:
    """The text of the published version, in the language of `by`. Raises NotAllowed, PathwayNotFound."""
    check_may_read(by)
    pathway = session.execute(
        select(Pathway).where(Pathway.territory_id == by.territory_id, Pathway.key == key)
    ).scalar_one_or_none()
    shown = to_show(versions_of(session, territory_id=by.territory_id, pathway_key=key), now=now)
    if pathway is None or shown is None:
        raise PathwayNotFound(f"Aucun parcours publié ne s'appelle « {key} ».")
    version = version_of(session, shown.id)
    parts = reading_text(
        version.program, forms=version.forms, ladders=version.ladders, parameters=shown.parameters, locale=by.locale
    )
    return PathwayReading(
        key=pathway.key, title=pathway.title, number=shown.number, published_at=shown.published_at,
        purpose=shown.description.get("purpose") or {}, parts=parts,
    )  # fmt: skip
