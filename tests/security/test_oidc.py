"""OIDC: a real provider process; code, PKCE, state, nonce and issuer are checked, and no refusal is a failure."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import select, update

from engine.db import Database
from engine.models import AuditEvent, ExternalIdentity, Professional, TerritoryRow
from engine.settings import read_settings
from tests.security.providers import served
from tests.support.servers import free_port
from tests.web import town
from tests.web.browser import Browser, text_of
from web.app import create_app

PAUL = "10003456789"
PROVIDER = """
import sys, oidc_provider_mock as mock
claims = {"SubjectNameID": "8" + sys.argv[2], "family_name": "DEMO-PAUL", "given_name": "Paul", "acr": "eidas1",
          "SubjectRole": ["10^1.2.250.1.213.1.1.5.5"], "SubjectOrganization": "",
          "SubjectRefPro": {"exercices": [{"codeProfession": "10", "activities": [{}, {}]}]}}
unknown = {**claims, "SubjectNameID": "899700000009"}
app = mock.app(require_nonce=True, user_claims=[mock.User(sub="psc-paul", claims=claims),
                                               mock.User(sub="psc-nobody", claims=unknown)])
app.run(host="127.0.0.1", port=int(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", PROVIDER, str(port), PAUL],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            try:
                httpx.get(f"{address}/.well-known/openid-configuration").raise_for_status()
                break
            except httpx.HTTPError:
                time.sleep(0.05)  # another process starts: there is nothing to wait on but its door
        yield httpx.get(f"{address}/.well-known/openid-configuration").json()["issuer"].rstrip("/")
    finally:
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture
def psc(database: Database, issuer: str) -> Flask:
    _live(database)
    return create_app(
        read_settings({"PARCOURS_OIDC_ISSUER": issuer, "PARCOURS_OIDC_CLIENT_SECRET": "s" * 40}), database
    )


def _authorize(browser: Browser, sub: str = "psc-paul") -> str:
    """Leave for the provider, agree there, and give the address one is sent back to."""
    out = browser.get("/connexion/psc").headers["Location"]
    asked = parse_qs(urlsplit(out).query)
    assert asked["code_challenge_method"] == ["S256"] and asked["nonce"] and asked["state"]
    assert asked["acr_values"] == ["eidas1"]
    back = httpx.post(out, data={"sub": sub}).headers["Location"]
    return back.removeprefix("http://localhost")


def test_a_professional_comes_in_by_their_national_number(psc: Flask, database: Database) -> None:
    browser = Browser(psc, database)

    answer = browser.get(_authorize(browser))

    assert answer.status_code == 303, text_of(answer)
    assert "DEMO-PAUL" in browser.get("/mes-patients").get_data(as_text=True)
    with database.reading() as session:
        link = session.execute(select(ExternalIdentity.subject, ExternalIdentity.account_id)).one()
        assert link.subject == "psc-paul" and link.account_id == town.account_of(session, "paul")


def test_the_page_of_sign_in_offers_it_only_where_there_is_a_provider(
    psc: Flask, database: Database, stranger: Browser
) -> None:
    assert "Pro Santé Connect" in text_of(Browser(psc, database).get("/connexion"))
    assert stranger.get("/connexion/psc").status_code == 404


def test_a_replayed_code_is_refused(psc: Flask, database: Database) -> None:
    browser = Browser(psc, database)
    back = _authorize(browser)
    browser.get(back)
    thief = Browser(psc, database)

    for again in (browser.get(back), thief.get(back)):
        assert again.status_code == 400 and "Recommencer" in text_of(again)


def test_a_code_replayed_with_a_fresh_state_is_refused(psc: Flask, database: Database) -> None:
    browser = Browser(psc, database)
    first = parse_qs(urlsplit(_authorize(browser)).query)["code"][0]
    browser.get(f"/connexion/psc/retour?code={first}&state=x")
    state = parse_qs(urlsplit(_authorize(browser)).query)["state"][0]

    answer = browser.get(f"/connexion/psc/retour?code={first}&state={state}")

    assert answer.status_code == 400 and "Recommencer" in text_of(answer)


@pytest.mark.parametrize("query", ["", "code=zz", "code=zz&state=bad", "error=access_denied&state=bad", "state=bad"])
def test_a_wrong_state_is_refused_without_a_failure(psc: Flask, database: Database, query: str) -> None:
    browser = Browser(psc, database)
    _authorize(browser)

    answer = browser.get(f"/connexion/psc/retour?{query}")

    assert answer.status_code == 400 and "Recommencer" in text_of(answer)
    assert browser.get("/mes-patients").status_code == 302


def test_a_wrong_nonce_is_refused(psc: Flask, database: Database) -> None:
    browser = Browser(psc, database)
    back = _authorize(browser)
    with browser.client.session_transaction() as kept:
        for name in [name for name in kept if name.startswith("_state_")]:
            kept[name] = {**kept[name], "data": {**kept[name]["data"], "nonce": "another"}}

    answer = browser.get(back)

    assert answer.status_code == 400 and "Recommencer" in text_of(answer)


def test_another_issuer_is_refused(psc: Flask, database: Database) -> None:
    browser = Browser(psc, database)

    answer = browser.get(_authorize(browser) + "&iss=https%3A%2F%2Fevil.invalid")

    assert answer.status_code == 400 and "Recommencer" in text_of(answer)


def test_a_provider_that_changed_its_issuer_is_refused(psc: Flask, database: Database) -> None:
    browser = Browser(psc, database)
    back = _authorize(browser)
    psc.extensions["parcours_oidc"] = replace(psc.extensions["parcours_oidc"], issuer="https://evil.invalid")

    assert browser.get(back).status_code == 400


def test_a_weaker_proof_than_asked_is_refused(psc: Flask, database: Database) -> None:
    browser = Browser(psc, database)
    back = _authorize(browser)
    psc.extensions["parcours_oidc"] = replace(psc.extensions["parcours_oidc"], acr="eidas3")

    assert browser.get(back).status_code == 400


def test_a_provider_that_does_not_answer_is_no_failure(database: Database) -> None:
    app = create_app(read_settings({"PARCOURS_OIDC_ISSUER": f"http://127.0.0.1:{free_port()}"}), database)

    answer = Browser(app, database).get("/connexion/psc")

    assert answer.status_code == 400 and "Recommencer" in text_of(answer)


def test_somebody_unknown_is_told_so_and_the_coordination_is_told(psc: Flask, database: Database) -> None:
    browser = Browser(psc, database)

    answer = browser.get(_authorize(browser, "psc-nobody"))

    assert answer.status_code == 403 and "annuaire" in text_of(answer)
    with database.reading() as session:
        refused = session.execute(select(AuditEvent.why).where(AuditEvent.result == "refused")).scalars().all()
        assert refused == ["oidc_unknown"]


def test_the_link_must_keep_naming_the_same_person(psc: Flask, database: Database) -> None:
    browser = Browser(psc, database)
    browser.get(_authorize(browser))
    with database.transaction() as session:
        session.execute(update(Professional).values(rpps=None))
        session.execute(
            update(Professional).where(Professional.id == town.professional_of(session, "maud")).values(rpps=PAUL)
        )

    assert Browser(psc, database).get(_authorize(Browser(psc, database))).status_code in (400, 403)


def test_one_comes_in_by_the_page_of_the_provider_in_a_browser(page: Page, issuer: str, database: Database) -> None:
    port = free_port()
    settings = {"PARCOURS_OIDC_ISSUER": issuer, "PARCOURS_OIDC_CLIENT_SECRET": "s" * 40}
    _live(database)
    with served(create_app(read_settings(settings), database), port) as address:
        page.goto(f"{address}/connexion")
        page.get_by_role("link", name="Se connecter avec Pro Santé Connect").click()
        page.locator("[name=sub]").first.fill("psc-paul")
        page.get_by_role("button", name="Authorize", exact=True).click()

        expect(page).to_have_url(f"{address}/mes-patients")
        expect(page.locator(".account-name")).to_have_text("Dr Paul DEMO-PAUL")


def _live(database: Database) -> None:
    with database.transaction() as session:
        session.execute(update(TerritoryRow).values(kind="live"))
        session.execute(
            update(Professional).where(Professional.id == town.professional_of(session, "paul")).values(rpps=PAUL)
        )
