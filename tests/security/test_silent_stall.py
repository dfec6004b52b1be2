"""Silent stall: every open case waits for somebody or something, by a date, or an incident says that it is broken."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from engine.errors import EngineFailure
from engine.models import Case, IncidentRow, WaitRecord
from engine.queries.control_tower import Filters, case_rows
from engine.queries.health import Health
from engine.territory_calendar import territory_calendar
from tests.engine.commands import small_pathways
from tests.engine.commands.small_pathways import bpmn, end, flow, form, script, start, task
from tests.engine.commands.world import World

ROUNDS = 250
OPEN = ("active", "on_hold")


def stalled(world: World) -> list[str]:
    """Open cases that wait for nothing, and waits that nobody answers for or that have no date."""
    waits = world.rows(WaitRecord)
    waiting = {wait.case_id for wait in waits}
    lonely = [
        f"{case.number} waits for nothing" for case in world.rows(Case) if case.state in OPEN and case.id not in waiting
    ]
    return lonely + [
        f"{wait.kind} {wait.element_id}: {wait.responsible_role!r}, {wait.expected_at}"
        for wait in waits
        if wait.kind != "join" and (not (wait.responsible_role or wait.responsible_name) or wait.expected_at is None)
    ]


def looping() -> dict[str, bytes]:
    """A follow-up visit, again and again until somebody says stop."""
    again = '<bpmn:sequenceFlow id="x_m" sourceRef="x" targetRef="m"/>'
    body = (
        start() + '<bpmn:exclusiveGateway id="m"/>' + task("a", "Visiter", form="a", due="P1D")
        + '<bpmn:exclusiveGateway id="x" name="Encore ?" default="x_m"/>' + end() + flow("start", "m") + flow("m", "a")
        + flow("a", "x") + again + flow("x", "end", "= stop = true")
    )  # fmt: skip
    return {"pathway.bpmn": bpmn("looping", body), "forms/a.json": form("a", {"name": "stop", "type": "bool"})}


def spinning() -> dict[str, bytes]:
    """The same without anybody to wait for."""
    again = '<bpmn:sequenceFlow id="x_m" sourceRef="x" targetRef="m"/>'
    body = (
        start() + '<bpmn:exclusiveGateway id="m"/>' + script("a", "n = 1")
        + '<bpmn:exclusiveGateway id="x" name="Encore ?" default="x_m"/>' + end() + flow("start", "m") + flow("m", "a")
        + flow("a", "x") + again + flow("x", "end", "= n = 2")
    )  # fmt: skip
    return {"pathway.bpmn": bpmn("spinning", body)}


def _health(world: World, case_id: object) -> Health:
    calendar = territory_calendar("Europe/Paris", "FR")
    with world.database.reading() as session:
        rows = case_rows(session, by=world.actor("maud"), now=world.now, calendar=calendar, filters=Filters(), limit=50)
    return next(row.health for row in rows if row.number == world.case(case_id).number)  # type: ignore[arg-type]


def test_no_step_of_any_small_pathway_leaves_a_case_waiting_for_nothing(world: World) -> None:
    for name in ("workload", "waiting_message", "timed", "offers"):
        world.publish(getattr(small_pathways, name)())
    workload = world.start("workload")
    world.start("waiting")
    world.start("timed")
    world.start("offers")
    assert stalled(world) == []
    for element, answers in (("a", {"risk": "high"}), ("b", {}), ("c", {})):
        world.complete(workload, element, **answers)
        assert stalled(world) == [], element
    for _ in range(4):
        world.advance(hours=30)
        assert stalled(world) == []


def test_a_loop_of_250_rounds_is_as_healthy_as_its_first(world: World) -> None:
    world.publish(looping())
    case_id = world.start("looping")
    sizes = set()
    for _ in range(ROUNDS):
        world.complete(case_id, "a", stop="false")
        sizes.add(len(world.case(case_id).control_state or b"") // 16)
    assert world.open_steps(case_id) == ["a"] and stalled(world) == []
    assert len(sizes) <= 2, "its state does not grow"

    world.complete(case_id, "a", stop="true")
    assert world.case(case_id).state == "completed"


def test_a_loop_that_waits_for_nobody_is_told_before_it_runs_and_opens_no_case(world: World) -> None:
    published = world.publish(spinning())
    assert "CF-006" in {finding.code for finding in published.findings}

    with pytest.raises(EngineFailure, match="tourne sur lui-même"):
        world.start("spinning")

    assert world.rows(Case) == []


def test_a_step_that_cannot_go_on_is_an_incident_somebody_answers_for(world: World) -> None:
    world.publish(small_pathways.stopping())
    case_id = world.start("stopping")
    world.complete(case_id, "a", risk="low")

    assert stalled(world) == [] and len(world.rows(IncidentRow, case_id=case_id)) == 1
    assert _health(world, case_id) is Health.BROKEN


def test_a_case_whose_waits_were_lost_is_called_broken_at_once(world: World) -> None:
    world.publish(small_pathways.timed())
    case_id = world.start("timed")
    assert _health(world, case_id) is Health.HEALTHY
    with world.database.transaction() as session:
        session.execute(delete(WaitRecord).where(WaitRecord.case_id == case_id))

    assert stalled(world) == ["C-1001 waits for nothing"]
    assert _health(world, case_id) is Health.BROKEN


def test_timers_that_nobody_fires_are_called_broken_within_an_hour(world: World) -> None:
    world.publish(small_pathways.waiting_message())
    world.publish(small_pathways.timed())
    case_id = world.start("timed")
    with world.database.transaction() as session:
        wait = session.execute(select(WaitRecord).where(WaitRecord.case_id == case_id)).scalars().first()
        assert wait is not None
        wait.kind, wait.expected_at = "timer", world.now
    world.now += timedelta(hours=1, minutes=1)

    assert _health(world, case_id) is Health.BROKEN
