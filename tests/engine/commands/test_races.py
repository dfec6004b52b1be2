"""Two sessions interleaved by hand on PostgreSQL: one wins, the other is told, nothing is doubled."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from engine.commands import cases, messages, tasks, timers
from engine.errors import CaseClosed, CaseNotFound, Conflict, TaskAlreadyCompleted, TaskAlreadyTaken
from engine.models import Case, CaseHistory, Task, Timer
from tests.engine.commands import small_pathways
from tests.engine.commands.racing import race
from tests.engine.commands.world import World


def completing(world: World, task_id: Any, who: str, **answers: Any) -> Callable[[Any], Any]:
    return lambda session: tasks.complete(session, task_id=task_id, answers=answers, by=world.actor(who), now=world.now)


@pytest.fixture
def workload(pg_world: World):
    pg_world.publish(small_pathways.workload())
    return pg_world, pg_world.start("workload")


def test_the_second_of_two_completions_is_told_who_did_it(workload) -> None:
    world, case_id = workload
    task_id = world.open_task(case_id, "a")
    problem = race(
        world, completing(world, task_id, "claire", risk="high"), completing(world, task_id, "marc", risk="none")
    )

    assert isinstance(problem, TaskAlreadyCompleted)
    assert str(problem) == "« Évaluer » a déjà été terminée par Claire DEMO-MESANGE à 9 h 00."
    assert world.open_steps(case_id) == ["b", "c"]


def test_two_completions_of_parallel_steps_both_count(workload) -> None:
    world, case_id = workload
    world.complete(case_id, "a", risk="high")
    first, second = world.open_task(case_id, "b"), world.open_task(case_id, "c")

    assert race(world, completing(world, first, "claire"), completing(world, second, "paul")) is None
    assert world.open_steps(case_id) == ["d"]


def test_only_one_of_two_acceptances_wins(workload) -> None:
    world, case_id = workload
    task_id = world.open_task(case_id, "a")

    def accepting(who: str) -> Callable[[Any], Any]:
        return lambda session: tasks.accept(session, task_id=task_id, by=world.actor(who), now=world.now)

    problem = race(world, accepting("claire"), accepting("marc"))
    assert isinstance(problem, TaskAlreadyTaken)
    assert "Claire DEMO-MESANGE" in str(problem)
    [task] = world.rows(Task, id=task_id)
    assert task.owner_id == world.actor("claire").professional_id


def test_only_one_of_two_acceptances_of_an_offer_wins(pg_world: World) -> None:
    world = pg_world
    world.publish(small_pathways.offers())
    case_id = world.start("offers")
    task_id = world.open_task(case_id, "ask_pool")

    def accepting(who: str) -> Callable[[Any], Any]:
        return lambda session: tasks.accept(session, task_id=task_id, by=world.actor(who), now=world.now)

    assert isinstance(race(world, accepting("marc"), accepting("claire")), TaskAlreadyCompleted)
    [visit] = world.rows(Task, case_id=case_id, element_id="visit")
    assert visit.audience_professional_id == world.actor("marc").professional_id


@pytest.fixture
def due(pg_world: World):
    pg_world.publish(small_pathways.timed())
    case_id = pg_world.start("timed")
    pg_world.now += timedelta(days=3)
    [timer] = pg_world.rows(Timer, case_id=case_id, kind="step")
    return pg_world, case_id, timer.id


def test_a_completion_before_the_timer_leaves_nothing_to_fire(due) -> None:
    world, case_id, timer_id = due
    task_id = world.open_task(case_id, "a")
    race(
        world, completing(world, task_id, "claire"),
        lambda session: timers.fire(session, timer_id=timer_id, now=world.now),
    )  # fmt: skip

    assert world.case(case_id).state == "completed"
    assert world.open_steps(case_id) == []


def test_a_timer_before_the_completion_closes_the_step(due) -> None:
    world, case_id, timer_id = due
    task_id = world.open_task(case_id, "a")
    problem = race(
        world, lambda session: timers.fire(session, timer_id=timer_id, now=world.now),
        completing(world, task_id, "claire"),
    )  # fmt: skip

    assert isinstance(problem, Conflict)
    assert world.open_steps(case_id) == ["b"]


def test_a_timer_fires_once_for_two_sweeps(due) -> None:
    world, case_id, timer_id = due

    def firing(session: Any) -> Any:
        return timers.fire(session, timer_id=timer_id, now=world.now)

    race(world, firing, firing)
    assert len(world.rows(CaseHistory, case_id=case_id, kind="fired")) == 1


def test_a_cancelled_case_refuses_the_completion_behind_it(workload) -> None:
    world, case_id = workload
    task_id = world.open_task(case_id, "a")
    problem = race(
        world,
        lambda session: cases.cancel(session, case_id=case_id, reason="Erreur", by=world.actor("maud"), now=world.now),
        completing(world, task_id, "claire", risk="high"),
    )

    assert isinstance(problem, Conflict | CaseClosed)
    assert world.case(case_id).state == "cancelled"


def test_a_case_completed_first_refuses_the_cancellation(workload) -> None:
    world, case_id = workload
    task_id = world.open_task(case_id, "a")
    problem = race(
        world, completing(world, task_id, "claire", risk="none"),
        lambda session: cases.cancel(session, case_id=case_id, reason="Erreur", by=world.actor("maud"), now=world.now),
    )  # fmt: skip

    assert isinstance(problem, CaseClosed)
    assert world.case(case_id).state == "completed"


def test_the_same_key_sent_twice_at_once_completes_once(workload) -> None:
    world, case_id = workload
    task_id = world.open_task(case_id, "a")
    answers = []

    def completing_with_key(session: Any) -> None:
        answers.append(
            tasks.complete(
                session, task_id=task_id, answers={"risk": "high"}, by=world.actor("claire"), now=world.now, key="k1"
            )
        )

    assert race(world, completing_with_key, completing_with_key) is None
    assert answers[0] == answers[1]


def test_two_starts_for_the_same_stay_open_one_case(pg_world: World) -> None:
    pg_world.publish(small_pathways.timed())

    def starting(session: Any) -> Any:
        return cases.start(
            session, pathway_key="timed", patient_id=pg_world.patient_id, facts={}, by=pg_world.actor("engine"),
            now=pg_world.now,
        )  # fmt: skip

    problem = race(pg_world, starting, starting)
    assert problem is not None
    assert "C-1001" in str(problem)
    assert len(pg_world.rows(Case)) == 1


def test_a_message_and_a_completion_at_once_lose_nothing(pg_world: World) -> None:
    world = pg_world
    world.publish(small_pathways.waiting_message())
    case_id = world.start("waiting")
    task_id = world.open_task(case_id, "a")
    problem = race(
        world, completing(world, task_id, "claire"),
        lambda session: messages.deliver(
            session, name="result", payload={}, case_id=case_id, by=world.actor("engine"), now=world.now
        ),
    )  # fmt: skip

    assert problem is None
    assert world.open_steps(case_id) == ["b"]


def test_the_case_is_looked_for_again_in_the_right_territory_only(pg_world: World) -> None:
    with pytest.raises(CaseNotFound):
        pg_world.do(cases.cancel, case_id=pg_world.patient_id, reason="x")
