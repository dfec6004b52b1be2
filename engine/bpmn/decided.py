"""Decision tables asked from a case."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from engine import decisions
from engine.bpmn.model import PathwayModel
from engine.calendars import Calendar
from engine.errors import Invalid
from engine.outcome import Value


def decide(
    model: PathwayModel, key: str, scope: Mapping[str, Value], *, now: datetime, calendar: Calendar
) -> Mapping[str, Value]:
    """The outputs of a decision of the pathway.

    Raises Invalid when there is no such decision, and DecisionError when it has no single answer for these facts.
    """
    if key not in model.decisions:
        raise Invalid(f"la table de décision « {key} » n'accompagne pas ce parcours.")
    return decisions.decide(decisions.read_decision(model.decisions[key], key), scope, now=now, calendar=calendar)
