"""Every walk of every shipped pathway goes as written, and together they go through every element."""

from __future__ import annotations

import pytest

from engine.walks.suite import play_shipped, shipped_pathways, shipped_walks

WHOLE = ("hospital_discharge", "etp_diabetes", "geriatric_follow_up")
"""Pathways whose every element must be walked through."""


@pytest.mark.parametrize("key", [key for key in shipped_pathways() if shipped_walks(key)[0]])
def test_every_walk_goes_as_written(key: str) -> None:
    result = play_shipped(key)
    said = [
        f"{performance.name}:{failure.line} {failure.sentence}"
        for performance in result.performances
        for failure in performance.failures
    ]
    assert said == []
    if key in WHOLE:
        assert result.coverage.missing == ()
