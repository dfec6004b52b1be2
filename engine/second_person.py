"""Whether a territory asks for a second person before a version opens cases."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.actor import Actor, ActorKind
from engine.models import TerritoryRow

SETTING = "second_approver"
"""Where the territory's choice is, in its settings: true or false."""
NEEDED = "Dans ce territoire, une seconde personne approuve chaque version : proposez celle-ci."


def is_asked_for(session: Session, by: Actor) -> bool:
    """True when another person approves what `by` publishes. What the engine loads itself, nobody approves."""
    if by.kind is ActorKind.SYSTEM:
        return False
    settings = session.execute(select(TerritoryRow.settings).where(TerritoryRow.id == by.territory_id)).scalar_one()
    return settings.get(SETTING) is True
