"""Pro Santé Connect in a real browser, against provider processes: one strict, one that lies as it is told.

Whatever comes back wrong ends on a page « Recommencer » (4xx), and nobody is signed in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask, Response
from playwright.sync_api import Page, expect
from sqlalchemy import select, update

from engine.actor import system_actor
from engine.clock import utcnow
from engine.commands import cases, pathways
from engine.db import Database
from engine.models import AuditEvent, ExternalIdentity, Professional, SignIn, Task, TerritoryRow
from engine.queries.actors import actor_of
from engine.settings import read_settings
from tests.security import providers
from tests.security.providers import CLAIMS, PAUL, SECRET, Liar
from tests.support.servers import free_port
from tests.web import town
from web.app import create_app

UNKNOWN = {**CLAIMS, "SubjectNameID": "899700000009", "preferred_username": "899700000009"}


@pytest.fixture
def live(database: Database) -> None:
    """The town is real, and Paul has his national number."""
    with database.transaction() as session:
        session.execute(update(TerritoryRow).values(kind="live"))
        session.execute(
            update(Professional).where(Professional.id == town.professional_of(session, "paul")).values(rpps=PAUL)
        )


def made(issuer: str, address: str, database: Database) -> Flask:
    settings = {"PARCOURS_OIDC_ISSUER": issuer, "PARCOURS_OIDC_CLIENT_SECRET": SECRET, "PARCOURS_BASE_URL": address}
    return create_app(read_settings(settings), database)


class TestAStrictProvider:
    @pytest.fixture
    def app(
        self, request: pytest.FixtureRequest, tmp_path: Path, database: Database, live: None
    ) -> Iterator[tuple[Flask, str]]:
        port = free_port()
        address = f"http://127.0.0.1:{port}"
        packages = providers.install_strict_provider(request.config.cache.mkdir("providers"))
        people = {"paul": CLAIMS, "nobody": UNKNOWN}
        back = f"{address}/connexion/psc/retour"
        with providers.strict_provider(packages, tmp_path, redirect_uri=back, people=people) as issuer:
            app = made(issuer, address, database)
            with providers.served(app, port):
                yield app, address

    def test_the_right_professional_comes_in_by_the_providers_own_page(
        self, page: Page, app: tuple[Flask, str], database: Database
    ) -> None:
        sign_in(page, app[1])

        expect(page).to_have_url(re.compile("/mes-patients$"))
        expect(page.locator(".account-name")).to_have_text("Dr Paul DEMO-PAUL")
        with database.reading() as session:
            linked = session.execute(select(ExternalIdentity.account_id)).scalar_one()
            assert linked == town.account_of(session, "paul")

    def test_the_way_back_is_kept_and_never_leads_to_another_site(self, page: Page, app: tuple[Flask, str]) -> None:
        page.goto(f"{app[1]}/connexion/psc?suite=/ma-journee%3Fvoir%3Dfaits")
        card(page)
        expect(page).to_have_url(f"{app[1]}/ma-journee?voir=faits")
        leave(page)

        for elsewhere in ("https://evil.invalid/", "//evil.invalid", "/%5Cevil.invalid"):
            page.goto(f"{app[1]}/connexion/psc?suite={elsewhere}")
            if page.get_by_label("Numéro").is_visible():
                card(page)
            expect(page).to_have_url(f"{app[1]}/mes-patients")
            leave(page)

    def test_a_wrong_verifier_is_refused_by_the_provider(
        self, page: Page, app: tuple[Flask, str], database: Database
    ) -> None:
        page.goto(f"{app[1]}/connexion/psc")
        tamper(page, app, "code_verifier", "x" * 48)

        refused(page, lambda: card(page))

        nobody_came_in(page, app[1], database)

    def test_a_wrong_nonce_is_refused(self, page: Page, app: tuple[Flask, str], database: Database) -> None:
        page.goto(f"{app[1]}/connexion/psc")
        tamper(page, app, "nonce", "another")

        refused(page, lambda: card(page))

        nobody_came_in(page, app[1], database)

    def test_a_code_serves_once(self, page: Page, app: tuple[Flask, str], database: Database) -> None:
        seen: list[str] = []
        page.on("request", lambda request: seen.append(request.url) if "/psc/retour?" in request.url else None)
        sign_in(page, app[1])
        expect(page).to_have_url(re.compile("/mes-patients$"))
        leave(page)

        refused(page, lambda: page.goto(seen[0]))

        page.goto(f"{app[1]}/ma-journee")
        expect(page).to_have_url(re.compile("/connexion"))

    def test_somebody_unknown_is_told_whom_to_call(
        self, page: Page, app: tuple[Flask, str], database: Database
    ) -> None:
        page.goto(f"{app[1]}/connexion/psc")
        card(page, "nobody")

        expect(page.get_by_text("Appelez la coordination")).to_be_visible()
        nobody_came_in(page, app[1], database)

    def test_a_card_that_is_refused_there_can_begin_again_here(
        self, page: Page, app: tuple[Flask, str], database: Database
    ) -> None:
        page.goto(f"{app[1]}/connexion/psc")

        refused(page, lambda: card(page, "stranger"))

        page.get_by_role("link", name="Recommencer").click()
        expect(page.get_by_role("link", name="Pro Santé Connect")).to_be_visible()

    def test_on_a_shared_computer_the_provider_asks_anew(self, page: Page, app: tuple[Flask, str]) -> None:
        """The provider still knows Paul; whoever comes next must show their own card."""
        sign_in(page, app[1])
        page.locator(".account-menu summary").click()
        page.get_by_role("button", name="Changer d'utilisateur").click()
        expect(page.get_by_role("heading", name="Qui prend ce poste ?")).to_be_visible()

        page.get_by_role("link", name="Dr Paul DEMO-PAUL").click()

        expect(page.get_by_role("heading", name="Votre carte professionnelle")).to_be_visible()

    def test_signing_asks_for_the_card_again_and_loses_nothing(
        self, page: Page, app: tuple[Flask, str], database: Database
    ) -> None:
        task = task_to_sign(database)
        sign_in(page, app[1])
        expect(page).to_have_url(re.compile("/mes-patients$"))
        with database.transaction() as session:
            session.execute(update(SignIn).values(proved_at=utcnow() - timedelta(minutes=6)))
        page.goto(f"{app[1]}{task}")
        page.get_by_label("Remarques").fill("Relue avec Mme DEMO-ABEILLE")
        page.get_by_role("button", name="Terminer la tâche").click()
        expect(page.get_by_role("heading", name="Relire et signer")).to_be_visible()
        expect(page.get_by_role("button", name="Je signe")).to_be_hidden()

        page.get_by_role("link", name="Confirmer avec Pro Santé Connect").click()
        card(page)

        expect(page.get_by_text("Relue avec Mme DEMO-ABEILLE")).to_be_visible()
        page.get_by_role("button", name="Je signe").click()
        expect(page.get_by_role("heading", name="C'est enregistré")).to_be_visible()
        with database.reading() as session:
            assert session.execute(select(Task.state).where(Task.id == key_of(task))).scalar_one() == "completed"

    def test_somebody_elses_card_signs_nothing(self, page: Page, app: tuple[Flask, str], database: Database) -> None:
        task = task_to_sign(database)
        sign_in(page, app[1])
        expect(page).to_have_url(re.compile("/mes-patients$"))
        with database.transaction() as session:
            session.execute(update(SignIn).values(proved_at=None))
            session.execute(
                update(Professional)
                .where(Professional.id == town.professional_of(session, "maud"))
                .values(rpps=UNKNOWN["SubjectNameID"][1:])
            )
        page.goto(f"{app[1]}{task}")
        page.get_by_role("button", name="Terminer la tâche").click()
        page.get_by_role("link", name="Confirmer avec Pro Santé Connect").click()

        refused(page, lambda: card(page, "nobody"))

        with database.reading() as session:
            assert set(session.execute(select(SignIn.proved_at)).scalars()) == {None}


LIES: dict[str, Callable[[Liar], None]] = {
    "another nonce": lambda liar: liar.claims.update(nonce="another"),
    "no nonce": lambda liar: liar.claims.update(nonce=None),
    "another audience": lambda liar: liar.claims.update(aud="someone-else"),
    "several audiences without us": lambda liar: liar.claims.update(aud=["a", "b"]),
    "no audience": lambda liar: liar.claims.update(aud=None),
    "another party": lambda liar: liar.claims.update(azp="someone-else"),
    "another issuer": lambda liar: liar.claims.update(iss="https://evil.invalid"),
    "no issuer": lambda liar: liar.claims.update(iss=None),
    "an answer of another issuer": lambda liar: setattr(liar, "come_back_as", "https://evil.invalid"),
    "an answer of nobody": lambda liar: setattr(liar, "come_back_as", None),
    "expired": lambda liar: liar.claims.update(exp=int(utcnow().timestamp()) - 600),
    "issued tomorrow": lambda liar: liar.claims.update(iat=int(utcnow().timestamp()) + 86_400),
    "dates in words": lambda liar: liar.claims.update(exp="tomorrow"),
    "nobody": lambda liar: liar.claims.update(sub=None),
    "a weaker proof": lambda liar: liar.claims.update(acr="eidas0"),
    "an unsaid proof": lambda liar: liar.claims.update(acr=None),
    "alg=none": lambda liar: setattr(liar, "encode", providers.unsigned),
    "HS256 with the public key": lambda liar: setattr(liar, "encode", providers.with_the_public_key_as_a_secret),
    "HS256 with the client secret": lambda liar: setattr(liar, "encode", providers.with_the_client_secret),
    "another key": lambda liar: setattr(liar, "encode", providers.with_another_key),
    "tampered": lambda liar: setattr(liar, "encode", providers.tampered),
    "not a token": lambda liar: setattr(liar, "encode", lambda *_any: "not.a.token"),
    "no ID token": lambda liar: setattr(liar, "token_answer", Response('{"access_token": "a"}', mimetype="text/json")),
    "a token page in HTML": lambda liar: setattr(liar, "token_answer", Response("<h1>502</h1>")),
    "a broken token page": lambda liar: setattr(liar, "token_answer", Response("{}", status=500)),
    "userinfo of another": lambda liar: setattr(liar, "userinfo", {**CLAIMS, "sub": "psc-other"}),
    "userinfo that is a list": lambda liar: setattr(liar, "userinfo", [1, 2]),
    "userinfo that is broken": lambda liar: setattr(liar, "userinfo", Response("", status=500)),
}


@pytest.fixture(scope="module")
def liar() -> Iterator[Liar]:
    port = free_port()
    liar = Liar(issuer=f"http://127.0.0.1:{port}")
    with providers.served(liar.app(), port):
        yield liar


class TestALyingProvider:
    @pytest.fixture
    def address(self, liar: Liar, database: Database, live: None) -> Iterator[str]:
        liar.behave()
        port = free_port()
        with providers.served(made(liar.issuer, f"http://127.0.0.1:{port}", database), port) as address:
            yield address

    def test_the_truth_lets_in(self, page: Page, address: str, liar: Liar) -> None:
        page.goto(f"{address}/connexion/psc")

        expect(page).to_have_url(f"{address}/mes-patients")
        assert liar.asked["code_challenge_method"] == "S256" and liar.asked["acr_values"] == "eidas1"

    @pytest.mark.parametrize("lie", LIES)
    def test_a_lie_is_refused(self, page: Page, address: str, liar: Liar, database: Database, lie: str) -> None:
        LIES[lie](liar)

        refused(page, lambda: page.goto(f"{address}/connexion/psc"))

        nobody_came_in(page, address, database)

    @pytest.mark.parametrize(
        "query", ["", "code=zz", "code=zz&state=bad", "error=access_denied&state=bad", "error=x", "state=bad&code="]
    )
    def test_an_answer_to_no_question_is_refused(
        self, page: Page, address: str, database: Database, query: str
    ) -> None:
        refused(page, lambda: page.goto(f"{address}/connexion/psc/retour?{query}"))

        nobody_came_in(page, address, database)

    @pytest.mark.parametrize(
        "said", [{"auth_time": 1_700_000_000}, {"auth_time": None}, {"auth_time": "now"}], ids=["old", "unsaid", "odd"]
    )
    def test_a_proof_that_is_not_fresh_signs_nothing(
        self, page: Page, address: str, liar: Liar, database: Database, said: dict[str, Any]
    ) -> None:
        page.goto(f"{address}/connexion/psc")
        expect(page).to_have_url(f"{address}/mes-patients")
        with database.transaction() as session:
            session.execute(update(SignIn).values(proved_at=None))
        liar.claims.update(said)

        refused(page, lambda: page.goto(f"{address}/preuve/psc?suite=/ma-journee"))

        assert liar.asked["prompt"] == "login" and liar.asked["max_age"] == "0"
        with database.reading() as session:
            assert set(session.execute(select(SignIn.proved_at)).scalars()) == {None}
            assert "prove" not in session.execute(select(AuditEvent.action)).scalars().all()

    def test_a_fresh_proof_is_kept_and_leads_back(
        self, page: Page, address: str, liar: Liar, database: Database
    ) -> None:
        page.goto(f"{address}/connexion/psc")
        with database.transaction() as session:
            session.execute(update(SignIn).values(proved_at=None))

        page.goto(f"{address}/preuve/psc?suite=/ma-journee")

        expect(page).to_have_url(f"{address}/ma-journee")
        with database.reading() as session:
            assert session.execute(select(SignIn.proved_at)).scalar_one() is not None


def sign_in(page: Page, address: str) -> None:
    page.goto(f"{address}/connexion")
    page.get_by_role("link", name="Se connecter avec Pro Santé Connect").click()
    card(page)


def card(page: Page, login: str = "paul") -> None:
    """Answer on the provider's own page."""
    page.get_by_label("Numéro").fill(login)
    page.get_by_role("button", name="Valider sur mon téléphone").click()


def leave(page: Page) -> None:
    page.locator(".account-menu summary").click()
    page.get_by_role("button", name="Se déconnecter").click()
    expect(page).to_have_url(re.compile("/connexion$"))


def tamper(page: Page, app: tuple[Flask, str], name: str, value: str) -> None:
    """Change what the browser's own signed cookie says was asked: only who holds the key of the application can."""
    serializer = app[0].session_interface.get_signing_serializer(app[0])  # type: ignore[attr-defined]
    cookie = next(one for one in page.context.cookies(app[1]) if one["name"] == "parcours_form")
    kept = serializer.loads(cookie["value"])
    state = next(key for key in kept if key.startswith("_state_"))
    kept[state]["data"][name] = value
    page.context.add_cookies([{"name": "parcours_form", "value": serializer.dumps(kept), "url": app[1]}])


def refused(page: Page, act: Callable[[], object]) -> None:
    """The act ends on « Recommencer », with a status that says the request was wrong, not the server."""
    codes: list[int] = []
    page.on("response", lambda answer: codes.append(answer.status) if "/psc/retour" in answer.url else None)
    act()
    expect(page.get_by_role("link", name="Recommencer")).to_be_visible()
    assert codes and 400 <= codes[-1] < 500


def nobody_came_in(page: Page, address: str, database: Database) -> None:
    page.goto(f"{address}/ma-journee")
    expect(page).to_have_url(re.compile("/connexion"))
    with database.reading() as session:
        assert session.execute(select(SignIn.id)).first() is None
        assert "refused" in session.execute(select(AuditEvent.result)).scalars().all()


def task_to_sign(database: Database) -> str:
    """A task of Paul's whose form is signed; its address."""
    files = town.trial_files()
    form = {
        "key": "every_type", "title": {"fr": "Plan"}, "signed": True,
        "sections": [{"fields": [{"name": "remarks", "type": "text", "label": {"fr": "Remarques"}}]}],
    }  # fmt: skip
    files["forms/every_type.json"] = json.dumps(form).encode()
    with database.transaction() as session:
        by, now = system_actor(town.territory_of(session).id), utcnow()
        pathways.publish(session, files=files, label="signé", accepted={}, by=by, now=now)
        helene = actor_of(session, professional_id=town.professional_of(session, "helene"), today=now.date())
        cases.start(
            session, pathway_key="try_out", patient_id=town.josette(session),
            facts={"stay_number": "S-9", "usual_nurse": str(town.professional_of(session, "paul"))},
            organization_id=next(iter(helene.organization_ids)), by=helene, now=now,
        )  # fmt: skip
        key = session.execute(select(Task.id).where(Task.element_id == "home_visit")).scalar_one()
    return f"/taches/{key}"


def key_of(address: str) -> UUID:
    return UUID(address.rpartition("/")[2])
