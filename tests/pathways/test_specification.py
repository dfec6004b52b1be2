"""Every task of the specification is drawn, with its roles, delays, ladder and fields; the published table says so."""

from __future__ import annotations

import pytest

from tests.pathways.several import complete_pathways
from tests.pathways.specification import PATHWAYS, TABLE, asked, lines


@pytest.mark.parametrize("key", PATHWAYS)
def test_nothing_of_the_specification_is_missing(key: str) -> None:
    if key not in complete_pathways():
        pytest.skip(f"{key} is not shipped yet")
    assert [f"{line.id}: {what}" for line in lines(key) for what in line.missing] == []


@pytest.mark.parametrize("key", PATHWAYS)
def test_the_published_table_has_a_line_for_every_task(key: str) -> None:
    if key not in complete_pathways():
        pytest.skip(f"{key} is not shipped yet")
    published = TABLE.read_text(encoding="utf-8").partition(f"## {key}\n")[2].partition("\n## ")[0]
    rows = {row.split("|")[1].strip() for row in published.splitlines() if row.startswith("| ")}
    assert set(asked(key)) <= rows
