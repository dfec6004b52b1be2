"""What an expression sees: from the innermost scope outwards to the case, then the parameters of the version.

A multi-instance instance, a call activity and an event sub-process each open a scope named by their token. A call
activity is a wall: inside it only its inputs, what was written in it, the parameters and `case` are visible.
Keys kept in a token's internal data: `i` the item of an instance, `e` the payload of an event sub-process, `c` the
inputs of a call activity, `k` the turn of a standard loop (which opens no scope).
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, cast

from engine.bpmn.model import ExpressionText
from engine.bpmn.traversal import CaseTask
from engine.expressions import Dialect, Expression, Script, compile_expression, compile_script
from engine.outcome import Value

LOCALS = ("i", "e", "k")
Frames = list[tuple[str | None, Mapping[str, Value]]]


@lru_cache(maxsize=8192)
def compiled(text: str, dialect: str | None) -> Expression:
    """The expression, compiled once per process."""
    return compile_expression(text, dialect=cast(Dialect | None, dialect))


@lru_cache(maxsize=2048)
def compiled_script(text: str) -> Script:
    """The script, compiled once per process."""
    return compile_script(text)


def is_expression(text: str) -> bool:
    """Is a parameter an expression (`= x`, `${x}`), or a plain text?"""
    return text.lstrip().startswith("=") or "${" in text


def expression_of(text: str) -> ExpressionText:
    return ExpressionText(text.strip())


def _holders(task: CaseTask) -> Iterator[CaseTask]:
    """The task, then the activity around it, and so on to the case."""
    current: CaseTask | None = task
    while current is not None:
        yield current
        current = current.workflow.parent_task


def frames(task: CaseTask) -> tuple[Frames, bool]:
    """The scopes around a token, innermost first, as (scope id or None, locals); and whether the case is visible."""
    found: Frames = []
    for holder in _holders(task):
        data = holder.internal_data
        if holder is not task and "c" in data:
            found.append((holder.token, data["c"]))
            return found, False
        for key in LOCALS:
            if key in data and (key != "e" or holder is not task):
                found.append((None if key == "k" else holder.token, data[key]))
    return found, True


def scope_id(task: CaseTask) -> str:
    """The innermost scope that opens around a token; '' is the case. What the token writes goes there.

    An element marked `parcours:scope="case"` writes to the case itself, wherever the case is visible.
    """
    return written_scope(task, *frames(task))


def written_scope(task: CaseTask, around: Frames, open_to_case: bool) -> str:
    """Where a token writes, once the scopes around it are known."""
    node = task.task_spec.node
    if open_to_case and node is not None and node.extensions.get("scope") == "case":
        return ""
    return scope_in(around)


def scope_in(around: Frames) -> str:
    """The innermost of some scopes."""
    for name, _ in around:
        if name is not None:
            return name
    return ""


def locals_in(around: Frames) -> Mapping[str, Value]:
    """The local variables of some scopes, the innermost winning."""
    if len(around) == 1:
        return around[0][1]
    seen: dict[str, Value] = {}
    for _, names in reversed(around):
        seen.update(names)
    return seen


def visible(
    task: CaseTask,
    facts: Mapping[str, Mapping[str, Value]],
    written: Mapping[str, Mapping[str, Value]],
    outermost: Mapping[str, Value],
    extra: Mapping[str, Value] | None = None,
) -> Mapping[str, Any]:
    """One mapping of everything an expression at this token may read."""
    maps: list[Mapping[str, Value]] = [] if extra is None else [extra]
    around, open_to_case = frames(task)
    for name, names in around:
        if name is not None:
            maps += [layer[name] for layer in (written, facts) if name in layer]
        maps.append(names)
    if open_to_case:
        maps += [layer[""] for layer in (written, facts) if "" in layer]
    maps.append(outermost)
    return ChainMap(*maps)  # type: ignore[arg-type]
