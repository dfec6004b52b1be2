"""One patient in two pathways: one page, and nothing for those who follow neither."""

from __future__ import annotations

from datetime import UTC, datetime

from engine.db import Database
from engine.queries.patient_page import Duty, overlaps
from engine.territory_calendar import territory_calendar
from tests.web import town
from tests.web.browser import text_of


def address(database: Database) -> str:
    with database.reading() as session:
        return f"/patients/{town.josette(session)}/parcours"


def test_both_pathways_of_a_patient_are_on_one_page(database, browser_of, start_case) -> None:
    numbers = [start_case(stay="S-1"), start_case(stay="S-2")]
    page = browser_of("maud").get(address(database))
    said = text_of(page)

    assert page.status_code == 200
    assert all(number in said for number in numbers)
    assert "2 parcours" in said
    assert "la même semaine" in said


def test_whoever_follows_no_pathway_of_the_patient_learns_nothing(database, browser_of, start_case) -> None:
    start_case()
    refused = browser_of("charlie").get(address(database))

    assert refused.status_code == 404
    assert "Josette" not in refused.get_data(as_text=True)


def test_duties_overlap_when_one_role_has_two_cases_in_one_week() -> None:
    def duty(role: str, number: str, day: int) -> Duty:
        due = datetime(2026, 3, day, 12, tzinfo=UTC)
        return Duty(name="Voir", role=role, case_number=number, due_at=due, done_at=None, who="")

    duties = [
        duty("gp", "C-1", 3), duty("gp", "C-2", 6), duty("gp", "C-2", 16), duty("home_nurse", "C-1", 3),
        duty("home_nurse", "C-1", 4), duty("coordinator", "C-1", 3), duty("coordinator", "C-2", 3),
    ]  # fmt: skip
    found = overlaps(duties, territory_calendar("Europe/Paris", "FR"))

    assert [(one.role, [each.case_number for each in one.duties]) for one in found] == [("gp", ["C-1", "C-2"])]
