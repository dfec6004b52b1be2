"""One FEEL expression, its context, its value: the shortest way in, for tests, tools and the command line."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from engine.calendars import Calendar
from engine.expressions.expression import compile_expression
from engine.expressions.values import Value

# A fixed clock, so that what is evaluated without one is the same every time.
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def evaluate_feel(
    text: str,
    context: Mapping[str, object] | None = None,
    now: datetime | None = None,
    calendar: Calendar | None = None,
) -> Value:
    """The value of FEEL text (a leading `=` is allowed). Raises ExpressionError where it is refused."""
    scope = context or {}
    expression = compile_expression(text, dialect="feel", names=scope.keys())
    return expression.evaluate(scope, now=now or EPOCH, calendar=calendar or Calendar(ZoneInfo("Europe/Paris")))
