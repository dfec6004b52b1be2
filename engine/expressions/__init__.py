"""The expression language: small, total, bounded; FEEL's meaning in three spellings.

`compile_expression`, `compile_script` and `compile_unary_tests` turn text into something to evaluate; `to_json` and
`from_json` store values. Everything here is documented in docs/reference/expressions.md.
"""

from __future__ import annotations

from engine.calendars import YearMonthDuration
from engine.expressions import functions
from engine.expressions.expression import Expression, compile_expression, compile_unary_tests
from engine.expressions.feel import evaluate_feel
from engine.expressions.inference import TypeProblem
from engine.expressions.problems import ExpressionError
from engine.expressions.references import Literal, Reference
from engine.expressions.scripts import Script, compile_script
from engine.expressions.storage import from_json, to_json
from engine.expressions.syntax import Dialect
from engine.expressions.values import DayTimeDuration, Range, Value, to_value

__all__ = [
    "DayTimeDuration",
    "Dialect",
    "Expression",
    "ExpressionError",
    "Literal",
    "Range",
    "Reference",
    "Script",
    "TypeProblem",
    "Value",
    "YearMonthDuration",
    "compile_expression",
    "compile_script",
    "compile_unary_tests",
    "evaluate_feel",
    "from_json",
    "functions",
    "to_json",
    "to_value",
]
