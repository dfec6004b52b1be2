"""Evaluates every hostile text in a limited process and prints, per text, seconds, megabytes and what came of it."""

from __future__ import annotations

import json
import resource
import time
from datetime import UTC, datetime

from engine.calendars import calendar_of
from engine.expressions import ExpressionError, compile_expression, to_json
from tests.engine.expressions.hostile import FACTS, FAMILIES


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (1_000_000_000, 1_000_000_000))
    resource.setrlimit(resource.RLIMIT_CPU, (120, 120))
    now, calendar = datetime(2026, 4, 29, 8, tzinfo=UTC), calendar_of("metropole")
    compile_expression("= add working days(today(), 2) + 1").evaluate(FACTS, now=now, calendar=calendar)
    report = []
    for family, texts in FAMILIES.items():
        for text in texts:
            memory, started = _peak(), time.perf_counter()
            try:
                value = compile_expression(text).evaluate(FACTS, now=now, calendar=calendar)
                outcome = f"value of {len(json.dumps(to_json(value)))} characters"
            except ExpressionError as error:
                outcome = f"refused: {error.sentence}"
            seconds = time.perf_counter() - started
            report.append([family, text[:60], seconds, _peak() - memory, outcome])
    print(json.dumps(report))


def _peak() -> float:
    """The most memory this process ever held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
