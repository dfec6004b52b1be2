"""The parts of decision tables, for comparing versions: each table, each rule by what it tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from engine.changes import Part, Sort
from engine.decisions.model import DecisionTable, HitPolicy

ORDERED = frozenset({HitPolicy.FIRST, HitPolicy.RULE_ORDER})
"""Policies under which the place of a rule is part of what it says."""


def parts_of(tables: Iterable[DecisionTable]) -> Iterator[Part]:
    """Tables and their rules; a rule is known by its tests, so that another answer is a change of that rule."""
    for table in tables:
        aggregation = f" {table.aggregation.value}" if table.aggregation is not None else ""
        yield Part(
            sort=Sort.DECISION, key=table.key, name=table.name, twin=table.name,
            properties={
                "policy": table.hit_policy.value + aggregation,
                "inputs": " ; ".join(f"{one.label} : {one.expression.text}" for one in table.inputs),
                "outputs": " ; ".join(f"{one.name} : {one.type or ''}" for one in table.outputs),
            },
        )  # fmt: skip
        yield from _rules(table)


def _rules(table: DecisionTable) -> Iterator[Part]:
    seen: Counter[str] = Counter()
    for rule in table.rules:
        tests = " ; ".join(one.text for one in rule.tests)
        seen[tests] += 1
        said = {"answers": " ; ".join(one.text for one in rule.outputs), "explains": rule.description}
        if table.hit_policy in ORDERED:
            said["position"] = str(rule.number)
        yield Part(
            sort=Sort.RULE, key=f"{tests}#{seen[tests]}", parent=table.key, name=tests or table.name,
            properties={name: value for name, value in said.items() if value},
        )  # fmt: skip
