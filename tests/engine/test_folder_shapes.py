"""What stands beside a drawing is used only in its shape; else it is said where it is wrong, and left out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.bpmn.findings import Severity
from engine.folder_shapes import well_shaped
from tests.support.places import ROOT

SHIPPED = sorted((ROOT / "pathways").glob("*/p*a*m*.json")) + sorted((ROOT / "pathways").glob("*/pathway.json"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_is_shipped_has_its_shape(path: Path) -> None:
    files = {path.name: path.read_bytes()}

    assert well_shaped(files) == (files, ())


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        ("parameters.json", {"parameters": [{}]}, "parameters.1.name"),
        ("parameters.json", {"parameters": [1]}, "parameters.1"),
        ("parameters.json", {"parameters": "a"}, "parameters"),
        ("shared/x/parameters.json", {"parameters": [{"name": "a", "type": "int"}]}, "parameters.1.value"),
        ("pathway.json", {"process": [1]}, "process"),
        ("pathway.json", {"title": "Suivi"}, "title"),
        ("pathway.json", {"title": {}}, "title"),
        ("pathway.json", {"title": {"fr": []}}, "title.fr"),
        ("pathway.json", {"messages_in": [{"label": {}}]}, "messages_in.1.name"),
        ("pathway.json", {"start_roles": [{}]}, "start_roles.1"),
        ("pathway.json", [1], "objet JSON"),
    ],
)
def test_a_wrong_shape_is_said_with_its_place_and_left_out(path: str, value: object, place: str) -> None:
    kept, [found] = well_shaped({path: json.dumps(value).encode(), "a.bpmn": b"<a/>"})

    assert kept == {"a.bpmn": b"<a/>"}
    assert (found.code, found.severity, found.file, found.line) == ("FM-007", Severity.ERROR, path, 1)
    assert place in found.message


def test_what_cannot_be_read_is_said_with_its_line() -> None:
    _, [broken] = well_shaped({"pathway.json": b'{\n"key": }'})
    _, [deep] = well_shaped({"pathway.json": b"[" * 500_000})
    _, [large] = well_shaped({"parameters.json": b'{"a":"' + b"x" * 1_000_000 + b'"}'})

    assert broken.line == 2
    assert "lisible" in deep.message
    assert "1 Mo" in large.message
