"""Stored XSS: whatever is written in a drawing, a form, a name, a remark or a file name is text in every page."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from html import escape
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page
from sqlalchemy import select, update

from engine.actor import Actor, system_actor
from engine.clock import utcnow
from engine.commands import pathways, sign_ins
from engine.db import Database
from engine.models import Case, CaseFact, Organization, Patient, Professional, Task, WaitRecord
from tests.security.crawling import addresses, what_exists
from tests.support.sealed import of_case, of_patient
from tests.web import town
from tests.web.browser import Browser

HOSTILE = (
    "<img src=x onerror=\"window.__xss='img'\"><script>window.__xss=1</script>'\"><svg onload=window.__xss='svg'>"
    '<a href="javascript:window.__xss=2">x</a></title></textarea>{{7*7}}${7*7}<!--'
)
WATCH = """
window.__violations = [];
document.addEventListener('securitypolicyviolation', (event) => window.__violations.push(event.violatedDirective));
"""
FOUND = """() => ({
  fired: window.__xss === undefined ? null : window.__xss,
  violations: window.__violations,
  handlers: [...document.querySelectorAll('*')]
    .filter((one) => [...one.attributes].some((each) => each.name.startsWith('on'))).map((one) => one.outerHTML),
  links: [...document.querySelectorAll('[href^="javascript:" i], iframe, object, embed')].map((one) => one.outerHTML),
  shown: document.documentElement.innerHTML.includes('onerror'),
})"""
NOT_PAGES = (".json", ".bpmn", ".csv", ".zip", ".dmn", "/healthz", "/readyz", "/session", "/openapi.json")
WITH_A_DIAGRAM = re.compile(r"/dossiers/[^/]+/schema$|/suivi/carte$")


def hostile_files() -> dict[str, bytes]:
    """The trial pathway, every name, text and label of which is hostile."""
    files = town.trial_files()
    drawn = files["pathway.bpmn"].decode()
    drawn = re.sub(r' name="[^"]*"', f' name="{escape(HOSTILE)}"', drawn)
    drawn = re.sub(r"Pourquoi : [^<]*", f"Pourquoi : {escape(HOSTILE)}", drawn)
    hostile = {"pathway.bpmn": _laid_out(drawn).encode()}
    for path, content in files.items():
        if path.endswith(".json"):
            hostile[path] = json.dumps(_spoilt(json.loads(content))).encode()
    return hostile


def _laid_out(drawn: str) -> str:
    """The same with a place for each element, so that a browser draws it."""
    spaces = {
        "bpmndi": "http://www.omg.org/spec/BPMN/20100524/DI", "dc": "http://www.omg.org/spec/DD/20100524/DC",
        "di": "http://www.omg.org/spec/DD/20100524/DI",
    }  # fmt: skip
    shapes = re.findall(r'<bpmn:(?:\w+Event|\w+Task|\w+Gateway) id="(\w+)"', drawn)
    flows = re.findall(r'<bpmn:sequenceFlow id="(\w+)"', drawn)
    bounds = (f'<dc:Bounds x="{150 * place}" y="80" width="100" height="80"/>' for place in range(len(shapes)))
    points = '<di:waypoint x="0" y="0"/><di:waypoint x="50" y="50"/>'
    plane = "".join(
        f'<bpmndi:BPMNShape id="{one}_s" bpmnElement="{one}">{place}</bpmndi:BPMNShape>'
        for one, place in zip(shapes, bounds, strict=True)
    ) + "".join(f'<bpmndi:BPMNEdge id="{one}_e" bpmnElement="{one}">{points}</bpmndi:BPMNEdge>' for one in flows)
    inside = f'<bpmndi:BPMNPlane id="plane" bpmnElement="try_out">{plane}</bpmndi:BPMNPlane>'
    declared = "".join(f' xmlns:{name}="{space}"' for name, space in spaces.items())
    diagram = f'<bpmndi:BPMNDiagram id="diagram"{declared}>{inside}</bpmndi:BPMNDiagram></bpmn:definitions>'
    return drawn.replace("</bpmn:definitions>", diagram)


def _spoilt(value: Any) -> Any:
    if isinstance(value, dict):
        texts = set(value) <= {"fr", "en"}
        return {key: HOSTILE if texts or key == "unit" else _spoilt(one) for key, one in value.items()}
    return [_spoilt(one) for one in value] if isinstance(value, list) else value


@pytest.fixture
def infested(database: Database, start_case: Callable[..., str], browser_of: Callable[[str], Browser]) -> str:
    """A case of the hostile pathway, with hostile names, answers and remarks; gives its number."""
    with database.transaction() as session:
        by = system_actor(town.territory_of(session).id)
        pathways.publish(session, files=hostile_files(), label=HOSTILE, accepted={}, by=by, now=utcnow())
        hostile = of_patient(session, HOSTILE)
        session.execute(update(Patient).values(used_name=hostile, given_name=hostile, address=hostile, phone=hostile))
        session.execute(update(Professional).values(given_name=HOSTILE, title=HOSTILE))
        session.execute(update(Organization).values(name=HOSTILE))
    number = start_case(stay=HOSTILE)
    with database.transaction() as session:
        task = session.execute(select(Task.id).where(Task.element_id == "ward_check")).scalar_one()
        case_id = session.execute(select(Case.id)).scalar_one()
        session.execute(update(WaitRecord).values(responsible_name=HOSTILE))
        session.add(CaseFact(
            territory_id=by.territory_id, case_id=case_id, scope="", name="place", recorded_at=utcnow(),
            value=of_case(session, HOSTILE), recorded_by=HOSTILE, form_key="every_type",
        ))  # fmt: skip
    helene, maud = browser_of("helene"), browser_of("maud")
    helene.post(f"/taches/{task}/refuser", {"reason": "full", "comment": HOSTILE, "idempotency_key": "r"})
    assert maud.post(f"/dossiers/{number}/suspendre", {"reason": HOSTILE, "idempotency_key": "h"}).status_code == 303
    return number


def _enter(page: Page, address: str, database: Database, login: str) -> None:
    with database.transaction() as session:
        token = sign_ins.open_for(session, account_id=town.account_of(session, login), device=HOSTILE, now=utcnow())
    page.context.clear_cookies()
    page.context.add_cookies([{"name": "parcours", "value": token, "url": address}])


@pytest.mark.parametrize("login", ["maud", "claire", "helene", "hugo"])
def test_no_page_runs_what_people_wrote(
    page: Page, address: str, app: Flask, database: Database, infested: str, browser_of: Callable[[str], Browser],
    login: str,
) -> None:  # fmt: skip
    quick = browser_of(login)
    pages = [path for path in addresses(app, "GET", what_exists(database, infested)) if not path.endswith(NOT_PAGES)]
    pages += [
        "/ma-journee?voir=a-venir",
        "/ma-journee?voir=a-prendre",
        f"/dossiers?q={infested}",
        "/recherche?q=onerror",
    ]
    pages += ["/modeles/try_out?vue=parametres", "/modeles/try_out?vue=versions"] if login == "hugo" else []
    pages = [path for path in dict.fromkeys(pages) if quick.get(path).status_code == 200]
    assert len(pages) > 10
    page.add_init_script(WATCH)
    _enter(page, address, database, login)

    wrong, shown = [], 0
    for path in pages:
        page.goto(address + path, wait_until="load")
        if WITH_A_DIAGRAM.search(path):
            page.locator(".djs-container .djs-element").first.wait_for()
        found = page.evaluate(FOUND)
        shown += found.pop("shown")
        if any(found.values()):
            wrong.append((path, found))
    assert not wrong
    assert shown > 5, "the pages did show the hostile texts"


def test_the_workshop_shows_a_hostile_drawing_and_its_file_names_as_text(
    page: Page, address: str, database: Database, browser_of: Callable[[str], Browser]
) -> None:
    hugo = browser_of("hugo")
    parts = [(io.BytesIO(data), name) for name, data in hostile_files().items()]
    parts.append((io.BytesIO(hostile_files()["pathway.bpmn"]), "<img src=x onerror=window.__xss=1>.bpmn"))
    sent = hugo.post("/modeles/brouillons/deposer", {"files": parts}, content_type="multipart/form-data")
    refused = sent.status_code == 422
    page.add_init_script(WATCH)
    _enter(page, address, database, "hugo")
    if refused:  # the same process twice: the page that says so names the files
        page.set_content(sent.get_data(as_text=True))
        assert page.evaluate(FOUND)["fired"] is None
        parts = [(io.BytesIO(data), name) for name, data in hostile_files().items()]
        sent = hugo.post("/modeles/brouillons/deposer", {"files": parts}, content_type="multipart/form-data")
    draft = sent.headers["Location"]

    for path in (draft, f"{draft}/dessiner", "/modeles"):
        page.goto(address + path, wait_until="networkidle")
        found = page.evaluate(FOUND)
        assert found["fired"] is None and not found["handlers"] and not found["links"], (path, found)


def test_what_looks_like_a_template_is_not_one(
    browser_of: Callable[[str], Browser], infested: str, actor: Callable[[str], Actor]
) -> None:
    page = browser_of("maud").get(f"/dossiers/{infested}").get_data(as_text=True)

    assert "{{7*7}}" in page and "${7*7}" in page
    assert "<script>window.__xss" not in page and "<img src=x" not in page
