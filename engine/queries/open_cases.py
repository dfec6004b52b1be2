"""The open cases, for the command line: numbers, pathways and what each waits for. No patient data."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.models import OPEN_CASE_STATES, Case, Pathway, PathwayVersion, WaitRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCase:
    """One open case. `waits` are the names of what it waits for, the most pressing first."""

    number: str
    pathway: str
    opened_at: datetime
    waits: tuple[str, ...]


def open_cases(session: Session) -> tuple[OpenCase, ...]:
    """Every open case of every territory, oldest first."""
    rows = session.execute(
        select(Case.id, Case.number, Case.opened_at, Pathway.title)
        .join(PathwayVersion, PathwayVersion.id == Case.pathway_version_id)
        .join(Pathway, Pathway.id == PathwayVersion.pathway_id)
        .where(Case.state.in_(OPEN_CASE_STATES), Case.closed_at.is_(None))
        .order_by(Case.opened_at, Case.number)
    ).all()
    waits: dict[UUID, list[str]] = defaultdict(list)
    for case_id, name in session.execute(
        select(WaitRecord.case_id, WaitRecord.element_name).order_by(WaitRecord.expected_at)
    ):
        waits[case_id].append(name)
    return tuple(
        OpenCase(
            number=row.number,
            pathway=row.title.get("fr", ""),
            opened_at=row.opened_at,
            waits=tuple(waits[row.id]),
        )
        for row in rows
    )
