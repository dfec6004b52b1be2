"""The ten main screens as people get them: nothing for axe, nothing from elsewhere, light on the road, kept offline."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.e2e.person import Person
from tests.support.browser import DESKTOP, PHONE
from tests.support.places import ROOT
from tests.support.running import Running

AXE = ROOT / "web" / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
NURSE_PAGE_KILOBYTES = 80
VISIT = "Première visite infirmière à domicile"
JOSETTE = "DEMO-ABEILLE"
SIZES = [pytest.param(PHONE, id="390px"), pytest.param(DESKTOP, id="desktop")]


def look(person: Person, path: str = "") -> None:
    """Open a page (or stay) and let axe read it; it fits the screen and asks nothing from elsewhere."""
    page = person.page
    if path:
        page.goto(path)
    page.wait_for_load_state("networkidle")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(
        "async (rules) => (await axe.run(document, {runOnly: rules})).violations"
        ".map((one) => `${one.id}: ${one.nodes[0].html}`)",
        RULES,
    )
    assert not found, f"{page.url}: {found}"
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wider <= 0, f"{page.url} is {wider} px wider than the screen"


@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
def test_the_ten_main_screens(demo: Running, arrive: Callable[..., Person], size: dict[str, int]) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed beside the front end (npm ci).")
    phone = size["width"] < 500
    asked: list[str] = []
    names = ("MESANGE", "CHARME", "PAULET", "COQUELICOT", "BLEUET")
    people = {name: arrive(demo.address, name, phone=phone) for name in names}
    for person in people.values():
        person.page.context.on("request", lambda request: asked.append(request.url))

    look(people["MESANGE"], "/connexion")  # 1 sign-in
    look(people["MESANGE"], "/ma-journee")  # 2 the nurse's day
    people["MESANGE"].open_task(VISIT, JOSETTE)
    look(people["MESANGE"])  # 3 a task
    look(people["CHARME"], "/sorties")  # 4 discharges
    look(people["CHARME"], "/parcours/nouveau")  # 5 new pathway
    look(people["PAULET"], "/mes-patients")  # 6 the GP's patients
    maud = people["COQUELICOT"]
    look(maud, "/suivi")  # 7 the control tower
    maud.page.get_by_role("main").get_by_role("rowheader").get_by_role("link").first.click()
    look(maud)  # 8 a case
    look(maud, maud.page.url.split("?")[0] + "/schema")  # its diagram
    case = maud.page.url.split("?")[0].removesuffix("/schema")
    look(maud, f"{case}/donnees")
    maud.page.get_by_role("link", name="Rectifier").first.click()
    look(maud)
    maud.page.goto(f"{case}/acces")
    maud.page.get_by_role("link", name="Droits du patient").first.click()
    look(maud)
    rights = maud.page.url
    look(maud, f"{rights}/identite")
    look(maud, f"{rights}/donnees")
    look(maud, "/conservation")
    look(people["BLEUET"], "/modeles")  # 9 models
    look(people["BLEUET"], "/modeles/brouillons/deposer")  # 10 upload

    assert not [url for url in asked if not url.startswith((demo.address, "data:", "blob:"))]
    assert not [one for person in people.values() for one in person.complaints]


@pytest.mark.e2e
@pytest.mark.slow
def test_a_nurses_day_costs_less_than_eighty_kilobytes(demo: Running, arrive: Callable[..., Person]) -> None:
    nurse = arrive(demo.address, "MESANGE", phone=True)
    nurse.page.goto("about:blank")
    session = nurse.page.context.new_cdp_session(nurse.page)
    session.send("Network.enable")
    session.send("Network.setBypassServiceWorker", {"bypass": True})
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    bytes_ = []
    session.on("Network.loadingFinished", lambda event: bytes_.append(event["encodedDataLength"]))

    nurse.page.goto("/ma-journee")
    nurse.page.wait_for_load_state("networkidle")

    assert bytes_
    assert sum(bytes_) <= NURSE_PAGE_KILOBYTES * 1024


@pytest.mark.e2e
@pytest.mark.slow
def test_a_visit_finished_without_a_network_is_kept_and_sent_when_it_is_back(
    own_demo: Running, arrive: Callable[..., Person]
) -> None:
    nurse = arrive(own_demo.address, "MESANGE", phone=True)
    page, context = nurse.page, nurse.page.context
    nurse.open_task(VISIT, JOSETTE)
    address = page.url
    expect(page.locator("html[data-offline-ready=yes]")).to_have_count(1)
    nurse.fill(
        {
            "Visite le": nurse.moment(),
            "Traitement présent au domicile": "Oui",
            "Traitement compris": "Oui",
            "Chute depuis le retour": "Non",
            "Mange et boit": "Normalement",
            "Confusion": "Non",
            "L’aidant tient le coup": "Oui",
            "Niveau d’alerte": "Vert : rien à signaler",
        }
    )
    context.set_offline(True)
    page.get_by_role("button", name="Terminer la tâche").click()
    expect(page.get_by_role("main")).to_contain_text("pas encore envoyé")

    context.set_offline(False)
    page.goto("/envois")
    expect(page.get_by_text("Rien en attente")).to_be_visible(timeout=60_000)
    page.goto(address)
    expect(page.get_by_role("main")).to_contain_text("Claire DEMO-MESANGE")
    expect(page.get_by_role("main").get_by_text("fait", exact=True)).to_be_visible()
