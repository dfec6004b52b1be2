"""The fixed table of functions an expression may call, with the names and types of their parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from engine.expressions.run import Run
from engine.expressions.types import ANY, Type
from engine.expressions.values import KINDS, Value

Implementation = Callable[..., Value]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter. `kinds` are the kinds it takes; empty means any value, null included."""

    name: str
    kinds: frozenset[str]
    optional: bool = False

    def accepts(self, value: Value) -> bool:
        return not self.kinds or KINDS[type(value)] in self.kinds


@dataclass(frozen=True, slots=True)
class Signature:
    """One way to call a function. `variadic`: any number of values, handed over as one list."""

    parameters: tuple[Parameter, ...]
    returns: Type
    call: Implementation
    variadic: bool = False

    def order(self, count: int, labels: Sequence[str]) -> tuple[int | None, ...] | None:
        """For each parameter the index of its argument (None: left out); None when the arguments do not fit."""
        if labels:
            known = {parameter.name for parameter in self.parameters}
            if len(set(labels)) != len(labels) or not known.issuperset(labels):
                return None
            order = tuple(labels.index(p.name) if p.name in labels else None for p in self.parameters)
        else:
            if count > len(self.parameters):
                return None
            order = tuple(index if index < count else None for index in range(len(self.parameters)))
        if any(index is None and not p.optional for index, p in zip(order, self.parameters, strict=True)):
            return None
        return order


FUNCTIONS: dict[str, list[Signature]] = {}
ALIASES: dict[str, str] = {}


def function(
    name: str, *parameters: str, returns: str = "Any", variadic: bool = False, aliases: Sequence[str] = ()
) -> Callable[[Implementation], Implementation]:
    """Register a way to call `name`. A parameter is `name: kind|kind`, `name?: …` when optional, `name` for any value.

    The implementation takes the run, then the values in this order; a parameter left out is not passed.
    """
    parsed = tuple(_parameter(text) for text in parameters)

    def register(implementation: Implementation) -> Implementation:
        FUNCTIONS.setdefault(name, []).append(Signature(parsed, _type(returns), implementation, variadic))
        for alias in (name.replace(" ", "_"), *aliases):
            ALIASES[alias] = name
        return implementation

    return register


def _parameter(text: str) -> Parameter:
    name, _, kinds = text.partition(":")
    optional = name.endswith("?")
    return Parameter(
        name.strip().removesuffix("?"), frozenset(k.strip() for k in kinds.split("|") if k.strip()), optional
    )


def _type(text: str) -> Type:
    outer, bracket, inner = text.partition("<")
    if text == "Any":
        return ANY
    return Type(outer, _type(inner.removesuffix(">"))) if bracket else Type(outer)


def bind(signature: Signature, order: Sequence[int | None], values: Sequence[Value]) -> list[Any] | None:
    """The values in the order of the parameters, with FEEL's two conversions; None when a type does not fit.

    A list of one element stands for the element, and a single value for the list of it, where the other is wanted.
    """
    bound: list[Any] = []
    given = max((place for place, index in enumerate(order) if index is not None), default=-1) + 1
    for index, parameter in zip(order[:given], signature.parameters, strict=False):
        if index is None:
            bound.append(None)
            continue
        value = values[index]
        if not parameter.accepts(value):
            if isinstance(value, list) and len(value) == 1 and parameter.accepts(value[0]):
                value = value[0]
            elif value is not None and parameter.kinds == {"list"}:
                value = [value]
            else:
                return None
        bound.append(value)
    return bound


def call(signatures: Sequence[tuple[Signature, tuple[int | None, ...]]], run: Run, values: Sequence[Value]) -> Value:
    """Call the first signature whose types fit the values; null when none does."""
    for signature, order in signatures:
        bound = bind(signature, order, values)
        if bound is not None:
            run.burn(sum(len(value) // 50 for value in values if type(value) is str) + 1)
            return signature.call(run, *bound)
    return None
