"""What stands after a dot: keys of contexts, properties of dates and durations, ends of intervals."""

from __future__ import annotations

from engine.expressions.functions.dates import member
from engine.expressions.run import Run
from engine.expressions.values import Range, Value


def member_of(value: Value, name: str, run: Run) -> Value:
    """The member of that name, null when there is none; of a list, that of each element."""
    if isinstance(value, dict):
        return value.get(name)
    if isinstance(value, list):
        run.burn(len(value))
        return [member_of(item, name, run) for item in value]
    if isinstance(value, Range):
        return _end(value, name)
    return member(value, name)


def _end(interval: Range, name: str) -> Value:
    match name:
        case "start":
            return interval.start
        case "end":
            return interval.end
        case "start included":
            return interval.start_included
        case "end included":
            return interval.end_included
        case _:
            return None
