"""The function `range("[1..3]")`: an interval written as a text. Here because it needs the parser."""

from __future__ import annotations

from engine.expressions.comparison import less
from engine.expressions.compiling.core import compile_node
from engine.expressions.functions.registry import function
from engine.expressions.parser import parse
from engine.expressions.problems import ExpressionError
from engine.expressions.run import Frame, Run
from engine.expressions.syntax import Call, Constant, Negation, Node, RangeOf
from engine.expressions.values import Range, Value

_MADE_BY = frozenset({"date", "time", "date and time", "duration"})


@function("range", "from: string", returns="range")
def range_of(run: Run, text: str) -> Value:
    """The interval; null when the text is none, or its ends are not two literals in order."""
    try:
        node = parse(text, "feel")
    except ExpressionError:
        return None
    run.burn(len(text))
    if not isinstance(node, RangeOf) or node.operator or not all(map(_literal, (node.start, node.end))):
        return None
    value = compile_node(node)(Frame(run, {}, None))
    if not isinstance(value, Range) or value.start is None or value.end is None or less(value.end, value.start):
        return None
    return value


def _literal(node: Node | None) -> bool:
    if isinstance(node, Negation):
        return _literal(node.operand)
    if isinstance(node, Call):
        return node.function in _MADE_BY and all(map(_literal, node.arguments))
    return isinstance(node, Constant)
