"""Coming in, going out, and what a session is worth."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select, update

from engine.db import Database
from engine.models import Account, TerritoryRow
from tests.web import town
from tests.web.browser import Browser, text_of


def test_the_role_chooser_shows_everybody_in_their_group(stranger: Browser) -> None:
    said = text_of(stranger.get("/connexion"))

    assert "Qui voulez-vous être ?" in said
    assert said.index("À l'hôpital") < said.index("Hélène DEMO-HELENE") < said.index("En ville")
    assert said.index("En ville") < said.index("Claire DEMO-CLAIRE") < said.index("Coordination du territoire")


def test_each_person_lands_on_the_page_of_their_work(browser_of: Callable[[str], Browser]) -> None:
    landing = {login: browser_of(login).get("/").headers["Location"] for login in ("helene", "claire", "paul", "yann")}

    assert landing == {"helene": "/sorties", "claire": "/ma-journee", "paul": "/mes-patients", "yann": "/ma-journee"}


def test_a_page_asks_to_sign_in_and_comes_back_to_it(stranger: Browser, database: Database) -> None:
    asked = stranger.get("/ma-journee?voir=faits")
    assert asked.headers["Location"] == "/connexion?suite=/ma-journee?voir%3Dfaits"
    with database.reading() as session:
        account = town.account_of(session, "claire")

    answer = stranger.post("/connexion/demo", {"account_id": str(account), "suite": "/ma-journee?voir=faits"})

    assert answer.headers["Location"] == "/ma-journee?voir=faits"


def test_the_way_back_never_leads_to_another_site(stranger: Browser, database: Database) -> None:
    with database.reading() as session:
        account = str(town.account_of(session, "claire"))

    for elsewhere in ("https://evil.invalid/", "//evil.invalid", "/\\evil.invalid", "javascript:alert(1)"):
        answer = stranger.post("/connexion/demo", {"account_id": account, "suite": elsewhere})
        assert answer.headers["Location"] == "/"


def test_a_program_without_a_session_is_told_so(stranger: Browser) -> None:
    answer = stranger.get("/session", headers={"Accept": "application/json"})

    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json"
    assert answer.json is not None and answer.json["title"] == "Reconnectez-vous"


class TestOutsideADemo:
    def _live(self, database: Database) -> None:
        with database.transaction() as session:
            session.execute(update(TerritoryRow).values(kind="live"))

    def test_a_local_account_signs_in_with_its_password(self, stranger: Browser, database: Database) -> None:
        self._live(database)
        answer = stranger.post("/connexion", {"login": "claire", "password": town.PASSWORD}, token_from="/connexion")

        assert answer.status_code == 303
        assert "Ma journée" in text_of(stranger.get("/ma-journee"))

    def test_nobody_can_be_chosen(self, stranger: Browser, database: Database) -> None:
        self._live(database)
        with database.reading() as session:
            account = str(session.execute(select(Account.id).where(Account.login == "claire")).scalar_one())

        assert stranger.post("/connexion/demo", {"account_id": account}).status_code == 403
        assert "Qui voulez-vous être" not in text_of(stranger.get("/connexion"))
