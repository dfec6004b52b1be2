"""The drawing and the editor: states on shapes, words beside them, nothing lost by saving, all in French."""

import json
import xml.etree.ElementTree as ElementTree
from collections import Counter

import pytest
from playwright.sync_api import Page, expect

from tests.frontend.site import EDITOR_POLICY, Answer, Posted, Site
from tests.support.browser import DESKTOP, PHONE

SHAPES = {"start": (60, 90, 36, 36), "visit": (150, 68, 100, 80), "each": (300, 68, 100, 80), "end": (450, 90, 36, 36)}
FLOWS = {"to_visit": (96, 150), "to_each": (250, 300), "to_end": (400, 450)}


def drawing() -> str:
    shapes = "".join(
        f'<bpmndi:BPMNShape id="{name}_di" bpmnElement="{name}">'
        f'<dc:Bounds x="{x}" y="{y}" width="{w}" height="{h}"/></bpmndi:BPMNShape>'
        for name, (x, y, w, h) in SHAPES.items()
    )
    edges = "".join(
        f'<bpmndi:BPMNEdge id="{name}_di" bpmnElement="{name}">'
        f'<di:waypoint x="{a}" y="108"/><di:waypoint x="{b}" y="108"/></bpmndi:BPMNEdge>'
        for name, (a, b) in FLOWS.items()
    )
    return f"{shapes}{edges}"


PATHWAY = f"""<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:parcours="urn:parcours:bpmn:1"
 xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"
 xmlns:di="http://www.omg.org/spec/DD/20100524/DI" id="file" targetNamespace="urn:essai">
<bpmn:process id="essai" name="Essai" isExecutable="true">
<bpmn:startEvent id="start" name="Sortie"><bpmn:outgoing>to_visit</bpmn:outgoing></bpmn:startEvent>
<bpmn:userTask id="visit" name="1re visite" parcours:role="home_nurse" parcours:form="visit" parcours:due="PT48H"
 parcours:offer="usual"><bpmn:documentation>Le poids dit si le traitement convient.</bpmn:documentation>
<bpmn:incoming>to_visit</bpmn:incoming><bpmn:outgoing>to_each</bpmn:outgoing></bpmn:userTask>
<bpmn:userTask id="each" name="Avis" parcours:role="gp"><bpmn:incoming>to_each</bpmn:incoming>
<bpmn:outgoing>to_end</bpmn:outgoing><bpmn:multiInstanceLoopCharacteristics>
<bpmn:loopDataInputRef>experts</bpmn:loopDataInputRef><bpmn:inputDataItem id="expert_item" name="expert"/>
</bpmn:multiInstanceLoopCharacteristics></bpmn:userTask>
<bpmn:endEvent id="end" name="Fin"><bpmn:incoming>to_end</bpmn:incoming></bpmn:endEvent>
<bpmn:sequenceFlow id="to_visit" sourceRef="start" targetRef="visit"/>
<bpmn:sequenceFlow id="to_each" sourceRef="visit" targetRef="each"/>
<bpmn:sequenceFlow id="to_end" sourceRef="each" targetRef="end"/>
</bpmn:process>
<bpmndi:BPMNDiagram id="diagram">
<bpmndi:BPMNPlane id="plane" bpmnElement="essai">{drawing()}</bpmndi:BPMNPlane></bpmndi:BPMNDiagram>
</bpmn:definitions>"""

STATE = {
    "nodes": [
        {"id": "start", "state": "done"},
        {"id": "visit", "state": "late", "badge": "En retard", "note": "depuis 51 h"},
        {"id": "unknown", "state": "done"},
    ],
    "taken": ["to_visit"],
}
CASE = """<div class="diagram wide-only" role="group" aria-label="Schéma"
 data-diagram="/schema.bpmn" data-state="/schema.json"></div>
<ol class="steps"><li class="step" data-node="visit"><button class="button-link">1re visite</button></li></ol>
<button data-replay='[["start"], ["visit"], ["each", "end"]]'>Rejouer</button>
<p data-replay-status role="status"></p>"""
EDITOR = """<button data-editor-act="save">Enregistrer</button><p data-editor-status role="status"></p>
<div class="editor" data-model="/draft.bpmn" data-check="/check"
 data-choices='{"roles": [{"value": "home_nurse", "label": "Infirmière"}, {"value": "gp", "label": "Médecin"}]}'>
<div class="editor-canvas" data-editor-canvas></div><aside class="editor-panel" data-editor-panel></aside></div>
<div data-editor-findings></div>"""
FINDING = {"code": "CF-001", "severity": "error", "message": "La jonction attend 2 branches.", "element_id": "each"}


@pytest.fixture
def house(site: Site) -> Site:
    site.page("/case", CASE, entries=("viewer.js",))
    site.page("/editor", EDITOR, entries=("modeler.js",), policy=EDITOR_POLICY)
    site.pages["/schema.bpmn"] = Answer(body=PATHWAY, content_type="application/xml")
    site.pages["/draft.bpmn"] = Answer(body=PATHWAY, content_type="application/xml", headers={"ETag": '"1"'})
    site.json("/schema.json", STATE)
    site.replies["/draft.bpmn"] = saved
    return site


def saved(posted: Posted) -> Answer:
    body = json.dumps({"message": "Brouillon enregistré", "findings": [FINDING]})
    return Answer(body=body, content_type="application/json", headers={"ETag": '"2"'})


def test_a_case_is_shown_on_its_drawing_and_in_words_together(house: Site, quiet_page: Page) -> None:
    quiet_page.set_viewport_size(DESKTOP)
    quiet_page.goto(f"{house.url}/case")
    visit = quiet_page.locator('g[data-element-id="visit"]')

    expect(visit).to_have_class("djs-element djs-shape is-late")
    expect(quiet_page.locator('g[data-element-id="to_visit"]')).to_have_class("djs-element djs-connection is-taken")
    expect(quiet_page.get_by_text("depuis 51 h")).to_be_visible()
    visit.click()
    expect(quiet_page.locator(".step")).to_have_class("step is-selected")
    expect(quiet_page.locator("a.bjs-powered-by")).to_be_visible()


def test_a_trace_is_replayed_to_where_it_stops(house: Site, quiet_page: Page) -> None:
    quiet_page.set_viewport_size(DESKTOP)
    quiet_page.goto(f"{house.url}/case")
    expect(quiet_page.locator(".diagram[data-ready]")).to_be_visible()

    quiet_page.get_by_role("button", name="Rejouer").click()
    expect(quiet_page.get_by_text("Avis · Fin")).to_be_visible()
    expect(quiet_page.locator("g.is-stuck")).to_have_count(2)


def test_a_phone_gets_the_words_and_does_not_load_the_drawing(house: Site, quiet_page: Page) -> None:
    quiet_page.set_viewport_size(PHONE)
    quiet_page.goto(f"{house.url}/case")

    expect(quiet_page.get_by_role("button", name="1re visite")).to_be_visible()
    quiet_page.wait_for_load_state("networkidle")
    assert "/schema.bpmn" not in house.sent_bytes


def tags_and_attributes(xml: str) -> Counter[str]:
    """What a file says, whatever its order and white space; the drawing's coordinates aside."""
    elements = [element for element in ElementTree.fromstring(xml).iter() if "/DD/" not in element.tag]
    said = [f"{element.tag} {(element.text or '').strip()}" for element in elements]
    return Counter([*said, *(f"{key}={value}" for element in elements for key, value in element.attrib.items())])


def test_saving_loses_nothing_and_pins_the_findings(house: Site, quiet_page: Page) -> None:
    quiet_page.set_viewport_size(DESKTOP)
    quiet_page.goto(f"{house.url}/editor")
    expect(quiet_page.locator(".editor[data-ready]")).to_be_visible()

    quiet_page.keyboard.press("Control+s")
    expect(quiet_page.get_by_text("Brouillon enregistré")).to_be_visible()
    (draft,) = house.arrived
    assert tags_and_attributes(draft.text) == tags_and_attributes(PATHWAY)
    assert draft.headers["if-match"] == '"1"'
    assert draft.headers["x-csrftoken"] == "page-token"
    expect(quiet_page.get_by_role("button", name="La jonction attend 2 branches.")).to_be_visible()
    expect(quiet_page.locator(".finding-error")).to_contain_text("CF-001")


def test_a_designer_sets_who_and_by_when_without_knowing_the_attributes(house: Site, quiet_page: Page) -> None:
    quiet_page.set_viewport_size(DESKTOP)
    quiet_page.goto(f"{house.url}/editor")
    quiet_page.locator('g[data-element-id="visit"]').click()
    panel = quiet_page.locator(".editor-panel")

    panel.get_by_label("Rôle responsable").select_option("Médecin")
    panel.get_by_label("À faire avant").fill("WD3")
    panel.get_by_label("À faire avant").blur()
    panel.get_by_label("Priorité").select_option("haute")
    expect(quiet_page.get_by_text("Modifications non enregistrées")).to_be_visible()
    quiet_page.get_by_role("button", name="Enregistrer").click()
    expect(quiet_page.get_by_text("Brouillon enregistré")).to_be_visible()

    for text in ('parcours:role="gp"', 'parcours:due="WD3"', 'parcours:priority="high"'):
        assert text in house.arrived[-1].text


def test_the_drawing_saved_by_another_meanwhile_is_not_overwritten(house: Site, page: Page) -> None:
    house.replies["/draft.bpmn"] = lambda posted: Answer(status=412)
    page.set_viewport_size(DESKTOP)
    page.goto(f"{house.url}/editor")
    expect(page.locator(".editor[data-ready]")).to_be_visible()
    page.get_by_role("button", name="Enregistrer").click()

    expect(page.get_by_text("Quelqu’un d’autre a enregistré ce modèle entre-temps.")).to_be_visible()


def test_the_editor_speaks_french(house: Site, quiet_page: Page) -> None:
    quiet_page.set_viewport_size(DESKTOP)
    quiet_page.goto(f"{house.url}/editor")
    for name in ("start", "visit", "each", "end", "to_each"):
        quiet_page.locator(f'g[data-element-id="{name}"]').click(position={"x": 10, "y": 10}, force=True)
        quiet_page.locator('[data-action="replace"]').click()
        quiet_page.keyboard.press("Escape")
        closed = ".bio-properties-panel-group-header:not(.open)"
        while quiet_page.locator(closed).count():
            quiet_page.locator(closed).first.click()

    assert quiet_page.evaluate("[...document.querySelector('.editor').untranslated]") == []
