"""The workshop as designers see it: mend by one click and take it back, compare, publish with care, migrate."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from uuid import UUID

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from engine.actor import Actor, system_actor
from engine.clock import utcnow
from engine.commands import cases, draft_changes, pathway_drafts, pathways, people, tasks, territories
from engine.db import Database
from engine.library import shipped_files
from engine.models import Task
from tests.engine.bpmn_checker.broken import BROKEN, document
from tests.engine.commands.migrating_pathway import KEY, version
from tests.support.browser import DESKTOP, PHONE
from tests.web import town
from tests.web.test_in_a_browser import Visit
from worker.migrations import sweep_migrations

SIZES = pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
GOOD = (
    '<?xml version="1.0"?>\n<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:parcours="urn:parcours:bpmn:1" id="d" targetNamespace="x">\n<bpmn:process id="fall" name="Chute" '
    'isExecutable="true">\n<bpmn:startEvent id="s"/><bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="t"/>\n'
    '<bpmn:userTask id="t" name="Visiter" parcours:role="home_nurse"/>'
    '<bpmn:sequenceFlow id="f2" sourceRef="t" targetRef="e"/>\n'
    '<bpmn:endEvent id="e"/></bpmn:process></bpmn:definitions>'
)


def visit_of(page: Page, address: str, name: str, size: ViewportSize = DESKTOP) -> Visit:
    """Somebody at the workshop, who says yes to every question."""
    page.context.clear_cookies()
    page.set_viewport_size(size)
    visit = Visit(page, address)
    visit.sign_in(name)
    return visit


def confirm(page: Page, button: str) -> None:
    """Press a button that asks first."""
    page.get_by_role("button", name=button, exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name=button, exact=True).click()


def draft_with(database: Database, by: Actor, content: bytes) -> UUID:
    """A draft of a new pathway with this drawing."""
    with database.transaction() as session:
        opened = pathway_drafts.open_blank(session, title="Essai de jonction", by=by, now=utcnow())
        draft_changes.save_file(
            session, version_id=opened.version_id, path="pathway.bpmn", content=content, revision=None, by=by,
            now=utcnow(),
        )  # fmt: skip
    return opened.version_id


@pytest.mark.e2e
@SIZES
def test_a_finding_is_mended_by_one_click_and_the_mend_taken_back(
    page: Page, address: str, database: Database, actor: Callable[[str], Actor], size: ViewportSize
) -> None:
    draft = draft_with(database, actor("hugo"), document(BROKEN["exclusive split, parallel join"][0]))
    visit = visit_of(page, address, "Hugo", size)
    visit.look(f"/modeles/brouillons/{draft}")
    expect(page.get_by_role("main")).to_contain_text("CF-001")

    page.get_by_role("button", name=re.compile("^Corriger CF-001")).click()
    expect(page.get_by_text(re.compile("1 correction faite.*CF-001"))).to_be_visible()
    expect(page.get_by_role("table")).not_to_contain_text("CF-001")
    visit.look()

    page.get_by_role("button", name="Annuler le dernier changement").click()
    expect(page.get_by_text(re.compile("Annulé : CF-001"))).to_be_visible()
    expect(page.get_by_role("table")).to_contain_text("CF-001")
    assert visit.complaints == []


@pytest.mark.e2e
@pytest.mark.slow
def test_a_finding_is_mended_in_the_drawing_and_the_mend_taken_back(
    page: Page, address: str, database: Database, actor: Callable[[str], Actor]
) -> None:
    draft = draft_with(database, actor("hugo"), document(BROKEN["exclusive split, parallel join"][0]))
    visit_of(page, address, "Hugo")
    page.goto(f"{address}/modeles/brouillons/{draft}/dessin")
    expect(page.locator('.editor[data-ready="yes"]')).to_be_visible()
    page.get_by_role("button", name="Vérifier").click()
    findings = page.locator("[data-editor-findings]")
    expect(findings).to_contain_text("CF-001")

    findings.get_by_role("button", name=re.compile("^Corriger : .*jonction exclusive")).click()
    expect(page.locator("[data-editor-status]")).to_contain_text("Corrigé : CF-001")
    expect(findings).not_to_contain_text("CF-001")

    page.get_by_role("button", name="Annuler la correction").click()
    expect(findings).to_contain_text("CF-001")
    expect(page.get_by_role("button", name="Annuler la correction")).to_be_hidden()


@pytest.mark.e2e
@SIZES
def test_a_draft_is_compared_and_published_for_a_later_day_then_taken_back(
    page: Page, address: str, database: Database, actor: Callable[[str], Actor], size: ViewportSize
) -> None:
    with database.transaction() as session:
        by, now = actor("hugo"), utcnow()
        engine = system_actor(by.territory_id)
        pathways.publish(session, files={"pathway.bpmn": GOOD.encode()}, label="un", accepted={}, by=engine, now=now)
        after = GOOD.replace('name="Visiter" parcours:role="home_nurse"', 'name="Visiter" parcours:role="gp"')
        draft = pathway_drafts.open_uploaded(session, files={"pathway.bpmn": after.encode()}, by=by, now=now)
    visit = visit_of(page, address, "Hugo", size)
    visit.look(f"/modeles/brouillons/{draft.version_id}")
    expect(page.get_by_text("1 étape changée")).to_be_visible()

    page.get_by_role("link", name=re.compile("^Comparer avec la version 1")).click()
    expect(page.get_by_text("rôle : Infirmier·e à domicile → Médecin traitant", exact=True)).to_be_visible()
    visit.look()

    page.go_back()
    for reason in page.locator('input[name^="accepte-"]').all():
        reason.fill("Voulu ainsi.")
    page.get_by_label("À partir du").fill((utcnow().date() + timedelta(days=30)).isoformat())
    page.get_by_text(re.compile(r"Choisir parmi \d+ structures")).click()
    page.get_by_label("Cardiologie").check()
    confirm(page, "Publier le modèle")
    expect(page.get_by_text("version 2, prévue")).to_be_visible()
    expect(page.get_by_text(re.compile("Seuls les nouveaux dossiers de ces structures.*Cardiologie"))).to_be_visible()

    page.get_by_role("link", name="Versions et fichiers").click()
    visit.look()
    page.get_by_label("Pourquoi revenir").fill("Le médecin traitant n'a pas répondu.")
    confirm(page, "Revenir à la version d'avant")
    expect(page.get_by_text("Les nouveaux dossiers s'ouvrent sur la version 1")).to_be_visible()
    expect(page.get_by_text("Le médecin traitant n'a pas répondu.").first).to_be_visible()
    visit.look()
    assert visit.complaints == []


@pytest.mark.e2e
@SIZES
def test_a_second_person_reads_sends_back_and_approves(
    page: Page, address: str, database: Database, actor: Callable[[str], Actor], size: ViewportSize
) -> None:
    engine = system_actor(actor("hugo").territory_id)
    with database.transaction() as session:
        now = utcnow()
        for login, role in (("maud", "mission_lead"), ("yann", "territory_admin")):
            person = town.professional_of(session, login)
            people.give_role(
                session, professional_id=person, role=role, organization_id=None, valid_from=date(2020, 1, 1),
                by=engine, now=now,
            )  # fmt: skip
        admin = Actor(territory_id=engine.territory_id, roles=frozenset({"territory_admin"}), name="Yann")
        territories.ask_for_second_person(session, wanted=True, by=admin, now=now)
        draft = pathway_drafts.open_uploaded(
            session, files={"pathway.bpmn": GOOD.encode()}, by=actor("hugo"), now=now
        ).version_id

    visit = visit_of(page, address, "Hugo", size)
    propose(page, address, draft)
    expect(page.get_by_text("c'est à une autre personne de l'approuver")).to_be_visible()
    visit.look()

    approver = visit_of(page, address, "Maud", size)
    approver.look(f"/modeles/brouillons/{draft}/accord")
    page.get_by_label("Pourquoi").fill("Qui visite le dimanche ?")
    page.get_by_role("button", name="Renvoyer").click()
    expect(page.get_by_text("Qui visite le dimanche ?")).to_be_visible()

    visit_of(page, address, "Hugo", size)
    page.goto(f"{address}/modeles/brouillons/{draft}")
    expect(page.get_by_text("Qui visite le dimanche ?")).to_be_visible()
    propose(page, address, draft)

    approver = visit_of(page, address, "Maud", size)
    page.goto(f"{address}/modeles/brouillons/{draft}/accord")
    confirm(page, "Approuver et publier")
    expect(page.get_by_text("Approuvé : la version 1 est publiée.")).to_be_visible()
    approver.look()


def propose(page: Page, address: str, draft: UUID) -> None:
    page.goto(f"{address}/modeles/brouillons/{draft}")
    for reason in page.locator('input[name^="accepte-"]').all():
        reason.fill("Voulu ainsi.")
    confirm(page, "Demander l'accord")
    expect(page.get_by_text("attend un accord", exact=True)).to_be_visible()


@pytest.mark.e2e
@SIZES
def test_running_cases_are_migrated_from_the_page_and_brought_back(
    page: Page, address: str, database: Database, actor: Callable[[str], Actor], size: ViewportSize
) -> None:
    by, now = system_actor(actor("hugo").territory_id), utcnow()
    with database.transaction() as session:
        pathways.publish(session, files=version(1), label="", accepted={}, by=by, now=now)
        started = cases.start(session, pathway_key=KEY, patient_id=None, facts={}, by=by, now=now)
        [first] = session.query(Task).filter_by(case_id=started.id).all()
        tasks.complete(session, task_id=first.id, answers={}, by=by, now=now, key=None)
        pathways.publish(session, files=version(2), label="", accepted={}, by=by, now=now)
    visit = visit_of(page, address, "Hugo", size)
    visit.look(f"/modeles/{KEY}/migration")
    page.get_by_label("De la version").select_option("1")
    page.get_by_label("Vers la version").select_option("2")
    look_at_cases(page)
    page.locator('select[name="vers-visit"]').select_option("home_visit")
    page.locator('select[name="vers-social"]').select_option("-")
    look_at_cases(page)
    expect(page.get_by_text("1 dossier peut migrer")).to_be_visible()
    visit.look()

    page.get_by_label(re.compile("Pourquoi ces dossiers")).fill("Nouvelle organisation")
    page.get_by_label(re.compile("J'ai lu la liste")).check()
    confirm(page, "Faire migrer")
    expect(page).to_have_url(re.compile("/migration/[0-9a-f-]{36}"))
    sweep_migrations(database)
    expect(page.get_by_role("main")).to_contain_text(re.compile(r"1 dossiers? sur 1"), timeout=20_000)
    visit.look()

    job = page.url
    page.get_by_role("button", name=re.compile("Annuler|Revenir")).first.click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("Annuler|Revenir")).first.click()
    expect(page).not_to_have_url(job)
    sweep_migrations(database)
    expect(page.get_by_role("main")).to_contain_text("Revenu où il était", timeout=20_000)


@pytest.mark.e2e
@SIZES
def test_a_question_and_a_rule_are_changed_on_their_pages(
    page: Page, address: str, database: Database, actor: Callable[[str], Actor], size: ViewportSize
) -> None:
    with database.transaction() as session:
        draft = pathway_drafts.open_uploaded(
            session, files=shipped_files("gp_access"), by=actor("hugo"), now=utcnow()
        ).version_id
    visit = visit_of(page, address, "Hugo", size)
    page.goto(f"{address}/modeles/brouillons/{draft}")
    forms = page.get_by_role("region", name="Formulaires et tables").get_by_role("link")
    forms.filter(has_text="forms/").first.click()
    visit.look()
    page.get_by_role("button", name="Ajouter une question").click()
    new = page.locator("details[open]").last
    new.get_by_label("Question", exact=True).fill("Poids du jour")
    new.get_by_label("Nom dans les calculs").fill("weight_today")
    new.get_by_label("Type de réponse").select_option("dec")
    new.get_by_label("Unité").fill("kg")
    new.get_by_label("Réponse obligatoire").check()
    expect(page.locator("#apercu")).to_contain_text("Poids du jour")
    expect(page.locator("#apercu")).to_contain_text("kg")
    visit.look()
    page.get_by_role("button", name="Garder le formulaire").click()
    expect(page.get_by_text("Le formulaire est gardé")).to_be_visible()

    page.get_by_role("link", name=re.compile(r"\.dmn$")).first.click()
    visit.look()
    first = page.get_by_label(re.compile("^Règle 1, ")).first
    kept = first.input_value()
    first.fill("((")
    page.get_by_role("button", name="Garder la table").first.click()
    expect(page.get_by_role("alert")).to_contain_text("Pas encore gardé")
    page.get_by_label(re.compile("^Règle 1, ")).first.fill(kept)
    page.get_by_role("button", name="Garder la table").first.click()
    expect(page.get_by_text("La table est gardée")).to_be_visible()
    assert visit.complaints == []


def look_at_cases(page: Page) -> None:
    page.get_by_role("button", name="Regarder ce que deviendrait chaque dossier").click()
    page.wait_for_load_state("networkidle")
