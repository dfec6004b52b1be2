"""Texts of a pathway compiled, so far as they can be: what they read and write."""

from __future__ import annotations

import re
from typing import cast

from engine.bpmn.model import ExpressionText
from engine.expressions import Dialect, Expression, ExpressionError, Script, compile_expression, compile_script

DIALECTS = ("feel", "juel", "plain")
_LITERAL = re.compile(r"[-+]?(P(\d|T\d|$)|WD\d|R\d*/|\d)")
_QUOTED = re.compile(r"=?\s*[\"'][^\"']*[\"']$")


def compiled(expression: ExpressionText) -> Expression:
    """The expression a text is. Raises ExpressionError."""
    dialect = cast("Dialect", expression.dialect) if expression.dialect in DIALECTS else None
    return compile_expression(expression.text, dialect=dialect)


def try_compile(expression: ExpressionText | None) -> Expression | None:
    """The same, or None for a text that is missing or wrong: that is said by another family."""
    if expression is None:
        return None
    try:
        return compiled(expression)
    except ExpressionError:
        return None


def try_script(text: str | None) -> Script | None:
    """The script a text is, or None."""
    if text is None:
        return None
    try:
        return compile_script(text)
    except ExpressionError:
        return None


def written_time(text: str) -> bool:
    """Whether a time is written out (`P7D`, `"PT1H"`, `2026-05-01`) rather than computed."""
    raw = text.strip()
    return bool(_QUOTED.match(raw) or _LITERAL.match(raw.removeprefix("=").strip()))


def names_of(expression: ExpressionText | None) -> frozenset[str]:
    """Names an expression reads; none when it is wrong."""
    found = try_compile(expression)
    return found.names if found is not None else frozenset()


def script_names(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """Names a script reads and writes; none when it is wrong."""
    script = try_script(text)
    return (script.reads, script.writes) if script is not None else (frozenset(), frozenset())
