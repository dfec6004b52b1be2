"""On the road: pages open again without a network, answers wait on the phone and are never lost or sent by another."""

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.frontend.site import Answer, Posted, Site

HEAD = (
    '<meta name="parcours-account" content="claire"><meta name="parcours-session-url" content="/session.json">'
    '<meta name="parcours-sign-in" content="/connexion"><meta name="parcours-sw" content="/sw.js">'
)
CONNECTION = '<p class="connection" data-connection="current" role="status"></p>'
FORM = f"""{CONNECTION}<form method="post" action="/answer" data-offline="1re visite" data-etag='"7"'>
<input type="hidden" name="csrf_token" value="dead-token"><input type="hidden" name="idempotency_key" value="key-1">
<label>Poids <input name="weight"></label><button name="act" value="done">Valider la visite</button>
<p data-offline-status role="status"></p></form>"""


@pytest.fixture
def road(site: Site) -> Site:
    site.page("/task", FORM, entries=("offline.js",), head=HEAD)
    site.page("/outbox", f'{CONNECTION}<ul class="cards" data-outbox></ul>', entries=("offline.js",), head=HEAD)
    site.json("/session.json", {"csrf_token": "fresh-token", "account": "claire", "now": "2031-05-06T10:05:00Z"})
    site.replies["/answer"] = lambda posted: Answer(body="<h1>Visite validée</h1>")
    return site


def answer_without_network(page: Page, context: BrowserContext, site: Site) -> None:
    page.goto(f"{site.url}/task")
    expect(page.locator("html[data-offline-ready=yes]")).to_have_count(1)
    context.set_offline(True)
    page.get_by_label("Poids").fill("71,4")
    page.get_by_role("button", name="Valider la visite").click()
    expect(page.locator("[data-offline-status]")).to_contain_text("pas encore envoyé")


def answers(site: Site) -> list[Posted]:
    return [posted for posted in site.arrived if posted.path == "/answer"]


def test_with_a_network_the_form_goes_the_ordinary_way(road: Site, page: Page) -> None:
    page.goto(f"{road.url}/task")
    page.get_by_label("Poids").fill("71,4")
    page.get_by_role("button", name="Valider la visite").click()

    expect(page.get_by_role("heading", name="Visite validée")).to_be_visible()
    assert answers(road)[0].fields["act"] == ["done"]


def test_an_answer_given_without_a_network_is_sent_later_once_with_its_key(
    road: Site, page: Page, context: BrowserContext
) -> None:
    answer_without_network(page, context, road)
    expect(page.locator(".connection")).to_have_text("Hors ligne. 1 réponse en attente d’envoi.")
    assert answers(road) == []

    context.set_offline(False)
    expect(page.locator(".connection")).to_contain_text("À jour")
    (sent,) = answers(road)
    assert sent.fields["weight"] == ["71,4"]
    assert sent.fields["act"] == ["done"]
    assert sent.fields["csrf_token"] == ["fresh-token"]
    assert sent.headers["idempotency-key"] == "key-1"
    assert sent.headers["if-match"] == '"7"'
    assert sent.headers["x-done-at"].startswith("2031-05-06T10:0")  # the phone's clock, put right by the server's


def test_an_answer_waits_through_the_closing_of_the_page(road: Site, page: Page, context: BrowserContext) -> None:
    answer_without_network(page, context, road)
    page.close()
    context.set_offline(False)

    again = context.new_page()
    again.goto(f"{road.url}/outbox")
    expect(again.get_by_text("Rien en attente")).to_be_visible()
    assert len(answers(road)) == 1


def test_what_somebody_else_did_meanwhile_is_said_and_nothing_is_dropped(
    road: Site, page: Page, context: BrowserContext
) -> None:
    sentence = "« 1re visite » a été faite par Marc à 14:02."
    refusal = f'<div class="error-page"><p>{sentence}</p></div>'
    road.replies["/answer"] = lambda posted: Answer(status=409, body=refusal)
    answer_without_network(page, context, road)
    context.set_offline(False)
    expect(page.locator(".connection")).to_have_text("1 envoi à vérifier")

    page.goto(f"{road.url}/outbox")
    expect(page.get_by_text(sentence)).to_be_visible()
    page.get_by_role("button", name="Retirer").click()
    page.get_by_role("dialog").get_by_role("button", name="Retirer").click()
    expect(page.get_by_text("Rien en attente")).to_be_visible()


def test_an_expired_session_keeps_the_answer_and_asks_to_sign_in(
    road: Site, page: Page, context: BrowserContext
) -> None:
    road.pages["/session.json"] = Answer(status=401)
    answer_without_network(page, context, road)
    context.set_offline(False)
    page.goto(f"{road.url}/outbox")

    expect(page.get_by_text("Votre session a expiré")).to_be_visible()
    page.wait_for_load_state("networkidle")  # what coming back on line sends by itself has been tried
    assert answers(road) == []

    road.json("/session.json", {"csrf_token": "fresh-token", "account": "claire"})
    page.get_by_role("button", name="Renvoyer").click()
    expect(page.get_by_text("Rien en attente")).to_be_visible()
    assert len(answers(road)) == 1


def test_on_a_shared_phone_nobody_sends_what_another_typed(road: Site, page: Page, context: BrowserContext) -> None:
    answer_without_network(page, context, road)
    road.json("/session.json", {"csrf_token": "fresh-token", "account": "marc"})
    context.set_offline(False)
    page.goto(f"{road.url}/outbox")

    expect(page.get_by_text("Saisi par une autre personne")).to_be_visible()
    assert answers(road) == []


def test_what_waits_is_not_readable_in_the_storage(road: Site, page: Page, context: BrowserContext) -> None:
    answer_without_network(page, context, road)

    kept = page.evaluate(
        """() => new Promise((done) => { const opening = indexedDB.open('parcours');
        opening.onsuccess = () => { const all = opening.result.transaction('outbox').objectStore('outbox').getAll();
        all.onsuccess = () => done(all.result.map((one) => Object.keys(one).sort().join())); }; })"""
    )
    assert kept == ["id,sealed"]


def test_an_opened_page_opens_again_without_a_network_and_another_says_why_not(
    road: Site, page: Page, context: BrowserContext
) -> None:
    page.goto(f"{road.url}/task")
    expect(page.locator("html[data-offline-ready=yes]")).to_have_count(1)
    page.reload()  # the second time through the service worker
    context.set_offline(True)

    page.goto(f"{road.url}/task")
    expect(page.get_by_label("Poids")).to_be_visible()
    page.goto(f"{road.url}/never-opened")
    expect(page.get_by_role("heading", name="Cette page n’est pas sur ce téléphone")).to_be_visible()
