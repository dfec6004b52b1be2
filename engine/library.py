"""Published versions, ready to run: program, forms, parameters and ladders, read once per process from their files."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from importlib.resources import files as resource_files
from importlib.resources.abc import Traversable
from threading import Lock
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.bpmn.model import PathwayModel
from engine.bpmn.program import Program, build_program
from engine.bpmn.reader import ReadResult, read
from engine.calendars import parse_duration
from engine.errors import PathwayNotFound
from engine.escalations import Ladder, parse_ladders
from engine.expressions import from_json
from engine.forms import FormDefinition, parse_form
from engine.models import Pathway, PathwayFile, PathwayVersion
from engine.outcome import Value
from engine.roles import ROLE_LABELS

KEPT = 256
SHARED = "shared/"
STANDARD_FORM = "shared/forms/standard.json"
ROLES = "roles.json"
IN_A_FOLDER = (".bpmn", ".dmn", ".json")


PLAIN_START = "plain_start"
"""The start form of a pathway that came without `pathway.json`: nothing is asked but the patient."""
PLAIN_START_FORM = parse_form({"key": PLAIN_START, "title": {"fr": "Ouvrir le parcours"}, "sections": []})


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One published version. Shared by every case and thread: never changed."""

    id: UUID
    territory_id: UUID
    pathway_id: UUID
    key: str
    title: str
    sensitivity: str
    number: int
    description: Mapping[str, Any]
    parameters: Mapping[str, Value]
    program: Program
    forms: Mapping[str, FormDefinition]
    ladders: Mapping[str, Ladder]

    def form(self, key: str | None) -> FormDefinition | None:
        """The form of a task, standard fields included; None for a task without a form."""
        return PLAIN_START_FORM if key == PLAIN_START else None if key is None else self.forms.get(key)

    @property
    def start_form(self) -> FormDefinition | None:
        """The form that opens a case."""
        return self.form(self.description.get("start_form"))

    def element_name(self, element_id: str) -> str:
        """The designer's name of an element, or its id."""
        node = self.program.nodes.get(element_id)
        return (node.name if node is not None else "") or element_id


_versions: OrderedDict[UUID, Version] = OrderedDict()
_lock = Lock()


def version_of(session: Session, version_id: UUID) -> Version:
    """The version, built at its first use in this process. Raises PathwayNotFound."""
    with _lock:
        known = _versions.get(version_id)
        if known is not None:
            _versions.move_to_end(version_id)
            return known
    built = _load(session, version_id)  # outside the lock: two threads may build it, the first one stays
    with _lock:
        kept = _versions.setdefault(version_id, built)
        while len(_versions) > KEPT:
            _versions.popitem(last=False)
        return kept


def files_of(session: Session, version_id: UUID) -> dict[str, bytes]:
    """The source files of a version, byte for byte, by path."""
    rows = session.execute(
        select(PathwayFile.path, PathwayFile.content)
        .where(PathwayFile.version_id == version_id)
        .order_by(PathwayFile.path)
    )
    return {row.path: row.content for row in rows}


def shipped_files(key: str) -> dict[str, bytes]:
    """The files of a pathway shipped with the product, and the shared pieces. Raises PathwayNotFound."""
    folder = resource_files("pathways").joinpath(key)
    if not folder.is_dir():
        raise PathwayNotFound(f"Aucun parcours livré ne s'appelle « {key} ».")
    return {**shared_files(), **dict(_walk(folder, ""))}


def shared_files() -> dict[str, bytes]:
    """The shared pieces, ladders and standard fields that every pathway may use."""
    return dict(_walk(resource_files("pathways").joinpath("shared"), SHARED))


def _walk(folder: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in sorted(folder.iterdir(), key=lambda found: found.name):
        if entry.is_dir():
            if entry.name not in ("walks", "__pycache__"):
                yield from _walk(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(IN_A_FOLDER):
            yield f"{prefix}{entry.name}", entry.read_bytes()


def _load(session: Session, version_id: UUID) -> Version:
    row = session.execute(
        select(PathwayVersion, Pathway)
        .join(Pathway, Pathway.id == PathwayVersion.pathway_id)
        .where(PathwayVersion.id == version_id)
    ).one_or_none()
    if row is None:
        raise PathwayNotFound("Cette version de parcours n'existe pas.")
    version, pathway = row
    files = files_of(session, version_id)
    model = read_folder(files, main=version.description.get("process")).model
    if model is None:
        raise PathwayNotFound("Les fichiers de cette version ne peuvent pas être relus.")
    return Version(
        id=version.id,
        territory_id=version.territory_id,
        pathway_id=pathway.id,
        key=pathway.key,
        title=str(pathway.title.get("fr", pathway.key)),
        sensitivity=pathway.sensitivity,
        number=version.number,
        description=MappingProxyType(dict(version.description)),
        parameters=MappingProxyType(parameter_values(version.parameters)),
        program=build_program(model),
        forms=MappingProxyType(forms_in(files, model)),
        ladders=MappingProxyType(ladders_in(files)),
    )


def read_folder(files: Mapping[str, bytes], *, main: str | None = None) -> ReadResult:
    """Read a pathway's folder with the roles that its designer gave to the groups it names."""
    return read(readable(files), main=main, known_roles=ROLE_LABELS, roles=roles_in(files))


def roles_in(files: Mapping[str, bytes]) -> dict[str, str]:
    """`roles.json`: the group, lane and people's names of the files, and the role code each stands for."""
    said = json_in(files, ROLES)
    if not isinstance(said, Mapping):
        return {}
    return {str(name): code for name, code in said.items() if isinstance(code, str) and code in ROLE_LABELS}


def readable(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files the reader understands: diagrams, decision tables and forms."""
    return {path: content for path, content in files.items() if not path.endswith(".json") or "forms/" in path}


def forms_in(files: Mapping[str, bytes], model: PathwayModel | None) -> dict[str, FormDefinition]:
    """Every form by key, the standard fields appended. A form of the pathway replaces a shared one of the same key."""
    standard = parse_form(json_in(files, STANDARD_FORM) or {"key": "standard", "title": "-", "sections": []})
    found: dict[str, FormDefinition] = {}
    for path in sorted(files, key=lambda path: not path.startswith(SHARED)):
        if "forms/" in path and path.endswith(".json") and path != STANDARD_FORM:
            data = json_in(files, path)
            if not is_foreign_form(data):
                form = parse_form(data, key=path.rpartition("/")[2].removesuffix(".json"))
                found[form.key] = form
    for key, data in {} if model is None else dict(model.forms).items():
        found.setdefault(key, parse_form(data, key=key))
    return {key: form.with_sections(standard.sections) for key, form in found.items()}


def is_foreign_form(data: object) -> bool:
    """A form of another modeller (form-js, JSON schema): the reader's translation of it is in the model."""
    return isinstance(data, Mapping) and "sections" not in data and ("components" in data or "properties" in data)


def ladders_in(files: Mapping[str, bytes]) -> dict[str, Ladder]:
    """Every ladder by name; the pathway's own come last and win."""
    paths = sorted(
        (path for path in files if path.endswith("escalations.json")), key=lambda path: not path.startswith(SHARED)
    )
    return parse_ladders(document for path in paths if isinstance(document := json_in(files, path), Mapping))


def parameters_in(files: Mapping[str, bytes]) -> list[dict[str, Any]]:
    """The parameters of the pathway and of the shared pieces it comes with; the pathway's own win."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(files, key=lambda path: not path.startswith(SHARED)):
        if path.endswith("parameters.json"):
            document = json_in(files, path)
            for parameter in (document or {}).get("parameters", ()):
                found[str(parameter["name"])] = dict(parameter)
    return list(found.values())


def with_values(files: Mapping[str, bytes], parameters: Iterable[Mapping[str, Any]]) -> dict[str, bytes]:
    """The files with the values of the version, which may have been revised since they were written."""
    values = {str(each["name"]): each["value"] for each in parameters}
    found = dict(files)
    for path in files:
        document = json_in(files, path) if path.endswith("parameters.json") else None
        if not isinstance(document, dict):
            continue
        listed = document.get("parameters", [])
        revised = [{**each, "value": values.get(str(each["name"]), each["value"])} for each in listed]
        if revised != listed:
            text = json.dumps({**document, "parameters": revised}, ensure_ascii=False, indent=2)
            found[path] = f"{text}\n".encode()
    return found


def parameter_values(parameters: list[Mapping[str, Any]]) -> dict[str, Value]:
    """Named values for expressions."""
    return {str(parameter["name"]): parameter_value(parameter) for parameter in parameters}


def parameter_value(parameter: Mapping[str, Any]) -> Value:
    """The typed value of one parameter. Raises ValueError or Invalid for a value that does not fit its type."""
    value = parameter["value"]
    match parameter.get("type"):
        case "int" | "dec":
            return Decimal(str(value))
        case "duration":
            parse_duration(str(value))  # refuses what is not one
            return str(value)  # its text: P2D keeps the local hour, PT48H is elapsed time (see engine.calendars)
        case "time":
            return time.fromisoformat(str(value))
        case "date":
            return date.fromisoformat(str(value))
        case "dt":
            return datetime.fromisoformat(str(value))
        case _:
            return from_json(value)


def json_in(files: Mapping[str, bytes], path: str) -> Any:
    """The JSON document at `path`; None when it is absent or unreadable (the checker says so at publication)."""
    try:
        return json.loads(files[path])
    except (KeyError, ValueError, RecursionError):
        return None
