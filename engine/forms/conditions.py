"""A field's condition in the small language a browser reads, so that fields appear and disappear without the network.

`{"op": "=", "field": "pain", "value": "yes"}`, `{"op": "filled", "field": …}`, joined by `all`, `any` and `not`.
Facts of the case are put in as they are now. What this language cannot say gives None: the field is then always shown,
and the server, which evaluates the real expression, decides when the answers arrive.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any, TypeAlias

from engine.expressions import Expression
from engine.expressions.syntax import And, Comparison, Constant, Name, Node, Not, Or
from engine.outcome import Value

BrowserCondition: TypeAlias = dict[str, Any]

ALWAYS: BrowserCondition = {"all": []}
NEVER: BrowserCondition = {"any": []}
MIRRORED = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def browser_condition(
    condition: Expression, *, fields: Collection[str], facts: Mapping[str, Value]
) -> BrowserCondition | None:
    """The condition over the answers of `fields`, or None when the browser's language cannot say it."""
    return _condition(condition.tree, fields, facts)


def _condition(node: Node, fields: Collection[str], facts: Mapping[str, Value]) -> BrowserCondition | None:
    match node:
        case And(left=left, right=right):
            return _several("all", (left, right), fields, facts)
        case Or(left=left, right=right):
            return _several("any", (left, right), fields, facts)
        case Not(operand=operand):
            inner = _condition(operand, fields, facts)
            return None if inner is None else {"not": inner}
        case Name(name=name) if name in fields:
            return {"op": "=", "field": name, "value": "true"}
        case Name(name=name):
            return ALWAYS if facts.get(name) is True else NEVER
        case Comparison(operator=operator, left=Name(name=name), right=Constant(value=value)):
            return _comparison(name, operator, value, fields, facts)
        case Comparison(operator=operator, left=Constant(value=value), right=Name(name=name)) if operator in MIRRORED:
            return _comparison(name, MIRRORED[operator], value, fields, facts)
        case _:
            return None


def _several(
    word: str, parts: tuple[Node, Node], fields: Collection[str], facts: Mapping[str, Value]
) -> BrowserCondition | None:
    found = [_condition(part, fields, facts) for part in parts]
    return None if any(one is None for one in found) else {word: found}


def _comparison(
    name: str, operator: str, value: Value, fields: Collection[str], facts: Mapping[str, Value]
) -> BrowserCondition | None:
    if operator not in MIRRORED:
        return None
    if name not in fields:
        return _known(facts.get(name), operator, value)
    if value is None:
        filled: BrowserCondition = {"op": "filled", "field": name}
        ways: dict[str, BrowserCondition] = {"!=": filled, "=": {"not": filled}}
        return ways.get(operator)
    if isinstance(value, bool):
        return {"op": operator, "field": name, "value": "true" if value else "false"}
    if isinstance(value, Decimal):
        return {"op": operator, "field": name, "value": float(value)}
    return {"op": operator, "field": name, "value": value} if isinstance(value, str) else None


def _known(fact: Value, operator: str, value: Value) -> BrowserCondition | None:
    """A comparison that does not depend on what is being typed is already decided."""
    if operator in ("=", "!="):
        return ALWAYS if (fact == value) is (operator == "=") else NEVER
    if not (isinstance(fact, Decimal) and isinstance(value, Decimal)):
        return None
    holds = {"<": fact < value, "<=": fact <= value, ">": fact > value, ">=": fact >= value}[operator]
    return ALWAYS if holds else NEVER
