"""The clock of each territory, and the next thing due on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.models import Outbox, TerritoryRow, Timer


@dataclass(frozen=True, slots=True)
class TerritoryClock:
    """How far ahead of the machine's clock a territory runs, in seconds (0 unless it is a demo)."""

    territory_id: UUID
    offset_seconds: int


def territory_clocks(session: Session) -> tuple[TerritoryClock, ...]:
    """Every territory with its clock."""
    rows = session.execute(select(TerritoryRow.id, TerritoryRow.clock_offset_seconds))
    return tuple(TerritoryClock(row.id, row.clock_offset_seconds) for row in rows)


def next_due(session: Session, *, territory_id: UUID, until: datetime) -> datetime | None:
    """When the next timer or letter of a territory is due, if that is not after `until`. Held timers stand still."""
    timer: datetime | None = session.execute(
        select(func.min(Timer.due_at)).where(
            Timer.territory_id == territory_id, Timer.held_at.is_(None), Timer.due_at <= until
        )
    ).scalar_one()
    letter: datetime | None = session.execute(
        select(func.min(Outbox.not_before)).where(
            Outbox.territory_id == territory_id, Outbox.state == "waiting", Outbox.not_before <= until
        )
    ).scalar_one()
    moments = [moment for moment in (timer, letter) if moment is not None]
    return min(moments, default=None)


def territory_named(session: Session, *, code: str) -> tuple[UUID, ...]:
    """Ids of the territory of that code; of every territory when `code` is empty."""
    wanted = TerritoryRow.code == code if code else TerritoryRow.id.is_not(None)
    return tuple(session.execute(select(TerritoryRow.id).where(wanted)).scalars())
