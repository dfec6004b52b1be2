"""Held, resumed, cancelled, moved; reminders that climb; timers; and no open case that waits for nothing."""

import random
from datetime import timedelta

import pytest

from engine.commands import cases, messages, tasks
from engine.errors import Conflict, DuplicateCase, InvalidRequest, NotAllowed, ParcoursError
from engine.models import Case, CaseHistory, Outbox, Task, Timer, WaitRecord
from tests.engine.commands import small_pathways
from tests.engine.commands.world import World


@pytest.fixture
def running(world: World):
    world.publish(small_pathways.workload())
    case_id = world.start("workload")
    world.complete(case_id, "a", risk="high")
    return world, case_id


def test_a_late_task_climbs_its_ladder(running) -> None:
    world, case_id = running
    nurses = {world.actor(nurse).professional_id for nurse in ("claire", "marc")}
    world.advance(hours=25)
    assert {row.recipient_id for row in world.rows(Outbox, template="task_reminder")} == nurses
    world.advance(hours=24)
    assert {row.recipient_id for row in world.rows(Outbox, template="task_late")} >= nurses
    world.advance(hours=24)
    told = {row.recipient_id for row in world.rows(Outbox, template="task_escalated")}

    assert world.actor("maud").professional_id in told
    task = world.rows(Task, case_id=case_id, element_id="b")[0]
    assert (task.state, task.escalation_level) == ("offered", 2)
    [wait] = world.rows(WaitRecord, task_id=task.id)
    assert (wait.escalation_level, wait.next_what) == (2, "alerte à responsable de mission")
    assert all("DEMO" not in str(row.parameters) for row in world.rows(Outbox))


def test_a_timer_drawn_on_a_step_moves_the_case(world: World) -> None:
    world.publish(small_pathways.timed())
    case_id = world.start("timed")
    world.advance(days=2, minutes=1)

    assert world.open_steps(case_id) == ["b"]
    assert world.rows(Task, case_id=case_id, element_id="a")[0].state == "cancelled"


def test_while_a_case_is_held_its_clocks_stand_still(running) -> None:
    world, case_id = running
    before = {row.token: row.due_at for row in world.rows(Timer, case_id=case_id)}
    world.do(cases.hold, by="maud", case_id=case_id, reason="Hospitalisation")
    assert world.advance(days=5) == 0
    with pytest.raises(Conflict, match="suspendu"):
        world.complete(case_id, "b", by="claire")
    world.do(cases.resume, by="maud", case_id=case_id)

    after = {row.token: row.due_at for row in world.rows(Timer, case_id=case_id)}
    assert {token: due + timedelta(days=5) for token, due in before.items()} == after
    assert world.case(case_id).state == "active"
    world.complete(case_id, "b", by="claire")


def test_timers_of_the_pathway_that_fell_due_meanwhile_are_listed(world: World) -> None:
    world.publish(small_pathways.timed())
    case_id = world.start("timed")
    world.do(cases.hold, by="maud", case_id=case_id, reason="Hospitalisation")
    world.advance(days=3)
    due = world.do(cases.resume, by="maud", case_id=case_id)

    assert [timer.name for timer in due] == ["Trop tard"]
    world.advance(minutes=1)
    assert world.open_steps(case_id) == ["b"]


def test_a_cancelled_case_waits_for_nothing_and_keeps_its_history(running) -> None:
    world, case_id = running
    world.do(cases.cancel, by="maud", case_id=case_id, reason="Erreur de saisie")

    case = world.case(case_id)
    assert (case.state, case.outcome) == ("cancelled", "cancelled")
    assert world.waits(case_id) == []
    assert world.rows(Timer, case_id=case_id) == []
    assert world.open_steps(case_id) == []
    [row] = world.rows(CaseHistory, case_id=case_id, kind="cancelled", element_id=None)
    assert (row.actor, row.detail) == ("Maud DEMO-COQUELICOT", {"reason": "Erreur de saisie"})


def test_a_nurse_may_not_cancel(running) -> None:
    world, case_id = running
    with pytest.raises(NotAllowed):
        world.do(cases.cancel, by="claire", case_id=case_id, reason="x")


def test_the_course_of_a_case_can_be_changed(running) -> None:
    world, case_id = running
    [token] = [task.token for task in world.rows(Task, case_id=case_id, element_id="b")]
    world.do(cases.move, by="maud", case_id=case_id, close=[token], open=["a"], reason="À réévaluer")

    assert world.open_steps(case_id) == ["a", "c"]
    with pytest.raises(InvalidRequest):
        tokens = [task.token for task in world.rows(Task, case_id=case_id) if task.state == "offered"]
        world.do(cases.move, by="maud", case_id=case_id, close=tokens, open=[], reason="Tout fermer")
    assert world.open_steps(case_id) == ["a", "c"]


def test_the_same_patient_is_not_opened_twice(world: World) -> None:
    world.publish(small_pathways.timed())
    world.start("timed")
    with pytest.raises(DuplicateCase, match="C-1001") as refusal:
        world.start("timed")

    assert refusal.value.case_number == "C-1001"
    assert [case.number for case in world.rows(Case)] == ["C-1001"]


def test_a_start_sent_twice_under_one_key_opens_one_case(world: World) -> None:
    world.publish(small_pathways.timed())

    assert world.start("timed", key="k") == world.start("timed", key="k")


@pytest.mark.parametrize("seed", range(4))
def test_after_any_step_every_open_case_waits_for_something_by_a_date(world: World, seed: int) -> None:
    chance = random.Random(seed)
    for files in (small_pathways.workload(), small_pathways.waiting_message(), small_pathways.offers()):
        world.publish(files)
    opened = [world.start(key) for key in ("workload", "waiting", "offers")]
    for _ in range(25):
        step(world, chance, chance.choice(opened))
        check_invariants(world)


def step(world: World, chance: random.Random, case_id) -> None:
    """Somebody does something, allowed or not."""
    open_tasks = [task for task in world.rows(Task, case_id=case_id) if task.state in ("offered", "accepted")]
    who = chance.choice(["claire", "marc", "nadia", "paul", "maud", "engine"])
    try:
        match chance.randrange(8):
            case 0 | 1 | 2 if open_tasks:
                task = chance.choice(open_tasks)
                answers = {"risk": chance.choice(["high", "none"]), "accepted": "true"}
                world.do(tasks.complete, by=who, task_id=task.id, answers=answers)
            case 3 if open_tasks:
                world.do(tasks.accept, by=who, task_id=chance.choice(open_tasks).id)
            case 4 if open_tasks:
                world.do(tasks.decline, by=who, task_id=chance.choice(open_tasks).id, reason="full")
            case 5:
                world.do(messages.deliver, name="result", payload={}, case_id=case_id)
            case 6:
                held = world.case(case_id).state == "on_hold"
                world.do(cases.resume if held else cases.hold, by="maud", case_id=case_id, reason="test")
            case _:
                world.advance(hours=chance.choice([1, 5, 30]))
    except ParcoursError:
        return


def check_invariants(world: World) -> None:
    for case in world.rows(Case):
        waits = world.waits(case.id)
        open_tasks = {task.id for task in world.rows(Task, case_id=case.id) if task.state in ("offered", "accepted")}
        if case.closed_at is None:
            assert waits, f"{case.number} waits for nothing"
            assert all(wait.responsible_role and wait.expected_at for wait in waits)
        else:
            assert not waits
        assert {wait.task_id for wait in waits if wait.task_id} == open_tasks
        assert {timer.task_id for timer in world.rows(Timer, case_id=case.id) if timer.task_id} <= open_tasks
