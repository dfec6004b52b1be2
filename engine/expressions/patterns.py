"""Text patterns at work: one pass over the text, all readings at once, so that no pattern can explode.

Each character costs at most one look per instruction of the pattern, paid from the evaluation's fuel.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from engine.expressions.pattern_syntax import Pattern, compile_pattern
from engine.expressions.run import Run

__all__ = ["Groups", "compile_pattern", "replace", "search", "split"]

Groups = dict[int, int]
"""Where groups begin (2n) and end (2n + 1); 0 is the whole match."""

_Reading = tuple[int, Groups]


def search(pattern: Pattern, text: str, start: int, run: Run) -> Groups | None:
    """The leftmost match at or after `start`, choices preferred in the order they are written; None without one."""
    readings: list[_Reading] = []
    found: Groups | None = None
    for index in range(start, len(text) + 1):
        if found is None:
            readings += [(0, {0: index})]
        elif not readings:
            break
        character = text[index] if index < len(text) else None
        advanced, match = _step(pattern, text, index, character, readings, run)
        found = match or found
        readings = advanced
    return found


def _step(
    pattern: Pattern, text: str, index: int, character: str | None, readings: list[_Reading], run: Run
) -> tuple[list[_Reading], Groups | None]:
    """Follow every reading to where it takes this character; a match cuts the readings less preferred than it."""
    advanced: list[_Reading] = []
    seen: set[int] = set()
    waiting = list(reversed(readings))
    while waiting:
        at, groups = waiting.pop()
        if at in seen:
            continue
        seen.add(at)
        step = pattern.steps[at]
        run.burn(step.cost)
        if step.test is not None:
            if character is not None and step.test(character):
                advanced.append((at + 1, groups))
        elif step.assertion:
            if _holds(step.assertion, pattern.multiline, text, index):
                waiting.append((at + 1, groups))
        elif step.save is not None:
            waiting.append((at + 1, {**groups, step.save: index}))
        elif step.to:
            waiting.extend((target, groups) for target in reversed(step.to))
        else:
            return advanced, {**groups, 1: index}
    return advanced, None


def _holds(assertion: str, multiline: bool, text: str, index: int) -> bool:
    if assertion == "^":
        return index == 0 or (multiline and text[index - 1] == "\n" and index < len(text))
    return index == len(text) or (multiline and text[index] == "\n")


def _matches(pattern: Pattern, text: str, run: Run) -> Iterator[Groups]:
    position = 0
    while position <= len(text):
        found = search(pattern, text, position, run)
        if found is None:
            return
        yield found
        position = found[1]


def _matches_nothing(pattern: Pattern, run: Run) -> bool:
    return search(pattern, "", 0, run) is not None


def replace(pattern: Pattern, text: str, replacement: str, run: Run) -> str | None:
    """Every match replaced, `$1` standing for a group; null if the pattern matches nothing at all, or `$` is stray."""
    pieces = _template(replacement, pattern.groups)
    if pieces is None or _matches_nothing(pattern, run):
        return None
    made: list[str] = []
    position = 0
    for groups in _matches(pattern, text, run):
        made.append(text[position : groups[0]])
        for piece in pieces:
            made.append(piece if isinstance(piece, str) else _group(text, groups, piece))
            run.account(len(made[-1]))
        position = groups[1]
    return run.grown("".join(made) + text[position:])


def _group(text: str, groups: Groups, number: int) -> str:
    if 2 * number + 1 not in groups:
        return ""
    return text[groups[2 * number] : groups[2 * number + 1]]


def _template(replacement: str, groups: int) -> list[str | int] | None:
    """The replacement as texts and group numbers; None when a `$` or a backslash stands alone."""
    pieces: list[str | int] = []
    position = 0
    for mark in re.finditer(r"\\([\\$])|\$(\d{1,4})|[\\$]", replacement):
        pieces.append(replacement[position : mark.start()])
        position = mark.end()
        if mark[1]:
            pieces.append(mark[1])
        elif mark[2]:
            digits = mark[2]
            while len(digits) > 1 and int(digits) > groups:
                digits = digits[:-1]
            pieces.append(int(digits))
            position -= len(mark[2]) - len(digits)
        else:
            return None
    pieces.append(replacement[position:])
    return pieces


def split(pattern: Pattern, text: str, run: Run) -> Iterator[str]:
    """The texts between matches; a delimiter that matches nothing at all is an error of the text, kept whole."""
    if _matches_nothing(pattern, run):
        yield text
        return
    position = 0
    for groups in _matches(pattern, text, run):
        yield run.grown(text[position : groups[0]])
        position = groups[1]
    yield run.grown(text[position:])
