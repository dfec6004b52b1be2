"""What is told of a patient reaches every pathway of theirs: in hospital, back home, deceased."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import UUID

import pytest

from engine.commands import cases, messages, outbox, patient_events, tasks
from engine.errors import InvalidMessage, NotAllowed, PatientNotFound
from engine.models import OPEN_TASK_STATES, Case, CaseHistory, Outbox, Task, Timer, WaitRecord
from tests.engine.commands import small_pathways as small
from tests.engine.commands.world import NOBODY, World


def stay() -> dict[str, bytes]:
    """A pathway that runs during a stay: its departure brings the patient home, its death ends everything."""
    body = (
        small.start()
        + small.task("prepare", "Préparer la sortie", role="coordinator")
        + small.wait_for("leaves", "Départ", "m_leaves")
        + small.task("visit", "Visiter")
        + small.end()
        + small.flow("start", "prepare")
        + small.flow("prepare", "leaves")
        + small.flow("leaves", "visit")
        + small.flow("visit", "end")
    )
    description = {
        "key": "stay", "title": {"fr": "Séjour", "en": "Stay"}, "process": "stay", "runs_in_hospital": True,
        "start_form": "opened", "start_event": {"patient_event": "hospitalised", "unless": "already_home"},
        "messages_in": [
            {"name": "leaves", "patient_event": "back_home", "payload": {}, "from": ["coordinator"]},
        ],
    }  # fmt: skip
    files = {
        "pathway.bpmn": small.bpmn("stay", body, outside=small.message("m_leaves", "leaves")),
        "forms/opened.json": small.form("opened", {"name": "already_home", "type": "bool"}),
    }
    return {**files, "pathway.json": json.dumps(description).encode()}


def follow_up() -> dict[str, bytes]:
    """A long pathway with a review due 14 days after the return, and an end of its own at a death."""
    heard = (
        '<bpmn:subProcess id="on_return" name="Retour" triggeredByEvent="true">'
        '<bpmn:startEvent id="returned" isInterrupting="false"><bpmn:messageEventDefinition id="r_m" '
        'messageRef="m_home"/></bpmn:startEvent>'
        + small.task("review", "Réévaluer après le retour", due="P14D")
        + small.end("reviewed")
        + small.flow("returned", "review")
        + small.flow("review", "reviewed")
        + "</bpmn:subProcess>"
        '<bpmn:boundaryEvent id="died" attachedToRef="follow" cancelActivity="true">'
        '<bpmn:messageEventDefinition id="d_m" messageRef="m_death"/></bpmn:boundaryEvent>'
    )
    body = (
        small.start() + '<bpmn:subProcess id="follow" name="Suivi">' + small.start("s2")
        + small.task("weigh", "Peser", due="P30D") + small.end("e2") + small.flow("s2", "weigh")
        + small.flow("weigh", "e2") + "</bpmn:subProcess>" + heard
        + small.script("note", "outcome = &quot;deceased&quot;")
        + small.end() + small.end("over") + small.flow("start", "follow") + small.flow("follow", "end")
        + small.flow("died", "note") + small.flow("note", "over")
    )  # fmt: skip
    outside = small.message("m_home", "back_home") + small.message("m_death", "death")
    return {"pathway.bpmn": small.bpmn("follow_up", body, outside=outside)}


@pytest.fixture
def three(world: World) -> tuple[World, UUID, UUID, UUID]:
    """A patient in a stay, in a follow-up, and in a pathway that knows nothing of hospitals or deaths."""
    for files in (stay(), follow_up(), small.workload()):
        world.publish(files)
    return world, world.start("stay"), world.start("follow_up"), world.start("workload")


def tell(world: World, name: str, *, by: str = "engine", key: str | None = None) -> patient_events.Told:
    return world.do(
        patient_events.tell_patient_cases, by=by, patient_id=world.patient_id, name=name, payload={}, key=key
    )


def test_an_admission_holds_the_other_cases_and_stops_their_clocks(three) -> None:
    world, stay_id, follow_id, other_id = three
    due = {row.id: row.due_at for row in world.rows(Timer, case_id=follow_id)}
    told = tell(world, "hospitalised", key="adt-1")

    assert tell(world, "hospitalised", key="adt-1") == told
    assert set(told.case_numbers) == {world.case(follow_id).number, world.case(other_id).number}
    assert [world.case(one).state for one in (stay_id, follow_id, other_id)] == ["active", "on_hold", "on_hold"]
    assert world.advance(days=5) >= 0
    assert {row.id: row.due_at for row in world.rows(Timer, case_id=follow_id)} == due
    assert world.rows(Task, case_id=follow_id, element_id="weigh")[0].escalation_level == 0
    [held] = world.rows(CaseHistory, case_id=follow_id, kind="held")
    assert "hospitalisé" in held.detail["reason"]


def test_the_departure_told_to_the_stay_takes_the_others_up_with_a_review_in_14_days(three) -> None:
    world, stay_id, follow_id, other_id = three
    tell(world, "hospitalised")
    world.advance(days=5)
    world.complete(stay_id, "prepare")
    world.do(messages.deliver, by="maud", name="leaves", payload={}, case_id=stay_id)

    assert [world.case(one).state for one in (stay_id, follow_id, other_id)] == ["active"] * 3
    [review] = world.rows(Task, case_id=follow_id, element_id="review")
    assert review.due_at == world.now + timedelta(days=14)
    assert world.open_steps(follow_id) == ["review", "weigh"]
    assert world.open_steps(stay_id) == ["visit"]
    assert all(wait.kind != "suspended" for wait in world.waits(follow_id))


def test_a_case_held_for_another_reason_is_not_taken_up_by_a_return(three) -> None:
    world, _, follow_id, other_id = three
    world.do(cases.hold, by="maud", case_id=other_id, reason="Patient en voyage")
    tell(world, "hospitalised")
    tell(world, "back_home")

    assert (world.case(follow_id).state, world.case(other_id).state) == ("active", "on_hold")


@pytest.mark.parametrize("held", [False, True], ids=["at_home", "in_hospital"])
def test_a_death_leaves_no_open_task_and_nothing_to_send(three, held: bool) -> None:
    world, *case_ids = three
    world.do(tasks.complete, task_id=world.open_task(case_ids[2], "a"), answers={"risk": "high"}, by="claire")
    if held:
        tell(world, "hospitalised")
    else:
        world.advance(hours=49)
        assert world.rows(Outbox, state="waiting")
    tell(world, "death", by="maud")

    assert {world.case(one).state for one in case_ids} == {"deceased"}
    assert {world.case(one).outcome for one in case_ids} == {"deceased"}
    assert [row for row in world.rows(Task) if row.state in OPEN_TASK_STATES] == []
    assert world.rows(Outbox, state="waiting") == []
    assert world.rows(WaitRecord) == world.rows(Timer) == []
    assert world.advance(days=60) == 0
    assert world.rows(Outbox, state="waiting") == []


def test_a_death_told_to_one_case_reaches_the_others(three) -> None:
    world, *case_ids = three
    world.do(messages.deliver, by="maud", name="death", payload={}, case_id=case_ids[1], key="d")
    world.do(messages.deliver, by="maud", name="death", payload={}, case_id=case_ids[1], key="d")

    assert {world.case(one).state for one in case_ids} == {"deceased"}
    assert [row for row in world.rows(Task) if row.state in OPEN_TASK_STATES] == []


def test_another_patient_is_not_concerned(three) -> None:
    world, _, follow_id, _ = three

    with pytest.raises(PatientNotFound):
        world.do(patient_events.tell_patient_cases, patient_id=NOBODY, name="death", payload={})
    assert world.case(follow_id).state == "active"


def test_only_the_coordination_says_it_of_a_patient_and_only_what_is_known(three) -> None:
    world, _, follow_id, _ = three

    with pytest.raises(NotAllowed):
        tell(world, "death", by="claire")
    with pytest.raises(InvalidMessage, match="hospitalised, back_home, death"):
        tell(world, "married", by="maud")
    assert world.case(follow_id).state == "active"


def test_a_return_told_to_the_held_case_itself_takes_it_up_and_is_heard(three) -> None:
    world, _, follow_id, other_id = three
    tell(world, "hospitalised")
    world.advance(days=3)
    world.do(messages.deliver, by="maud", name="back_home", payload={}, case_id=follow_id)

    assert [world.case(one).state for one in (follow_id, other_id)] == ["active"] * 2
    assert world.open_steps(follow_id) == ["review", "weigh"]


def counting_stays() -> dict[str, bytes]:
    """A pathway that notes each stay in hospital, tells of one itself, and may end while the patient is still there."""
    heard = (
        '<bpmn:subProcess id="on_stay" name="Séjour" triggeredByEvent="true">'
        '<bpmn:startEvent id="admitted" isInterrupting="false"><bpmn:messageEventDefinition id="a_m" '
        'messageRef="m_stay"/></bpmn:startEvent>'
        + small.task("phone_ward", "Appeler le service")
        + small.end("phoned")
        + small.flow("admitted", "phone_ward")
        + small.flow("phone_ward", "phoned")
        + "</bpmn:subProcess>"
    )
    body = (
        small.start() + small.task("weigh", "Peser", due="P30D")
        + '<bpmn:serviceTask id="tell" name="Signaler" parcours:action="send_message" parcours:to="patient" '
        'parcours:message="hospitalised"/>'
        + small.wait_for("institution", "Entrée en établissement", "m_institution") + small.end() + heard
        + small.flow("start", "weigh") + small.flow("weigh", "tell") + small.flow("tell", "institution")
        + small.flow("institution", "end")
    )  # fmt: skip
    outside = small.message("m_stay", "hospitalised") + small.message("m_institution", "moved")
    description = {
        "key": "counting", "title": {"fr": "Suivi", "en": "Follow-up"}, "process": "counting",
        "messages_in": [{"name": "moved", "payload": {}, "from": ["coordinator"], "resumes": True}],
    }  # fmt: skip
    files = {"pathway.bpmn": small.bpmn("counting", body, outside=outside)}
    return {**files, "pathway.json": json.dumps(description).encode()}


def carry_out(world: World) -> None:
    """What the engine sends to itself, as the worker does it."""
    letters = world.do(
        lambda session, *, by, now: outbox.claim(session, territory_id=by.territory_id, now=now, limit=50)
    )
    for letter in letters:
        if letter.channel in outbox.INTERNAL_CHANNELS:
            world.do(lambda session, *, by, now, one: outbox.carry_out(session, letter=one, now=now), one=letter)
        world.do(lambda session, *, by, now, one: outbox.mark_sent(session, letter_id=one, now=now), one=letter.id)


def test_a_pathway_that_knows_of_stays_hears_each_once_then_stands_still(world: World) -> None:
    world.publish(counting_stays())
    case_id = world.start("counting")
    world.do(messages.deliver, by="maud", name="hospitalised", payload={}, case_id=case_id)

    assert world.case(case_id).state == "on_hold"
    assert world.open_steps(case_id) == ["phone_ward", "weigh"]


def test_a_stay_told_by_a_step_holds_every_case_and_an_end_of_the_stay_goes_through(world: World) -> None:
    for files in (counting_stays(), small.workload()):
        world.publish(files)
    case_id, other_id = world.start("counting"), world.start("workload")
    world.complete(case_id, "weigh")
    carry_out(world)
    assert [world.case(one).state for one in (case_id, other_id)] == ["on_hold"] * 2
    assert world.open_steps(case_id) == ["phone_ward"]

    world.do(messages.deliver, by="maud", name="moved", payload={}, case_id=case_id)
    assert world.case(case_id).state == "active"
    world.complete(case_id, "phone_ward")
    assert world.case(case_id).state == "completed"


def test_what_a_pathway_proposes_again_later_opens_on_that_day(world: World) -> None:
    again = (
        small.start()
        + '<bpmn:serviceTask id="once_more" name="Reproposer" parcours:action="start_pathway" '
        'parcours:pathway="workload" parcours:at="= plus(now(), &quot;P6M&quot;)"/>'
        + small.end() + small.flow("start", "once_more") + small.flow("once_more", "end")
    )  # fmt: skip
    for files in ({"pathway.bpmn": small.bpmn("again", again)}, small.workload()):
        world.publish(files)
    world.start("again")
    world.advance(days=150)
    carry_out(world)
    assert len(world.rows(Case)) == 1
    world.advance(days=60)
    carry_out(world)
    assert sorted(case.state for case in world.rows(Case)) == ["active", "completed"]


@pytest.mark.parametrize(("already_home", "others"), [("false", "on_hold"), (None, "on_hold"), ("true", "active")])
def test_opening_a_stay_says_that_the_patient_is_in_hospital_unless_they_are_home(
    world: World, already_home: str | None, others: str
) -> None:
    for files in (stay(), small.workload()):
        world.publish(files)
    before = world.start("workload", facts={"risk": "high"})
    opened = world.start("stay", facts={"already_home": already_home}, by="maud")

    assert (world.case(before).state, world.case(opened).state) == (others, "active")
