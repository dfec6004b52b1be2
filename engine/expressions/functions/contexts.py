"""Functions on contexts: reading, building and merging them."""

from __future__ import annotations

from typing import cast

from engine.expressions.functions.registry import function
from engine.expressions.limits import LIST_LENGTH, NESTING
from engine.expressions.problems import ExpressionError
from engine.expressions.run import Run
from engine.expressions.values import Value

Context = dict[str, Value]


@function("get value", "m: context", "key: string")
def get_value(run: Run, context: Context, key: str) -> Value:
    return context.get(key)


@function("get value", "m: context", "keys: list")
def get_value_at(run: Run, context: Context, keys: list[Value]) -> Value:
    value: Value = context
    for key in keys:
        value = value.get(key) if isinstance(value, dict) and isinstance(key, str) else None
    return value if keys else None


@function("get entries", "m: context", returns="list<context>")
def get_entries(run: Run, context: Context) -> Value:
    run.burn(len(context))
    return [{"key": key, "value": value} for key, value in context.items()]


@function("context", "entries: list", returns="context")
def context_of(run: Run, entries: list[Value]) -> Value:
    """From `{key, value}` pairs; null when a key is missing, no text, or given twice."""
    made: Context = {}
    run.burn(len(entries))
    for entry in entries:
        if not isinstance(entry, dict) or "value" not in entry:
            return None
        key = entry.get("key")
        if not isinstance(key, str) or key in made:
            return None
        made[key] = entry["value"]
    return made


def _put(context: Context, key: str, value: Value) -> Context:
    made = {**context, key: value}
    if len(made) > LIST_LENGTH:
        raise ExpressionError(f"Ce calcul produit un contexte de plus de {LIST_LENGTH} entrées.")
    return made


@function("context put", "context: context", "key: string", "value", returns="context")
def put(run: Run, context: Context, key: str, value: Value) -> Value:
    run.burn(len(context))
    return _put(context, key, value)


@function("context put", "context: context", "keys: list", "value", returns="context")
def put_at(run: Run, context: Context, keys: list[Value], value: Value) -> Value:
    if not keys or len(keys) > NESTING or not all(isinstance(key, str) for key in keys):
        return None
    key = cast(str, keys[0])
    run.burn(len(context))
    if len(keys) == 1:
        return _put(context, key, value)
    inner = context.get(key)
    if not isinstance(inner, dict):
        return None
    changed = put_at(run, inner, keys[1:], value)
    return None if changed is None else _put(context, key, changed)


@function("context merge", "contexts: list", returns="context")
def merge(run: Run, contexts: list[Value]) -> Value:
    merged: Context = {}
    for context in contexts:
        if not isinstance(context, dict):
            return None
        run.burn(len(context))
        merged.update(context)
        if len(merged) > LIST_LENGTH:
            raise ExpressionError(f"Ce calcul produit un contexte de plus de {LIST_LENGTH} entrées.")
    return merged
