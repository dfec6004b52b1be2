"""Another system says that a result came, that a patient is back in hospital, back home, dead."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from engine.actor import Actor, system_actor
from engine.clock import utcnow
from engine.commands import cases, pathways, people, tasks
from engine.db import Database
from engine.models import AuditEvent, Case, Organization, Task
from tests.engine.commands import small_pathways
from tests.web import town
from tests.web.api.program import JOSETTE, Program


@pytest.fixture
def waiting(database: Database, actor: Callable[[str], Actor]) -> str:
    """A case of the ward that waits for the message « result »."""
    now, maud, helene = utcnow(), actor("maud"), actor("helene")
    with database.transaction() as session:
        pathways.publish(
            session, files=small_pathways.waiting_message(), label="", accepted={}, by=actor("hugo"), now=now
        )
    with database.transaction() as session:
        started = cases.start(
            session, pathway_key="waiting", patient_id=town.josette(session), facts={},
            organization_id=next(iter(helene.organization_ids)), by=maud, now=now,
        )  # fmt: skip
    return started.number


def _message(number: str, **more: Any) -> dict[str, Any]:
    return {"name": "result", "payload": {"level": "ok"}, "to": {"case": number}, **more}


def test_a_message_is_kept_until_a_step_waits_for_it(hospital: Program, waiting: str) -> None:
    answer = hospital.post("/messages", _message(waiting))

    assert answer.status_code == 200
    assert answer.json["delivered"] is False and answer.json["cases"] == [waiting]
    assert "sera remis" in answer.json["sentence"]


def test_the_same_message_twice_is_delivered_once(hospital: Program, waiting: str, database: Database) -> None:
    first = hospital.post("/messages", _message(waiting), key="m-1")
    second = hospital.post("/messages", _message(waiting), key="m-1")

    assert first.json == second.json
    with database.reading() as session:
        sent = session.execute(select(AuditEvent).where(AuditEvent.action == "messages.deliver")).scalars().all()
    assert len(sent) == 1


def test_a_message_finds_its_case_by_patient_and_pathway(hospital: Program, waiting: str) -> None:
    to = {"ins": JOSETTE["ins"], "pathway": "waiting"}

    assert hospital.post("/messages", _message(waiting, to=to)).json["cases"] == [waiting]
    absent = hospital.post("/messages", _message(waiting, to={**to, "stay_number": "S-404"}))
    assert absent.status_code == 404


@pytest.mark.parametrize(
    "to",
    [{}, {"case": "C-1", "ins": JOSETTE["ins"]}, {"ins": JOSETTE["ins"]}, {"case": " "}, {"correlation_key": " "}],
)
def test_an_address_is_one_and_only_one(hospital: Program, waiting: str, to: dict[str, str]) -> None:
    answer = hospital.post("/messages", _message(waiting, to=to))

    assert answer.status_code == 422 and answer.json["detail"].endswith(".")


def test_a_message_nobody_could_understand_is_refused(hospital: Program, waiting: str) -> None:
    answer = hospital.post("/messages", _message(waiting, name="unheard"))

    assert answer.status_code == 422 and "Messages connus : result" in answer.json["detail"]


def test_a_message_to_somebody_elses_case_reaches_nobody(
    program_of: Callable[..., Program], waiting: str, database: Database
) -> None:
    answer = program_of("clinic").post("/messages", _message(waiting))

    assert answer.status_code == 404
    with database.reading() as session:
        assert not session.execute(select(AuditEvent).where(AuditEvent.action == "messages.deliver")).first()


def test_a_hospital_stay_holds_every_case_and_names_only_ones_own(
    program_of: Callable[..., Program], waiting: str, database: Database
) -> None:
    clinic = program_of("clinic", name="SIH de la clinique")
    held = clinic.post("/patient-events", {"event": "hospitalised", "ins": JOSETTE["ins"]})

    assert held.status_code == 202 and held.json["cases"] == []
    with database.reading() as session:
        assert session.execute(select(Case.state)).scalar_one() == "on_hold"
        event = session.execute(
            select(AuditEvent).where(AuditEvent.action == "patient_events.hospitalised")
        ).scalar_one()
        assert event.actor == "SIH de la clinique"
    home = program_of("hospital").post("/patient-events", {"event": "back_home", "ins": JOSETTE["ins"]})
    assert home.json["cases"] == [waiting]


def test_an_event_does_not_say_whether_the_patient_is_known(program_of: Callable[..., Program], waiting: str) -> None:
    clinic = program_of("clinic")
    known = clinic.post("/patient-events", {"event": "hospitalised", "ins": JOSETTE["ins"]})
    unknown = clinic.post("/patient-events", {"event": "hospitalised", "ins": "199019999901234"})

    assert (known.status_code, known.json) == (unknown.status_code, unknown.json)


def test_a_death_closes_everything_once(hospital: Program, waiting: str, database: Database) -> None:
    body = {"event": "death", "ins": JOSETTE["ins"], "at": "2026-11-20T10:00:00+01:00"}
    first, second = hospital.post("/patient-events", body, key="d-1"), hospital.post("/patient-events", body, key="d-1")

    assert first.json == second.json and first.json["cases"] == [waiting]
    with database.reading() as session:
        assert session.execute(select(Case.state)).scalar_one() == "deceased"
        deaths = session.execute(select(AuditEvent).where(AuditEvent.action == "patient_events.death")).all()
    assert len(deaths) == 1


def test_tasks_of_the_organisation_are_those_its_people_may_do(
    program_of: Callable[..., Program], start_case: Callable[..., str], database: Database, actor: Callable[..., Actor]
) -> None:
    number = start_case()
    practice = program_of("practice")
    listed = practice.get("/tasks").json["items"]

    with database.reading() as session:
        visit = session.execute(select(Task.id).where(Task.element_id == "home_visit")).scalar_one()
    mine = {one["id"]: one for one in listed}
    assert mine[str(visit)]["case"] == number and mine[str(visit)]["patient"]["birth_name"] == "DEMO-ABEILLE"
    assert program_of("far_practice").get("/tasks").json["items"] == []
    with database.transaction() as session:
        tasks.accept(session, task_id=visit, by=actor("claire"), now=utcnow())
    assert {one["state"] for one in practice.get("/tasks").json["items"] if one["id"] == str(visit)} == {"accepted"}


def test_what_somebody_does_elsewhere_in_another_role_is_not_the_organisations(
    program_of: Callable[..., Program], start_case: Callable[..., str], database: Database
) -> None:
    start_case()
    with database.transaction() as session:
        pharmacy = session.execute(select(Organization.id).where(Organization.code == "pharmacy")).scalar_one()
        people.give_role(
            session, professional_id=town.professional_of(session, "claire"), role="pharmacist",
            organization_id=pharmacy, valid_from=date(2020, 1, 1), by=system_actor(town.territory_of(session).id),
            now=utcnow(),
        )  # fmt: skip

    assert program_of("practice").get("/tasks").json["items"]
    assert program_of("pharmacy").get("/tasks").json["items"] == []


def test_figures_about_fewer_than_six_are_not_told(
    program_of: Callable[..., Program], start_case: Callable[..., str]
) -> None:
    steering = program_of("cpts", scopes=["statistics:read"])
    (empty,) = steering.get("/statistics").json["items"]
    assert (empty["open"], empty["late"], empty["closed"]) == (0, 0, 0)

    for index in range(5):
        start_case(stay=f"S-{index}")
    assert steering.get("/statistics").json["items"][0]["open"] is None
    start_case(stay="S-5")
    assert steering.get("/statistics").json["items"][0]["open"] == 6
