"""Compilers of what goes over lists: `for`, `some`, `every` and filters. Each turn pays for the size of its body."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

from engine.expressions.compiling.core import Closure, Scope, compile_node, compiles
from engine.expressions.limits import LIST_LENGTH
from engine.expressions.problems import ExpressionError
from engine.expressions.run import Frame
from engine.expressions.syntax import (
    Arithmetic,
    Call,
    Constant,
    Filter,
    For,
    If,
    Invoke,
    Name,
    Negation,
    Node,
    Path,
    Quantified,
    Steps,
)
from engine.expressions.values import Range, Value, is_whole

Source = tuple[str, Closure]


def _cost(node: Node) -> int:
    return 1 + sum(1 for _ in node.walk())


def _mentions(node: Node, name: str) -> bool:
    return any(isinstance(part, Name) and part.name == name for part in node.walk())


def _counted(start: Value, end: Value) -> list[Value] | None:
    """The whole numbers or days from one to the other, both included, downwards if need be; null for anything else."""
    days = type(start) is date and type(end) is date
    if days:
        first, last = start.toordinal(), end.toordinal()  # type: ignore[union-attr]
    elif isinstance(start, Decimal) and isinstance(end, Decimal) and is_whole(start) and is_whole(end):
        first, last = int(start), int(end)
    else:
        return None
    if abs(last - first) >= LIST_LENGTH:
        raise ExpressionError(f"Une boucle va de {start} à {end} : plus de {LIST_LENGTH} tours.")
    step = 1 if last >= first else -1
    numbers = range(first, last + step, step)
    return [date.fromordinal(number) for number in numbers] if days else [Decimal(number) for number in numbers]


def _of_range(interval: Range) -> list[Value] | None:
    """An interval's whole numbers or days; null when it runs backwards or has an open end."""
    items = _counted(interval.start, interval.end)
    if items is None or interval.operator or (len(items) > 1 and items[0] > items[1]):  # type: ignore[operator]
        return None
    return items[0 if interval.start_included else 1 : None if interval.end_included else -1]


def _items(value: Value) -> list[Value] | None:
    if isinstance(value, list):
        return value
    if isinstance(value, Range):
        return _of_range(value)
    return None if value is None else [value]


def _source(node: Node, scope: Scope) -> Closure:
    if not isinstance(node, Steps):
        closure = compile_node(node, scope)
        return lambda frame: _items(closure(frame))
    start, end = compile_node(node.start, scope), compile_node(node.end, scope)
    return lambda frame: _counted(start(frame), end(frame))


def _sources(bindings: Sequence[tuple[str, Node]], scope: Scope) -> tuple[list[Source], Scope]:
    """Each source sees the names bound before it."""
    sources: list[Source] = []
    for name, node in bindings:
        sources.append((name, _source(node, scope)))
        scope = scope.binding([name])
    return sources, scope


class _NoList(Exception):
    """A source is null: the whole loop is null."""


def _turns(frame: Frame, sources: Sequence[Source], cost: int) -> Iterator[Frame]:
    """A frame per combination, the last source turning fastest."""
    (name, source), rest = sources[0], sources[1:]
    items = source(frame)
    if not isinstance(items, list):
        raise _NoList
    for item in items:
        frame.run.burn(cost)
        inner = Frame(frame.run, {name: item}, frame)
        if rest:
            yield from _turns(inner, rest, cost)
        else:
            yield inner


@compiles(For)
def _for(node: For, scope: Scope) -> Closure:
    sources, inner = _sources(node.bindings, scope)
    body, cost = compile_node(node.body, inner.binding(["partial"])), _cost(node.body)
    partial = _mentions(node.body, "partial")

    def loop(frame: Frame) -> Value:
        made: list[Value] = []
        try:
            for turn in _turns(frame, sources, cost):
                if partial:
                    frame.run.burn(len(made))
                    turn = Frame(frame.run, {"partial": list(made)}, turn)
                made.append(body(turn))
                if len(made) > LIST_LENGTH:
                    raise ExpressionError(f"Une boucle produit plus de {LIST_LENGTH} éléments.")
        except _NoList:
            return None
        return made

    return loop


@compiles(Quantified)
def _quantified(node: Quantified, scope: Scope) -> Closure:
    sources, inner = _sources(node.bindings, scope)
    condition, cost, every = compile_node(node.condition, inner), _cost(node.condition), node.every

    def decide(frame: Frame) -> Value:
        unknown = False
        try:
            for turn in _turns(frame, sources, cost):
                answer = condition(turn)
                if answer is (not every):
                    return not every
                unknown = unknown or not isinstance(answer, bool)
        except _NoList:
            return None
        return None if unknown else every

    return decide


_MAY_COUNT = (Constant, Name, Path, Arithmetic, Negation, Call, Invoke, If, Filter)


@compiles(Filter)
def _filter(node: Filter, scope: Scope) -> Closure:
    source, first = compile_node(node.source, scope), node.first
    place = compile_node(node.condition, scope) if isinstance(node.condition, _MAY_COUNT) else None
    condition = compile_node(node.condition, Scope(scope.bound.union(["item"]), filtered=True))
    cost = _cost(node.condition)

    def choose(frame: Frame) -> Value:
        value = source(frame)
        run = frame.run
        if place is not None:
            index = place(frame)
            if isinstance(index, Decimal):
                return _element(value, index, first)
            if isinstance(index, str) and isinstance(value, dict):
                return value.get(index)
        items = value if isinstance(value, list) else [] if value is None else [value]
        kept: list[Value] = []
        for item in items:
            run.burn(cost)
            inner = Frame(run, {"item": item}, frame)
            if isinstance(item, dict):
                inner = Frame(run, item, inner)
            if condition(inner) is True:
                kept.append(item)
        return kept

    return choose


def _element(value: Value, index: Decimal, first: int) -> Value:
    """The element at a position, counted from `first`, or back from -1; null outside."""
    items = value if isinstance(value, list) else [value]
    if not is_whole(index):
        return None
    place = int(index) - (first if index >= 0 else 0)
    return items[place] if -len(items) <= place < len(items) and not (index == 0 and first) else None
