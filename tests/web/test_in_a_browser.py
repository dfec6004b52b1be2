"""The pages in a real browser: nothing for axe to say, nothing foreign asked for, no breach of the content policy."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import DESKTOP, PHONE
from tests.support.places import ROOT

AXE = ROOT / "web" / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


class Visit:
    """One person at one screen, whose complaints are kept."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address
        self.complaints: list[str] = []
        page.on("console", lambda message: self._hear(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self._asked(request.url))

    def sign_in(self, name: str) -> None:
        self.page.goto(f"{self.address}/connexion")
        self.page.get_by_role("button", name=re.compile(name)).click()
        self.page.wait_for_load_state("networkidle")

    def look(self, path: str = "") -> None:
        """Open a page (or stay) and let axe read it."""
        if path:
            self.page.goto(self.address + path)
        self.page.wait_for_load_state("networkidle")
        if not AXE.exists():
            pytest.skip("axe-core is not installed beside the front end (npm ci).")
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = self.page.evaluate(
            "async (rules) => (await axe.run(document, {runOnly: rules})).violations"
            ".map((one) => `${one.id}: ${one.nodes[0].html}`)",
            RULES,
        )
        assert not found, f"{self.page.url}: {found}"
        wider = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, f"{self.page.url} is {wider} px wider than the screen"

    def _hear(self, kind: str, text: str) -> None:
        if kind == "error" and "422" not in text:
            self.complaints.append(text)

    def _asked(self, url: str) -> None:
        if not url.startswith((self.address, "data:", "blob:")):
            self.complaints.append(f"asked {url}")


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_a_nurses_pages(page: Page, address: str, start_case: Callable[..., str], size: dict[str, int]) -> None:
    start_case()
    page.set_viewport_size(size)  # type: ignore[arg-type]
    visit = Visit(page, address)
    visit.look("/connexion")
    visit.sign_in("Claire")
    for path in ("/ma-journee", "/ma-journee?voir=a-prendre", "/ma-journee?voir=faits", "/envois"):
        visit.look(path)
    visit.look("/ma-journee?voir=a-venir")
    page.get_by_role("link", name="Visite d'essai").click()
    visit.look()
    page.get_by_role("button", name="Terminer la tâche").click()
    expect(page.locator(".error-summary")).to_be_focused()
    visit.look()
    page.get_by_role("link", name="Je ne peux pas").click()
    visit.look()

    assert not visit.complaints


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_the_wards_and_the_gps_pages(
    page: Page, address: str, start_case: Callable[..., str], size: dict[str, int]
) -> None:
    number = start_case()
    page.set_viewport_size(size)  # type: ignore[arg-type]
    visit = Visit(page, address)
    visit.sign_in("Hélène")
    visit.look("/sorties")
    visit.look("/parcours/nouveau?q=abei")
    page.get_by_role("link", name="Mme Josette DEMO-ABEILLE").click()
    visit.look()
    visit.look(f"/parcours/{number}/lance")
    visit.sign_in("Paul")
    visit.look("/mes-patients")

    assert not visit.complaints


def test_a_question_appears_when_its_answer_calls_for_it(
    page: Page, address: str, start_case: Callable[..., str]
) -> None:
    start_case()
    visit = Visit(page, address)
    visit.sign_in("Claire")
    page.goto(f"{address}/ma-journee?voir=a-venir")
    page.get_by_role("link", name="Visite d'essai").click()
    story = page.get_by_label("Comment est-ce arrivé")
    expect(story).to_be_hidden()

    page.get_by_role("group", name="Chute").get_by_text("Oui").click()
    expect(story).to_be_visible()
    page.get_by_role("group", name="Chute").get_by_text("Non").click()
    expect(story).to_be_hidden()


def test_rows_are_added_and_a_visit_is_finished(page: Page, address: str, start_case: Callable[..., str]) -> None:
    start_case()
    visit = Visit(page, address)
    visit.sign_in("Claire")
    page.goto(f"{address}/ma-journee?voir=a-venir")
    page.get_by_role("link", name="Visite d'essai").click()
    page.get_by_label("Poids").fill("71,4")
    page.get_by_label("Visite le").fill("2026-11-24T14:30")
    page.get_by_role("group", name="Chute").get_by_text("Non").click()
    page.get_by_role("group", name="Alerte").get_by_text("Verte").click()
    page.get_by_role("button", name="Ajouter une ligne").click()
    page.get_by_label("Nom").fill("Furosémide")

    page.get_by_role("button", name="Terminer la tâche").click()

    expect(page.get_by_role("heading", name="C'est enregistré")).to_be_visible()
    page.goto(f"{address}/ma-journee?voir=faits")
    expect(page.get_by_role("link", name="Visite d'essai")).to_be_visible()
    assert not visit.complaints
