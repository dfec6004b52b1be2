"""Territories: creating one, and the clock of a demo."""

from __future__ import annotations

from uuid import UUID, uuid4

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from engine.errors import InvalidRequest, NotAllowed
from engine.models import TerritoryRow


def create(
    session: Session, *, code: str, name: str, kind: str, time_zone: str = "Europe/Paris", holidays: str = "FR"
) -> UUID:
    """Add a territory. `kind` is `demo` or `live`; `holidays` names its public holiday calendar (`FR`, `FR-RE`…)."""
    territory_id = uuid4()
    session.execute(
        insert(TerritoryRow).values(
            id=territory_id, code=code, name=name, kind=kind, time_zone=time_zone, holidays=holidays
        )
    )
    return territory_id


def move_clock(session: Session, *, territory_id: UUID, seconds: int) -> None:
    """Move the clock of a demo territory forward. It never goes back: what happened has happened.

    Raises NotAllowed for a territory that is not a demo, InvalidRequest for a move that is not forward.
    """
    if seconds <= 0:
        raise InvalidRequest("L'horloge de démonstration ne peut qu'avancer.")
    moved = session.execute(
        update(TerritoryRow)
        .where(TerritoryRow.id == territory_id, TerritoryRow.kind == "demo")
        .values(clock_offset_seconds=TerritoryRow.clock_offset_seconds + seconds)
        .returning(TerritoryRow.id)
    ).first()
    if moved is None:
        raise NotAllowed("Seule l'horloge d'un territoire de démonstration peut être avancée.")
