"""A decision table as rows that a designer edits on a page, and the rows written back into the DMN file.

Only the cells that changed are touched; the rest of the file stays as its modeller wrote it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

from engine.decisions.model import DecisionTable
from engine.decisions.reader import read_decisions
from engine.decisions.xml import Element, child, children, read_definitions
from engine.errors import InvalidRequest

NO_ANSWER = "-"
"""What DMN writes in a cell that tests nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GridRow:
    """One rule as typed: a test per input, then an answer per output. `origin` is its place in the file, from 0."""

    origin: int | None
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """One table. `tests` of its columns are inputs, the others are answers."""

    key: str
    name: str
    policy: str
    columns: tuple[str, ...]
    tests: int
    rows: tuple[GridRow, ...]


def grids_of(data: bytes) -> tuple[Grid, ...]:
    """The tables of a DMN file that have inputs to edit. Raises InvalidDecision for a file that cannot be read."""
    return tuple(_grid(table) for table in read_decisions(data) if table.inputs)


def _grid(table: DecisionTable) -> Grid:
    columns = [one.label or one.expression.text for one in table.inputs]
    columns += [one.label or one.name for one in table.outputs]
    return Grid(
        key=table.key,
        name=table.name,
        policy=table.hit_policy.value,
        columns=tuple(columns),
        tests=len(table.inputs),
        rows=tuple(
            GridRow(origin=number, cells=tuple(one.text for one in (*rule.tests, *rule.outputs)))
            for number, rule in enumerate(table.rules)
        ),
    )


def written(data: bytes, grid: Grid) -> bytes:
    """The file with the rules of this table in its place. Raises InvalidRequest when the file has no such table."""
    root = read_definitions(data)
    decision = next((one for one in children(root, "decision") if one.get("id") == grid.key), None)
    table = None if decision is None else child(decision, "decisionTable")
    if table is None:
        raise InvalidRequest("Cette table n'est plus dans le fichier : rechargez la page.")
    before = children(table, "rule")
    after = [_rule(table, before, row, grid) for row in grid.rows]
    if children(table, "rule") != after:
        for rule in children(table, "rule"):
            table.remove(rule)
        table.extend(after)
    encoding = root.getroottree().docinfo.encoding or "UTF-8"
    declared = data.lstrip(b"\xef\xbb\xbf").lstrip().startswith(b"<?xml")
    made = etree.tostring(root.getroottree(), encoding=encoding, xml_declaration=declared)
    return made + (b"\n" if data.endswith(b"\n") else b"")


def _rule(table: Element, before: Sequence[Element], row: GridRow, grid: Grid) -> Element:
    known = row.origin is not None and 0 <= row.origin < len(before)
    rule = before[row.origin or 0] if known else _new_rule(table, grid)
    cells = [*children(rule, "inputEntry"), *children(rule, "outputEntry")]
    for cell, text in zip(cells, row.cells, strict=False):
        holder = child(cell, "text")
        if holder is None:
            holder = etree.SubElement(cell, f"{_space(table)}text")
        wanted = text.strip() or NO_ANSWER
        if (holder.text or "").strip() != wanted:
            holder.text = wanted
    return rule


def _new_rule(table: Element, grid: Grid) -> Element:
    known = {one.get("id") for one in table.getroottree().getroot().iter() if isinstance(one.tag, str)}
    number = 1
    while f"{grid.key}_rule_{number}" in known:
        number += 1
    rule = etree.SubElement(table, f"{_space(table)}rule", id=f"{grid.key}_rule_{number}")
    for column in range(len(grid.columns)):
        kind = "inputEntry" if column < grid.tests else "outputEntry"
        cell = etree.SubElement(rule, f"{_space(table)}{kind}", id=f"{grid.key}_rule_{number}_{column + 1}")
        etree.SubElement(cell, f"{_space(table)}text").text = NO_ANSWER
    return rule


def _space(table: Element) -> str:
    return f"{{{etree.QName(table).namespace}}}"
