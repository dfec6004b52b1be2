"""An answer put right: by whom, with what trace, and what it moves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest

from engine.commands import cases
from engine.commands.rectifications import rectify
from engine.errors import InvalidAnswers, InvalidRequest, NotAllowed, NotFound
from engine.models import AuditEvent, CaseFact, CaseHistory
from tests.engine.commands.small_pathways import bpmn, end, flow, form, start, task
from tests.engine.commands.world import World


def weighed() -> Mapping[str, bytes]:
    """A visit writes a weight; the case then waits for it to reach 60 kg, beside a call."""
    condition = (
        '<bpmn:intermediateCatchEvent id="heavy" name="60 kg atteints" parcours:responsible="gp" '
        'parcours:expected="P3D"><bpmn:conditionalEventDefinition id="heavy_c">'
        '<bpmn:condition xsi:type="bpmn:tFormalExpression">= weight &gt;= 60</bpmn:condition>'
        "</bpmn:conditionalEventDefinition></bpmn:intermediateCatchEvent>"
    )
    body = (
        start() + task("visit", "Visite", form="visit") + condition + task("call", "Appel") + end()
        + flow("start", "visit") + flow("visit", "heavy") + flow("heavy", "call") + flow("call", "end")
    )  # fmt: skip
    fields: tuple[dict[str, Any], ...] = (
        {"name": "weight", "type": "dec", "min": 2, "max": 300, "required": True},
        {"name": "told", "type": "str", "audience": "clinical"},
        {"name": "patient", "type": "str"},
    )
    return {"pathway.bpmn": bpmn("weighed", body), "forms/visit.json": form("visit", *fields)}


@pytest.fixture
def case_id(world: World) -> UUID:
    """Claire has visited and typed 6 kg for 60."""
    world.publish(weighed())
    opened = world.start("weighed")
    world.complete(opened, "visit", by="claire", weight="6", told="fatigue", patient="DEMO")
    return opened


def right(
    world: World, case_id: UUID, *, by: str = "claire", name: str = "weight", raw: Any = "60", **more: Any
) -> None:
    world.do(rectify, by=by, case_id=case_id, name=name, raw=raw, **{"why": "faute de frappe", **more})


def values(world: World, case_id: UUID, name: str = "weight") -> list[str]:
    rows = sorted(world.rows(CaseFact, case_id=case_id, name=name), key=lambda row: row.id)
    return [str(row.value) for row in rows]


def test_what_waited_on_the_answer_looks_again(world: World, case_id: UUID) -> None:
    assert world.open_steps(case_id) == []
    right(world, case_id)
    assert world.open_steps(case_id) == ["call"]


def test_the_former_value_stays_with_who_and_why(world: World, case_id: UUID) -> None:
    right(world, case_id, by="maud")

    old, new = sorted(world.rows(CaseFact, case_id=case_id, name="weight"), key=lambda row: row.id)
    assert old.superseded_at is not None and "Claire" in old.recorded_by
    assert new.superseded_at is None and "Maud" in new.recorded_by and new.form_key == "visit"
    said = next(row for row in world.rows(CaseHistory, case_id=case_id) if row.kind == "rectified")
    assert said.detail["reason"] == "faute de frappe" and said.element_id == old.element_id
    traced = next(row for row in world.rows(AuditEvent) if row.action == "cases.rectify")
    assert traced.detail == {"field": "weight", "form": "visit"} and "60" not in str(traced.detail)


def test_nobody_but_the_author_and_the_coordination(world: World, case_id: UUID) -> None:
    with pytest.raises(NotAllowed, match="Seuls la personne"):
        right(world, case_id, by="marc")


def test_what_a_role_may_not_read_it_may_not_put_right(world: World, case_id: UUID) -> None:
    with pytest.raises(NotFound):
        right(world, case_id, by="maud", name="told", raw="autre")


@pytest.mark.parametrize("name", ["outcome", "nothing", "visit", "patient"])
def test_only_an_answer_of_a_form_can_be_put_right(world: World, case_id: UUID, name: str) -> None:
    with pytest.raises(NotFound):
        right(world, case_id, name=name)


@pytest.mark.parametrize(
    ("sent", "refusal"),
    [
        ({"raw": "900"}, InvalidAnswers),
        ({"raw": "beaucoup"}, InvalidAnswers),
        ({"raw": ""}, InvalidAnswers),
        ({"raw": "6"}, InvalidRequest),
        ({"why": "  "}, InvalidRequest),
    ],
)
def test_a_rectification_that_says_nothing_new_or_nothing_possible_changes_nothing(
    world: World, case_id: UUID, sent: dict[str, Any], refusal: type[Exception]
) -> None:
    before = values(world, case_id)
    with pytest.raises(refusal):
        right(world, case_id, **sent)
    assert values(world, case_id) == before


def test_sent_twice_it_happens_once(world: World, case_id: UUID) -> None:
    for _ in range(2):
        right(world, case_id, key="once")
    assert len(values(world, case_id)) == 2


@pytest.mark.parametrize("how", ["cancel", "hold"])
def test_a_case_that_does_not_run_is_put_right_without_moving(world: World, case_id: UUID, how: str) -> None:
    world.do(cases.cancel if how == "cancel" else cases.hold, by="maud", case_id=case_id, reason="pause")
    before = world.case(case_id)

    right(world, case_id)

    after = world.case(case_id)
    assert len(values(world, case_id)) == 2 and world.open_steps(case_id) == []
    assert (after.state, after.version, after.control_state) == (before.state, before.version, before.control_state)
