"""One patient in several shipped pathways: admission, return, death, alerts, and what a discharge leads to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from engine.commands import patient_events
from engine.models import OPEN_TASK_STATES, Outbox
from engine.walks.perform import perform_on
from engine.walks.script import parse_walk
from engine.walks.suite import shipped_walks
from tests.pathways.several import Scene, complete_pathways, prepare, scene_in
from tests.support.databases import PostgresDatabases, SqliteDatabases

NO_GP = ' with {"no_gp": true, "usual_gp": null}'


@pytest.fixture(params=["sqlite", "postgresql"])
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    if request.param == "sqlite":
        files: SqliteDatabases = request.getfixturevalue("sqlite_databases")
        found = scene_in(files.new(prepare=prepare))
        yield found
        found.database.close()
    else:
        clones: PostgresDatabases = request.getfixturevalue("postgres_databases")
        with clones.new(prepare=prepare) as url:
            found = scene_in(url)
            yield found
            found.database.close()


def tell(scene: Scene, name: str) -> patient_events.Told:
    return scene.do(
        patient_events.tell_patient_cases, patient_id=scene.settled.patients[scene.patient], name=name, payload={}
    )


def waiting_letters(scene: Scene) -> int:
    with scene.database.reading() as session:
        return session.query(Outbox).filter(Outbox.state == "waiting", Outbox.case_id.in_(scene.cases())).count()


def test_an_admission_holds_the_other_pathways_and_the_departure_takes_them_up(scene: Scene) -> None:
    others = [scene.start(key) for key in complete_pathways() if key != "hospital_discharge"]
    stay = scene.start("hospital_discharge")
    tell(scene, "hospitalised")
    states = {scene.pathway_of(one): scene.cases()[one].state for one in others}
    assert states.pop("gp_access", "active") == "active"  # looking for a GP goes on during the stay
    assert set(states.values()) == {"on_hold"}
    assert scene.cases()[stay].state == "active"

    scene.live(scene.now + timedelta(days=4))
    scene.send(stay, "discharge_confirmed", discharge_at=scene.now.isoformat(), destination="home")
    assert {scene.cases()[one].state for one in others} == {"active"}


def test_a_death_during_several_pathways_leaves_nothing_open_and_nothing_to_send(scene: Scene) -> None:
    started = [scene.start(key) for key in complete_pathways()]
    scene.live(scene.now + timedelta(days=2))
    assert scene.open_tasks()
    scene.send(started[0], "death", date=scene.now.date().isoformat())

    assert {scene.cases()[one].state for one in started} == {"deceased"}
    assert [task for task in scene.open_tasks() if task.state in OPEN_TASK_STATES] == []
    assert waiting_letters(scene) == 0
    assert scene.live(scene.now + timedelta(days=40)) == []


def test_two_orange_alerts_and_a_red_one_are_three_tasks(scene: Scene) -> None:
    case_id = scene.start("hospital_discharge")
    before = {task.id for task in scene.open_tasks(case_id)}
    scene.send(case_id, "alert", level="orange", matter="nursing", text="Pansement", source_role="caregiver")
    scene.send(case_id, "alert", level="orange", matter="medical", text="Confusion", source_role="home_nurse")
    scene.send(case_id, "alert", level="red", matter="medical", text="Essoufflement", source_role="home_help")

    opened = [task for task in scene.open_tasks(case_id) if task.id not in before]
    assert sorted((task.element_id, task.role, task.escalation, task.priority) for task in opened) == [
        ("treat_orange_alert", "gp", "orange_alert", "high"),
        ("treat_orange_alert", "home_nurse", "orange_alert", "high"),
        ("treat_red_alert", "gp", "red_alert", "vital"),
    ]
    assert {task.due_at - scene.now for task in opened if task.due_at} == {timedelta(hours=1), timedelta(hours=24)}
    assert before <= {task.id for task in scene.open_tasks(case_id)}


@pytest.mark.parametrize(
    ("following", "facts", "exit_"),
    [("etp_diabetes", "", "etp"), ("geriatric_follow_up", "", "geriatric"), ("gp_access", NO_GP, "close")],
)
def test_a_discharge_opens_the_pathway_it_leads_to(scene: Scene, following: str, facts: str, exit_: str) -> None:
    if following not in complete_pathways():
        pytest.skip(f"{following} is not shipped yet")
    text = shipped_walks("hospital_discharge")[0]["01_nominal.walk"].split("expect state: completed")[0]
    text = text.replace("by hospital_nurse\n", f"by hospital_nurse{facts}\n", 1)
    text = text.rstrip() + f' with {{"exit": "{exit_}"}}\n'
    played = perform_on(
        scene.database, parse_walk(text, name="exit"), settled=scene.settled, pathway_key="hospital_discharge",
        answers=scene.usual("hospital_discharge"), patient=scene.patient,
    )  # fmt: skip
    discharge, *others = scene.cases().values()

    assert [failure for failure in played.failures if not facts] == []
    assert discharge.state == "completed"
    assert [scene.pathway_of(one.id) for one in others] == [following]
    assert scene.open_tasks(others[0].id)


def test_after_the_return_the_follow_up_has_a_review_due_in_14_days(scene: Scene) -> None:
    text = shipped_walks("geriatric_follow_up")[0]["01_simple_plan.walk"].split("expect closed: send_plan")[0]
    played = perform_on(
        scene.database, parse_walk(text, name="plan"), settled=scene.settled, pathway_key="geriatric_follow_up",
        answers=scene.usual("geriatric_follow_up"), patient=scene.patient,
    )  # fmt: skip
    assert played.failures == ()
    [follow_up] = scene.cases()
    scene.now += timedelta(days=40)
    stay = scene.start("hospital_discharge")
    tell(scene, "hospitalised")
    assert scene.cases()[follow_up].state == "on_hold"

    scene.live(scene.now + timedelta(days=6))
    scene.send(stay, "discharge_confirmed", discharge_at=scene.now.isoformat(), destination="home")
    [review] = [task for task in scene.open_tasks(follow_up) if task.element_id == "periodic_review"]
    assert scene.cases()[follow_up].state == "active"
    assert review.due_at == scene.now + timedelta(days=14)
