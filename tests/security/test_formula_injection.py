"""Formula injection: a list taken away to a spreadsheet holds texts, whatever people typed into it."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from engine.db import Database
from engine.models import Patient
from tests.support.sealed import of_patient
from tests.web.browser import Browser
from web.control_tower import _csv_line

TRIGGERS = ("=", "+", "-", "@", "\t", "\r")
HOSTILE = ['=HYPERLINK("http://evil.invalid")', "+1+1", "-1-1", "@SUM(1)", "\t=1+1", "\r=1+1", ' =1+1";"=2', "|calc"]


@given(st.lists(st.text(alphabet=st.sampled_from("=+-@\t\r\n;\"' a1|!"), max_size=12), min_size=1, max_size=5))
def test_no_cell_begins_like_a_formula(cells: list[str]) -> None:
    read = next(csv.reader(io.StringIO(_csv_line(cells), newline=""), delimiter=";"))

    assert len(read) == len(cells)
    assert not [cell for cell in read if cell.lstrip(" \n").startswith(TRIGGERS)]


@pytest.mark.parametrize("typed", HOSTILE)
def test_the_list_of_the_control_tower_holds_no_formula(
    browser_of: Callable[[str], Browser], start_case: Callable[..., str], database: Database, typed: str
) -> None:
    start_case()
    with database.transaction() as session:
        session.execute(update(Patient).values(given_name=of_patient(session, typed), sex="unknown"))

    text = browser_of("maud").get("/suivi/export.csv").get_data(as_text=True).removeprefix("\ufeff")

    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))
    assert len(rows) == 2 and len(rows[0]) == len(rows[1])
    assert not [cell for row in rows for cell in row if cell.startswith(TRIGGERS)]


def test_a_spreadsheet_program_finds_no_formula_either(tmp_path: Path) -> None:
    program = shutil.which("soffice") or shutil.which("libreoffice")
    if program is None:
        pytest.skip("LibreOffice is not installed here.")
    (tmp_path / "list.csv").write_text(_csv_line(HOSTILE), encoding="utf-8")
    subprocess.run(
        [program, "--headless", "--convert-to", "fods", "--outdir", tmp_path, tmp_path / "list.csv"],
        check=True, capture_output=True, timeout=120, env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip

    assert "table:formula" not in (tmp_path / "list.fods").read_text(encoding="utf-8")
