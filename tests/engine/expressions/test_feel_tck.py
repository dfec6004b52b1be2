"""Agreement with the DMN technology compatibility kit: right, wrong, refused."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.engine.expressions.tck import CASES, answers

pytestmark = pytest.mark.skipif(not CASES.exists(), reason="the kit's expressions are not beside the repository")


def test_most_answers_are_right_and_wrong_ones_are_rare() -> None:
    found = list(answers())
    counts = Counter(answer.verdict for answer in found)
    wrong = [(answer.case["expr"], answer.case["exp"], answer.got) for answer in found if answer.verdict == "wrong"]

    assert counts["right"] / len(found) >= 0.95, counts
    assert counts["wrong"] / len(found) <= 0.006, wrong


def test_every_refusal_is_a_french_sentence() -> None:
    for answer in answers():
        if answer.verdict == "refused":
            assert isinstance(answer.got, str)
            assert answer.got.endswith((".", ". ")) or "»" in answer.got or "(" in answer.got, answer


def test_what_is_refused_is_what_the_reference_says() -> None:
    """Years beyond 1 to 9999, fractions finer than the microsecond, back-references, types and functions unknown."""
    reasons = ("L'année", "fraction de seconde", "Le type", "se référer à un groupe", "n'existe pas")
    unexplained = [a for a in answers() if a.verdict == "refused" and not any(r in str(a.got) for r in reasons)]

    assert unexplained == []
