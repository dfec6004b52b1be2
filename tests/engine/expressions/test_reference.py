"""The examples of the reference are true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.expressions.rendering import show
from engine.expressions.run import Run
from tests.engine.expressions.evaluating import NOW, PARIS, value_of

REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "expressions.md"
EXAMPLES = re.findall(r"^\| `(.+)` \| `(.+)` \|$", REFERENCE.read_text("utf-8").partition("## Examples")[2], re.M)


@pytest.mark.parametrize(("text", "shown"), EXAMPLES)
def test_an_example_of_the_reference(text: str, shown: str) -> None:
    value = value_of(text, risk="high", years=82, drugs=["warfarin", "metformin"])

    assert (show(value, Run({}, NOW, PARIS)) or "null") == shown


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 15
