"""CSRF: nothing is done without the token of a page of one's own session, and asking for a page does nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from engine.db import Database
from tests.security.crawling import addresses, contents, what_exists
from tests.web.browser import TOKEN, Browser, text_of

BrowserOf = Callable[[str], Browser]
WITHOUT_COOKIES = ("/api/",)
"""What takes a bearer's token instead: a browser sends no such header by itself."""


def _token(browser: Browser) -> str:
    found = TOKEN.search(browser.get("/hors-ligne").get_data(as_text=True))
    assert found is not None
    return found[1]


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("whose", ["none", "somebody else's", "made up"])
def test_nothing_is_done_without_the_token_of_this_session(
    app: Flask, browser_of: BrowserOf, start_case: Callable[..., str], database: Database, method: str, whose: str
) -> None:
    known = what_exists(database, start_case())
    maud, marc = browser_of("maud"), browser_of("marc")
    sent = {"none": {}, "somebody else's": {"csrf_token": _token(marc)}, "made up": {"csrf_token": "x.y.z"}}[whose]
    before = contents(database)
    found = [one for one in addresses(app, method, known) if not one.startswith(WITHOUT_COOKIES)]
    refused = {address: maud.client.open(address, method=method, data=sent).status_code for address in found}

    assert set(refused.values()) <= {400}, refused
    assert refused
    assert contents(database) == before
    assert maud.get("/suivi").status_code == 200


def test_no_other_method_changes_anything(app: Flask) -> None:
    methods = {method for rule in app.url_map.iter_rules() for method in rule.methods or ()}

    assert methods <= {"GET", "HEAD", "OPTIONS", "POST", "PUT"}, "a new method belongs in the test above"


def test_json_without_a_token_is_refused_as_well(browser_of: BrowserOf, start_case: Callable[..., str]) -> None:
    start_case()
    claire = browser_of("claire")
    visit = claire.task("Visite d'essai", "a-venir")

    assert claire.client.post(visit, json={"weight_kg": "60"}).status_code == 400
    assert claire.client.post(visit, data="{}", content_type="text/plain").status_code == 400


def test_no_get_changes_anything_but_the_trace(
    app: Flask, browser_of: BrowserOf, start_case: Callable[..., str], database: Database
) -> None:
    known = what_exists(database, start_case())
    maud = browser_of("maud")
    before = contents(database)
    for address in addresses(app, "GET", known):
        maud.get(address)

    assert contents(database) == before


def test_an_old_page_is_told_what_to_do(browser_of: BrowserOf) -> None:
    answer = browser_of("claire").client.post("/deconnexion", data={"csrf_token": "vieux"})

    assert "Cette page a vieilli" in text_of(answer)
