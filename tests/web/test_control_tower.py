"""The control tower: what stands how, who may look, what can be done from a row."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import select, update

from engine.actor import Actor
from engine.clock import utcnow
from engine.db import Database
from engine.models import Outbox, Patient, Task, WaitRecord
from engine.queries.control_tower import Filters, case_rows
from engine.territory_calendar import territory_calendar
from tests.support.sealed import of_patient
from tests.web import town
from tests.web.browser import Browser, text_of


def make_late(database: Database, number: str = "") -> None:
    """Every wait was expected yesterday."""
    with database.transaction() as session:
        session.execute(update(WaitRecord).values(expected_at=utcnow() - timedelta(days=1)))


def task_of(database: Database) -> str:
    with database.reading() as session:
        return str(session.execute(select(Task.id).where(Task.state.in_(("offered", "accepted")))).scalars().first())


def test_the_title_says_what_needs_somebody(
    browser_of: Callable[[str], Browser], start_case: Callable[..., str], database: Database
) -> None:
    assert "Aucun dossier ouvert" in text_of(browser_of("maud").get("/suivi"))
    start_case()
    assert "Aucun retard dans le territoire" in text_of(browser_of("maud").get("/suivi"))

    make_late(database)
    said = text_of(browser_of("maud").get("/suivi"))

    assert "1 dossier attend plus que prévu" in said
    assert "DEMO-ABEILLE" in said and "En retard" in said


def test_tiles_filter_and_keep_the_other_filters(
    browser_of: Callable[[str], Browser], start_case: Callable[..., str], database: Database
) -> None:
    start_case()
    make_late(database)
    maud = browser_of("maud")

    assert "DEMO-ABEILLE" in text_of(maud.get("/suivi?sante=late&q=abeille"))
    assert "Aucun dossier ne correspond" in text_of(maud.get("/suivi?sante=broken"))
    assert "sante=late&amp;q=abeille" in maud.get("/suivi?q=abeille").get_data(as_text=True)


def test_a_nurse_is_told_where_their_work_is(
    browser_of: Callable[[str], Browser], start_case: Callable[..., str]
) -> None:
    start_case()
    for path in ("/suivi", "/suivi/carte", "/suivi/export.csv", "/suivi/C-1001", "/suivi/carte/try_out/etat.json"):
        assert browser_of("claire").get(path).status_code == 403


def test_the_number_of_statements_does_not_grow_with_the_list(
    browser_of: Callable[[str], Browser], start_case: Callable[..., str], database: Database
) -> None:
    start_case()
    maud = browser_of("maud")
    maud.get("/suivi")
    with maud.counting() as one:
        maud.get("/suivi")
    for number in range(2, 9):
        start_case(stay=f"S-{number}")

    with maud.counting() as many:
        page = maud.get("/suivi")

    assert text_of(page).count("DEMO-ABEILLE") == 8
    assert len(many) == len(one) <= 16


def test_pages_follow_each_other_without_gap_or_repeat(
    start_case: Callable[..., str], actor: Callable[[str], Actor], database: Database
) -> None:
    started = {start_case(stay=f"S-{number}") for number in range(1, 6)}
    calendar, seen, after = territory_calendar("Europe/Paris", "FR"), [], None
    now, by = utcnow(), actor("maud")
    with database.reading() as session:
        while rows := case_rows(session, by=by, now=now, calendar=calendar, filters=Filters(), after=after, limit=2):
            seen += [row.number for row in rows]
            after = rows[-1].cursor

    assert len(seen) == 5 and set(seen) == started


def test_the_file_opens_in_a_spreadsheet_and_holds_no_formula(
    browser_of: Callable[[str], Browser], start_case: Callable[..., str], database: Database
) -> None:
    start_case()
    with database.transaction() as session:
        session.execute(update(Patient).values(sex="unknown", given_name=of_patient(session, "=HYPERLINK(1)")))

    answer = browser_of("maud").get("/suivi/export.csv")
    text = answer.get_data(as_text=True)

    assert answer.get_data().startswith(b"\xef\xbb\xbf") and answer.mimetype == "text/csv"
    assert "Dossier;Patient;" in text and "'=HYPERLINK(1) DEMO-ABEILLE" in text


def test_a_row_opens_on_what_can_be_done(
    browser_of: Callable[[str], Browser], start_case: Callable[..., str], database: Database
) -> None:
    number = start_case()
    opened = browser_of("maud").get(f"/suivi/{number}").get_data(as_text=True)

    for word in ("Relancer", "Réattribuer", "Proposer plus largement", "Mettre en pause", "Annuler le dossier"):
        assert word in opened
    assert "Replier" in opened and "Débloquer" in browser_of("maud").get(f"/suivi/{number}?plie=oui").get_data(
        as_text=True
    )


def test_a_reminder_goes_out_once(
    browser_of: Callable[[str], Browser], start_case: Callable[..., str], database: Database
) -> None:
    number = start_case()
    maud, task = browser_of("maud"), task_of(database)

    first = maud.post(f"/dossiers/{number}/relancer", {"task_id": task, "suite": "/suivi", "idempotency_key": "a"})
    again = maud.post(f"/dossiers/{number}/relancer", {"task_id": task, "idempotency_key": "b"})

    assert first.headers["Location"] == "/suivi" and again.status_code == 422
    assert "Attendez une heure" in text_of(again)
    with database.reading() as session:
        assert len(session.execute(select(Outbox.id).where(Outbox.template == "task_reminder")).all()) == 1


def test_a_task_is_given_to_a_colleague_and_only_by_the_coordination(
    browser_of: Callable[[str], Browser], start_case: Callable[..., str], database: Database
) -> None:
    number = start_case()
    with database.reading() as session:
        task = str(session.execute(select(Task.id).where(Task.role == "home_nurse")).scalars().first())
        colleague = town.professional_of(session, "marc")
    sent = {"task_id": task, "to": str(colleague), "reason": "Claire est absente"}

    assert browser_of("claire").post(f"/dossiers/{number}/reattribuer", sent).status_code in (403, 404)
    assert browser_of("maud").post(f"/dossiers/{number}/reattribuer", sent).status_code == 303


def test_a_task_of_another_case_cannot_be_reached_through_this_one(
    browser_of: Callable[[str], Browser], start_case: Callable[..., str], database: Database
) -> None:
    start_case()
    task = task_of(database)
    other = start_case(stay="S-2")

    assert browser_of("maud").post(f"/dossiers/{other}/relancer", {"task_id": task}).status_code == 404


def test_the_map_counts_cases_by_step(
    browser_of: Callable[[str], Browser], start_case: Callable[..., str], database: Database
) -> None:
    assert "La carte est vide" in text_of(browser_of("maud").get("/suivi/carte"))
    start_case()
    make_late(database)
    maud = browser_of("maud")

    page, state = maud.get("/suivi/carte"), maud.get("/suivi/carte/try_out/etat.json").json

    assert "Par étape" in text_of(page)
    assert state is not None and state["nodes"][0]["badge"] == "1" and state["nodes"][0]["level"] == "late"
    assert b"<bpmn" in maud.get(re.search(r'data-diagram="([^"]+)"', page.get_data(as_text=True))[1]).get_data()  # type: ignore[index]
