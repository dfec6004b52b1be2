"""« Carte »: how many open cases stand at each step of a pathway, how many of them late, and since when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session

from engine.actor import Actor
from engine.calendars import Calendar
from engine.errors import PathwayNotFound
from engine.library import version_of
from engine.models import Case, Pathway, PathwayVersion, WaitRecord
from engine.queries.control_tower import NAMELESS
from engine.queries.diagrams import drawn_in_main
from engine.starting import to_show, versions_of
from engine.visibility import may_see

HEAT = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCount:
    """One step that cases wait at. `drawn_id` is the shape of the pathway's own diagram that stands for it."""

    element_id: str
    drawn_id: str | None
    name: str
    role: str
    cases: int
    late: int
    oldest: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PathwayMap:
    """The steps of one pathway, in the order they are read. `version_id` is the version whose diagram is shown."""

    key: str
    title: Mapping[str, str]
    version_id: UUID
    version: int
    steps: Sequence[StepCount]

    def state(self) -> dict[str, Any]:
        """Counts and heat as the diagram reads them."""
        shapes: dict[str, list[StepCount]] = {}
        for step in self.steps:
            if step.drawn_id is not None:
                shapes.setdefault(step.drawn_id, []).append(step)
        most = max((sum(one.cases for one in some) for some in shapes.values()), default=1)
        nodes = []
        for shape, some in shapes.items():
            count, late = sum(one.cases for one in some), sum(one.late for one in some)
            node: dict[str, Any] = {"id": shape, "heat": max(1, round(HEAT * count / most)), "badge": str(count)}
            node["level"] = "late" if late else "open"
            if late:
                node["note"] = f"{late} en retard"
            nodes.append(node)
        return {"nodes": nodes, "taken": []}


def pathway_map(session: Session, *, by: Actor, now: datetime, calendar: Calendar, key: str = "") -> PathwayMap | None:
    """The pathway of that key, or the one with most open cases; None when no case is open. Raises PathwayNotFound."""
    scope = (
        Case.territory_id == by.territory_id
        if by.roles <= NAMELESS
        else may_see(by, now=now, today=calendar.today(now))
    )
    chosen = session.execute(
        select(Pathway.id, Pathway.key, Pathway.title)
        .join(PathwayVersion, PathwayVersion.pathway_id == Pathway.id)
        .join(Case, Case.pathway_version_id == PathwayVersion.id)
        .where(scope, Case.closed_at.is_(None), *([Pathway.key == key] if key else []))
        .group_by(Pathway.id, Pathway.key, Pathway.title)
        .order_by(func.count(Case.id).desc(), Pathway.key)
        .limit(1)
    ).one_or_none()
    if chosen is None:
        if key:
            raise PathwayNotFound(f"Aucun dossier n'est ouvert dans le parcours « {key} ».")
        return None
    shown = to_show(versions_of(session, territory_id=by.territory_id, pathway_key=chosen.key), now=now)
    assert shown is not None, "a case runs on a version that was published"
    program = version_of(session, shown.id).program
    here = drawn_in_main(program)
    late = and_(WaitRecord.expected_at < now, WaitRecord.kind != "timer")
    rows = session.execute(
        select(
            WaitRecord.element_id,
            func.max(WaitRecord.element_name),
            func.max(WaitRecord.responsible_role),
            func.count(func.distinct(WaitRecord.case_id)),
            func.count(func.distinct(case((late, WaitRecord.case_id)))),
            func.min(WaitRecord.since),
        )
        .join(Case, Case.id == WaitRecord.case_id)
        .join(PathwayVersion, PathwayVersion.id == Case.pathway_version_id)
        .where(scope, Case.closed_at.is_(None), PathwayVersion.pathway_id == chosen.id, WaitRecord.kind != "join")
        .group_by(WaitRecord.element_id)
    ).all()  # fmt: skip
    steps = [
        StepCount(
            element_id=row[0],
            drawn_id=here.get(row[0]),
            name=row[1],
            role=row[2],
            cases=row[3],
            late=row[4],
            oldest=row[5],
        )
        for row in rows
    ]
    steps.sort(key=lambda step: (program.reading_order.get(step.drawn_id or step.element_id, 10_000), step.element_id))
    return PathwayMap(key=chosen.key, title=chosen.title, version_id=shown.id, version=shown.number, steps=tuple(steps))
