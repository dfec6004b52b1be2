"""A designer draws a pathway from nothing, sees it stall, mends it, tries and publishes it; then a case is opened."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.support.browser import DESKTOP


class Workshop:
    """bpmn-js as a hand with a mouse uses it."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address
        page.set_viewport_size(DESKTOP)
        page.set_default_timeout(10_000)
        page.on("dialog", lambda dialog: dialog.accept())

    def sign_in(self, name: str) -> None:
        self.page.context.clear_cookies()
        self.page.goto(f"{self.address}/connexion")
        self.page.get_by_role("button", name=re.compile(name)).click()
        expect(self.page.get_by_role("navigation", name="Principale")).to_be_visible()

    def do(self, task: str, *, answer: str = "") -> None:
        """Find a task among those to take, answer its one question if it has one, finish it."""
        self.page.goto(f"{self.address}/")
        self.page.get_by_role("navigation", name="Mes tâches").get_by_role("link", name="À prendre").click()
        card = self.page.get_by_role("listitem").filter(has_text="ABEILLE")
        card.get_by_role("link", name=re.compile(f"^{task}")).first.click()
        if answer:
            self.page.get_by_role("group").get_by_text(answer, exact=True).click()
        self.page.get_by_role("button", name="Terminer la tâche").click()
        expect(self.page.get_by_role("heading", name="C'est enregistré")).to_be_visible()

    def shapes(self, kind: str) -> list[str]:
        """Ids of the drawn steps of a kind (`Gateway`, `Activity`, `Event`), labels left out."""
        ids = self.page.locator(f'.djs-shape[data-element-id^="{kind}_"]').evaluate_all(
            "all => all.map(one => one.dataset.elementId)"
        )
        return [one for one in ids if not one.endswith("_label")]

    def shape(self, element_id: str) -> Locator:
        return self.page.locator(f'.djs-shape[data-element-id="{element_id}"]')

    def click(self, element_id: str) -> None:
        """Click the middle of a shape."""
        box = self.shape(element_id).bounding_box()
        assert box is not None
        self.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    def select(self, element_id: str) -> None:
        selected = self.page.locator(f'.djs-shape.selected[data-element-id="{element_id}"]')
        for _ in range(5):  # a click that ends the typing of a name selects nothing yet
            self.click(element_id)
            with suppress(PlaywrightTimeout):
                selected.wait_for(timeout=1_000)
                return
        expect(selected).to_be_visible()

    def pad(self, action: str) -> None:
        self.page.locator(f'.djs-context-pad.open .entry[data-action="{action}"]').click()

    def append(self, after: str, action: str, kind: str, name: str = "") -> str:
        """Append a step behind another; gives its id."""
        before = set(self.shapes(kind))
        self.select(after)
        self.pad(action)
        if name:
            self.page.keyboard.type(name)
        self.page.keyboard.press("Escape" if not name else "Enter")
        (new,) = set(self.shapes(kind)) - before
        return new

    def turn_into(self, element_id: str, entry: str) -> None:
        self.select(element_id)
        self.pad("replace")
        self.page.locator(f'.djs-popup .entry[data-id="{entry}"]').click()

    def connect(self, source: str, target: str) -> None:
        self.select(source)
        self.pad("connect")
        self.click(target)

    def role(self, element_id: str, label: str) -> None:
        self.select(element_id)
        self.page.get_by_label("Rôle responsable").select_option(label=label)

    def save(self, said: str) -> None:
        self.page.get_by_role("button", name="Enregistrer").click()
        expect(self.page.locator("[data-editor-status]")).to_contain_text(said)


def draw_a_deadlock(workshop: Workshop) -> str:
    """One of two visits, joined as if both were made; gives the id of the join."""
    choice = workshop.append("start", "append.gateway", "Gateway")
    visit = workshop.append(choice, "append.append-task", "Activity", "Visiter à domicile")
    call = workshop.append(choice, "append.append-task", "Activity", "Appeler le patient")
    join = workshop.append(visit, "append.gateway", "Gateway")
    workshop.turn_into(join, "replace-with-parallel-gateway")
    (join,) = set(workshop.shapes("Gateway")) - {choice}
    workshop.connect(call, join)
    workshop.append(join, "append.end-event", "Event")
    for task in (visit, call):
        workshop.turn_into(task, "replace-with-user-task")
    for task in workshop.shapes("Activity"):
        workshop.role(task, "Infirmier·e à domicile")
    return join


@pytest.mark.slow
def test_a_pathway_drawn_from_nothing_is_mended_tried_published_and_followed(page: Page, address: str) -> None:
    workshop = Workshop(page, address)
    workshop.sign_in("Hugo")
    page.goto(f"{address}/modeles")
    page.get_by_role("button", name="Dessiner un parcours").click()
    page.get_by_label("Nom du parcours").fill("Suivi après une chute")
    page.get_by_role("button", name="Commencer à dessiner").click()
    expect(page.locator('.editor[data-ready="yes"]')).to_be_visible()

    join = draw_a_deadlock(workshop)
    workshop.save("1 point à corriger")

    findings = page.locator("[data-editor-findings]")
    deadlock = findings.locator(".finding-error")
    expect(deadlock).to_contain_text("CF-001")
    deadlock.get_by_role("button", name="Rejouer").click()
    expect(workshop.shape(join)).to_have_class(re.compile("is-stuck"))

    workshop.turn_into(join, "replace-with-exclusive-gateway")
    workshop.save("Enregistré")
    expect(findings.locator(".finding-error")).to_have_count(0)

    page.get_by_role("link", name="Publier…").click()
    draft = page.url
    page.get_by_role("link", name="Essayer").click()
    page.get_by_role("button", name="+1 j", exact=True).click()
    page.get_by_role("button", name="Répondre au hasard").click()
    expect(page.locator("#reponse")).not_to_contain_text("Décider")
    page.get_by_role("button", name="Répondre au hasard").click()
    expect(page.get_by_text(re.compile("essai est arrivé à"))).to_be_visible()

    page.goto(draft)
    for reason in page.locator('input[name^="accepte-"]').all():
        reason.fill("Voulu ainsi.")
    page.get_by_role("button", name="Publier le modèle").click()
    page.get_by_role("dialog").get_by_role("button", name="Publier le modèle").click()
    expect(page.get_by_text("Modèle publié : version 1")).to_be_visible()

    follow_a_case(workshop, "Suivi après une chute")


def follow_a_case(workshop: Workshop, title: str) -> None:
    """The hospital opens a case; the nurse decides, visits, and the case is closed."""
    page = workshop.page
    workshop.sign_in("Hélène")
    page.goto(f"{workshop.address}/parcours/nouveau?q=abei")
    page.get_by_role("link", name=re.compile("ABEILLE")).first.click()
    page.get_by_role("link", name=re.compile(title)).click()
    page.get_by_role("button", name="Lancer le parcours").click()
    expect(page.get_by_role("main")).to_contain_text("Décider")
    number = re.search(r"C-\d+", page.get_by_role("heading", level=1).inner_text())
    assert number is not None

    workshop.sign_in("Claire")
    workshop.do("Décider", answer="vers « Visiter à domicile »")
    workshop.do("Visiter à domicile")
    page.goto(f"{workshop.address}/dossiers/{number[0]}")
    expect(page.get_by_role("main")).to_contain_text("Ce dossier est clos")
