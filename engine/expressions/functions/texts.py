"""Functions on texts, and between texts and other values."""

from __future__ import annotations

import re
from decimal import Decimal

from engine.expressions import patterns
from engine.expressions.functions.lists import checked
from engine.expressions.functions.registry import function
from engine.expressions.rendering import show
from engine.expressions.run import Run
from engine.expressions.values import NUMBERS, Value

_NUMBER = re.compile(r"[+-]?(\d+(\.\d+)?|\.\d+)([eE][+-]?\d{1,4})?\Z", re.ASCII)


@function("string", "from", returns="string", aliases=("str",))
def string(run: Run, value: Value) -> Value:
    return show(value, run)


@function(
    "number", "from: string", "grouping separator?: string|null", "decimal separator?: string|null", returns="number"
)
def number(run: Run, text: str, grouping: str | None = None, point: str | None = None) -> Value:
    """A text as a number; null when it is not one, or when the two separators are not as FEEL allows."""
    if grouping not in (None, " ", ",", ".") or point not in (None, ",", ".") or (grouping and grouping == point):
        return None
    if grouping:
        text = text.replace(grouping, "")
    if point == ",":
        if "." in text:
            return None
        text = text.replace(",", ".")
    return NUMBERS.create_decimal(text) if _NUMBER.match(text) else None


@function("number", "from: number", returns="number", aliases=("float",))
def number_of_number(run: Run, value: Decimal) -> Value:
    return value


@function("string length", "string: string", returns="number")
def string_length(run: Run, text: str) -> Value:
    return Decimal(len(text))


@function("upper case", "string: string", returns="string", aliases=("upper",))
def upper_case(run: Run, text: str) -> Value:
    return run.grown(text.upper())


@function("lower case", "string: string", returns="string", aliases=("lower",))
def lower_case(run: Run, text: str) -> Value:
    return run.grown(text.lower())


@function("trim", "string: string", returns="string", aliases=("strip",))
def trim(run: Run, text: str) -> Value:
    return text.strip()


@function("substring", "string: string", "start position: number", "length?: number", returns="string")
def substring(run: Run, text: str, start: Decimal, length: Decimal | None = None) -> Value:
    first = int(start)
    if first == 0 or abs(first) > len(text) or (length is not None and length < 1):
        return None
    begin = first - 1 if first > 0 else len(text) + first
    return run.grown(text[begin:] if length is None else text[begin : begin + int(length)])


@function("substring before", "string: string", "match: string", returns="string")
def substring_before(run: Run, text: str, match: str) -> Value:
    return run.grown(text.split(match, 1)[0]) if match and match in text else ""


@function("substring after", "string: string", "match: string", returns="string")
def substring_after(run: Run, text: str, match: str) -> Value:
    if not match:
        return text
    return run.grown(text.split(match, 1)[1]) if match in text else ""


@function("contains", "string: string", "match: string", returns="boolean")
def contains(run: Run, text: str, match: str) -> Value:
    return match in text


@function("starts with", "string: string", "match: string", returns="boolean", aliases=("startswith",))
def starts_with(run: Run, text: str, match: str) -> Value:
    return text.startswith(match)


@function("ends with", "string: string", "match: string", returns="boolean", aliases=("endswith",))
def ends_with(run: Run, text: str, match: str) -> Value:
    return text.endswith(match)


@function("string join", "list: list", "delimiter?: string|null", returns="string")
def string_join(run: Run, items: list[Value], delimiter: str | None = None) -> Value:
    """The texts of a list one after another; nulls are left out."""
    texts = [item for item in items if item is not None]
    run.burn(len(items))
    if not all(isinstance(item, str) for item in texts):
        return None
    between = delimiter or ""
    run.account(sum(len(str(item)) + len(between) for item in texts))
    return between.join(str(item) for item in texts)


@function("matches", "input: string", "pattern: string", "flags?: string|null", returns="boolean")
def matches(run: Run, text: str, pattern: str, flags: str | None = None) -> Value:
    compiled = patterns.compile_pattern(pattern, flags or "")
    return None if compiled is None else patterns.search(compiled, text, 0, run) is not None


@function("replace", "input: string", "pattern: string", "replacement: string", "flags?: string|null", returns="string")
def replace(run: Run, text: str, pattern: str, replacement: str, flags: str | None = None) -> Value:
    compiled = patterns.compile_pattern(pattern, flags or "")
    return None if compiled is None else patterns.replace(compiled, text, replacement, run)


@function("split", "string: string", "delimiter: string", returns="list<string>")
def split(run: Run, text: str, delimiter: str) -> Value:
    compiled = patterns.compile_pattern(delimiter, "")
    if compiled is None:
        return None
    return checked(run, list(patterns.split(compiled, text, run)))
