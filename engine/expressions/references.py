"""The free names of an expression, and the constants it compares them with: what a checker asks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.expressions.syntax import (
    Call,
    Comparison,
    Constant,
    ContextOf,
    Empty,
    Filter,
    For,
    FunctionOf,
    In,
    ListOf,
    Name,
    Node,
    Path,
    Quantified,
    RangeOf,
)
from engine.expressions.values import Value

IMPLICIT = frozenset({"?"})


@dataclass(frozen=True, slots=True)
class Reference:
    """A free name with the keys asked of it: `case.opened_at` is root `case`, name `case.opened_at`."""

    name: str
    position: int
    inside_filter: bool = False
    """Inside `list[…]` the name may be a key of the element rather than a name of the scope."""

    @property
    def root(self) -> str:
        return self.name.split(".", 1)[0]


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant a name is compared with."""

    name: str
    value: Value
    position: int


def references_in(node: Node, bound: frozenset[str] = IMPLICIT, *, inside_filter: bool = False) -> Iterator[Reference]:
    """In reading order; names bound by loops, functions and contexts are not free."""
    match node:
        case Name():
            if node.name not in bound:
                yield Reference(node.name, node.position, inside_filter)
        case Path() if (path := dotted(node)) is not None:
            if path.split(".", 1)[0] not in bound:
                yield Reference(path, node.position, inside_filter)
        case Filter():
            yield from references_in(node.source, bound, inside_filter=inside_filter)
            inner = not isinstance(node.condition, Constant)
            yield from references_in(node.condition, bound | {"item"}, inside_filter=inside_filter or inner)
        case For() | Quantified():
            for name, source in node.bindings:
                yield from references_in(source, bound, inside_filter=inside_filter)
                bound = bound | {name}
            if isinstance(node, For):
                yield from references_in(node.body, bound | {"partial"}, inside_filter=inside_filter)
            else:
                yield from references_in(node.condition, bound, inside_filter=inside_filter)
        case ContextOf():
            for key, entry in node.entries:
                yield from references_in(entry, bound, inside_filter=inside_filter)
                bound = bound | {key}
        case FunctionOf():
            yield from references_in(node.body, bound | set(node.parameters), inside_filter=inside_filter)
        case _:
            for child in node.children():
                yield from references_in(child, bound, inside_filter=inside_filter)


def guarded_in(tree: Node) -> Iterator[str]:
    """Names the expression itself asks about being there: `x = null`, `is defined(x)`, `empty x`."""
    for node in tree.walk():
        match node:
            case (
                Comparison(left=Constant(value=None), right=other) | Comparison(left=other, right=Constant(value=None))
            ):
                asked: Node = other
            case Call(function="is defined", arguments=(asked,)):
                pass
            case Empty():
                asked = node.operand
            case _:
                continue
        if (name := dotted(asked)) is not None:
            yield name.split(".", 1)[0]


def dotted(node: Node) -> str | None:
    """`a.b.c` for a path that starts at a name, None for any other node."""
    if isinstance(node, Name):
        return node.name
    if isinstance(node, Path) and (source := dotted(node.source)) is not None:
        return f"{source}.{node.name}"
    return None


def literals_in(tree: Node) -> Iterator[Literal]:
    """`risk = "high"`, `risk in ("low", "high")`: the name with each constant."""
    for node in tree.walk():
        if isinstance(node, Comparison) and node.operator in ("=", "!="):
            for side, other in ((node.left, node.right), (node.right, node.left)):
                yield from _compared(side, other)
        elif isinstance(node, In):
            for test in node.tests:
                yield from _compared(node.operand, test)


def _compared(side: Node, other: Node) -> Iterator[Literal]:
    name = dotted(side)
    if name is None:
        return
    match other:
        case Constant() if other.value is not None:
            yield Literal(name, other.value, other.position)
        case ListOf():
            for item in other.items:
                yield from _compared(side, item)
        case RangeOf() if other.operator in ("=", "!=") and other.end is not None:
            yield from _compared(side, other.end)
