"""Completing tasks: what the person, the next person and the case see."""

import pytest

from engine.errors import InvalidAnswers, NotAllowed, TaskAlreadyCompleted
from engine.models import CaseFact, CaseHistory
from tests.engine.commands import small_pathways
from tests.engine.commands.world import World


@pytest.fixture
def running(world: World):
    world.publish(small_pathways.workload())
    return world, world.start("workload")


def test_a_case_runs_from_start_to_end(running) -> None:
    world, case_id = running
    assert world.open_steps(case_id) == ["a"]
    world.complete(case_id, "a", by="claire", risk="high", weight="71,5")
    assert world.open_steps(case_id) == ["b", "c"]
    world.complete(case_id, "b", by="claire")
    world.complete(case_id, "c", by="paul")
    assert world.open_steps(case_id) == ["d"]
    world.complete(case_id, "d", by="maud")

    case = world.case(case_id)
    assert (case.state, case.outcome, case.closed_at) == ("completed", "completed", world.now)
    assert world.waits(case_id) == []
