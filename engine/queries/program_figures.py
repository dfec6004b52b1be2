"""Figures of the territory for programs: how many cases of each pathway; small figures are not told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, func, select
from sqlalchemy.orm import Session

from engine import policies
from engine.actor import Actor, Scope
from engine.models import Case, Pathway, PathwayVersion, WaitRecord

FEWEST = 6
"""A figure about fewer patients than this is not told: it could be about somebody one knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PathwayFigures:
    """How many cases of a pathway; None for fewer than FEWEST, but zero is told."""

    key: str
    title: Mapping[str, str]
    open: int | None
    late: int | None
    closed: int | None


def figures(session: Session, *, by: Actor, now: datetime) -> Sequence[PathwayFigures]:
    """How many cases of each pathway are open, late, closed, in the whole territory. Small figures are not told.

    No total goes along: what is not told could be computed from it. Pathways of high sensitivity are left out.
    """
    policies.check_scope(by, Scope.STATISTICS_READ)
    late = (
        select(WaitRecord.id)
        .where(WaitRecord.case_id == Case.id, WaitRecord.expected_at < now, WaitRecord.kind.in_(("human", "offer")))
        .correlate(Case)
        .exists()
    )
    is_open = Case.closed_at.is_(None)
    rows = session.execute(
        select(
            Pathway.key, Pathway.title, _count(is_open).label("open"),
            _count(and_(Case.state == "active", late)).label("late"), _count(~is_open).label("closed"),
        )
        .outerjoin(PathwayVersion, PathwayVersion.pathway_id == Pathway.id)
        .outerjoin(Case, Case.pathway_version_id == PathwayVersion.id)
        .where(Pathway.territory_id == by.territory_id, Pathway.sensitivity != "high")
        .group_by(Pathway.id, Pathway.key, Pathway.title)
        .order_by(Pathway.key)
    )  # fmt: skip
    return tuple(
        PathwayFigures(
            key=row.key, title=row.title, open=_told(row.open), late=_told(row.late), closed=_told(row.closed)
        )
        for row in rows
    )


def _count(wanted: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((and_(Case.id.is_not(None), wanted), 1), else_=0)), 0)


def _told(count: int) -> int | None:
    return None if 0 < count < FEWEST else int(count)
