"""Compilers of what makes values: constants, names, paths, lists, contexts, intervals."""

from __future__ import annotations

from engine.expressions.comparison import less
from engine.expressions.compiling.core import Closure, Scope, compile_node, compiles
from engine.expressions.compiling.members import member_of
from engine.expressions.problems import ExpressionError
from engine.expressions.run import Frame
from engine.expressions.syntax import Constant, ContextOf, InstanceOf, ListOf, Name, Path, RangeOf, Steps
from engine.expressions.types import conforms
from engine.expressions.values import Range, Value


@compiles(Constant)
def _constant(node: Constant, scope: Scope) -> Closure:
    value = node.value
    return lambda frame: value


@compiles(Name)
def _name(node: Name, scope: Scope) -> Closure:
    name = node.name
    if name in scope.bound or scope.filtered:
        return lambda frame: frame.find(name)
    return lambda frame: frame.run.read(name)


@compiles(Path)
def _path(node: Path, scope: Scope) -> Closure:
    source, name = compile_node(node.source, scope), node.name
    return lambda frame: member_of(source(frame), name, frame.run)


@compiles(ListOf)
def _list(node: ListOf, scope: Scope) -> Closure:
    items = [compile_node(item, scope) for item in node.items]
    return lambda frame: [item(frame) for item in items]


@compiles(ContextOf)
def _context(node: ContextOf, scope: Scope) -> Closure:
    """Later entries see the earlier ones."""
    entries: list[tuple[str, Closure]] = []
    for key, entry in node.entries:
        entries.append((key, compile_node(entry, scope)))
        scope = scope.binding([key])

    def build(frame: Frame) -> Value:
        made: dict[str, Value] = {}
        inner = Frame(frame.run, made, frame)
        for key, entry in entries:
            made[key] = entry(inner)
        return made

    return build


@compiles(RangeOf)
def _range(node: RangeOf, scope: Scope) -> Closure:
    start, end = (compile_node(part, scope) if part else _constant_null for part in (node.start, node.end))
    start_included, end_included, operator = node.start_included, node.end_included, node.operator

    def build(frame: Frame) -> Value:
        low, high = start(frame), end(frame)
        if low is not None and high is not None and less(low, high) is None:
            return None
        return Range(low, high, start_included, end_included, operator)

    return build


def _constant_null(frame: Frame) -> Value:
    return None


@compiles(Steps)
def _steps(node: Steps, scope: Scope) -> Closure:
    raise ExpressionError("« .. » sans crochets ne s'écrit que dans une boucle « for ».", node.position)


@compiles(InstanceOf)
def _instance_of(node: InstanceOf, scope: Scope) -> Closure:
    operand, wanted = compile_node(node.operand, scope), node.type
    return lambda frame: conforms(operand(frame), wanted)
