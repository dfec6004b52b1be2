"""Scripts: lines `name = expression`, run together as one change of values."""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from engine.calendars import Calendar
from engine.expressions.expression import Expression, compile_expression
from engine.expressions.limits import SCRIPT_LINES, SOURCE_LENGTH
from engine.expressions.problems import ExpressionError
from engine.expressions.values import Value

_ASSIGNMENT = re.compile(r"\s*([^\W\d]\w*)\s*=(?!=)\s*(?=\S)")
RESERVED = frozenset({"case", "item", "partial", "true", "false", "null", "True", "False", "None"})


@dataclass(frozen=True)
class Assignment:
    name: str
    expression: Expression
    line: int


@dataclass(frozen=True)
class Script:
    """Assignments in order. Immutable and shared between threads."""

    text: str
    assignments: tuple[Assignment, ...]

    @property
    def reads(self) -> frozenset[str]:
        """The names it needs from outside: read before the script itself wrote them."""
        needed: set[str] = set()
        written: set[str] = set()
        for assignment in self.assignments:
            needed |= assignment.expression.names - written
            written.add(assignment.name)
        return frozenset(needed)

    @property
    def writes(self) -> frozenset[str]:
        return frozenset(assignment.name for assignment in self.assignments)

    def run(self, scope: Mapping[str, object], *, now: datetime, calendar: Calendar) -> dict[str, Value]:
        """Only what was written; later lines see earlier ones, the scope stays as it is. All or nothing."""
        written: dict[str, Value] = {}
        seen = ChainMap[str, object](written, scope)  # type: ignore[arg-type]
        for assignment in self.assignments:
            try:
                written[assignment.name] = assignment.expression.evaluate(seen, now=now, calendar=calendar)
            except ExpressionError as error:
                raise ExpressionError(f"Ligne {assignment.line} ({assignment.name}) : {error.sentence}") from error
        return written


@lru_cache(maxsize=1024)
def compile_script(text: str) -> Script:
    """The script a text is: one assignment per line or between semicolons; `#` begins a remark, `//` a line of it.

    An expression may go on over lines while a bracket is open. Raises ExpressionError naming the line.
    """
    if len(text) > SOURCE_LENGTH * 5:
        raise ExpressionError("Le script est trop long.")
    assignments: list[Assignment] = []
    for line, position, statement in _statements(text):
        if len(assignments) >= SCRIPT_LINES:
            raise ExpressionError(f"Le script dépasse {SCRIPT_LINES} lignes.", position)
        assignments.append(_assignment(line, position, statement))
    if not assignments:
        raise ExpressionError("Le script est vide.", 0)
    return Script(text, tuple(assignments))


def _assignment(line: int, position: int, statement: str) -> Assignment:
    found = _ASSIGNMENT.match(statement)
    if found is None:
        raise ExpressionError(f"Ligne {line} : écrivez « nom = expression ».", position)
    name = found[1]
    if name in RESERVED or name.startswith("_"):
        raise ExpressionError(f"Ligne {line} : le nom « {name} » est réservé.", position)
    try:
        expression = compile_expression(statement[found.end() :])
    except ExpressionError as error:
        where = position + found.end() + (error.position or 0)
        raise ExpressionError(f"Ligne {line} ({name}) : {error.sentence}", where) from error
    return Assignment(name, expression, line)


_PIECE = re.compile(
    r"""(?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')"""
    r"""|(?P<remark>#(?!\{)[^\n]*|^[ \t]*//[^\n]*)|(?P<mark>[()\[\]{};\n])""",
    re.MULTILINE,
)


def _statements(text: str) -> Iterator[tuple[int, int, str]]:
    """(line, position, text) of each statement, cut at semicolons and line ends outside brackets and texts."""
    # Remarks become blanks of the same length, so that positions stay those of the script.
    plain = _PIECE.sub(lambda piece: " " * len(piece[0]) if piece["remark"] else piece[0], text)
    start, depth = 0, 0
    for piece in _PIECE.finditer(plain):
        mark = piece["mark"]
        if mark in (";", "\n") and depth <= 0:
            yield from _statement(plain, start, piece.start())
            start = piece.end()
        elif mark and mark not in ";\n":
            depth += 1 if mark in "([{" else -1
    yield from _statement(plain, start, len(plain))


def _statement(text: str, start: int, end: int) -> Iterator[tuple[int, int, str]]:
    statement = text[start:end]
    if statement.strip():
        start += len(statement) - len(statement.lstrip())
        yield text.count("\n", 0, start) + 1, start, text[start:end]
