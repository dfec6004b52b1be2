"""A clock, a calendar, and the value of an expression with both: Wednesday 29 April 2026, 10:00 in Paris."""

from __future__ import annotations

from datetime import UTC, datetime

from engine.calendars import calendar_of
from engine.expressions import Value, compile_expression

NOW = datetime(2026, 4, 29, 8, 0, tzinfo=UTC)
PARIS = calendar_of("metropole")


def value_of(text: str, **facts: object) -> Value:
    return compile_expression(text).evaluate(facts, now=NOW, calendar=PARIS)
