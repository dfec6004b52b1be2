"""The XML of a decision file, read without trusting it: no document type, no entity, nothing fetched, bounded."""

from __future__ import annotations

from lxml import etree

from engine.decisions.problems import DecisionProblem, InvalidDecision

MAX_BYTES = 1_000_000
MAX_ELEMENTS = 20_000
MAX_DEPTH = 60

NAMESPACES = frozenset(
    {
        "http://www.omg.org/spec/DMN/20151101/dmn.xsd",  # DMN 1.1
        "http://www.omg.org/spec/DMN/20180521/MODEL/",  # 1.2
        "https://www.omg.org/spec/DMN/20191111/MODEL/",  # 1.3
        "https://www.omg.org/spec/DMN/20211108/MODEL/",  # 1.4
        "https://www.omg.org/spec/DMN/20230324/MODEL/",  # 1.5
    }
)

Element = etree._Element


def refused(french: str, english: str, line: int = 0, code: str = "DMN-001") -> InvalidDecision:
    return InvalidDecision([DecisionProblem(code=code, severity="error", sentence=french, english=english, line=line)])


def read_definitions(data: bytes) -> Element:
    """The `definitions` element. Raises InvalidDecision for anything that is not a DMN file of bearable size."""
    if len(data) > MAX_BYTES:
        raise refused("Le fichier de décision dépasse 1 Mo.", "The decision file is larger than 1 MB.")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 0
        raise refused(
            "Le fichier de décision n'est pas du XML bien formé : exportez-le de nouveau.",
            "The decision file is not well-formed XML: export it again.",
            line,
        ) from error
    if root.getroottree().docinfo.doctype:
        raise refused(
            "Le fichier de décision contient un DOCTYPE : ce n'est pas permis.",
            "The decision file has a DOCTYPE, which is not allowed.",
        )
    _check_size(root)
    name = etree.QName(root)
    if name.namespace not in NAMESPACES or name.localname != "definitions":
        raise refused(
            "Ce fichier n'est pas du DMN 1.1 à 1.5.", "This file is not DMN 1.1 to 1.5.", root.sourceline or 0
        )
    return root


def _check_size(root: Element) -> None:
    depth, count = 0, 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        count += event == "start"
        if depth > MAX_DEPTH or count > MAX_ELEMENTS:
            raise refused("Le fichier de décision est trop grand.", "The decision file is too large.")


def children(element: Element, name: str) -> list[Element]:
    """The children of that DMN name, in order."""
    namespace = etree.QName(element).namespace
    return [child for child in element if child.tag == f"{{{namespace}}}{name}"]


def child(element: Element, name: str) -> Element | None:
    return next(iter(children(element, name)), None)


def text_of(element: Element | None) -> str:
    """The content of the element's `text` child, trimmed; empty when there is none."""
    if element is None:
        return ""
    written = child(element, "text")
    return "".join(written.itertext()).strip() if written is not None else ""


def line_of(element: Element) -> int:
    return element.sourceline or 0
