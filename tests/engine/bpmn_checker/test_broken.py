"""The thirteen hand-broken pathways are refused or warned about, each with its element and line, in one pass."""

from __future__ import annotations

from time import perf_counter

import pytest

from engine.bpmn.findings import Severity
from tests.engine.bpmn_checker.broken import BROKEN, everything

WELL_READ = "timer written as Camunda does"


@pytest.mark.parametrize("name", [name for name in BROKEN if name != WELL_READ])
def test_defect_is_named_with_its_element_and_line(name: str) -> None:
    body, element, expected = BROKEN[name]

    found = [one for one in everything(body) if one.severity is not Severity.INFO]

    named = [one for one in found if one.code.startswith(expected)]
    assert named, [one.code for one in found]
    assert all(one.line > 0 and one.file == "pathway.bpmn" for one in named)
    assert not element or element in {one.element_id for one in named}


def test_a_duration_in_camunda_spelling_is_understood_rather_than_refused() -> None:
    assert all(one.severity is Severity.INFO for one in everything(BROKEN[WELL_READ][0]))


def test_nothing_is_said_twice() -> None:
    for name, (body, _, _) in BROKEN.items():
        told = [(one.code, one.element_id, one.message) for one in everything(body)]
        assert len(told) == len(set(told)), name


def test_all_are_checked_in_far_less_than_a_second() -> None:
    spent = []
    for body, _, _ in BROKEN.values():
        begun = perf_counter()
        everything(body)
        spent.append(perf_counter() - begun)
    assert max(spent) < 1
