"""Decision tables asked from a case, each read once per pathway version."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

from engine.bpmn.model import PathwayModel
from engine.calendars import Calendar
from engine.decisions import DecisionTable, read_decision
from engine.decisions import decide as decide_table
from engine.errors import Invalid
from engine.outcome import Value


@lru_cache(maxsize=512)
def _table(data: bytes, key: str) -> DecisionTable:
    return read_decision(data, key)


def decide(
    model: PathwayModel, key: str, scope: Mapping[str, Value], *, now: datetime, calendar: Calendar
) -> Mapping[str, Value]:
    """The outputs of a decision of the pathway. Raises Invalid when there is no such decision, or it has no answer."""
    data = model.decisions.get(key)
    if data is None:
        raise Invalid(f"la table de décision « {key} » n'accompagne pas ce parcours.")
    return decide_table(_table(data, key), scope, now=now, calendar=calendar)
