"""Compilers of operators: arithmetic, comparison, three-valued logic, membership."""

from __future__ import annotations

from engine.expressions import arithmetic
from engine.expressions.comparison import compare, equal, less, member, negated
from engine.expressions.compiling.core import Closure, Scope, compile_node, compiles
from engine.expressions.run import Frame
from engine.expressions.syntax import (
    And,
    Arithmetic,
    Between,
    Comparison,
    Empty,
    If,
    In,
    Name,
    Negation,
    Node,
    Not,
    Or,
    Tests,
)
from engine.expressions.values import Value


@compiles(Negation)
def _negation(node: Negation, scope: Scope) -> Closure:
    operand = compile_node(node.operand, scope)
    return lambda frame: arithmetic.negate(operand(frame))


@compiles(Not)
def _not(node: Not, scope: Scope) -> Closure:
    operand = compile_node(node.operand, scope)

    def invert(frame: Frame) -> Value:
        answer = operand(frame)
        return not answer if isinstance(answer, bool) else None

    return invert


@compiles(Arithmetic)
def _arithmetic(node: Arithmetic, scope: Scope) -> Closure:
    left, right = compile_node(node.left, scope), compile_node(node.right, scope)
    operator = arithmetic.OPERATORS[node.operator]
    return lambda frame: arithmetic.apply(operator, left(frame), right(frame), frame.run)


@compiles(Comparison)
def _comparison(node: Comparison, scope: Scope) -> Closure:
    left, right, operator = compile_node(node.left, scope), compile_node(node.right, scope), node.operator
    match operator:
        case "=":
            return lambda frame: equal(left(frame), right(frame), frame.run)
        case "!=":
            return lambda frame: negated(equal(left(frame), right(frame), frame.run))
        case "<":
            return lambda frame: less(left(frame), right(frame))
        case ">":
            return lambda frame: less(right(frame), left(frame))
        case _:
            return lambda frame: compare(operator, left(frame), right(frame), frame.run)


@compiles(And)
def _and(node: And, scope: Scope) -> Closure:
    left, right = compile_node(node.left, scope), compile_node(node.right, scope)

    def both(frame: Frame) -> Value:
        first = left(frame)
        if first is False:
            return False
        second = right(frame)
        if second is False:
            return False
        return True if first is True and second is True else None

    return both


@compiles(Or)
def _or(node: Or, scope: Scope) -> Closure:
    left, right = compile_node(node.left, scope), compile_node(node.right, scope)

    def either(frame: Frame) -> Value:
        first = left(frame)
        if first is True:
            return True
        second = right(frame)
        if second is True:
            return True
        return False if first is False and second is False else None

    return either


@compiles(If)
def _if(node: If, scope: Scope) -> Closure:
    condition = compile_node(node.condition, scope)
    then, otherwise = compile_node(node.then, scope), compile_node(node.otherwise, scope)
    return lambda frame: then(frame) if condition(frame) is True else otherwise(frame)


@compiles(Between)
def _between(node: Between, scope: Scope) -> Closure:
    operand, low, high = (compile_node(part, scope) for part in (node.operand, node.low, node.high))

    def between(frame: Frame) -> Value:
        value = operand(frame)
        above = negated(less(value, low(frame)))
        below = negated(less(high(frame), value))
        if above is None or below is None:
            return None
        return above and below

    return between


@compiles(In)
def _in(node: In, scope: Scope) -> Closure:
    operand = compile_node(node.operand, scope)
    tests = [compile_node(test, scope) for test in node.tests]
    anywhere = node.anywhere

    def contained(frame: Frame) -> Value:
        value = operand(frame)
        unknown = False
        for test in tests:
            wanted = test(frame)
            if anywhere and isinstance(value, str) and isinstance(wanted, str | dict):
                answer: bool | None = value in wanted
            else:
                answer = member(value, wanted, frame.run)
            if answer:
                return True
            unknown = unknown or answer is None
        return None if unknown else False

    return contained


@compiles(Empty)
def _empty(node: Empty, scope: Scope) -> Closure:
    operand = compile_node(node.operand, scope)
    return lambda frame: operand(frame) in (None, "", [], {})


@compiles(Tests)
def _tests(node: Tests, scope: Scope) -> Closure:
    """Whether `?` passes: an expression that uses `?` answers itself, any other is compared with it."""
    scope = scope.binding(["?"])
    if node.anything:
        return lambda frame: True
    tests = [(compile_node(test, scope), _asks(test)) for test in node.tests]
    denied = node.negated

    def passes(frame: Frame) -> Value:
        value = frame.find("?")
        unknown = False
        for test, asks in tests:
            wanted = test(frame)
            if asks:
                answer = wanted if isinstance(wanted, bool) else None
            else:
                answer = member(value, wanted, frame.run)
            if answer:
                return not denied
            unknown = unknown or answer is None
        return None if unknown else denied

    return passes


def _asks(test: Node) -> bool:
    return any(isinstance(node, Name) and node.name == "?" for node in test.walk())
