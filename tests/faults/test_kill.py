"""kill -9 in the middle of completions: nothing acknowledged is lost, nothing is done twice, the case goes on."""

import signal
import subprocess
import sys
from collections import Counter

import pytest

from engine.models import AuditEvent, CaseFact, CaseHistory, IdempotencyKey
from tests.engine.commands import small_pathways
from tests.engine.commands.conftest import world
from tests.engine.commands.world import World
from tests.support.places import ROOT

__all__ = ["world"]

POINTS = ["0", "1", "2", "3", "4", "5", "6", "7", "before-commit", "after-commit"]
PATIENCE = 60


def run_worker(world: World, case_id: object, point: str) -> subprocess.CompletedProcess[str]:
    """A real process of its own, which may die."""
    url = world.database.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "tests.faults.worker_that_dies", url, str(world.territory_id), str(case_id), point]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)


@pytest.mark.faults
@pytest.mark.parametrize("point", POINTS)
def test_killed_between_run_and_commit_no_step_is_lost_or_doubled(world: World, point: str) -> None:
    world.publish(small_pathways.workload())
    case_id = world.start("workload")
    killed = run_worker(world, case_id, point)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    acknowledged = killed.stdout.split()
    assert acknowledged == ["a"]
    assert "a" in completed(world, case_id)

    after = run_worker(world, case_id, "never")
    assert after.returncode == 0, after.stderr
    assert world.case(case_id).state == "completed"
    assert completed(world, case_id) == Counter("abcd")
    assert len(world.rows(CaseFact, case_id=case_id, name="risk")) == 1
    assert len(world.rows(IdempotencyKey)) == 4
    traced = Counter(event.object_id for event in world.rows(AuditEvent, case_id=case_id, action="tasks.complete"))
    assert set(traced.values()) == {1}


def completed(world: World, case_id: object) -> Counter[str]:
    """Tasks that the history says were completed, and how often."""
    rows = world.rows(CaseHistory, case_id=case_id, kind="completed")
    return Counter(row.element_id or "" for row in rows if row.task_id is not None)
