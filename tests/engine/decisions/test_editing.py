"""Editing a decision table by rows: only the cells that changed are touched, and the table answers as typed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.decisions import read_decisions
from engine.decisions.editing import GridRow, grids_of, written
from engine.errors import InvalidRequest
from tests.support.places import ROOT

RISK = (ROOT / "pathways" / "hospital_discharge" / "decisions" / "risk_level.dmn").read_bytes()


def test_a_table_written_back_unchanged_is_the_same_file() -> None:
    for grid in grids_of(RISK):
        made = written(RISK, grid)
        assert made.splitlines()[1:] == RISK.splitlines()[1:]
        assert grids_of(made) == grids_of(RISK)


def test_one_cell_changes_one_line() -> None:
    [level, *_others] = grids_of(RISK)
    rows = (replace(level.rows[0], cells=("< 2", level.rows[0].cells[1])), *level.rows[1:])

    made = written(RISK, replace(level, rows=rows))

    before, after = RISK.decode().splitlines(), made.decode().splitlines()
    assert [line.strip() for line in after[1:] if line not in before] == ["<text>&lt; 2</text>"]
    assert grids_of(made)[0].rows[0].cells[0] == "< 2"


def test_rules_are_added_moved_and_taken_away() -> None:
    [level, *_others] = grids_of(RISK)
    new = GridRow(origin=None, cells=("= 99", '"high"'))
    rows = (new, level.rows[2], replace(new, cells=("", '"low"')))

    made = written(RISK, replace(level, rows=rows))

    assert [row.cells for row in grids_of(made)[0].rows] == [("= 99", '"high"'), level.rows[2].cells, ("-", '"low"')]
    assert len({table.key for table in read_decisions(made)}) == len(read_decisions(RISK))
    assert made.count(b'id="risk_level_rule_1"') == made.count(b'id="risk_level_rule_2"') == 1


def test_a_table_that_is_gone_is_said() -> None:
    [level, *_others] = grids_of(RISK)

    with pytest.raises(InvalidRequest, match="n'est plus dans le fichier"):
        written(RISK, replace(level, key="other"))
