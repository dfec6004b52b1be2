"""The expressions of the DMN technology compatibility kit, and the score of the language against them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from engine.expressions import ExpressionError, Value, YearMonthDuration, evaluate_feel
from engine.expressions.temporal import parse_duration, show_date, show_datetime, show_duration, show_time

CASES = Path(__file__).parents[4] / "shared" / "data" / "feel_tck_half.json"


@dataclass(frozen=True)
class Answer:
    case: dict[str, Any]
    verdict: Literal["right", "wrong", "refused"]
    got: object


def answers() -> Iterator[Answer]:
    for case in json.loads(CASES.read_text("utf-8")):
        try:
            got = plain(evaluate_feel(case["expr"]))
        except ExpressionError as error:
            yield Answer(case, "refused", error.sentence)
        else:
            yield Answer(case, "right" if same(got, case["exp"]) else "wrong", got)


def plain(value: Value) -> object:
    """A value as the kit writes it."""
    match value:
        case Decimal():
            return float(value)
        case datetime():
            return {"$dateTime": show_datetime(value)}
        case date():
            return {"$date": show_date(value)}
        case time():
            return {"$time": show_time(value)}
        case timedelta():
            return {"$duration": show_duration(value)}
        case YearMonthDuration():
            return {"$duration": str(value)}
        case list():
            return [plain(item) for item in value]
        case dict():
            return {key: plain(item) for key, item in value.items()}
        case _:
            return value


def same(got: object, expected: object) -> bool:
    """Numbers to eight digits, durations by their length."""
    if isinstance(got, bool) or isinstance(expected, bool):
        return got is expected
    if isinstance(got, float) and isinstance(expected, float | int):
        return abs(got - expected) <= 1e-8 * max(1, abs(expected))
    if isinstance(got, list) and isinstance(expected, list):
        return len(got) == len(expected) and all(map(same, got, expected))
    if isinstance(got, dict) and isinstance(expected, dict):
        if "$duration" in got and "$duration" in expected:
            return parse_duration(got["$duration"]) == parse_duration(expected["$duration"])
        return got.keys() == expected.keys() and all(same(got[key], expected[key]) for key in got)
    return got == expected
