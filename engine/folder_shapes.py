"""What stands beside the drawing in a pathway's folder: `pathway.json` and `parameters.json`, looked at before use."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import INCLUDE, Schema, ValidationError, fields

from engine.bpmn.findings import Finding, Severity, finding
from engine.bpmn.model import Place

MAX_BYTES = 1_000_000
"""Of one of these files: read at once, JSON takes fifty times its size."""


class _Shape(Schema):
    class Meta:
        unknown = INCLUDE


class _Named(_Shape):
    name = fields.Str(required=True)


class _Parameter(_Named):
    type = fields.Str(required=True)
    value = fields.Raw(required=True)


class _Parameters(_Shape):
    parameters = fields.List(fields.Nested(_Parameter))


def _words() -> fields.Dict:
    """One text per language, French among them."""
    return fields.Dict(keys=fields.Str(), values=fields.Str(), validate=_has_french)


def _has_french(words: Mapping[str, str]) -> None:
    if "fr" not in words:
        raise ValidationError("no French")


class _Description(_Shape):
    key = fields.Str()
    title = _words()
    purpose = _words()
    for_whom = _words()
    mission_label = _words()
    version_label = fields.Str()
    owner = fields.Str()
    mission = fields.Str()
    typical_duration = fields.Str()
    process = fields.Str()
    start_form = fields.Str(allow_none=True)
    start_roles = fields.List(fields.Str())
    case_key = fields.List(fields.Str())
    shared = fields.List(fields.Str())
    milestones = fields.List(fields.Str())
    started_by = fields.List(fields.Str())
    messages_in = fields.List(fields.Nested(_Named))
    messages_out = fields.List(fields.Nested(_Named))
    outcomes = fields.List(fields.Dict())
    indicators = fields.List(fields.Dict())
    notifications = fields.Dict()
    documents = fields.Dict()
    start_event = fields.Dict()


def well_shaped(files: Mapping[str, bytes]) -> tuple[dict[str, bytes], tuple[Finding, ...]]:
    """The files without the descriptions and parameters that cannot be used, and what is wrong with each of these."""
    kept, found = dict(files), []
    for path, content in files.items():
        shape = _shape_of(path)
        problem = None if shape is None else _problem(shape, path, content)
        if problem is not None:
            found.append(problem)
            del kept[path]
    return kept, tuple(found)


def _shape_of(path: str) -> Schema | None:
    if path == "pathway.json":
        return _Description()
    return _Parameters() if path.endswith("parameters.json") else None


def _problem(shape: Schema, path: str, content: bytes) -> Finding | None:
    if len(content) > MAX_BYTES:
        return _told(path, "dépasse 1 Mo : il n’a pas été lu", "is larger than 1 MB and was not read")
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as wrong:
        line = getattr(wrong, "lineno", 1)
        return _told(path, "n’est pas du JSON lisible", "is not readable JSON", line=line)
    if not isinstance(value, dict):
        return _told(path, "devrait être un objet JSON {…}", "should be a JSON object {…}")
    wrong_places = [".".join(place) for place in _places(shape.validate(value))]
    if not wrong_places:
        return None
    shown = ", ".join(f"« {place} »" for place in wrong_places[:3]) + (" …" if len(wrong_places) > 3 else "")
    return _told(
        path,
        f"n’a pas la forme attendue à {shown} : reprenez-le d’un parcours qui fonctionne",
        f"has not the expected shape at {', '.join(wrong_places[:3])}: take it from a pathway that works",
    )


def _places(errors: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Where in the value something is wrong: names, and places in lists from 1."""
    if not isinstance(errors, dict):
        yield above
        return
    for key, inner in errors.items():
        yield from _places(inner, (*above, str(key + 1) if isinstance(key, int) else str(key)))


def _told(path: str, french: str, english: str, *, line: int = 1) -> Finding:
    return finding(
        "FM-007",
        Severity.ERROR,
        f"Le fichier « {path} » {french}.",
        f"The file “{path}” {english}.",
        element_id=path.rpartition("/")[2],
        place=Place(path, line, 1),
    )
