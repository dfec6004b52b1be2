"""Choosing one's exercise, sharing a computer, signing and inviting, in a real browser, on a phone and on a desk."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select, update

from engine.actor import system_actor
from engine.clock import utcnow
from engine.commands import pathways
from engine.commands.sign_ins import hash_password
from engine.db import Database
from engine.models import Account, SignIn, Task, TerritoryRow
from tests.support.browser import DESKTOP, PHONE
from tests.web import town
from tests.web.test_exercises import hold
from tests.web.test_in_a_browser import Visit

SIZES = pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])


@pytest.fixture
def live(database: Database) -> None:
    """The town is real; Claire and Marc have passwords."""
    with database.transaction() as session:
        session.execute(update(TerritoryRow).values(kind="live"))
        session.execute(
            update(Account)
            .where(Account.login.in_(("claire", "marc", "maud")))
            .values(password_hash=hash_password(town.PASSWORD))
        )


def enter(page: Page, address: str, login: str) -> None:
    page.goto(f"{address}/connexion")
    page.get_by_label("Identifiant").fill(login)
    page.get_by_label("Mot de passe").fill(town.PASSWORD)
    page.get_by_role("button", name="Se connecter", exact=True).click()


def switch(page: Page) -> None:
    page.locator(".account-menu summary").click()
    page.get_by_role("button", name="Changer d'utilisateur").click()
    expect(page.get_by_role("heading", name="Qui prend ce poste ?")).to_be_visible()


@SIZES
def test_somebody_with_two_exercises_chooses_and_changes(
    page: Page, address: str, database: Database, live: None, size: dict[str, int]
) -> None:
    hold(database, "claire", "hospital_nurse", "cardio")
    page.set_viewport_size(size)  # type: ignore[arg-type]
    visit = Visit(page, address)
    enter(page, address, "claire")
    expect(page.get_by_role("heading", name="Vous exercez aujourd'hui comme…")).to_be_visible()
    visit.look()

    page.get_by_role("button", name="Infirmier·e du service").click()
    expect(page).to_have_url(f"{address}/sorties")
    page.locator(".account-menu summary").click()
    page.get_by_role("link", name="Changer d'exercice").click()
    visit.look()
    page.get_by_role("button", name="Infirmier·e à domicile").click()

    expect(page).to_have_url(f"{address}/ma-journee")
    assert not visit.complaints


@SIZES
def test_two_people_share_a_computer(
    page: Page, address: str, database: Database, live: None, size: dict[str, int]
) -> None:
    page.set_viewport_size(size)  # type: ignore[arg-type]
    visit = Visit(page, address)
    enter(page, address, "claire")
    expect(page).to_have_url(f"{address}/ma-journee")
    cookie = next(one for one in page.context.cookies() if one["name"] == "parcours")
    switch(page)
    expect(page.get_by_role("heading", name="Qui prend ce poste ?")).to_be_visible()
    visit.look()
    assert not [one for one in page.context.cookies() if one["name"] == "parcours"]
    page.context.add_cookies([{"name": "parcours", "value": cookie["value"], "url": address}])
    page.goto(f"{address}/ma-journee")
    expect(page.get_by_role("heading", name="Se connecter")).to_be_visible()  # the session has ended, not only left

    enter(page, address, "marc")
    expect(page.locator(".account-name")).to_have_text("Marc DEMO-MARC")
    switch(page)
    names = page.locator("ul.people .person-role")
    expect(names).to_have_text(["Marc DEMO-MARC", "Claire DEMO-CLAIRE"])
    page.get_by_role("link", name="Claire DEMO-CLAIRE").click()
    visit.look()
    page.get_by_label("Mot de passe").fill("not hers")
    page.get_by_role("button", name="Se connecter").click()
    expect(page.get_by_role("alert")).to_contain_text("pas le bon mot de passe")
    visit.look()
    page.get_by_label("Mot de passe").fill(town.PASSWORD)
    page.get_by_role("button", name="Se connecter").click()

    expect(page.locator(".account-name")).to_have_text("Claire DEMO-CLAIRE")
    assert not visit.complaints


def test_whoever_signs_out_for_good_is_listed_no_more(page: Page, address: str, database: Database, live: None) -> None:
    enter(page, address, "claire")
    page.locator(".account-menu summary").click()
    page.get_by_role("button", name="Se déconnecter").click()
    expect(page.get_by_role("heading", name="Se connecter")).to_be_visible()
    page.goto(f"{address}/connexion/poste")

    expect(page.get_by_text("Personne ne s'est connecté ici aujourd'hui.")).to_be_visible()


def test_another_computer_knows_nobody(page: Page, address: str, database: Database, live: None) -> None:
    enter(page, address, "claire")
    switch(page)
    expect(page.get_by_role("link", name="Claire DEMO-CLAIRE")).to_be_visible()
    with database.reading() as session:
        claire = town.account_of(session, "claire")
    page.context.clear_cookies()

    page.goto(f"{address}/connexion/poste")
    expect(page.get_by_text("Personne ne s'est connecté ici aujourd'hui.")).to_be_visible()
    assert page.goto(f"{address}/connexion/poste/{claire}").status == 404  # type: ignore[union-attr]


def test_yesterdays_people_are_not_listed(page: Page, address: str, database: Database, live: None) -> None:
    enter(page, address, "claire")
    switch(page)
    with database.transaction() as session:
        session.execute(update(SignIn).values(opened_at=utcnow() - timedelta(days=1)))
    page.reload()

    expect(page.get_by_text("Personne ne s'est connecté ici aujourd'hui.")).to_be_visible()


@SIZES
def test_a_plan_is_read_again_and_signed(
    page: Page, address: str, database: Database, start_case: Callable[..., str], live: None, size: dict[str, int]
) -> None:
    form = {
        "key": "every_type", "title": {"fr": "Plan"}, "signed": True,
        "sections": [{"fields": [{"name": "remarks", "type": "text", "label": {"fr": "Remarques"}}]}],
    }  # fmt: skip
    files = {**town.trial_files(), "forms/every_type.json": json.dumps(form).encode()}
    with database.transaction() as session:
        by = system_actor(town.territory_of(session).id)
        pathways.publish(session, files=files, label="signé", accepted={}, by=by, now=utcnow())
    start_case()
    page.set_viewport_size(size)  # type: ignore[arg-type]
    visit = Visit(page, address)
    enter(page, address, "claire")
    with database.transaction() as session:
        session.execute(update(SignIn).values(proved_at=utcnow() - timedelta(minutes=6)))
        task = session.execute(select(Task.id).where(Task.element_id == "home_visit")).scalar_one()
    visit.look(f"/taches/{task}")
    page.get_by_label("Remarques").fill("Revoir le poids dans huit jours")
    page.get_by_role("button", name="Terminer la tâche").click()
    visit.look()
    page.get_by_label("Mot de passe").fill("not hers")
    page.get_by_role("button", name="Je signe").click()
    expect(page.get_by_role("alert")).to_be_visible()
    visit.look()
    expect(page.get_by_text("Revoir le poids dans huit jours")).to_be_visible()
    page.get_by_label("Mot de passe").fill(town.PASSWORD)
    page.get_by_role("button", name="Je signe").click()

    expect(page.get_by_role("heading", name="C'est enregistré")).to_be_visible()
    assert not visit.complaints


@SIZES
def test_a_coordinator_invites_a_nurse(page: Page, address: str, size: dict[str, int]) -> None:
    page.set_viewport_size(size)  # type: ignore[arg-type]
    visit = Visit(page, address)
    visit.sign_in("Maud")
    page.locator(".account-menu summary").click()
    page.get_by_role("link", name="Professionnels").click()
    visit.look()
    page.get_by_role("link", name="Inviter un·e professionnel·le").click()
    visit.look()
    page.get_by_role("button", name="Envoyer l'invitation").click()
    visit.look()
    page.get_by_label("Prénom").fill("Ophélie")
    page.get_by_label("Nom", exact=True).fill("DEMO-OMBRE")
    page.get_by_label("Rôle").select_option(label="Infirmier·e à domicile")
    page.get_by_label("Structure").select_option(label="Cabinet de la Plaine")
    page.get_by_label("Adresse électronique").fill("ophelie@parcours.invalid")
    page.get_by_role("button", name="Envoyer l'invitation").click()
    expect(page.get_by_role("heading", name="Invitations en attente")).to_be_visible()
    visit.look()
    page.get_by_role("button", name="Retirer l'invitation").click()

    expect(page.get_by_text("le lien n'ouvre plus rien", exact=True)).to_be_visible()
    visit.look()
    assert not visit.complaints
