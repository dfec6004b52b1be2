"""The syntax tree: one, whichever of the three spellings was written. Positions count characters of that text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Literal, TypeAlias

from engine.expressions.types import Type
from engine.expressions.values import Value

Dialect: TypeAlias = Literal["feel", "juel", "plain"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Any piece of an expression."""

    position: int

    def children(self) -> Iterator[Node]:
        for field in fields(self):
            yield from _nodes(getattr(self, field.name))

    def walk(self) -> Iterator[Node]:
        """This node and all below it, parents first."""
        waiting: list[Node] = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(list(node.children())))

    def height(self) -> int:
        """How many nodes stand one below the other at most."""
        highest = 0
        waiting: list[tuple[Node, int]] = [(self, 1)]
        while waiting:
            node, level = waiting.pop()
            highest = max(highest, level)
            waiting.extend((child, level + 1) for child in node.children())
        return highest


def _nodes(part: object) -> Iterator[Node]:
    if isinstance(part, Node):
        yield part
    elif isinstance(part, tuple):
        for item in part:
            yield from _nodes(item)


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant(Node):
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Name(Node):
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Path(Node):
    source: Node
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter(Node):
    """`source[condition]`: a position (counted from `first`), a key of a context, or a condition per element."""

    source: Node
    condition: Node
    first: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOf(Node):
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextOf(Node):
    entries: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeOf(Node):
    start: Node | None
    end: Node | None
    start_included: bool
    end_included: bool
    operator: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Negation(Node):
    operand: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Not(Node):
    operand: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Arithmetic(Node):
    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison(Node):
    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class And(Node):
    left: Node
    right: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Or(Node):
    left: Node
    right: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class If(Node):
    condition: Node
    then: Node
    otherwise: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Between(Node):
    operand: Node
    low: Node
    high: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class In(Node):
    """`operand in (tests)`: true when one test says so. `anywhere`: a text may also be part of a text (plain)."""

    operand: Node
    tests: tuple[Node, ...]
    anywhere: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Empty(Node):
    """JUEL's `empty x`."""

    operand: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps(Node):
    """`from..to` in a loop."""

    start: Node
    end: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class For(Node):
    bindings: tuple[tuple[str, Node], ...]
    body: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantified(Node):
    every: bool
    bindings: tuple[tuple[str, Node], ...]
    condition: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceOf(Node):
    operand: Node
    type: Type


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionOf(Node):
    parameters: tuple[str, ...]
    types: tuple[Type, ...]
    body: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Node):
    """A function of the language, by its name."""

    function: str
    arguments: tuple[Node, ...]
    labels: tuple[str, ...] = ()  # as many as arguments, when they were given by name


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoke(Node):
    """A function held by a value."""

    callee: Node
    arguments: tuple[Node, ...]
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tests(Node):
    """A decision table's cell: true when the input `?` passes one of the tests (or, negated, none)."""

    tests: tuple[Node, ...]
    negated: bool
    anything: bool = False
