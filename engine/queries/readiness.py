"""May this installation be given work: are the tables those this code expects."""

from __future__ import annotations

from sqlalchemy import inspect
from sqlalchemy.orm import Session

from engine.models import Table

SWEEP_LIMIT_SECONDS = 120
"""A sweep older than this means that timers are not being fired."""


def is_migrated(session: Session) -> bool:
    """True when every table of the product exists."""
    present = set(inspect(session.connection()).get_table_names())
    return set(Table.metadata.tables) <= present
