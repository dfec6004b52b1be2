"""Offers: the usual professional, then the sector, the neighbours, the coordination; the first yes wins."""

import pytest

from engine.commands import people, tasks
from engine.errors import NotAllowed, TaskAlreadyCompleted
from engine.models import CareCircleMember, Outbox, Task, TaskOffer
from tests.engine.commands import small_pathways
from tests.engine.commands.world import World


@pytest.fixture
def offered(world: World):
    world.publish(small_pathways.offers())
    return world


def usual(world: World, who: str = "claire") -> None:
    world.do(
        people.add_to_circle, patient_id=world.patient_id, role="home_nurse",
        professional_id=world.actor(who).professional_id, usual=True,
    )  # fmt: skip


def test_the_usual_nurse_is_asked_first_and_her_yes_gives_her_the_visit(offered: World) -> None:
    usual(offered)
    case_id = offered.start("offers")
    task_id = offered.open_task(case_id, "ask_usual")
    offered.do(tasks.accept, by="claire", task_id=task_id)

    [visit] = offered.rows(Task, case_id=case_id, element_id="visit")
    assert visit.audience_professional_id == offered.actor("claire").professional_id


def test_without_a_usual_nurse_the_sector_is_asked_at_once(offered: World) -> None:
    case_id = offered.start("offers")

    assert offered.open_steps(case_id) == ["ask_pool"]
    letters = {letter.recipient_id for letter in offered.rows(Outbox, case_id=case_id, template="task_offered")}
    assert letters == {offered.actor(nurse).professional_id for nurse in ("claire", "marc")}


def test_the_one_who_accepts_joins_the_care_circle(offered: World) -> None:
    case_id = offered.start("offers")
    offered.do(tasks.accept, by="marc", task_id=offered.open_task(case_id, "ask_pool"))

    [member] = offered.rows(CareCircleMember, patient_id=offered.patient_id)
    assert (member.professional_id, member.role, member.usual) == (
        offered.actor("marc").professional_id, "home_nurse", True,
    )  # fmt: skip


def test_the_second_yes_is_told_who_was_faster(offered: World) -> None:
    case_id = offered.start("offers")
    task_id = offered.open_task(case_id, "ask_pool")
    offered.do(tasks.accept, by="marc", task_id=task_id)

    with pytest.raises(TaskAlreadyCompleted, match=r"Marc DEMO-TILLEUL à 9 h 00"):
        offered.do(tasks.accept, by="claire", task_id=task_id)


def test_a_neighbour_may_not_take_an_offer_made_to_the_sector(offered: World) -> None:
    case_id = offered.start("offers")

    with pytest.raises(NotAllowed):
        offered.do(tasks.accept, by="nadia", task_id=offered.open_task(case_id, "ask_pool"))


def test_when_all_have_declined_the_next_round_opens_at_once(offered: World) -> None:
    case_id = offered.start("offers")
    task_id = offered.open_task(case_id, "ask_pool")
    offered.do(tasks.decline, by="claire", task_id=task_id, reason="full")
    assert offered.open_steps(case_id) == ["ask_pool"]
    offered.do(tasks.decline, by="marc", task_id=task_id, reason="absent", comment="en congé")

    assert offered.open_steps(case_id) == ["ask_neighbours"]
    assert {offer.answer for offer in offered.rows(TaskOffer, task_id=task_id)} == {"declined"}


def test_nobody_anywhere_ends_at_the_coordination(offered: World) -> None:
    for nurse in ("claire", "marc", "nadia"):
        offered.do(people.leave, professional_id=offered.actor(nurse).professional_id, day=offered.now.date())
    case_id = offered.start("offers")

    assert offered.open_steps(case_id) == ["search"]


def test_an_offer_without_answer_goes_on_by_itself(offered: World) -> None:
    case_id = offered.start("offers")
    offered.advance(hours=5)
    assert offered.open_steps(case_id) == ["ask_neighbours"]
    offered.do(tasks.accept, by="nadia", task_id=offered.open_task(case_id, "ask_neighbours"))
    assert offered.open_steps(case_id) == ["visit"]


def test_ordinary_work_declined_goes_to_the_sector(world: World) -> None:
    usual(world)
    world.publish(small_pathways.workload())
    case_id = world.start("workload")
    task_id = world.open_task(case_id, "a")
    world.do(tasks.decline, by="claire", task_id=task_id, reason="full")

    [task] = world.rows(Task, id=task_id)
    assert (task.state, task.audience) == ("offered", "sector")
    world.do(tasks.accept, by="marc", task_id=task_id)
    world.complete(case_id, "a", by="marc", risk="high")


def test_an_absent_nurse_is_replaced(world: World) -> None:
    usual(world)
    claire, marc = world.actor("claire").professional_id, world.actor("marc").professional_id
    world.publish(small_pathways.workload())
    case_id = world.start("workload")
    today = world.now.date()
    world.do(
        people.declare_absence, by="claire", professional_id=claire, first_day=today, last_day=today, substitute_id=marc
    )
    world.complete(case_id, "a", by="marc", risk="high")

    assert world.rows(Task, case_id=case_id, element_id="a")[0].completed_by == "Marc DEMO-TILLEUL"
    assert world.rows(Task, case_id=case_id, element_id="b")[0].audience == "sector"


def test_hospital_work_stays_in_the_hospital(world: World) -> None:
    body = small_pathways
    files = {
        "pathway.bpmn": body.bpmn(
            "ward",
            body.start()
            + body.task("n", "Check-list", role="hospital_nurse")
            + body.task("p", "Conciliation", role="hospital_pharmacist")
            + body.end()
            + body.flow("start", "n")
            + body.flow("n", "p")
            + body.flow("p", "end"),
        )
    }
    world.publish(files)
    case_id = world.start("ward", organization_id=world.ward_id, by="helene")
    [checklist] = world.rows(Task, case_id=case_id, element_id="n")
    assert (checklist.audience, checklist.audience_organization_id) == ("organization", world.ward_id)
    world.complete(case_id, "n", by="helene")
    world.complete(case_id, "p", by="paule")
    assert world.case(case_id).state == "completed"
