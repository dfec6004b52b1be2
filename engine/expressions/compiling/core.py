"""The table of compilers, one per kind of node, and what they know of the names around a node."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from engine.expressions.run import Frame
from engine.expressions.syntax import Node
from engine.expressions.values import Value

Closure = Callable[[Frame], Value]


@dataclass(frozen=True, slots=True)
class Scope:
    """What is known of names where a node stands: those bound, and whether an element's keys may hide others."""

    bound: frozenset[str] = frozenset()
    filtered: bool = False

    def binding(self, names: Sequence[str]) -> Scope:
        return replace(self, bound=self.bound.union(names))


NOTHING_BOUND = Scope()

AnyCompiler = TypeVar("AnyCompiler", bound=Callable[..., Closure])
_COMPILERS: dict[type[Node], Callable[..., Closure]] = {}


def compiles(kind: type[Node]) -> Callable[[AnyCompiler], AnyCompiler]:
    """Register the compiler of one kind of node."""

    def register(compiler: AnyCompiler) -> AnyCompiler:
        _COMPILERS[kind] = compiler
        return compiler

    return register


def compile_node(node: Node, scope: Scope = NOTHING_BOUND) -> Closure:
    """The closure of a tree. Raises ExpressionError for a function that does not exist."""
    return _COMPILERS[type(node)](node, scope)
