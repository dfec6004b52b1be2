"""Session theft, fixation: what the cookie carries, when it changes, when it is worth nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from engine.actor import system_actor
from engine.clock import utcnow
from engine.commands import people
from engine.db import Database
from engine.models import SignIn
from engine.settings import read_settings
from tests.security.crawling import addresses, what_exists
from tests.web import town
from tests.web.browser import TOKEN, Browser
from web.app import create_app

BrowserOf = Callable[[str], Browser]
SENT_ONLY_TO_LEAVE = "Max-Age=0"


@pytest.fixture
def over_https(database: Database) -> Flask:
    return create_app(read_settings({"PARCOURS_BASE_URL": "https://parcours.invalid"}), database)


def test_over_https_every_cookie_of_every_answer_is_bound_to_the_host_and_hidden_from_scripts(
    over_https: Flask, database: Database, start_case: Callable[..., str]
) -> None:
    known = what_exists(database, start_case())
    given: list[tuple[str, str]] = []
    for browser in (Browser(over_https, database), Browser(over_https, database).sign_in("maud")):
        token = TOKEN.search(browser.get("/hors-ligne").get_data(as_text=True))
        assert token is not None
        for method in ("GET", "POST"):
            for address in addresses(over_https, method, known):
                sent = {"csrf_token": token[1]} if method == "POST" else None
                answer = browser.client.open(address, method=method, data=sent)
                assert "max-age=" in answer.headers["Strict-Transport-Security"], address
                given += [(address, cookie) for cookie in answer.headers.getlist("Set-Cookie")]

    names = {cookie.partition("=")[0] for _address, cookie in given}
    assert names >= {"__Host-parcours", "__Host-parcours-form"}, "the crawl has met both cookies"
    assert not [
        (address, cookie)
        for address, cookie in given
        if not cookie.startswith("__Host-")
        or not {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
        or "domain=" in cookie.lower()
    ]


def test_the_cookie_holds_no_identity_and_the_database_no_cookie(stranger: Browser, database: Database) -> None:
    stranger.sign_in("claire")
    cookie = stranger.client.get_cookie("parcours")

    assert cookie is not None and cookie.http_only and cookie.same_site == "Lax"
    with database.reading() as session:
        stored = session.execute(select(SignIn.token_hash)).scalar_one()
        claire = town.account_of(session, "claire")
    assert cookie.value not in stored and stored not in cookie.value
    assert claire.hex not in cookie.value.replace("-", "")


def test_a_stolen_cookie_is_worthless_after_its_owner_signed_out(browser_of: BrowserOf, stranger: Browser) -> None:
    claire = browser_of("claire")
    stolen = _cookie(claire)
    stranger.client.set_cookie("parcours", stolen)
    assert stranger.get("/ma-journee").status_code == 200, "a cookie is all it takes: hence what follows"

    answer = claire.post("/deconnexion")

    assert answer.headers["Location"] == "/connexion" and SENT_ONLY_TO_LEAVE in str(answer.headers)
    assert stranger.get("/ma-journee").status_code == 302
    assert stranger.get("/session", headers={"Accept": "application/json"}).status_code == 401


def test_a_cookie_planted_before_signing_in_is_not_the_one_signed_in_with(stranger: Browser, app: Flask) -> None:
    planted = "planted-by-somebody-else"
    stranger.client.set_cookie("parcours", planted)

    stranger.sign_in("claire")

    assert _cookie(stranger) != planted
    thief = app.test_client()
    thief.set_cookie("parcours", planted)
    assert thief.get("/ma-journee").status_code == 302


def test_signing_in_again_ends_the_earlier_session(browser_of: BrowserOf) -> None:
    claire = browser_of("claire")
    before = _cookie(claire)

    claire.sign_in("marc")

    assert _cookie(claire) != before
    claire.client.set_cookie("parcours", before)
    assert claire.get("/ma-journee").status_code == 302


def test_acting_in_another_exercise_changes_the_cookie_and_kills_the_earlier_one(
    browser_of: BrowserOf, stranger: Browser, database: Database
) -> None:
    with database.transaction() as session:
        people.give_role(
            session, professional_id=town.professional_of(session, "paul"), role="hospital_physician",
            valid_from=utcnow().date(), by=system_actor(town.territory_of(session).id), now=utcnow(),
        )  # fmt: skip
    paul = browser_of("paul")
    before = _cookie(paul)
    chosen = paul.post("/compte/exercice", {"exercice": "hospital_physician@"}, token_from="/compte/exercice")

    assert chosen.status_code == 303 and paul.get("/mes-patients").status_code == 200
    assert _cookie(paul) != before
    stranger.client.set_cookie("parcours", before)
    assert stranger.get("/mes-patients").status_code == 302


@pytest.mark.parametrize("moved", [{"last_seen_at": timedelta(minutes=31)}, {"opened_at": timedelta(hours=13)}])
def test_a_session_ends_after_half_an_hour_of_silence_and_after_twelve_hours(
    browser_of: BrowserOf, database: Database, moved: dict[str, timedelta]
) -> None:
    claire = browser_of("claire")
    with database.transaction() as session:
        session.execute(update(SignIn).values({name: utcnow() - ago for name, ago in moved.items()}))

    assert claire.get("/ma-journee").status_code == 302


def _cookie(browser: Browser) -> str:
    found = browser.client.get_cookie("parcours")
    assert found is not None
    return found.value
