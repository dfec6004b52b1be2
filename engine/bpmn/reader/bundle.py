"""Several files of one pathway: packages opened within limits, each file told for what it is."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from engine.bpmn.model import Place
from engine.bpmn.reader import automation, forms
from engine.bpmn.reader.namespaces import DMN, READ, is_bpmn
from engine.bpmn.reader.reading import Reading
from engine.bpmn.xml import Document, read_xml

MAX_FILES = 200
MAX_TOTAL_BYTES = 20_000_000
MAX_JSON_BYTES = 1_000_000
"""Of one form or list of values: read at once, JSON takes fifty times its size."""
MAX_RATIO = 200
"""Times a packed file may grow: BPMN packs 10 to 30 times, a bomb 1,000 times."""


@dataclass(slots=True, eq=False)
class Bundle:
    """The files by kind."""

    documents: list[Document] = field(default_factory=list)
    others: dict[str, bytes] = field(default_factory=dict)
    """Walks, parameters, texts: not read here."""


def open_bundle(reading: Reading, files: Mapping[str, bytes]) -> Bundle:
    """Unpack and sort the files; forms and decisions are registered with the reading."""
    unpacked: dict[str, bytes] = {}
    for name, data in files.items():
        if data[:4] == b"PK\x03\x04":
            _unpack(reading, name, data, unpacked)
        else:
            unpacked[name] = data
    if len(unpacked) > MAX_FILES or sum(map(len, unpacked.values())) > MAX_TOTAL_BYTES:
        reading.journal.error(
            "XML-020",
            None,
            f"Trop de fichiers, ou trop lourds : {MAX_FILES} fichiers et {MAX_TOTAL_BYTES // 1_000_000} Mo au plus.",
            f"Too many files, or too large: {MAX_FILES} files and {MAX_TOTAL_BYTES // 1_000_000} MB at most.",
        )
        return Bundle()
    bundle = Bundle()
    for name, data in unpacked.items():
        _sort(reading, bundle, name, data)
    return bundle


def _unpack(reading: Reading, package: str, data: bytes, into: dict[str, bytes]) -> None:
    room = MAX_TOTAL_BYTES
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [one for one in archive.infolist() if not one.is_dir()]
            if len(members) > MAX_FILES or any(one.flag_bits & 0x1 for one in members):
                raise zipfile.BadZipFile("too many members, or encrypted")
            for member in members:
                path = PurePosixPath(member.filename.replace("\\", "/"))
                if path.is_absolute() or ".." in path.parts or "__MACOSX" in path.parts or path.name.startswith("."):
                    continue
                if member.file_size > MAX_RATIO * max(member.compress_size, 1) or member.file_size > room:
                    raise zipfile.BadZipFile("grows too much")
                with archive.open(member) as stream:
                    content = stream.read(room + 1)
                room -= len(content)
                if room < 0:
                    raise zipfile.BadZipFile("grows too much")
                into[str(path)] = content
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        RuntimeError,
        EOFError,
        OSError,
        ValueError,
        zipfile.LargeZipFile,
    ) as error:
        reading.journal.error(
            "XML-021",
            Place(package),
            f"Le paquet « {package} » ne peut pas être ouvert ({error}) : refaites-le, sans mot de passe, 20 Mo au"
            " plus.",
            f"The package “{package}” cannot be opened ({error}): make it again, without password, 20 MB at most.",
        )


def _sort(reading: Reading, bundle: Bundle, name: str, data: bytes) -> None:
    path = PurePosixPath(name)
    suffix = path.suffix.lower()
    if suffix in (".json", ".form", ".walk") and len(data) > MAX_JSON_BYTES:
        reading.journal.error(
            "XML-001",
            Place(name, 1, 1),
            f"Le fichier « {name} » dépasse {MAX_JSON_BYTES // 1_000_000} Mo : il n’a pas été lu.",
            f"The file “{name}” is larger than {MAX_JSON_BYTES // 1_000_000} MB and was not read.",
        )
    elif suffix in (".json", ".form") and data.lstrip()[:1] != b"<":
        _read_form(reading, bundle, name, data)
    elif (
        suffix in (".bpmn", ".bpmn2", ".bpmn20", ".xml", ".dmn", "") or data.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"<"
    ):
        _read_document(reading, bundle, name, data)
    else:
        bundle.others[name] = data


def _read_form(reading: Reading, bundle: Bundle, name: str, data: bytes) -> None:
    path = PurePosixPath(name)
    try:
        text = data.decode("utf-8-sig")
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        reading.journal.error(
            "FM-006",
            Place(name, getattr(error, "lineno", 0), getattr(error, "colno", 0)),
            f"Le fichier « {name} » n’est pas du JSON lisible.",
            f"The file “{name}” is not readable JSON.",
        )
        return
    known = isinstance(value, dict) and any(isinstance(value.get(key), list) for key in ("sections", "components"))
    schema = isinstance(value, dict) and isinstance(value.get("properties"), dict)
    if not known and not schema:
        bundle.others[name] = data
        return
    own = value.get("key") or value.get("id")
    keys = [own if isinstance(own, str) else "", path.stem, path.name]
    if not forms.register(reading, keys, text, name):
        bundle.others[name] = data


def _read_document(reading: Reading, bundle: Bundle, name: str, data: bytes) -> None:
    document, problems = read_xml(name, data, vocabularies=READ)
    reading.journal.findings.extend(problems)
    if document is None:
        return
    root = document.root
    if is_bpmn(root, "definitions"):
        bundle.documents.append(document)
    elif root.namespace.startswith(DMN) and root.name == "definitions":
        _read_decisions(reading, document, data)
    else:
        _refuse_root(reading, document)


def _read_decisions(reading: Reading, document: Document, data: bytes) -> None:
    for element in document.root.walk():
        if element.name == "decision" and element.get("id"):
            key = element.get("id") or ""
            reading.decisions[key] = data
            reading.decision_outputs[key] = automation.decision_outputs_of(document.root, key)


def _refuse_root(reading: Reading, document: Document) -> None:
    root = document.root
    kind = "XPDL" if "xpdl" in root.namespace.lower() or root.name == "Package" else f"« {root.name} »"
    reading.journal.error(
        "XML-011",
        root,
        f"Ce fichier n’est pas du BPMN 2.0 mais du {kind} : exportez-le de votre modeleur au format « BPMN 2.0 XML ».",
        f"This file is not BPMN 2.0 but {kind}: export it from your modeller as “BPMN 2.0 XML”.",
    )
