"""Completing tasks: what the person, the next person and the case see."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from engine.commands import audit, cases, tasks
from engine.errors import CaseChanged, InvalidAnswers, InvalidRequest, NotAllowed, TaskAlreadyCompleted, TaskNotFound
from engine.models import AuditEvent, CaseFact, CaseHistory, IncidentRow, Task, TaskDraft, Timer
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
    assert world.rows(Timer, case_id=case_id) == []


def test_wrong_answers_change_nothing(running) -> None:
    world, case_id = running
    with pytest.raises(InvalidAnswers) as refusal:
        world.complete(case_id, "a", by="claire", weight="500")

    assert set(refusal.value.problems) == {"risk", "weight"}
    assert world.open_steps(case_id) == ["a"]
    assert world.rows(CaseFact, case_id=case_id) == []


def test_every_answer_is_a_fact_with_its_author(running) -> None:
    world, case_id = running
    world.complete(case_id, "a", by="claire", risk="high")

    [fact] = world.rows(CaseFact, case_id=case_id, name="risk")
    assert (fact.value, fact.recorded_by, fact.form_key, fact.element_id) == ("high", "Claire DEMO-MESANGE", "a", "a")


def test_a_parallel_branch_that_overwrites_what_its_author_had_not_seen_is_marked(world: World) -> None:
    files = small_pathways.workload()
    files["pathway.bpmn"] = files["pathway.bpmn"].replace(b'id="c"', b'id="c" parcours:form="b"')
    world.publish(files)
    case_id = world.start("workload")
    world.complete(case_id, "a", risk="high")
    world.now += timedelta(hours=1)
    world.complete(case_id, "b", by="claire", weight="70")
    world.now += timedelta(hours=1)
    world.complete(case_id, "c", by="paul", weight="72")

    facts = sorted(world.rows(CaseFact, case_id=case_id, name="weight"), key=lambda fact: fact.id)
    assert [(fact.value, fact.conflicting, fact.superseded_at) for fact in facts] == [
        (None, False, facts[1].recorded_at), (70, False, world.now), (72, True, None),
    ]  # fmt: skip


def test_the_same_key_gives_the_same_answer_and_does_nothing_twice(running) -> None:
    world, case_id = running
    task_id = world.open_task(case_id, "a")
    first = world.do(tasks.complete, by="claire", task_id=task_id, answers={"risk": "high"}, key="k")
    history = len(world.rows(CaseHistory, case_id=case_id))
    second = world.do(tasks.complete, by="claire", task_id=task_id, answers={"risk": "none"}, key="k")

    assert first == second
    assert len(world.rows(CaseHistory, case_id=case_id)) == history
    with pytest.raises(InvalidRequest, match="autre action"):
        world.do(tasks.accept, by="claire", task_id=world.open_task(case_id, "b"), key="k")


def test_somebody_without_the_role_may_not(running) -> None:
    world, case_id = running
    with pytest.raises(NotAllowed, match="ne vous est pas proposée"):
        world.complete(case_id, "a", by="paul", risk="high")


def test_another_territory_does_not_even_know_the_task(running) -> None:
    world, case_id = running
    world.actors["stranger"] = replace(world.actor("claire"), territory_id=uuid4())
    with pytest.raises(TaskNotFound):
        world.do(tasks.complete, by="stranger", task_id=world.open_task(case_id, "a"), answers={"risk": "high"})


def test_a_page_opened_before_the_task_was_given_away_is_told(running) -> None:
    world, case_id = running
    task_id = world.open_task(case_id, "a")
    marc = world.actor("marc").professional_id
    world.do(tasks.reassign, by="maud", task_id=task_id, to=marc)
    with pytest.raises(CaseChanged):
        world.do(tasks.complete, by="marc", task_id=task_id, answers={"risk": "high"}, revision=1)

    world.do(tasks.complete, by="marc", task_id=task_id, answers={"risk": "high"}, revision=2)
    assert world.rows(Task, id=task_id)[0].completed_by == "Marc DEMO-TILLEUL"


def test_a_draft_lives_until_its_task_closes(running) -> None:
    world, case_id = running
    task_id = world.open_task(case_id, "a")
    world.do(tasks.save_draft, by="claire", task_id=task_id, answers={"risk": "hi"})
    world.do(tasks.save_draft, by="claire", task_id=task_id, answers={"risk": "high"})
    assert [draft.answers for draft in world.rows(TaskDraft)] == [{"risk": "high"}]
    world.complete(case_id, "a", by="claire", risk="high")

    assert world.rows(TaskDraft) == []


def test_a_task_put_off_keeps_its_due_date_and_goes_twice_at_most(running) -> None:
    world, case_id = running
    world.complete(case_id, "a", risk="high")
    task_id = world.open_task(case_id, "b")
    due = world.rows(Task, id=task_id)[0].due_at
    for day in (1, 2):
        world.do(tasks.postpone, by="claire", task_id=task_id, until=world.now + timedelta(days=day), reason="Absente")
    with pytest.raises(NotAllowed, match="déjà été reportée 2 fois"):
        world.do(tasks.postpone, by="claire", task_id=task_id, until=world.now + timedelta(days=3), reason="Encore")

    task = world.rows(Task, id=task_id)[0]
    assert (task.due_at, task.postponements, task.owner_id) == (due, 2, world.actor("claire").professional_id)


def test_a_task_closed_without_being_done_lets_the_case_go_on(running) -> None:
    world, case_id = running
    world.complete(case_id, "a", risk="high")
    visit = world.open_task(case_id, "b")
    world.do(tasks.not_done, by="claire", task_id=visit, reason="done_elsewhere", comment="SSIAD")
    world.complete(case_id, "c", by="paul")

    assert world.open_steps(case_id) == ["d"]
    with pytest.raises(TaskAlreadyCompleted, match="a déjà été close par Claire"):
        world.do(tasks.accept, by="marc", task_id=world.rows(Task, element_id="b")[0].id)


def test_a_step_that_stops_keeps_the_answers_and_shows_an_incident_that_can_be_retried(world: World) -> None:
    world.publish(small_pathways.stopping())
    case_id = world.start("stopping")
    done = world.complete(case_id, "a", by="claire", risk="low")

    assert done.incident is not None
    assert done.incident.startswith("Vos réponses sont enregistrées")
    assert world.open_steps(case_id) == ["a"]
    assert [fact.value for fact in world.rows(CaseFact, case_id=case_id, name="risk")] == ["low"]
    assert {wait.kind for wait in world.waits(case_id)} == {"human", "incident"}
    [incident] = world.rows(IncidentRow, case_id=case_id)
    assert not world.do(cases.retry, by="maud", case_id=case_id).mended
    world.complete(case_id, "a", by="claire", risk="high")
    assert world.case(case_id).state == "completed"
    assert all(row.resolved_at is not None for row in world.rows(IncidentRow, case_id=case_id)), incident.sentence


def test_the_trace_is_sealed_and_a_changed_event_is_named(running) -> None:
    world, case_id = running
    world.complete(case_id, "a", by="claire", risk="high")
    with world.database.transaction() as session:
        sealed = audit.seal(session)
    assert sealed == len(world.rows(AuditEvent))
    found = world.read(audit.verify)
    assert (found.checked, found.unsealed, found.first_bad) == (sealed, 0, None)
    actions = [event.action for event in world.rows(AuditEvent, case_id=case_id)]
    assert actions == ["cases.start", "tasks.complete"]
