"""The table of threats in docs/explanation/security.md: every line is there, and has its test, named after it."""

from __future__ import annotations

import ast
import re

import pytest

from tests.support.places import ROOT

DOCUMENT = (ROOT / "docs" / "explanation" / "security.md").read_text(encoding="utf-8")
LINES = (
    "session theft", "OIDC", "password login", "authorisation", "need to know", "IDOR", "lane and group confusion",
    "mass assignment", "data leak between branches", "CSRF", "stored XSS", "spoofed clinical text", "formula injection",
    "SSRF", "uploads and downloads", "floods", "definition tampering", "hostile model files", "audit tamper evidence",
    "one page view is one row", "replay", "two people one task", "stale form", "broker exposure", "secrets", "logs",
    "state import", "backups", "erasure", "break glass", "dependencies", "silent stall",
)  # fmt: skip
"""What this product is threatened with. A line may be added; none may be lost."""


def threats() -> dict[str, str]:
    """Name of each line (up to its first comma) → its last cell, the proof."""
    table = DOCUMENT.partition("## Threats")[2].partition("\n## ")[0]
    rows = [row.strip("|").split(" | ") for row in table.splitlines() if row.startswith("| ") and "---" not in row]
    return {row[0].strip().partition(",")[0]: row[-1] for row in rows if row[0].strip() != "threat"}


def proofs(cell: str) -> list[str]:
    return [word for word in cell.split("`") if word.startswith("tests/")]


def test_no_line_of_the_table_was_lost() -> None:
    assert set(LINES) - set(threats()) == set()


@pytest.mark.parametrize("threat", threats())
def test_a_line_has_its_test_named_after_it(threat: str) -> None:
    slug = re.sub(r"[^a-z0-9]+", "_", threat.lower()).strip("_")
    named = proofs(threats()[threat])

    assert any(name.partition("::")[0].endswith(f"/test_{slug}.py") for name in named), f"test_{slug}.py is not named"
    for name in named:
        file, _, inside = name.partition("::")
        path = ROOT / file
        assert path.exists(), name
        if path.suffix == ".py":
            body = ast.parse(path.read_text(encoding="utf-8")).body
            names = {one.name for one in body if isinstance(one, ast.FunctionDef | ast.ClassDef)}
            tests = {one for one in names if one.lower().startswith("test")}
            assert inside in tests if inside else tests, f"{name} holds no such test"
