"""Every code has its sentences, its line in the reference, and is really used."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

from engine.bpmn.checker.catalogue import catalogue, reference
from engine.bpmn.findings import FAMILIES

ROOT = Path(__file__).parents[3]


def test_every_code_belongs_to_a_family_and_is_used_once_or_more() -> None:
    source = "".join(path.read_text() for path in (ROOT / "engine/bpmn/checker").glob("*.py"))
    used = set(re.findall(r'"([A-Z]{2}-\d{3})"', source))

    assert used == set(catalogue())
    assert {code.partition("-")[0] for code in used} <= set(FAMILIES)


def test_both_languages_speak_of_the_same_things() -> None:
    def words(template: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(template) if name}

    for entry in catalogue().values():
        assert words(entry.fr) == words(entry.en), entry.code
        assert entry.fr.endswith((".", "}")) and entry.title


def test_the_reference_page_lists_exactly_these_codes() -> None:
    page = (ROOT / "docs/reference/findings.md").read_text()

    assert reference() in page, "run: python -m engine.bpmn.checker.catalogue"
