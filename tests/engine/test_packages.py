"""Packages: the same bytes for the same files, refused when changed, too large, or reaching out of their folder."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from engine.errors import InvalidRequest
from engine.packages import MANIFEST, MAX_FILES, folder_of, packed

FILES = {
    "pathway.bpmn": b"<definitions/>", "pathway.json": b'{"key": "suivi", "title": {"fr": "Suivi"}}',
    "forms/a.json": b'{"key": "a", "sections": []}', "decisions/d.dmn": b"<d/>", "walks/all.walk": b"start\n",
    "README.md": b"# Suivi\n",
}  # fmt: skip


def zipped(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return stream.getvalue()


def members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_package_is_the_same_bytes_each_time_and_gives_its_files_back() -> None:
    content = packed(FILES)
    assert content == packed(dict(reversed(FILES.items())))
    assert folder_of({"suivi.zip": content}) == FILES
    assert packed(folder_of({"suivi.zip": content})) == content


def test_the_manifest_names_the_pathway_and_every_fingerprint() -> None:
    manifest = json.loads(members(packed(FILES))[MANIFEST])
    assert manifest["key"] == "suivi"
    assert set(manifest["files"]) == set(FILES)
    assert {len(each) for each in (*manifest["files"].values(), manifest["sha256"])} == {64}


@pytest.mark.parametrize("change", ["changed", "added", "missing", "whole"])
def test_a_package_changed_on_the_way_is_refused_by_name(change: str) -> None:
    files = members(packed(FILES))
    if change == "changed":
        files["forms/a.json"] += b" "
    elif change == "added":
        files["forms/b.json"] = b"{}"
    elif change == "missing":
        del files["walks/all.walk"]
    else:
        files[MANIFEST] = files[MANIFEST].replace(b'"sha256": "', b'"sha256": "0')
    with pytest.raises(InvalidRequest, match="empreinte"):
        folder_of({"suivi.zip": zipped(files)})


def test_a_package_made_by_hand_needs_no_manifest() -> None:
    assert folder_of({"suivi.zip": zipped(FILES)}) == FILES
    assert folder_of({"suivi.zip": zipped({f"suivi/{path}": each for path, each in FILES.items()})}) == FILES


@pytest.mark.parametrize("path", ["../evil.bpmn", "/etc/evil.bpmn", "forms/../../evil.json", "C:\\evil.bpmn"])
def test_a_path_out_of_the_folder_is_refused(path: str) -> None:
    with pytest.raises(InvalidRequest, match="sort de son dossier"):
        folder_of({"x.zip": zipped({path: b"<x/>", "pathway.bpmn": b"<x/>"})})


def test_bombs_crowds_and_damage_are_refused() -> None:
    bomb = zipped({"pathway.bpmn": b"0" * 30_000_000})
    crowd = zipped({f"forms/{number}.json": b"{}" for number in range(MAX_FILES + 1)})
    for content in (bomb, crowd, packed(FILES)[:200]):
        with pytest.raises(InvalidRequest):
            folder_of({"x.zip": content})
