"""Compilers of calls: the functions of the language, and functions written in the expression."""

from __future__ import annotations

import decimal

from engine.expressions.compiling.core import Closure, Scope, compile_node, compiles
from engine.expressions.functions.registry import FUNCTIONS, Signature, call
from engine.expressions.limits import LIST_LENGTH
from engine.expressions.problems import ExpressionError
from engine.expressions.run import Frame
from engine.expressions.syntax import Call, FunctionOf, Invoke, Name
from engine.expressions.types import ANY, conforms
from engine.expressions.values import Function, Value


@compiles(Call)
def _call(node: Call, scope: Scope) -> Closure:
    arguments = [compile_node(argument, scope) for argument in node.arguments]
    candidates = _candidates(node)
    variadic = next((signature for signature in FUNCTIONS[node.function] if signature.variadic), None)

    def invoke(frame: Frame) -> Value:
        values = [argument(frame) for argument in arguments]
        try:
            if variadic is not None and (len(values) != 1 or not candidates):
                return _variadic(variadic, frame, values) if values and not node.labels else _fixed(frame, values)
            return _fixed(frame, values)
        except (decimal.DecimalException, OverflowError, ValueError, ZeroDivisionError):
            return None

    def _fixed(frame: Frame, values: list[Value]) -> Value:
        return call(candidates, frame.run, values)

    return invoke


def _variadic(signature: Signature, frame: Frame, values: list[Value]) -> Value:
    """The fixed parameters, then all the rest as one list."""
    fixed = len(signature.parameters) - 1
    if len(values) < fixed:
        return None
    frame.run.burn(len(values))
    for parameter, value in zip(signature.parameters[:fixed], values, strict=False):
        if not parameter.accepts(value):
            return None
    if len(values) > LIST_LENGTH:
        return None
    return signature.call(frame.run, *values[:fixed], values[fixed:])


def _candidates(node: Call) -> list[tuple[Signature, tuple[int | None, ...]]]:
    """The ways to call the function that fit the number and names of the arguments."""
    fitting = []
    for signature in FUNCTIONS[node.function]:
        order = None if signature.variadic else signature.order(len(node.arguments), node.labels)
        if order is not None:
            fitting.append((signature, order))
    return fitting


@compiles(Invoke)
def _invoke(node: Invoke, scope: Scope) -> Closure:
    callee = node.callee
    if isinstance(callee, Name) and callee.name not in scope.bound and not scope.filtered:
        raise ExpressionError(f"La fonction « {callee.name} » n'existe pas.", callee.position)
    function = compile_node(callee, scope)
    arguments = [compile_node(argument, scope) for argument in node.arguments]
    labels = node.labels

    def invoke(frame: Frame) -> Value:
        called = function(frame)
        if not isinstance(called, Function) or len(called.parameters) != len(arguments):
            return None
        values = tuple(argument(frame) for argument in arguments)
        if labels:
            if set(labels) != set(called.parameters):
                return None
            values = tuple(values[labels.index(name)] for name in called.parameters)
        return called.call(values)

    return invoke


@compiles(FunctionOf)
def _function(node: FunctionOf, scope: Scope) -> Closure:
    body = compile_node(node.body, scope.binding(node.parameters))
    parameters, types = node.parameters, node.types
    cost = 1 + sum(1 for _ in node.body.walk())
    typed = any(wanted != ANY for wanted in types)

    def make(frame: Frame) -> Value:
        run = frame.run

        def invoke(values: tuple[Value, ...]) -> Value:
            if typed and not all(v is None or conforms(v, wanted) for v, wanted in zip(values, types, strict=True)):
                return None
            run.burn(cost)
            run.enter()
            answer = body(Frame(run, dict(zip(parameters, values, strict=True)), frame))
            run.leave()
            return answer

        return Function(parameters, invoke)

    return make
