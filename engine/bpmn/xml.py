"""Reading XML that a stranger sent: bounded, without entities, every element with its line and column.

The tree is our own, built in one pass by expat: nothing is resolved, fetched or expanded, no limit is found too late.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from engine.bpmn.findings import Finding, Severity, finding
from engine.bpmn.model import Place
from engine.written_signs import turning_sign

MAX_BYTES = 5_000_000
MAX_ELEMENTS = 20_000
MAX_PASSED_OVER = 200_000
"""Elements of vocabularies that nobody here reads (drawings, a modeller's own notes): counted, not kept."""
MAX_DEPTH = 60
MAX_ATTRIBUTES = 60
MAX_ATTRIBUTE_LENGTH = 20_000
MAX_TEXT_LENGTH = 1_000_000
_SEPARATOR = "\x1f"
"""Between namespace and name in expat's answers: a character that XML itself forbids."""
_ENCODINGS = frozenset({"utf-8", "utf8", "utf-16", "utf-16le", "utf-16be", "iso-8859-1", "iso-8859-15", "latin1"}) | {
    "us-ascii",
    "ascii",
    "windows-1252",
    "cp1252",
}


@dataclass(slots=True, eq=False)
class Element:
    """One XML element. Attribute names are `name`, or `{namespace}name` when they carry a prefix."""

    namespace: str
    name: str
    attributes: dict[str, str]
    place: Place
    parent: Element | None = None
    children: list[Element] = field(default_factory=list)
    text: str = ""

    def get(self, name: str, namespace: str = "") -> str | None:
        """The attribute's text, or None."""
        return self.attributes.get(f"{{{namespace}}}{name}" if namespace else name)

    def walk(self) -> Iterator[Element]:
        """This element and everything inside it, in the order of the file."""
        waiting = [self]
        while waiting:
            element = waiting.pop()
            yield element
            waiting.extend(reversed(element.children))


@dataclass(frozen=True, slots=True)
class Document:
    """One well-formed XML file. `namespaces` are those that its elements or attributes use, `declared` all of them."""

    file: str
    root: Element
    namespaces: frozenset[str]
    declared: frozenset[str] = frozenset()


class _Refused(Exception):
    """Why the file is not read any further; caught in this module only."""

    def __init__(self, code: str, french: str, english: str, line: int = 0, column: int = 0) -> None:
        super().__init__(english)
        self.code, self.french, self.english, self.line, self.column = code, french, english, line, column


def read_xml(
    file: str, data: bytes, *, vocabularies: frozenset[str] = frozenset()
) -> tuple[Document | None, tuple[Finding, ...]]:
    """The document in `data`, or the one finding that says why it was not read. Never raises for any content.

    Of a document whose root is of these `vocabularies`, elements of another one are passed over with all they hold.
    """
    builder = _Builder(file, vocabularies)
    try:
        _check_envelope(data)
        return builder.build(data), ()
    except _Refused as refused:
        place = Place(file, max(refused.line, 1), max(refused.column, 1))
        found = finding(
            refused.code, Severity.ERROR, refused.french, refused.english, element_id=builder.inside(), place=place
        )
        return None, (found,)


def _check_envelope(data: bytes) -> None:
    if len(data) > MAX_BYTES:
        raise _Refused(
            "XML-001",
            f"Le fichier dépasse {MAX_BYTES // 1_000_000} Mo : il n’a pas été lu.",
            f"The file is larger than {MAX_BYTES // 1_000_000} MB and was not read.",
        )
    if not data.strip(b" \t\r\n\x00\xef\xbb\xbf\xff\xfe"):
        raise _Refused("XML-002", "Le fichier est vide.", "The file is empty.")
    if data[:2] in (b"PK", b"\x1f\x8b") or data[:4] in (b"%PDF", b"\x89PNG", b"BZh9", b"\xfd7zX"):
        raise _Refused(
            "XML-003",
            "Ce fichier n’est pas du XML (archive, image ou PDF) : déposez l’export BPMN 2.0 (XML) de votre modeleur.",
            "This is not XML (archive, picture or PDF): upload your modeller’s BPMN 2.0 XML export.",
        )
    _check_encoding(data)


def _check_encoding(data: bytes) -> None:
    head = data[:400].replace(b"\x00", b"")
    declared = re.search(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']", head)
    name = declared.group(1).decode("ascii").lower() if declared else "utf-8"
    wide = data[:4] in (b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff", b"\x00\x00\x00<", b"<\x00\x00\x00")
    if wide or name not in _ENCODINGS:
        raise _Refused(
            "XML-004",
            f"L’encodage « {'utf-32' if wide else name} » n’est pas lu : enregistrez le fichier en UTF-8.",
            f"The encoding “{'utf-32' if wide else name}” is not read: save the file as UTF-8.",
            1,
            1,
        )


class _Builder:
    """Builds the tree while expat reads, and stops it at the first limit."""

    def __init__(self, file: str, vocabularies: frozenset[str]) -> None:
        self.file = file
        self.vocabularies = vocabularies
        self.passed_over = self.below = 0
        """Elements passed over so far; how deep below the first of them the reading stands (0: not inside one)."""
        self.root: Element | None = None
        self.current: Element | None = None
        self.count = self.depth = 0
        self.texts: list[list[str]] = []
        self.lengths: list[int] = []
        self.namespaces: set[str] = set()
        self.declared: set[str] = set()
        self.names: dict[str, tuple[str, str]] = {}

    def build(self, data: bytes) -> Document:
        parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
        parser.buffer_text = True
        parser.StartNamespaceDeclHandler = self.declare
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.characters
        parser.StartDoctypeDeclHandler = self.refuse_doctype
        parser.EntityDeclHandler = self.refuse_doctype
        parser.ExternalEntityRefHandler = self.refuse_doctype
        self.parser = parser
        try:
            for at in range(0, len(data), 65_536):
                parser.Parse(data[at : at + 65_536], False)
            parser.Parse(b"", True)
        except expat.ExpatError as error:
            reason = expat.errors.messages.get(error.code, str(error.code))
            raise _Refused(
                "XML-005",
                f"Le XML est mal formé ({reason}) : exportez de nouveau le fichier depuis le modeleur.",
                f"The XML is not well formed ({reason}): export the file again from the modeller.",
                error.lineno,
                error.offset + 1,
            ) from None
        except (ValueError, LookupError, UnicodeError):
            raise _Refused(
                "XML-004",
                "L’encodage du fichier n’est pas lu : enregistrez-le en UTF-8.",
                "The encoding is not read: save the file as UTF-8.",
            ) from None
        if self.root is None:
            raise _Refused("XML-002", "Le fichier est vide.", "The file is empty.")
        return Document(self.file, self.root, frozenset(self.namespaces), frozenset(self.declared))

    def inside(self) -> str:
        """Where reading stopped: the innermost open element that has an id, else its root, else the file."""
        element = self.current
        while element is not None and not element.get("id"):
            element = element.parent
        if element is not None:
            return element.get("id") or ""
        return self.root.name if self.root is not None else self.file.rpartition("/")[2]

    def place(self) -> Place:
        return Place(self.file, self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber + 1)

    def refuse(self, code: str, french: str, english: str) -> _Refused:
        place = self.place()
        return _Refused(code, french, english, place.line, place.column)

    def refuse_doctype(self, *_: object) -> int:
        raise self.refuse(
            "XML-006",
            "Les déclarations DOCTYPE et les entités XML ne sont pas acceptées : retirez-les du fichier.",
            "DOCTYPE declarations and XML entities are not accepted: remove them from the file.",
        )

    def declare(self, _: str | None, namespace: str | None) -> None:
        self.declared.add(namespace or "")

    def split(self, name: str) -> tuple[str, str]:
        known = self.names.get(name)
        if known is None:
            namespace, _, local = name.rpartition(_SEPARATOR)
            known = self.names[name] = (namespace, local)
            self.namespaces.add(namespace)
        return known

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        namespace, local = self.split(name)
        if self.below or self.is_foreign(namespace):
            self.below += 1
            self.passed_over += 1
            self.check_limits({})
            return
        self.count += 1
        self.check_limits(attributes)
        named = {}
        for key, value in attributes.items():
            space, plain = self.split(key)
            named[f"{{{space}}}{plain}" if space else plain] = value
        element = Element(namespace, local, named, self.place(), self.current)
        if self.current is None:
            self.root = element
        else:
            self.current.children.append(element)
        self.current = element
        self.texts.append([])
        self.lengths.append(0)
        for value in attributes.values():
            self.refuse_turned(value)

    def is_foreign(self, namespace: str) -> bool:
        """Whether nobody reads this vocabulary in a document of this root."""
        return (
            self.root is not None
            and bool(namespace)
            and namespace not in self.vocabularies
            and self.root.namespace in self.vocabularies
        )

    def check_limits(self, attributes: dict[str, str]) -> None:
        if self.count > MAX_ELEMENTS or self.passed_over > MAX_PASSED_OVER:
            limit = MAX_ELEMENTS if self.count > MAX_ELEMENTS else MAX_PASSED_OVER
            raise self.refuse(
                "XML-007",
                f"Le fichier contient plus de {limit} éléments XML : découpez-le en plusieurs fichiers.",
                f"The file holds more than {limit} XML elements: split the pathway into several files.",
            )
        if self.depth > MAX_DEPTH:
            raise self.refuse(
                "XML-008",
                f"Les éléments sont imbriqués sur plus de {MAX_DEPTH} niveaux.",
                f"Elements are nested deeper than {MAX_DEPTH} levels.",
            )
        if len(attributes) > MAX_ATTRIBUTES or any(len(value) > MAX_ATTRIBUTE_LENGTH for value in attributes.values()):
            raise self.refuse(
                "XML-009",
                "Un élément a trop d’attributs, ou un attribut trop long.",
                "An element has too many attributes, or an attribute that is too long.",
            )

    def refuse_turned(self, text: str) -> None:
        sign = turning_sign(text)
        if sign is not None:
            raise self.refuse(
                "XML-023",
                f"Un texte contient un signe invisible qui inverse le sens de lecture ({sign}) : on lirait autre chose"
                " que ce qui est écrit. Retapez ce texte.",
                f"A text holds an invisible sign that turns the direction of reading ({sign}): one would read something"
                " else than what is written. Type it again.",
            )

    def characters(self, text: str) -> None:
        if not self.texts or self.below:
            return
        self.lengths[-1] += len(text)
        if self.lengths[-1] > MAX_TEXT_LENGTH:
            raise self.refuse("XML-010", "Un texte du fichier est trop long.", "A text of the file is too long.")
        self.refuse_turned(text)
        self.texts[-1].append(text)

    def end(self, _: str) -> None:
        self.depth -= 1
        if self.below:
            self.below -= 1
            return
        self.lengths.pop()
        pieces = self.texts.pop()
        if self.current is not None:
            self.current.text = "".join(pieces)
            self.current = self.current.parent
