"""`python -m engine.expressions "1 + 2"`: the value of one expression as JSON, at a terminal or for a tool."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import datetime
from zoneinfo import ZoneInfo

from engine.calendars import Calendar
from engine.expressions import ExpressionError, compile_expression, from_json, to_json
from engine.expressions.feel import EPOCH


def main(arguments: list[str] | None = None) -> int:
    """Print the value and return 0, or the refusal on standard error and return 1."""
    reader = argparse.ArgumentParser(prog="python -m engine.expressions", description=__doc__)
    reader.add_argument("expression")
    reader.add_argument("--context", default="{}", help="JSON object: the names the expression may read")
    reader.add_argument("--dialect", choices=["feel", "juel", "plain"], default="feel")
    reader.add_argument("--now", type=datetime.fromisoformat, default=EPOCH, help="ISO date-time with its offset")
    reader.add_argument("--zone", type=ZoneInfo, default=ZoneInfo("Europe/Paris"))
    options = reader.parse_args(arguments)
    scope = from_json(json.loads(options.context))
    if not isinstance(scope, dict):
        reader.error("--context is a JSON object")
    try:
        expression = compile_expression(options.expression, dialect=options.dialect, names=scope)
        value = expression.evaluate(scope, now=options.now, calendar=Calendar(options.zone))
    except ExpressionError as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(to_json(value), ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
