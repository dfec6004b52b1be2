"""One-click mends, done on the designer's own file: only what the mend names is touched."""

from __future__ import annotations

import re

from lxml import etree

from engine.bpmn.findings import Finding, Fix
from engine.errors import InvalidRequest

MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL"
DI = "http://www.omg.org/spec/BPMN/20100524/DI"
DC = "http://www.omg.org/spec/DD/20100524/DC"
DD = "http://www.omg.org/spec/DD/20100524/DI"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
ATTRIBUTE_NAMESPACES = {"parcours": "urn:parcours:bpmn:1"}
TYPES = frozenset({"exclusiveGateway", "parallelGateway", "inclusiveGateway", "userTask", "manualTask"})
GAP, SIZE = 60, 36
_OPENING = re.compile(
    rb"""[^<]*(?:<\?.*?\?>\s*|<!--.*?-->\s*)*<[^\s!?>/][^\s>/]*(?:[^>"']|"[^"]*"|'[^']*')*>""", re.DOTALL
)
"""The declaration, comments, and the start tag of the root element (which no mend changes)."""


def apply_fix(xml: bytes, finding: Finding) -> bytes:
    """The file with the finding's mend done. Raises InvalidRequest when there is none, or it does not fit the file."""
    if finding.fix is None:
        raise InvalidRequest("Ce constat n’a pas de correction automatique : corrigez le schéma à la main.")
    return mend(xml, finding.fix)


def mend(xml: bytes, fix: Fix) -> bytes:
    """The file with this mend done."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as error:
        raise InvalidRequest("Le fichier n’est pas du XML lisible : la correction n’a pas été faite.") from error
    if root.getroottree().docinfo.doctype:
        raise InvalidRequest("Le fichier contient un DOCTYPE : la correction n’a pas été faite.")
    element = _by_id(root, fix.element_id or "")
    words = dict(fix.parameters)
    match fix.kind:
        case "set_attribute":
            element.set(_attribute(words["name"]), words["value"])
        case "set_text":
            _child(element, words["child"]).text = words["value"]
        case "remove":
            _remove(root, element)
        case "set_default":
            _set_default(root, element, words["flow"])
        case "replace_type":
            _replace_type(element, words["type"])
        case "add_condition":
            _add_condition(_by_id(root, words["flow"]), words["condition"])
        case "add_end":
            _add_end(root, element)
        case _:
            raise InvalidRequest("Cette correction se fait à l’envoi du fichier, pas sur le schéma.")
    return _written(root, xml)


def _written(root: etree._Element, before: bytes) -> bytes:
    """As bytes, in the encoding the file had; everything up to its first element as it was written."""
    encoding = root.getroottree().docinfo.encoding or "UTF-8"
    declared = before.lstrip(b"\xef\xbb\xbf").lstrip().startswith(b"<?xml")
    written = etree.tostring(root.getroottree(), encoding=encoding, xml_declaration=declared)
    if encoding.upper() not in ("UTF-8", "ASCII", "US-ASCII", "ISO-8859-1"):
        return written
    opened, reopened = _OPENING.match(before), _OPENING.match(written)
    if opened and reopened:
        written = opened[0] + written[reopened.end() :]
    return written + (b"\n" if before.endswith(b"\n") else b"")


def _by_id(root: etree._Element, identifier: str) -> etree._Element:
    found = [one for one in root.iter() if isinstance(one.tag, str) and one.get("id") == identifier]
    if not identifier or len(found) != 1:
        raise InvalidRequest(f"L’élément « {identifier} » n’est pas dans ce fichier : la correction n’a pas été faite.")
    return found[0]


def _attribute(name: str) -> str:
    prefix, colon, local = name.partition(":")
    if not colon:
        return name
    if prefix not in ATTRIBUTE_NAMESPACES:
        raise InvalidRequest(f"L’attribut « {name} » n’est pas connu : la correction n’a pas été faite.")
    return f"{{{ATTRIBUTE_NAMESPACES[prefix]}}}{local}"


def _child(element: etree._Element, name: str) -> etree._Element:
    found = next((one for one in element.iter(f"{{{MODEL}}}{name}")), None)
    return found if found is not None else etree.SubElement(element, f"{{{MODEL}}}{name}")


def _remove(root: etree._Element, element: etree._Element) -> None:
    """An element with its flows, references and shapes."""
    gone = {element.get("id") or ""}
    for flow in list(root.iter(f"{{{MODEL}}}sequenceFlow")):
        if flow.get("sourceRef") in gone or flow.get("targetRef") in gone:
            gone.add(flow.get("id") or "")
            _drop(flow)
    _drop(element)
    for one in list(root.iter()):
        if not isinstance(one.tag, str):
            continue
        local = etree.QName(one).localname
        refers = local in ("incoming", "outgoing", "flowNodeRef") and (one.text or "").strip() in gone
        if refers or (local in ("BPMNShape", "BPMNEdge") and one.get("bpmnElement") in gone):
            _drop(one)
        elif one.get("default") in gone:
            del one.attrib["default"]


def _drop(element: etree._Element) -> None:
    """Take an element out, leaving the text around it."""
    parent = element.getparent()
    if parent is None:
        return
    before = element.getprevious()
    if element.tail and before is not None:
        before.tail = element.tail if (before.tail or "").strip() == "" else (before.tail or "") + element.tail
    parent.remove(element)


def _set_default(root: etree._Element, gateway: etree._Element, flow: str) -> None:
    found = _by_id(root, flow)
    if found.get("sourceRef") != gateway.get("id"):
        raise InvalidRequest(f"La flèche « {flow} » ne part pas de ce losange : la correction n’a pas été faite.")
    for condition in found.findall(f"{{{MODEL}}}conditionExpression"):
        found.remove(condition)
    gateway.set("default", flow)


def _replace_type(element: etree._Element, kind: str) -> None:
    if kind not in TYPES:
        raise InvalidRequest(f"Le type « {kind} » n’est pas proposé par une correction.")
    element.tag = f"{{{MODEL}}}{kind}"
    if kind == "parallelGateway" and "default" in element.attrib:
        del element.attrib["default"]


def _add_condition(flow: etree._Element, text: str) -> None:
    condition = _child(flow, "conditionExpression")
    condition.set(f"{{{XSI}}}type", f"{flow.prefix + ':' if flow.prefix else ''}tFormalExpression")
    condition.text = text


def _add_end(root: etree._Element, element: etree._Element) -> None:
    """An end event after an element, and its place in the drawing when there is one."""
    scope = element.getparent()
    if scope is None:
        raise InvalidRequest("Cet élément n’est dans aucun processus : la correction n’a pas été faite.")
    identifier = element.get("id") or ""
    known = {one.get("id") for one in root.iter() if isinstance(one.tag, str)}
    end, flow = _fresh(f"End_{identifier}", known), _fresh(f"Flow_{identifier}_end", known)
    outgoing = etree.Element(f"{{{MODEL}}}outgoing")
    outgoing.text = flow
    before = [
        position
        for position, child in enumerate(element)
        if isinstance(child.tag, str)
        and etree.QName(child).localname in ("documentation", "extensionElements", "incoming", "outgoing")
    ]
    element.insert(before[-1] + 1 if before else 0, outgoing)
    event = etree.SubElement(scope, f"{{{MODEL}}}endEvent", id=end)
    etree.SubElement(event, f"{{{MODEL}}}incoming").text = flow
    etree.SubElement(scope, f"{{{MODEL}}}sequenceFlow", id=flow, sourceRef=identifier, targetRef=end)
    _draw_end(root, identifier, end, flow)


def _fresh(wanted: str, known: set[str | None]) -> str:
    name = re.sub(r"[^\w.-]", "_", wanted)
    number = 1
    while name in known:
        number += 1
        name = f"{wanted}_{number}"
    known.add(name)
    return name


def _draw_end(root: etree._Element, source: str, end: str, flow: str) -> None:
    shape = next((one for one in root.iter(f"{{{DI}}}BPMNShape") if one.get("bpmnElement") == source), None)
    bounds = shape.find(f"{{{DC}}}Bounds") if shape is not None else None
    plane = shape.getparent() if shape is not None else None
    if bounds is None or plane is None:
        return
    x, y, width, height = (float(bounds.get(name) or 0) for name in ("x", "y", "width", "height"))
    middle, right = y + height / 2, x + width
    drawn = etree.SubElement(plane, f"{{{DI}}}BPMNShape", id=f"{end}_di", bpmnElement=end)
    place = {"x": right + GAP, "y": middle - SIZE / 2, "width": SIZE, "height": SIZE}
    etree.SubElement(drawn, f"{{{DC}}}Bounds", {name: f"{value:g}" for name, value in place.items()})
    edge = etree.SubElement(plane, f"{{{DI}}}BPMNEdge", id=f"{flow}_di", bpmnElement=flow)
    for point in (right, right + GAP):
        etree.SubElement(edge, f"{{{DD}}}waypoint", {"x": f"{point:g}", "y": f"{middle:g}"})
