"""Which fields are shown, and what they hold before the person types."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from engine.calendars import Calendar
from engine.expressions import Expression, ExpressionError, from_json
from engine.forms.definition import Field, FormDefinition
from engine.outcome import Value


def holds(condition: Expression, scope: Mapping[str, Value], *, now: datetime, calendar: Calendar) -> bool:
    """True only when the expression gives exactly true (null and errors of data are not true)."""
    try:
        return condition.evaluate(scope, now=now, calendar=calendar) is True
    except ExpressionError:
        return False


def visible_fields(
    form: FormDefinition, values: Mapping[str, Value], *, now: datetime, calendar: Calendar
) -> tuple[Field, ...]:
    """The fields shown when the scope (facts and answers so far) is `values`, in the order of the page."""
    return tuple(
        field
        for field in form.fields.values()
        if field.visible_if is None or holds(field.visible_if, values, now=now, calendar=calendar)
    )


def prefill(form: FormDefinition, *, facts: Mapping[str, Value], now: datetime, calendar: Calendar) -> dict[str, Value]:
    """What each field holds at first: its own expression, else the fact of the same name, else its default.

    A `fresh` field never takes up the fact: it asks about now.
    """
    values: dict[str, Value] = {}
    for field in form.fields.values():
        value: Value = None
        if field.prefill is not None:
            try:
                value = field.prefill.evaluate(facts, now=now, calendar=calendar)
            except ExpressionError:
                value = None
        if value is None and not field.fresh:
            value = facts.get(field.name)
        if value is None and field.default is not None:
            value = from_json(field.default)
        if value is not None:
            values[field.name] = value
    return values
