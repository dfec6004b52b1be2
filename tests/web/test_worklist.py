"""« Ma journée »: whose work is on it, in which tab, and how it reads."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import update

from engine.actor import Actor
from engine.clock import utcnow
from engine.commands import patients
from engine.db import Database
from engine.models import Account, Task
from tests.web import town
from tests.web.browser import Browser, text_of

LARGEST_PAGE = 80_000


def test_an_empty_day_says_what_comes_next(browser_of: Callable[[str], Browser]) -> None:
    said = text_of(browser_of("claire").get("/ma-journee"))

    assert "Rien à faire pour l'instant" in said and "Vous serez prévenu·e" in said


def test_work_addressed_to_me_by_name_is_mine_and_a_far_date_is_for_later(
    browser_of: Callable[[str], Browser], start_case: Callable[..., str]
) -> None:
    start_case()
    claire = browser_of("claire")

    assert "La prochaine tâche est prévue" in text_of(claire.get("/ma-journee?voir=aujourdhui"))
    later = text_of(claire.get("/ma-journee?voir=a-venir"))
    assert "Mme Josette DEMO-ABEILLE" in later and "12, rue des Lilas, Aubelle" in later and "Visite d'essai" in later


def test_late_work_comes_first_and_says_how_late(
    browser_of: Callable[[str], Browser], start_case: Callable[..., str], database: Database
) -> None:
    start_case()
    with database.transaction() as session:
        session.execute(
            update(Task).where(Task.element_id == "home_visit").values(due_at=utcnow() - timedelta(hours=3, minutes=5))
        )

    said = text_of(browser_of("claire").get("/ma-journee"))

    assert said.index("1 tâche en retard") < said.index("Mme Josette DEMO-ABEILLE") < said.index("en retard de 3 h")
    assert "Était attendue" in said


def test_a_ward_finds_its_work_to_take(browser_of: Callable[[str], Browser], start_case: Callable[..., str]) -> None:
    start_case()

    assert "Contrôle du service" in text_of(browser_of("helene").get("/ma-journee"))
    assert "Contrôle du service" not in text_of(browser_of("ursule").get("/ma-journee?voir=a-prendre"))


def test_charlie_sees_nothing_of_it(browser_of: Callable[[str], Browser], start_case: Callable[..., str]) -> None:
    start_case()
    charlie = browser_of("charlie")

    for tab in ("aujourdhui", "a-prendre", "a-venir", "faits"):
        said = text_of(charlie.get(f"/ma-journee?voir={tab}"))
        assert "ABEILLE" not in said and "Visite d'essai" not in said


def test_a_search_finds_a_name_and_says_when_it_does_not(
    browser_of: Callable[[str], Browser], start_case: Callable[..., str]
) -> None:
    start_case()
    claire = browser_of("claire")

    assert "Visite d'essai" in text_of(claire.get("/ma-journee?voir=a-venir&q=abeil"))
    assert "Rien pour « martni »" in text_of(claire.get("/ma-journee?voir=a-venir&q=martni"))


def test_the_number_of_statements_does_not_grow_with_the_list(
    browser_of: Callable[[str], Browser],
    start_case: Callable[..., str],
    database: Database,
    actor: Callable[[str], Actor],
) -> None:
    def declare(number: int) -> None:
        with database.transaction() as session:
            one = patients.register_patient(
                session, birth_name=f"DEMO-{number}", given_name="Ida", sex="female",
                birth_date=utcnow().date() - timedelta(days=30_000), by=actor("helene"), now=utcnow(),
            )  # fmt: skip
        start_case(stay=f"S-{number + 10}", patient_id=one)

    start_case()
    declare(0)
    claire = browser_of("claire")
    claire.get("/ma-journee?voir=a-venir")
    with claire.counting() as for_two:
        claire.get("/ma-journee?voir=a-venir")
    for number in range(1, 12):
        declare(number)

    with claire.counting() as for_many:
        page = claire.get("/ma-journee?voir=a-venir")

    assert text_of(page).count("Visite d'essai") == 13
    assert len(for_many) == len(for_two) <= 8


def test_the_nurses_page_is_light_in_all(browser_of: Callable[[str], Browser], start_case: Callable[..., str]) -> None:
    start_case()
    claire = browser_of("claire")
    page = claire.get("/ma-journee?voir=a-venir").get_data(as_text=True)
    files = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page))
    weight = len(page.encode()) + sum(
        len(claire.get(path, headers={"Accept-Encoding": "br"}).get_data()) for path in files
    )

    assert weight <= LARGEST_PAGE


def test_the_phone_may_keep_the_day_and_the_tasks(
    browser_of: Callable[[str], Browser], start_case: Callable[..., str]
) -> None:
    start_case()
    claire = browser_of("claire")

    assert claire.get("/ma-journee").headers["X-Offline"] == "keep"
    assert claire.get(claire.task("Visite d'essai", "a-venir")).headers["X-Offline"] == "keep"
    assert "X-Offline" not in claire.get("/connexion").headers


def test_an_account_without_a_professional_owns_nothing(
    browser_of: Callable[[str], Browser], start_case: Callable[..., str], database: Database
) -> None:
    start_case()
    with database.transaction() as session:
        session.execute(update(Account).where(Account.login == "marc").values(professional_id=None))
        account = town.account_of(session, "marc")
    marc = Browser(browser_of("claire").app, database)
    assert marc.post("/connexion/demo", {"account_id": str(account)}).status_code == 303

    for tab in ("aujourdhui", "a-prendre", "a-venir", "faits"):
        assert "Visite" not in text_of(marc.get(f"/ma-journee?voir={tab}"))
