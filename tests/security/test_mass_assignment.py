"""Mass assignment: a page may send anything; only what the task's form declares is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from engine.db import Database
from engine.models import CaseFact
from tests.engine.commands.small_pathways import bpmn, end, flow, form, start, task
from tests.engine.commands.world import World
from tests.web.browser import Browser

EXTRA = {
    "approved": "true", "outcome": "completed", "case": "{}", "_secret": "1", "__class__": "x", "decision_x": "1",
    "data_objects": "{}", "state": "completed", "owner_id": "x", "territory_id": "x", "done_by": "x", "role": "gp",
}  # fmt: skip


def decided_by_another() -> dict[str, bytes]:
    """The nurse notes a weight; the coordinator approves or not; what follows depends on the approval."""
    yes = '<bpmn:sequenceFlow id="x_no" sourceRef="x" targetRef="refused"/>'
    body = (
        start() + task("a", "Peser", form="a") + task("b", "Approuver", role="coordinator", form="b")
        + '<bpmn:exclusiveGateway id="x" default="x_no"/>' + task("given", "Donner", role="gp")
        + end() + '<bpmn:endEvent id="refused"/>' + flow("start", "a") + flow("a", "b") + flow("b", "x")
        + flow("x", "given", "= approved = true") + yes + flow("given", "end")
    )  # fmt: skip
    return {
        "pathway.bpmn": bpmn("decided", body),
        "forms/a.json": form("a", {"name": "weight", "type": "dec"}),
        "forms/b.json": form("b", {"name": "approved", "type": "bool", "required": True}),
    }


def _facts(world: World) -> dict[str, Any]:
    return {fact.name: fact.value for fact in world.rows(CaseFact)}


def test_what_a_form_does_not_declare_is_not_written_and_moves_no_gateway(world: World) -> None:
    world.publish(decided_by_another())
    case_id = world.start("decided")

    world.complete(case_id, "a", by="claire", weight="60", **EXTRA)

    assert _facts(world) == {"weight": 60}
    assert world.open_steps(case_id) == ["b"]
    world.complete(case_id, "b", by="maud", approved="false")
    assert world.case(case_id).state == "completed" and "given" not in world.open_steps(case_id)


def test_an_answer_of_somebody_else_is_not_overwritten_by_sending_its_name(world: World) -> None:
    world.publish(decided_by_another())
    case_id = world.start("decided")
    world.complete(case_id, "a", by="claire", weight="60")

    world.complete(case_id, "b", by="maud", approved="true", weight="200")

    assert _facts(world)["weight"] == 60
    assert world.open_steps(case_id) == ["given"]


def test_opening_a_case_with_more_than_its_form_asks_writes_nothing_more(
    browser_of: Callable[[str], Browser], start_case: Callable[..., str], database: Database
) -> None:
    start_case()
    claire = browser_of("claire")
    claire.post(claire.task("Visite d'essai", "a-venir"), {**EXTRA, "weight_kg": "60", "fall_story": "x"})

    with database.reading() as session:
        names = set(session.execute(select(CaseFact.name)).scalars())
    assert not names & set(EXTRA) and "fall_story" not in names


@pytest.mark.parametrize("name", ["_secret", "__class__", "a b", "", "1x", "a.b"])
def test_a_form_cannot_even_declare_a_name_that_is_not_a_plain_word(world: World, name: str) -> None:
    files = decided_by_another()
    files["forms/a.json"] = form("a", {"name": name, "type": "str"})

    with pytest.raises(Exception, match="à corriger"):
        world.publish(files)
