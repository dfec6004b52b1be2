"""A hospital's information system opens a case, lists its cases, reads one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import func, select

from engine.clock import utcnow
from engine.commands.patients import add_to_circle
from engine.db import Database
from engine.models import AuditEvent, Case, Organization, Patient
from tests.web import town
from tests.web.api.program import JOSETTE, Program

NEW = {"pathway": "try_out", "patient": JOSETTE, "ward": "cardio", "stay_number": "S-77"}


def _count(database: Database, table: Any) -> int:
    with database.reading() as session:
        return session.execute(select(func.count()).select_from(table)).scalar_one()


def test_a_discharge_is_opened_read_and_listed(hospital: Program, database: Database) -> None:
    opened = hospital.post("/cases", NEW)

    assert opened.status_code == 201, opened.get_data(as_text=True)
    number = opened.json["number"]
    assert opened.headers["Location"] == f"/api/v1/cases/{number}"
    read = hospital.get(f"/cases/{number}").json
    assert read["state"] == "active" and read["organization"] == "cardio"
    assert read["why"].startswith("Attend « ") and read["waits"][0]["who"]
    assert read["patient"] == {**JOSETTE, "ins": JOSETTE["ins"]}
    assert [one["number"] for one in hospital.get("/cases").json["items"]] == [number]
    assert hospital.get("/cases", state="closed").json == {"items": [], "next": None}
    assert _count(database, Patient) == 1


def test_the_same_request_twice_opens_one_case(hospital: Program, database: Database) -> None:
    first, second = hospital.post("/cases", NEW, key="nuit-42"), hospital.post("/cases", NEW, key="nuit-42")

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json == second.json
    assert "Idempotency-Replayed" not in first.headers and second.headers["Idempotency-Replayed"] == "true"
    assert _count(database, Case) == 1


def test_a_key_stands_for_one_request_of_one_program(hospital: Program, program_of: Callable[..., Program]) -> None:
    hospital.post("/cases", NEW, key="nuit-42")

    other = hospital.post("/cases", {**NEW, "stay_number": "S-78"}, key="nuit-42")
    assert other.status_code == 422 and "clé" in other.json["detail"]
    elsewhere = program_of("clinic").post("/cases", {**NEW, "ward": "surgery", "stay_number": "S-79"}, key="nuit-42")
    assert elsewhere.status_code == 201 and "Idempotency-Replayed" not in elsewhere.headers


def test_a_refused_request_leaves_its_key_free(hospital: Program) -> None:
    wrong = {**NEW, "ward": "surgery"}

    assert hospital.post("/cases", wrong, key="nuit-42").status_code == 422
    assert hospital.post("/cases", wrong, key="nuit-42").status_code == 422
    assert hospital.post("/cases", NEW, key="nuit-42").status_code == 201


def test_a_write_without_a_key_is_refused(hospital: Program, database: Database) -> None:
    answer = hospital.post("/cases", NEW, key=None)

    assert answer.status_code == 400
    assert answer.json["errors"] == [{"pointer": "/Idempotency-Key", "detail": "Ce champ est obligatoire."}]
    assert _count(database, Case) == 0


def test_the_same_stay_is_not_opened_twice(hospital: Program, program_of: Callable[..., Program]) -> None:
    number = hospital.post("/cases", NEW).json["number"]

    again = hospital.post("/cases", NEW)
    assert again.status_code == 409 and again.json["case"] == number
    elsewhere = program_of("clinic").post("/cases", {**NEW, "ward": "surgery"})
    assert elsewhere.status_code == 409 and number not in elsewhere.get_data(as_text=True)


def test_what_cannot_be_used_is_said_field_by_field(hospital: Program, database: Database) -> None:
    answer = hospital.post(
        "/cases",
        {**NEW, "colour": "red", "patient": {**JOSETTE, "birth_date": "17/03/1941", "ins": "12", "sex": "F"}},
    )

    assert answer.status_code == 422 and answer.content_type == "application/problem+json"
    assert {one["pointer"] for one in answer.json["errors"]} == {
        "/colour", "/patient/birth_date", "/patient/ins", "/patient/sex",
    }  # fmt: skip
    unknown = hospital.post("/cases", {**NEW, "answers": {"colour": "red"}})
    assert unknown.status_code == 422
    assert unknown.json["errors"] == [
        {"pointer": "/answers/colour", "detail": "Le formulaire de ce parcours ne pose pas cette question."}
    ]
    assert _count(database, Case) == 0


def test_a_new_patient_is_registered_once_whatever_the_spelling(hospital: Program, database: Database) -> None:
    luc = {
        "birth_name": "DEMO-HÉRON", "given_name": "Luc-Noël", "sex": "male", "birth_date": "1950-01-02",
        "birth_place": "00001", "commune_insee": "00001",
    }  # fmt: skip
    first = hospital.post("/cases", {**NEW, "patient": luc, "stay_number": "S-1"})
    same = {**luc, "birth_name": "demo heron", "given_name": "LUC NOEL"}
    second = hospital.post("/cases", {**NEW, "patient": same, "stay_number": "S-2"})

    assert (first.status_code, second.status_code) == (201, 201)
    assert _count(database, Patient) == 2


def test_an_ins_with_other_traits_is_not_taken_for_the_same_person(hospital: Program, database: Database) -> None:
    answer = hospital.post("/cases", {**NEW, "patient": {**JOSETTE, "birth_date": "1942-03-17"}})

    assert answer.status_code == 422 and "INS" in answer.json["detail"]
    assert _count(database, Case) == 0


def test_a_program_starts_what_somebody_of_its_organisation_may_start(program_of: Callable[..., Program]) -> None:
    offered = program_of("hospital").get("/pathways").json["items"]
    assert [one["key"] for one in offered] == ["try_out"]
    assert "stay_number" in {question["name"] for question in offered[0]["questions"]}
    assert "patient" not in {question["name"] for question in offered[0]["questions"]}

    practice = program_of("practice")
    assert practice.get("/pathways").json["items"] == []
    assert practice.post("/cases", {**NEW, "ward": None}).status_code == 403
    assert program_of("hospital").post("/cases", {**NEW, "pathway": "absent"}).status_code == 404


def test_a_token_without_the_right_to_identities_names_nobody(program_of: Callable[..., Program]) -> None:
    blind = program_of("hospital", scopes=["cases:start", "cases:read", "tasks:read"])
    number = blind.post("/cases", NEW).json["number"]

    for path in (f"/cases/{number}", "/cases", "/tasks"):
        said = blind.get(path).get_data(as_text=True)
        assert "ABEILLE" not in said and JOSETTE["ins"] not in said
    assert blind.get(f"/cases/{number}").json["patient"] is None


def test_the_list_comes_in_pages(hospital: Program, start_case: Callable[..., str]) -> None:
    numbers = [start_case(stay=f"S-{index}") for index in range(5)]
    pages, cursor = [], None
    while True:
        answer = hospital.get("/cases", limit=2, **({"cursor": cursor} if cursor else {})).json
        pages.append([one["number"] for one in answer["items"]])
        if (cursor := answer["next"]) is None:
            break

    assert [len(page) for page in pages] == [2, 2, 1]
    assert sorted(number for page in pages for number in page) == sorted(numbers)
    assert hospital.get("/cases", cursor="n'importe quoi").status_code == 422
    assert hospital.get("/cases", limit=1000).status_code == 422


def test_reading_is_traced_with_the_name_of_the_program(
    program_of: Callable[..., Program], start_case: Callable[..., str], database: Database
) -> None:
    system = program_of("hospital", name="SIH de l'hôpital")
    number = start_case()
    system.get(f"/cases/{number}")
    system.get("/cases")
    system.get("/statistics")

    with database.reading() as session:
        rows = session.execute(select(AuditEvent).where(AuditEvent.action == "read").order_by(AuditEvent.id)).scalars()
        assert [(row.actor, row.object_kind, row.patient_id) for row in rows] == [
            ("SIH de l'hôpital", "api.case", town.josette(session)),
            ("SIH de l'hôpital", "api.cases", town.josette(session)),
        ]


def test_what_the_organisation_neither_opened_nor_follows_does_not_exist(
    program_of: Callable[..., Program], start_case: Callable[..., str]
) -> None:
    number = start_case()
    clinic = program_of("clinic")

    hidden, absent = clinic.get(f"/cases/{number}"), clinic.get("/cases/C-9999")
    assert (hidden.status_code, absent.status_code) == (404, 404)
    assert hidden.json == absent.json
    assert clinic.get("/cases", state="all").json["items"] == []
    assert program_of("cardio").get(f"/cases/{number}").status_code == 200


def test_an_opposition_hides_the_cases_from_programs(
    hospital: Program, start_case: Callable[..., str], database: Database
) -> None:
    number = start_case()
    with database.transaction() as session:
        patient = session.execute(select(Patient)).scalar_one()
        patient.opposition_at = session.execute(select(Case.opened_at)).scalar_one()

    assert hospital.get(f"/cases/{number}").status_code == 404
    assert hospital.get("/tasks").json["items"] == []
    assert hospital.post("/cases", {**NEW, "stay_number": "S-9"}).status_code == 403


def test_a_structure_of_the_care_circle_follows_the_case(
    program_of: Callable[..., Program], start_case: Callable[..., str], database: Database, actor: Callable[..., Any]
) -> None:
    number = start_case()
    pharmacy = program_of("pharmacy")
    assert pharmacy.get(f"/cases/{number}").status_code == 404
    with database.transaction() as session:
        place = session.execute(select(Organization.id).where(Organization.code == "pharmacy")).scalar_one()
        add_to_circle(
            session, patient_id=town.josette(session), role="pharmacist", organization_id=place, by=actor("maud"),
            now=utcnow(),
        )  # fmt: skip
    assert pharmacy.get(f"/cases/{number}").status_code == 200
