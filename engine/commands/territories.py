"""Territories: creating one, what it asks for, and the clock of a demo."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from engine import second_person, trace
from engine.actor import Actor
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


def ask_for_second_person(session: Session, *, wanted: bool, by: Actor, now: datetime) -> None:
    """Say whether another person approves what somebody publishes. The administration decides, and it is traced."""
    if not by.has_role("territory_admin"):
        raise NotAllowed("Seule l'administration du territoire décide s'il faut l'accord d'une seconde personne.")
    row = session.get_one(TerritoryRow, by.territory_id, with_for_update=True)
    row.settings = {**row.settings, second_person.SETTING: wanted}
    trace.record(
        session, action="territories.second_person", by=by, now=now, object_kind="territory", object_id=row.id,
        detail={"wanted": wanted},
    )  # fmt: skip


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
