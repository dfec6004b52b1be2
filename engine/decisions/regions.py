"""The values a column can take, cut where its cells change their answer: one sample stands for each piece.

Numbers and dates are cut at every bound a cell names, texts at every text; so asking a cell about the samples is
asking it about everything. A column whose cells do more than compare is not cut, and nothing is claimed about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from engine.calendars import Calendar
from engine.decisions.model import DecisionTable, Input
from engine.expressions import Expression, ExpressionError, Range, Value
from engine.expressions.compiling import compile_node
from engine.expressions.expression import finish
from engine.expressions.rendering import show
from engine.expressions.run import Run
from engine.expressions.syntax import And, Between, Call, Comparison, In, Name, Node, Not, Or, RangeOf, Tests

_LOGIC = (Tests, Comparison, And, Or, Not, Between, In)
_WHOLE = frozenset({"integer", "int", "long"})
_COUNTING = frozenset({"count", "age", "years between", "months between", "days between", "working days between"})

Cut = Decimal | date | datetime | timedelta
T = TypeVar("T", Decimal, date, datetime, timedelta)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a column's values on which every cell answers the same: how to say it, and one of its values."""

    french: str
    english: str
    sample: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What is known while checking: parameters by name, types by name, a day to call today."""

    parameters: Mapping[str, object]
    types: Mapping[str, str]
    now: datetime
    calendar: Calendar

    def run(self) -> Run:
        return Run(self.parameters, self.now, self.calendar)

    def passes(self, cell: Expression, sample: Value) -> bool:
        return cell.test(sample, self.parameters, now=self.now, calendar=self.calendar) is True


def pieces_of(table: DecisionTable, column: int, ground: Ground) -> tuple[Piece, ...] | None:
    """The pieces of a column; None when its cells do more than compare with known values."""
    entry = table.inputs[column]
    cells = [rule.tests[column] for rule in table.rules]
    try:
        known = list(_constants([*cells, *([entry.allowed] if entry.allowed else [])], ground))
    except (_Unknown, ExpressionError):
        return None
    pieces = _cut(known, entry, ground)
    if pieces is None or entry.allowed is None:
        return pieces
    return tuple(piece for piece in pieces if ground.passes(entry.allowed, piece.sample))


class _Unknown(Exception):
    """A cell asks something that cannot be cut into pieces."""


def _constants(cells: Sequence[Expression], ground: Ground) -> Iterator[Value]:
    for cell in cells:
        if not cell.names <= ground.parameters.keys():
            raise _Unknown
        yield from _compared(cell.tree, ground)


def _compared(node: Node, ground: Ground) -> Iterator[Value]:
    """The values `?` is compared with below a node."""
    asks = any(isinstance(part, Name) and part.name == "?" for part in node.walk())
    if isinstance(node, RangeOf) or not (asks or isinstance(node, Tests)):
        yield from _flat(finish(compile_node(node), ground.run(), {}))
    elif isinstance(node, _LOGIC) or (isinstance(node, Call) and node.function == "not"):
        for child in node.children():
            yield from _compared(child, ground)
    elif not isinstance(node, Name):
        raise _Unknown


def _flat(value: Value) -> Iterator[Value]:
    if isinstance(value, Range):
        yield from (end for end in (value.start, value.end) if end is not None)
    elif isinstance(value, list):
        for item in value:
            yield from _flat(item)
    elif value is not None:
        yield value


def _cut(known: list[Value], entry: Input, ground: Ground) -> tuple[Piece, ...] | None:
    kinds = {type(value) for value in known}
    if not kinds:
        return (Piece("n'importe quelle valeur", "any value", None),)
    if kinds == {bool}:
        return Piece("vrai", "true", True), Piece("faux", "false", False)
    if kinds == {str}:
        texts = dict.fromkeys(str(value) for value in known)
        other = () if entry.allowed is not None else (Piece("une autre valeur", "another value", "\uffff"),)
        return (*(Piece(f"« {text} »", f"“{text}”", text) for text in texts), *other)
    if kinds == {Decimal}:
        numbers = sorted({value for value in known if isinstance(value, Decimal)})
        return tuple(_ordered(numbers, Decimal(1), whole=_is_whole(entry, ground), ground=ground))
    if kinds == {date}:
        days = sorted({value for value in known if type(value) is date})
        return tuple(_ordered(days, timedelta(days=1), whole=True, ground=ground))
    if kinds == {timedelta}:
        lengths = sorted({value for value in known if isinstance(value, timedelta)})
        return tuple(_ordered(lengths, timedelta(days=1), whole=False, ground=ground))
    return None


def _ordered(cuts: Sequence[T], step: Decimal | timedelta, *, whole: bool, ground: Ground) -> Iterator[Piece]:
    """Below the first cut, each cut, between two, above the last. Whole values have nothing between neighbours."""
    say = [show(cut, ground.run()) or "" for cut in cuts]
    yield Piece(f"moins de {say[0]}", f"less than {say[0]}", cuts[0] - step)  # type: ignore[operator]
    for n, cut in enumerate(cuts):
        if n and not (whole and cut - cuts[n - 1] <= step):  # type: ignore[operator]
            between = cuts[n - 1] + step if whole else cuts[n - 1] + (cut - cuts[n - 1]) / 2  # type: ignore[operator]
            yield Piece(f"entre {say[n - 1]} et {say[n]}", f"between {say[n - 1]} and {say[n]}", between)
        yield Piece(say[n], say[n], cut)
    yield Piece(f"plus de {say[-1]}", f"more than {say[-1]}", cuts[-1] + step)  # type: ignore[operator]


def _is_whole(entry: Input, ground: Ground) -> bool:
    tree = entry.expression.tree
    if isinstance(tree, Call):
        return tree.function in _COUNTING
    fact = ground.types.get(tree.name) if isinstance(tree, Name) else None
    return (fact or entry.type) in _WHOLE
