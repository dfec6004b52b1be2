"""What the rules of a table cover between them: cases two rules share, and cases no rule has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.decisions.model import DecisionTable
from engine.decisions.regions import Ground, Piece

STEPS = 50_000  # looks at one table; beyond, what was found so far is told


@dataclass(frozen=True, slots=True)
class Case:
    """An example of what rules share or miss, in both languages."""

    french: str
    english: str


@dataclass(frozen=True, slots=True)
class Grid:
    """A table as sets of pieces: `cells[rule][column]` has bit n set when the cell accepts piece n of the column.

    A column that cannot be cut has one made-up piece per different cell text; the grid is then not complete, and
    says only that rules with the same text, or none, meet there.
    """

    labels: tuple[str, ...]
    pieces: tuple[tuple[Piece, ...], ...]
    cells: tuple[tuple[int, ...], ...]
    complete: bool

    @property
    def everything(self) -> tuple[int, ...]:
        return tuple((1 << len(pieces)) - 1 for pieces in self.pieces)

    @classmethod
    def of(cls, table: DecisionTable, columns: Sequence[tuple[Piece, ...] | None], ground: Ground) -> Grid:
        pieces: list[tuple[Piece, ...]] = []
        masks: list[list[int]] = []
        for n, known in enumerate(columns):
            cells = [rule.tests[n] for rule in table.rules]
            if known is not None:
                pieces.append(known)
                masks.append([_mask(ground.passes(cell, piece.sample) for piece in known) for cell in cells])
                continue
            texts = list(dict.fromkeys(cell.text for cell in cells if cell.text != "-"))
            pieces.append(tuple(Piece(text, text, None) for text in texts))
            masks.append([_mask(cell.text in ("-", text) for text in texts) for cell in cells])
        rows = tuple(tuple(column[rule] for column in masks) for rule in range(len(table.rules)))
        labels = tuple(column.label for column in table.inputs)
        return cls(labels, tuple(pieces), rows, all(known is not None for known in columns))

    def say(self, choice: Sequence[int | None]) -> Case:
        """A case in words: `« Âge » vaut 75 et « Risque » vaut « high »`; columns left open are not said."""
        chosen = [
            (label, pieces[piece])
            for label, pieces, piece in zip(self.labels, self.pieces, choice, strict=True)
            if piece is not None and len(pieces) > 1
        ]
        return Case(
            " et ".join(f"« {label} » vaut {piece.french}" for label, piece in chosen) or "aucune entrée ne compte",
            " and ".join(f"“{label}” is {piece.english}" for label, piece in chosen) or "no input matters",
        )


def _mask(answers: Iterable[bool]) -> int:
    return sum(1 << n for n, answer in enumerate(answers) if answer)


def _lowest(mask: int) -> int:
    return (mask & -mask).bit_length() - 1


def overlap(grid: Grid, first: int, second: int) -> Case | None:
    """A case both rules accept, in words; None when there is none."""
    choice: list[int | None] = []
    for pieces, left, right in zip(grid.pieces, grid.cells[first], grid.cells[second], strict=True):
        if not left & right:
            return None
        choice.append(None if left & right == (1 << len(pieces)) - 1 else _lowest(left & right))
    return grid.say(choice)


def holes(grid: Grid, rules: Iterable[int], within: Sequence[int], most: int) -> list[Case]:
    """Up to `most` cases inside `within` that none of the rules accepts, in words.

    Column by column, the pieces that the same rules accept are taken together: what is below them is the same.
    """
    found: list[Case] = []
    steps = STEPS
    covered: set[tuple[int, frozenset[int]]] = set()

    def look(column: int, left: frozenset[int], choice: tuple[int | None, ...]) -> bool:
        """Whether anything from this column on is missed by the rules left."""
        nonlocal steps
        steps -= 1
        if len(found) >= most or steps < 0 or (column, left) in covered:
            return False
        if not left or column == len(grid.pieces):
            if not left:
                found.append(grid.say((*choice, *(None for _ in grid.pieces[column:]))))
            return not left
        missed = False
        for together, accepting in _grouped(grid, column, left, within[column]):
            whole = together == (1 << len(grid.pieces[column])) - 1
            missed |= look(column + 1, accepting, (*choice, None if whole else _lowest(together)))
        if not missed and len(found) < most and steps >= 0:
            covered.add((column, left))
        return missed

    look(0, frozenset(rules), ())
    return found


def _grouped(grid: Grid, column: int, rules: frozenset[int], within: int) -> list[tuple[int, frozenset[int]]]:
    groups: dict[frozenset[int], int] = {}
    for piece in range(len(grid.pieces[column])):
        bit = 1 << piece
        if within & bit:
            accepting = frozenset(rule for rule in rules if grid.cells[rule][column] & bit)
            groups[accepting] = groups.get(accepting, 0) | bit
    return [(mask, accepting) for accepting, mask in groups.items()]
