"""A decision table as it is run: inputs, outputs, rules, and how several rules are reconciled (DMN 1.3, clause 8)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from engine.expressions import Expression


class HitPolicy(StrEnum):
    """What is answered when rules match."""

    UNIQUE = "UNIQUE"
    FIRST = "FIRST"
    ANY = "ANY"
    PRIORITY = "PRIORITY"
    COLLECT = "COLLECT"
    RULE_ORDER = "RULE ORDER"
    OUTPUT_ORDER = "OUTPUT ORDER"


class Aggregation(StrEnum):
    """How COLLECT makes one value of many."""

    SUM = "SUM"
    MIN = "MIN"
    MAX = "MAX"
    COUNT = "COUNT"


LISTING = frozenset({HitPolicy.COLLECT, HitPolicy.RULE_ORDER, HitPolicy.OUTPUT_ORDER})
"""Policies under which many rules may match, and the answer is all of theirs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """A column to test. `allowed`: the values it may have, when the table lists them."""

    label: str
    expression: Expression
    type: str | None
    allowed: Expression | None
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """A column to answer. `values`: the possible answers, the preferred first; `default`: when no rule matches."""

    name: str
    label: str
    type: str | None
    values: Expression | None
    default: Expression | None
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A row, numbered from 1: a test per input, an expression per output."""

    number: int
    tests: tuple[Expression, ...]
    outputs: tuple[Expression, ...]
    description: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionTable:
    """A decision. One written as a single expression is a table without inputs and with one rule."""

    key: str
    name: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    rules: tuple[Rule, ...]
    hit_policy: HitPolicy
    aggregation: Aggregation | None
    variable: str
    """The name its answer has for decisions that require it."""
    requires: tuple[DecisionTable, ...]
    line: int

    def expressions(self) -> Iterator[Expression]:
        """Every expression of this table, without those it requires."""
        for column in self.inputs:
            yield column.expression
        for rule in self.rules:
            yield from rule.tests
            yield from rule.outputs
        for output in self.outputs:
            if output.default is not None:
                yield output.default

    def all_tables(self) -> Iterator[DecisionTable]:
        """The tables it stands on, each once, then itself."""
        seen: set[str] = set()
        waiting: list[tuple[DecisionTable, bool]] = [(self, False)]
        while waiting:
            table, ready = waiting.pop()
            if ready:
                yield table
            elif table.key not in seen:
                seen.add(table.key)
                waiting.append((table, True))
                waiting.extend((required, False) for required in reversed(table.requires))

    @property
    def reads(self) -> frozenset[str]:
        """The facts and parameters it needs from outside."""
        needed: set[str] = set()
        answered: set[str] = set()
        for table in self.all_tables():
            for expression in table.expressions():
                needed |= expression.names - answered
            answered |= {table.variable, *(output.name for output in table.outputs)}
        return frozenset(needed)

    @property
    def writes(self) -> frozenset[str]:
        """The facts it answers."""
        return frozenset(output.name for output in self.outputs)
