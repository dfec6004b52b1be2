"""A case is migrated and worked on at the same moment: one is first, the other sees it, nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from engine.commands import case_migrations, tasks
from engine.errors import NotAllowed
from engine.models import CaseHistory, Job
from engine.projection.migration_jobs import cases_of
from tests.engine.commands.migrating_pathway import KEY, RENAMED, version
from tests.engine.commands.racing import race
from tests.engine.commands.world import World

CLOSED: dict[str, str | None] = {**RENAMED, "social": None}


def case_in_its_branches(world: World) -> UUID:
    """A case of version 1 with its three branches open; version 2 is published."""
    world.publish(version(1))
    case_id = world.start(KEY)
    world.complete(case_id, "prepare")
    world.publish(version(2))
    return case_id


def migrating(world: World) -> tuple[UUID, Callable[[Any], Any]]:
    job_id = world.do(
        case_migrations.begin, pathway_key=KEY, from_version=1, to_version=2, mapping=CLOSED, reason="Organisation"
    )
    return job_id, lambda session: case_migrations.apply_next(
        session, job_id=job_id, territory_id=world.territory_id, now=world.now
    )


def completing(world: World, case_id: UUID, step: str, who: str = "claire") -> Callable[[Any], Any]:
    task_id = world.open_task(case_id, step)
    return lambda session: tasks.complete(session, task_id=task_id, answers={}, by=world.actor(who), now=world.now)


def verdicts(world: World, job_id: UUID) -> list[str]:
    [job] = world.rows(Job, id=job_id)
    return [one["verdict"] for one in world.read(lambda session: cases_of(session, job))]


def kinds(world: World, case_id: UUID) -> list[str]:
    return [row.kind for row in world.rows(CaseHistory, case_id=case_id)]


def test_a_step_completed_while_its_case_is_migrated_counts_in_the_new_version(world: World) -> None:
    case_id = case_in_its_branches(world)
    complete = completing(world, case_id, "call")
    job_id, migrate = migrating(world)

    assert race(world, migrate, complete) is None

    assert verdicts(world, job_id) == ["migrable"]
    assert world.open_steps(case_id) == ["home_visit"]
    world.complete(case_id, "home_visit")
    assert world.open_steps(case_id) == ["report"]


def test_who_completes_a_step_that_becomes_somebody_elses_is_told_and_it_stays_open(world: World) -> None:
    case_id = case_in_its_branches(world)
    complete = completing(world, case_id, "visit")
    _, migrate = migrating(world)

    assert isinstance(race(world, migrate, complete), NotAllowed)

    assert world.open_steps(case_id) == ["call", "home_visit"]


def test_a_case_migrated_while_a_step_of_it_is_completed_goes_as_it_then_stands(world: World) -> None:
    case_id = case_in_its_branches(world)
    complete = completing(world, case_id, "visit")
    job_id, migrate = migrating(world)

    assert race(world, complete, migrate) is None

    assert verdicts(world, job_id) == ["migrable"]
    assert world.open_steps(case_id) == ["call"]
    assert kinds(world, case_id).index("migrated") > kinds(world, case_id).index("completed")
    world.complete(case_id, "call")
    assert world.open_steps(case_id) == ["report"]


def test_who_completes_a_step_that_the_migration_closes_is_told_and_changes_nothing(world: World) -> None:
    case_id = case_in_its_branches(world)
    complete = completing(world, case_id, "social")
    _, migrate = migrating(world)

    problem = race(world, migrate, complete)

    assert problem is not None
    assert world.open_steps(case_id) == ["call", "home_visit"]


def test_two_workers_on_one_migration_take_each_case_once(world: World) -> None:
    case_id = case_in_its_branches(world)
    job_id, migrate = migrating(world)

    assert race(world, migrate, migrate) is None

    assert verdicts(world, job_id) == ["migrable"]
    assert kinds(world, case_id).count("migrated") == 1
    [job] = world.rows(Job, id=job_id)
    assert (job.done, job.total) == (1, 1)


def test_a_case_put_back_while_somebody_works_on_it_keeps_the_work(world: World) -> None:
    case_id = case_in_its_branches(world)
    job_id, migrate = migrating(world)
    with world.database.transaction() as session:
        migrate(session)
    complete = completing(world, case_id, "home_visit", who="paul")
    back = world.do(case_migrations.undo, job_id=job_id)

    def put_back(session: Any) -> None:
        case_migrations.apply_next(session, job_id=back, territory_id=world.territory_id, now=world.now)

    assert race(world, complete, put_back) is None

    assert verdicts(world, back) == ["impossible"]
    assert world.open_steps(case_id) == ["call"]
