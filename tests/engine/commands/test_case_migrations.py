"""Running cases are taken to another version: verdicts, preview, job, way back."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from engine.commands import case_life, case_migrations, tasks
from engine.errors import Conflict, InvalidRequest, NotAllowed, PathwayNotFound
from engine.models import AuditEvent, CaseHistory, Job, Task, Timer
from engine.projection import tables
from engine.projection.migration_jobs import cases_of
from tests.engine.commands.migrating_pathway import KEY, RENAMED, open_after, oracle, run_cases, version
from tests.engine.commands.world import World
from tests.support.places import ROOT

SOCIAL_CLOSED: dict[str, str | None] = {**RENAMED, "social": None}
ROWS = (tables.TASK, tables.WAIT, tables.TIMER, tables.SUBSCRIPTION, tables.FACT)


def look(world: World, mapping: dict[str, Any], **more: Any) -> case_migrations.PreviewReport:
    with world.database.reading() as session:
        return case_migrations.preview(
            session, pathway_key=KEY, from_version=1, to_version=2, mapping=mapping, by=world.actor("engine"),
            now=world.now, **more,
        )  # fmt: skip


def begin(world: World, mapping: dict[str, Any], **more: Any) -> UUID:
    return world.do(
        case_migrations.begin, pathway_key=KEY, from_version=1, to_version=2, mapping=mapping,
        reason="Nouvelle organisation", **more,
    )  # fmt: skip


def carry_on(world: World, job_id: UUID, most: int = 1_000) -> int:
    for taken in range(most):
        with world.database.transaction() as session:
            more = case_migrations.apply_next(session, job_id=job_id, territory_id=world.territory_id, now=world.now)
        if not more:
            return taken + 1
    return most


def results(world: World, job_id: UUID) -> dict[UUID, dict[str, Any]]:
    def reading(session: Any) -> dict[UUID, dict[str, Any]]:
        job = session.execute(select(Job).where(Job.id == job_id)).scalar_one()
        return {UUID(one["case"]): one for one in cases_of(session, job)}

    return world.read(reading)


def photograph(world: World, *, but: tuple[str, ...] = ("version",)) -> dict[str, Any]:
    """Every row of every case, and the control states byte for byte."""
    with world.database.reading() as session:
        taken: dict[str, Any] = {
            table.name: sorted(map(repr, session.execute(select(table)).mappings())) for table in ROWS
        }
        case_rows = session.execute(select(tables.CASE).order_by(tables.CASE.c.id)).mappings()
        taken["care_case"] = [{name: value for name, value in row.items() if name not in but} for row in case_rows]
    return taken


def test_two_hundred_cases_as_a_hand_would_judge_them_previewed_applied_killed_and_undone(world: World) -> None:
    cases_now = run_cases(world, 200)
    world.publish(version(2))
    before = photograph(world)

    report = look(world, RENAMED)
    assert {row.case_id: str(row.verdict) for row in report.rows} == {
        case_id: oracle(steps) for case_id, steps in cases_now.items()
    }
    assert all(row.elements == ("social",) for row in report.rows if str(row.verdict) == "needs_mapping")
    unmapped = look(world, {})
    assert sum(str(row.verdict) == "needs_mapping" for row in unmapped.rows) == sum(
        bool({"visit", "social"} & steps) for steps in cases_now.values()
    )
    closing = look(world, SOCIAL_CLOSED)
    assert photograph(world) == before  # a preview writes nothing

    job_id = begin(world, SOCIAL_CLOSED)
    assert carry_on(world, job_id, most=70) == 70
    killed = run_worker(world, job_id)  # a process of its own, killed in the middle of the next cases
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    done_before = world.rows(Job, id=job_id)[0].done
    assert done_before == 75
    assert len(world.rows(CaseHistory, kind="migrated")) == 75
    carry_on(world, job_id)

    found = results(world, job_id)
    for row in closing.rows:  # preview = apply
        one = found[row.case_id]
        assert (one["verdict"], one["sentence"]) == (str(row.verdict), row.sentence)
        assert one["opened"] == list(row.opened)
    for case_id, steps in cases_now.items():
        assert set(world.open_steps(case_id)) == open_after(steps)
    assert len(world.rows(CaseHistory, kind="migrated")) == 200
    assert Counter(event.case_id for event in world.rows(AuditEvent, action="cases.migrate")).most_common(1)[0][1] == 1
    assert all(world.waits(case_id) for case_id in cases_now)

    back = world.do(case_migrations.undo, job_id=job_id)
    carry_on(world, back)
    opened = {row.id for row in world.rows(Task) if row.token.startswith("x")}
    after = photograph(world)
    assert after["care_case"] == before["care_case"]  # the control states too
    for name in ("wait_record", "timer", "message_subscription"):
        assert after[name] == before[name]
    assert len(after["task"]) == len(before["task"]) + len(opened)
    assert set(before["task"]) <= set(after["task"])
    with pytest.raises(Conflict, match="déjà"):
        world.do(case_migrations.undo, job_id=job_id)


def run_worker(world: World, job_id: UUID) -> subprocess.CompletedProcess[str]:
    url = world.database.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "tests.faults.migration_that_dies", url, str(world.territory_id), str(job_id), "5"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def one_case(world: World, *done: str) -> UUID:
    world.publish(version(1))
    case_id = world.start(KEY)
    for step in done:
        world.complete(case_id, step)
    world.publish(version(2))
    return case_id


def test_a_preview_looks_at_a_page_of_cases_and_counts_what_all_of_them_stand_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(case_migrations, "LOOKED_AT", 4)
    cases_now = run_cases(world, 10)
    world.publish(version(2))
    whole = {element: sum(element in steps for steps in cases_now.values()) for element in ("visit", "social")}

    pages = [look(world, {}, first=first) for first in (0, 4, 8)]

    assert [(len(page.rows), page.first, page.running) for page in pages] == [(4, 0, 10), (4, 4, 10), (2, 8, 10)]
    assert {row.case_id for page in pages for row in page.rows} == set(cases_now)
    assert [page.unmapped for page in pages] == [whole] * 3
    assert look(world, SOCIAL_CLOSED).unmapped == {}
    assert look(world, {}, first=99).first == 0


def test_what_people_see_of_an_open_step_is_what_the_new_version_says(world: World) -> None:
    case_id = one_case(world, "prepare", "social")
    task_id = world.open_task(case_id, "visit")
    carry_on(world, begin(world, RENAMED))
    row = world.rows(Task, id=task_id)[0]
    assert (row.element_id, row.name, row.role, row.state) == ("home_visit", "Visiter à domicile", "gp", "offered")
    wait = next(wait for wait in world.waits(case_id) if wait.task_id == task_id)
    assert (wait.element_name, wait.responsible_role) == ("Visiter à domicile", "gp")
    assert "home_visit" in {timer.element_id for timer in world.rows(Timer, case_id=case_id, task_id=task_id)}
    world.complete(case_id, "home_visit")
    world.complete(case_id, "call")
    world.complete(case_id, "report")
    assert world.case(case_id).state == "completed"


def test_a_step_somebody_has_taken_stays_theirs(world: World) -> None:
    case_id = one_case(world, "prepare", "social")
    task_id = world.open_task(case_id, "call")
    world.do(tasks.accept, by="claire", task_id=task_id)
    carry_on(world, begin(world, RENAMED))
    assert world.rows(Task, id=task_id)[0].owner_id == world.actors["claire"].professional_id


def test_timers_keep_their_date_or_start_again_and_both_dates_are_shown(world: World) -> None:
    case_id = one_case(world, "prepare", "visit", "call", "social")
    kept = next(timer.due_at for timer in world.rows(Timer, case_id=case_id, element_id="overdue"))
    world.advance(days=3)
    [shown] = look(world, {}).rows[0].timers
    assert (shown.before, shown.after) == (kept, kept)
    [shown] = look(world, {}, timers="restart").rows[0].timers
    assert (shown.before, shown.after) == (kept, world.now + timedelta(days=14))
    carry_on(world, begin(world, {}, timers="restart"))
    assert world.rows(Timer, case_id=case_id, element_id="overdue")[0].due_at == shown.after


def test_a_case_that_has_moved_since_is_not_put_back(world: World) -> None:
    case_id = one_case(world, "prepare", "social")
    job_id = begin(world, RENAMED)
    carry_on(world, job_id)
    world.complete(case_id, "home_visit")
    back = world.do(case_migrations.undo, job_id=job_id)
    carry_on(world, back)
    assert "avancé" in results(world, back)[case_id]["sentence"]
    assert world.open_steps(case_id) == ["call"]


def test_a_case_put_back_lives_on_and_can_go_again(world: World) -> None:
    case_id = one_case(world, "prepare", "visit", "call")
    first = begin(world, SOCIAL_CLOSED)
    carry_on(world, first)
    assert world.open_steps(case_id) == ["report"]
    carry_on(world, world.do(case_migrations.undo, job_id=first))
    assert world.open_steps(case_id) == ["social"]
    carry_on(world, begin(world, SOCIAL_CLOSED))
    world.complete(case_id, "report")
    assert world.case(case_id).state == "completed"


def test_a_suspended_case_stays_where_it_is(world: World) -> None:
    case_id = one_case(world)
    world.do(case_life.hold, by="maud", case_id=case_id, reason="Congés")
    [row] = look(world, {}).rows
    assert str(row.verdict) == "impossible"
    assert "suspendu" in row.sentence


def test_only_designers_migrate_and_only_between_published_versions(world: World) -> None:
    one_case(world)
    with pytest.raises(NotAllowed):
        world.do(case_migrations.preview, by="claire", pathway_key=KEY, from_version=1, to_version=2, mapping={})
    with pytest.raises(NotAllowed):
        world.do(
            case_migrations.begin, by="maud", pathway_key=KEY, from_version=1, to_version=2, mapping={}, reason="-"
        )
    with pytest.raises(PathwayNotFound):
        world.do(case_migrations.preview, pathway_key=KEY, from_version=1, to_version=9, mapping={})
    with pytest.raises(InvalidRequest):
        world.do(case_migrations.preview, pathway_key=KEY, from_version=1, to_version=1, mapping={})
    with pytest.raises(InvalidRequest, match="pourquoi"):
        world.do(case_migrations.begin, pathway_key=KEY, from_version=1, to_version=2, mapping={}, reason=" ")


def test_a_case_whose_transaction_fails_is_passed_over(world: World) -> None:
    case_id = one_case(world)
    job_id = begin(world, {})
    with world.database.transaction() as session:
        case_migrations.skip_next(
            session, job_id=job_id, territory_id=world.territory_id, problem="OperationalError", now=world.now
        )
    assert results(world, job_id)[case_id]["verdict"] == "impossible"
    assert world.rows(Job, id=job_id)[0].finished_at is not None
    assert world.open_steps(case_id) == ["prepare"]
