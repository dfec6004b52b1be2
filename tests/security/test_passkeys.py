"""Passkeys in a real browser, with Chromium's virtual authenticator: what they open, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import select, update

from engine.actor import system_actor
from engine.clock import utcnow
from engine.commands import pathways, tasks
from engine.commands.sign_ins import hash_password
from engine.db import Database
from engine.models import Account, AuditEvent, Passkey, PasskeyChallenge, SignIn, Task, TerritoryRow
from engine.queries.actors import actor_of
from engine.settings import read_settings
from tests.security.key_holder import ENTER, PHRASE, Person, served
from tests.support.servers import free_port
from tests.web import town
from tests.web.browser import Browser, text_of
from web.app import create_app
from web.key_challenges import relying_party

ANSWERS = {
    "weight_kg": "71,4", "visit_at": "2026-11-24T14:30", "fall": "false", "alert": "green",
    "drugs": [{"drug": "Furosémide", "dose": "40"}],
}  # fmt: skip


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def app(database: Database, port: int) -> Flask:
    """A real territory at an address where browsers allow keys."""
    with database.transaction() as session:
        session.execute(update(TerritoryRow).values(kind="live"))
        phrase = hash_password(PHRASE)
        session.execute(update(Account).where(Account.login.in_(("claire", "maud"))).values(password_hash=phrase))
    return create_app(read_settings({"PARCOURS_BASE_URL": f"http://localhost:{port}"}), database)


@pytest.fixture
def person(page: Page, app: Flask, port: int) -> Iterator[Person]:
    with served(app, port) as address:
        yield Person(page, address)


@pytest.fixture
def claire(person: Person) -> Person:
    """Claire, whose phone holds a key of her account; signed out."""
    person.password("claire")
    person.add_key()
    expect(person.page.get_by_role("heading", name="Codes de secours")).to_be_visible()
    person.sign_out()
    return person


def _refusals(database: Database) -> list[str]:
    with database.reading() as session:
        return list(session.execute(select(AuditEvent.why).where(AuditEvent.result == "refused")).scalars())


def test_a_key_lets_in_without_a_name_nor_a_password(claire: Person, database: Database) -> None:
    claire.enter_with_key()

    claire.page.wait_for_url("**/ma-journee")
    claire.page.goto(f"{claire.address}/compte/cles")
    expect(claire.page.get_by_role("heading", name="Mon téléphone")).to_be_visible()
    expect(claire.page.locator("main")).not_to_contain_text("pas encore utilisée")
    with database.reading() as session:
        came = session.execute(select(AuditEvent.why).where(AuditEvent.action == "sign_in")).scalars().all()
        kept = session.execute(select(PasskeyChallenge)).scalars().all()
    assert came == ["password", "passkey"]
    assert kept == []


def test_with_a_key_the_password_alone_no_longer_lets_in(claire: Person) -> None:
    claire.password("claire")

    expect(claire.page.get_by_role("heading", name="Prouvez que c'est vous")).to_be_visible()
    assert claire.page.request.get(f"{claire.address}/session").status == 401
    claire.page.get_by_role("button", name=ENTER).click()
    claire.page.wait_for_url("**/ma-journee")


def test_a_recovery_code_stands_in_for_a_lost_phone(person: Person) -> None:
    person.password("claire")
    person.add_key()
    code = person.page.locator("main code").first.inner_text()
    person.sign_out()
    person.password("claire")
    person.page.get_by_label("Code de secours").fill(code)
    person.page.get_by_role("button", name="Se connecter").click()

    person.page.wait_for_url("**/ma-journee")


def test_somebody_elses_key_is_no_second_factor(claire: Person, database: Database) -> None:
    with database.transaction() as session:
        maud = town.account_of(session, "maud")
        key = session.execute(select(Passkey)).scalar_one()
        session.add(
            Passkey(
                territory_id=key.territory_id, account_id=maud, name="Le mien", credential_id=b"another",
                public_key=key.public_key, sign_count=0, made_at=utcnow(),
            )
        )  # fmt: skip
    claire.password("maud")
    claire.page.get_by_role("button", name=ENTER).click()

    expect(claire.page.get_by_role("status")).to_contain_text("n’a pas été présentée")
    assert claire.page.request.get(f"{claire.address}/session").status == 401


def test_whoever_needs_a_second_factor_may_choose_a_key(person: Person) -> None:
    person.password("maud")
    person.page.wait_for_url("**/connexion/second-facteur")
    person.page.get_by_label("Son nom").fill("Clé du bureau")
    person.page.get_by_role("button", name="Ajouter la clé").click()
    expect(person.page.get_by_role("heading", name="Codes de secours")).to_be_visible()
    assert person.page.request.get(f"{person.address}/session").status == 401

    person.enter_with_key()
    person.page.wait_for_url("**/suivi")


def test_a_removed_key_opens_nothing(claire: Person, database: Database) -> None:
    claire.enter_with_key()
    claire.page.wait_for_url("**/ma-journee")
    claire.page.goto(f"{claire.address}/compte/cles")
    claire.page.get_by_role("button", name="Retirer cette clé").click()
    claire.page.get_by_role("dialog").get_by_role("button", name="Retirer cette clé").click()
    expect(claire.page.get_by_role("status").first).to_contain_text("La clé est retirée")
    claire.sign_out()

    claire.enter_with_key()

    claire.refused("n'est pas reconnue ici")
    assert _refusals(database) == ["passkey"]


def test_a_key_answers_at_our_own_address_only(claire: Person, app: Flask, database: Database) -> None:
    """Another site of the same host (its port differs) gets a signature from the browser; we refuse it."""
    with served(app, free_port()) as elsewhere:
        claire.enter_with_key(elsewhere)
        expect(claire.page.get_by_role("alert")).to_contain_text("n'est pas reconnue ici")
    assert _refusals(database) == ["passkey"]


def test_an_answer_serves_once(claire: Person, database: Database) -> None:
    claire.enter_with_key()
    claire.page.wait_for_url("**/ma-journee")
    (sent,) = claire.sent
    claire.sign_out()
    claire.page.goto(f"{claire.address}/connexion")
    token = claire.page.locator('meta[name="csrf-token"]').get_attribute("content")
    again = {"credential": sent["credential"], "csrf_token": str(token)}
    replayed = claire.page.request.post(f"{claire.address}/connexion/cle", form=again)
    asked = claire.page.request.post(f"{claire.address}/connexion/cle/demande", headers={"X-CSRFToken": str(token)})
    other_challenge = claire.page.request.post(f"{claire.address}/connexion/cle", form=again)

    assert (replayed.status, asked.status, other_challenge.status) == (422, 200, 422)
    assert claire.page.request.get(f"{claire.address}/session").status == 401
    assert _refusals(database) == ["passkey", "passkey"]


def test_the_answer_to_another_browsers_challenge_is_refused(claire: Person, app: Flask, database: Database) -> None:
    claire.page.goto(f"{claire.address}/connexion")
    claire.page.route("**/connexion/cle", lambda route: route.abort())
    with claire.page.expect_request("**/connexion/cle") as stolen:
        claire.page.get_by_role("button", name=ENTER).click()
    credential = dict(stolen.value.post_data_json or {})["credential"]
    thief = Browser(app, database)
    thief.post("/connexion/cle/demande", token_from="/connexion")

    answer = thief.post("/connexion/cle", {"credential": credential}, token_from="/connexion")

    assert answer.status_code == 422 and thief.get("/session").status_code == 401


def test_a_copied_key_is_refused_told_and_traced(claire: Person, database: Database) -> None:
    claire.enter_with_key()
    claire.page.wait_for_url("**/ma-journee")
    claire.sign_out()
    claire.turn_back_the_count()

    claire.enter_with_key()
    claire.refused("semble avoir été copiée")
    for _more in range(3):  # the copy signs on, and its count grows past ours: it stays refused
        claire.enter_with_key()
        claire.refused("semble avoir été copiée")

    assert set(_refusals(database)) == {"passkey_copied"}
    with database.reading() as session:
        accounts = select(AuditEvent.account_id).where(AuditEvent.result == "refused")
        assert set(session.execute(accounts).scalars()) == {town.account_of(session, "claire")}


def test_who_does_not_prove_that_the_phone_is_theirs_does_not_come_in(claire: Person) -> None:
    claire.device.send("WebAuthn.setUserVerified", {"authenticatorId": claire.authenticator, "isUserVerified": False})
    claire.enter_with_key()

    expect(claire.page.get_by_role("status")).to_contain_text("n’a pas été présentée")
    assert claire.page.request.get(f"{claire.address}/session").status == 401


def test_a_phone_has_one_key_of_an_account(claire: Person, database: Database) -> None:
    claire.enter_with_key()
    claire.page.wait_for_url("**/ma-journee")
    claire.add_key("Encore le même")

    expect(claire.page.locator("[data-passkey-status]")).to_contain_text("a déjà une clé")
    with database.reading() as session:
        assert len(session.execute(select(Passkey)).scalars().all()) == 1


MADE_UP = (
    "", "x", "null", "[]", "{}", "[" * 3000, "x" * 30_000,
    json.dumps({"id": "YQ", "rawId": "YQ", "type": "public-key", "response": {}}),
    json.dumps(
        {
            "id": "YQ", "rawId": "YQ", "type": "public-key",
            "response": {"clientDataJSON": "YQ", "authenticatorData": "YQ", "signature": "é"},
        }
    ),
)  # fmt: skip


@pytest.mark.parametrize("credential", MADE_UP, ids=range(len(MADE_UP)))
def test_what_no_key_says_is_refused_with_a_sentence(app: Flask, database: Database, credential: str) -> None:
    stranger = Browser(app, database)
    stranger.post("/connexion/cle/demande", token_from="/connexion")
    answer = stranger.post("/connexion/cle", {"credential": credential}, token_from="/connexion")

    assert answer.status_code == 422 and "n'est pas reconnue ici" in text_of(answer)


def _proved_long_ago(database: Database) -> None:
    with database.transaction() as session:
        session.execute(update(SignIn).values(proved_at=utcnow() - timedelta(minutes=10)))


def test_who_finds_a_session_open_cannot_add_a_key_of_theirs(claire: Person, database: Database) -> None:
    claire.enter_with_key()
    claire.page.wait_for_url("**/ma-journee")
    _proved_long_ago(database)
    claire.page.goto(f"{claire.address}/compte/cles")
    expect(claire.page.get_by_role("button", name="Ajouter la clé")).to_have_count(0)
    token = str(claire.page.locator('meta[name="csrf-token"]').get_attribute("content"))
    refused = claire.page.request.post(f"{claire.address}/compte/cles/demande", headers={"X-CSRFToken": token})
    assert refused.status == 403

    claire.page.get_by_role("button", name="Confirmer avec ma clé d'accès").click()

    expect(claire.page.get_by_role("button", name="Ajouter la clé")).to_be_visible()


def test_a_key_proves_who_signs(claire: Person, database: Database, start_case: Callable[..., str]) -> None:
    files = town.trial_files()
    form = json.loads(files["forms/every_type.json"])
    files["forms/every_type.json"] = json.dumps({**form, "signed": True}).encode()
    with database.transaction() as session:
        by = system_actor(town.territory_of(session).id)
        pathways.publish(session, files=files, label="signé", accepted={}, by=by, now=utcnow())
    start_case()
    with database.transaction() as session:
        task = session.execute(select(Task.id).where(Task.element_id == "home_visit")).scalar_one()
        who = town.professional_of(session, "claire")
        nurse = replace(
            actor_of(session, professional_id=who, today=utcnow().date()), account_id=town.account_of(session, "claire")
        )
        tasks.save_draft(session, task_id=task, answers=ANSWERS, by=nurse, now=utcnow())
    claire.enter_with_key()
    claire.page.wait_for_url("**/ma-journee")
    _proved_long_ago(database)
    claire.page.goto(f"{claire.address}/taches/{task}/signer")
    claire.page.get_by_role("button", name="Confirmer avec ma clé d'accès").click()

    claire.page.wait_for_url("**/terminee")
    with database.reading() as session:
        proofs = session.execute(select(AuditEvent.why).where(AuditEvent.action == "prove")).scalars().all()
        done = session.execute(select(Task.state).where(Task.id == task)).scalar_one()
    assert proofs == ["passkey"] and done == "completed"


def test_keys_of_others_cannot_be_removed(
    claire: Person, database: Database, browser_of: Callable[[str], Browser]
) -> None:
    with database.transaction() as session:
        key = session.execute(select(Passkey.id)).scalar_one()
        session.execute(update(TerritoryRow).values(kind="demo"))

    assert browser_of("marc").post(f"/compte/cles/{key}/retirer").status_code == 404


@pytest.mark.parametrize(
    ("base_url", "known_as"),
    [
        ("https://parcours.example.org", ("parcours.example.org", "https://parcours.example.org")),
        ("https://parcours.example.org:8443", ("parcours.example.org", "https://parcours.example.org:8443")),
        ("http://localhost:8000", ("localhost", "http://localhost:8000")),
        ("http://parcours.example.org", None),
        ("http://127.0.0.1:8000", None),
        ("https://192.0.2.7", None),
        ("https://[2001:db8::1]", None),
    ],
)
def test_keys_are_offered_where_browsers_allow_them(base_url: str, known_as: tuple[str, str] | None) -> None:
    party = relying_party(base_url)

    assert (None if party is None else (party.id, party.origin)) == known_as


def test_elsewhere_there_are_no_keys(database: Database) -> None:
    browser = Browser(create_app(read_settings({}), database), database).sign_in("claire")

    assert browser.get("/compte/cles").status_code == 404
    assert browser.post("/connexion/cle/demande").status_code == 404
    assert "clé d'accès" not in browser.get("/connexion").get_data(as_text=True)
