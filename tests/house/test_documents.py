"""The documents lead somewhere: every link resolves, and every document can be found from the index."""

import re
from pathlib import Path

import pytest

from tests.support.places import ROOT

DOCUMENTS = sorted([*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")])
OF_ONE_SCREEN = 70


def links(path: Path) -> set[Path]:
    found = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", path.read_text())
    return {(path.parent / link).resolve() for link in found}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_to_files_that_exist(path: Path) -> None:
    assert {link for link in links(path) if not link.exists()} == set()


def test_every_document_is_found_from_the_index() -> None:
    index = ROOT / "docs" / "README.md"
    found = links(index) | {page for link in links(index) if link.suffix == ".md" for page in links(link)}

    assert [
        path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md") if path not in {index, *found}
    ] == []


def test_the_readme_fits_on_a_screen_or_two_and_names_both_commands() -> None:
    readme = (ROOT / "README.md").read_text()

    assert len(readme.splitlines()) <= OF_ONE_SCREEN
    assert "./parcours " in readme and "./parcours test" in readme
