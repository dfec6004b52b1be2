"""A computer that several people share: whoever leaves, or comes after, finds nothing of the other in the browser."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.frontend.site import Answer, Site

META = (
    '<meta name="parcours-account" content="{who}"><meta name="parcours-session-url" content="/session.json">'
    '<meta name="parcours-sign-in" content="/connexion"><meta name="parcours-sw" content="/sw.js">'
)
FORM = """<form method="post" action="/answer" data-draft="task-1" data-offline="1re visite · Mme DEMO-ABEILLE">
<input type="hidden" name="idempotency_key" value="key-1"><label>Poids <input name="weight"></label>
<button>Terminer</button><p data-draft-status data-offline-status role="status"></p></form>
<form method="post" action="/deconnexion" data-sign-out><button>Se déconnecter</button></form>"""
KEPT = """async () => {
  const names = await indexedDB.databases();
  const drafts = !names.length ? 0 : await new Promise((done) => {
    const opening = indexedDB.open('parcours');
    opening.onsuccess = () => {
      const all = opening.result.transaction('drafts').objectStore('drafts').count();
      all.onsuccess = () => { opening.result.close(); done(all.result); };
    };
  });
  const pages = await caches.open('parcours-pages').then((cache) => cache.keys());
  const paths = pages.map((one) => new URL(one.url).pathname);
  return { drafts, pages: paths, local: { ...localStorage }, session: { ...sessionStorage } };
}"""


@pytest.fixture
def ward(site: Site) -> Site:
    claire(site)
    site.page("/connexion", "<h1>Se connecter</h1>")
    site.replies["/deconnexion"] = lambda posted: Answer(status=303, headers={"Location": "/connexion"})
    return site


def claire(site: Site) -> None:
    person(site, "claire")


def person(site: Site, who: str) -> None:
    """Whose session the pages are drawn for."""
    head = META.format(who=who)
    site.page("/task", FORM, entries=("app.js", "offline.js"), head=head)
    site.page("/outbox", "<ul data-outbox></ul>", entries=("app.js", "offline.js"), head=head)
    site.json("/session.json", {"csrf_token": "fresh", "account": who, "now": "2031-05-06T10:05:00Z"})


def type_a_draft(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/task")
    expect(page.locator("html[data-offline-ready=yes]")).to_have_count(1)
    page.get_by_label("Poids").fill("71,4")
    expect(page.locator("[data-draft-status]")).to_contain_text("Brouillon gardé")


def test_whoever_signs_out_leaves_nothing(ward: Site, page: Page) -> None:
    type_a_draft(page, ward)
    assert page.evaluate(KEPT)["drafts"] == 1

    page.get_by_role("button", name="Se déconnecter").click()
    expect(page.get_by_role("heading", name="Se connecter")).to_be_visible()

    page.wait_for_function(f"async () => !(await ({KEPT})()).pages.includes('/task')")
    kept = page.evaluate(KEPT)
    kept["pages"] = [one for one in kept["pages"] if one != "/connexion"]  # it names nobody
    assert kept == {"drafts": 0, "pages": [], "local": {}, "session": {}}


def test_whoever_comes_after_somebody_who_only_left_finds_nothing(ward: Site, page: Page) -> None:
    type_a_draft(page, ward)

    person(ward, "marc")
    page.goto(f"{ward.url}/task")
    expect(page.locator("html[data-offline-ready=yes]")).to_have_count(1)

    expect(page.get_by_label("Poids")).to_have_value("")
    page.wait_for_function(f"async () => (await ({KEPT})()).drafts === 0")


def test_ones_own_draft_comes_back(ward: Site, page: Page) -> None:
    type_a_draft(page, ward)

    page.goto(f"{ward.url}/task")

    expect(page.get_by_label("Poids")).to_have_value("71,4")


def test_what_another_sends_later_is_not_named(ward: Site, page: Page, context: BrowserContext) -> None:
    page.goto(f"{ward.url}/task")
    expect(page.locator("html[data-offline-ready=yes]")).to_have_count(1)
    context.set_offline(True)
    page.get_by_label("Poids").fill("71,4")
    page.get_by_role("button", name="Terminer").click()
    expect(page.locator("[data-offline-status]")).to_contain_text("pas encore envoyé")
    context.set_offline(False)

    person(ward, "marc")
    page.goto(f"{ward.url}/outbox")

    expect(page.get_by_text("Saisi par une autre personne")).to_be_visible()
    assert "ABEILLE" not in json.dumps(page.content())
    expect(page.get_by_role("button", name="Retirer")).to_have_count(0)
