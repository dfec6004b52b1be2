"""Pathway files as they travel: several files or a package in, the folder of a pathway out; and the package again.

A package is a .zip of the pathway's folder. Loose files are put where the folder keeps them, by what they are.
A package made here carries a manifest: the SHA-256 of each file and of the whole. One that does not agree with its own
manifest is refused; one made by hand, without a manifest, is read as it is.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from engine.errors import InvalidRequest

MAX_FILES = 200
MAX_BYTES = 20_000_000
MAX_GROWTH = 200
"""Times a packed file may grow: BPMN packs 10 to 30 times, a bomb 1,000 times."""
ZIP = b"PK\x03\x04"
AT_THE_TOP = frozenset({"pathway.json", "parameters.json", "escalations.json", "README.md", "roles.json"})
KNOWN = frozenset({".bpmn", ".bpmn2", ".xml", ".dmn", ".json", ".form", ".walk", ".md"})
MANIFEST = "manifest.json"
FORMAT = "parcours-package/1"
ALWAYS_THE_SAME = (2020, 1, 1, 0, 0, 0)
"""Date of every member: the same files give the same package, byte for byte."""


def folder_of(uploaded: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files of an upload by their path in the pathway's folder. Raises InvalidRequest with what to do instead."""
    found: dict[str, bytes] = {}
    for name, content in uploaded.items():
        if content[:4] == ZIP:
            found.update(_checked(name, _without_top(_members(name, content))))
        elif name:
            found[_place(name, content)] = content
    if not found:
        raise InvalidRequest("Choisissez au moins un fichier .bpmn, ou un paquet .zip.")
    if len(found) > MAX_FILES or sum(map(len, found.values())) > MAX_BYTES:
        raise InvalidRequest(
            f"Trop de fichiers, ou trop lourds : {MAX_FILES} fichiers et {MAX_BYTES // 1_000_000} Mo au plus."
        )
    return found


def packed(files: Mapping[str, bytes]) -> bytes:
    """The package of a pathway's folder, with its manifest: the same files give the same bytes."""
    whole = {**{path: content for path, content in files.items() if path != MANIFEST}, MANIFEST: manifest_of(files)}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in sorted(whole.items()):
            archive.writestr(zipfile.ZipInfo(path, ALWAYS_THE_SAME), content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def manifest_of(files: Mapping[str, bytes]) -> bytes:
    """What the package says of itself: which pathway it is, and the fingerprints."""
    sums = {path: hashlib.sha256(files[path]).hexdigest() for path in sorted(files) if path != MANIFEST}
    said = _json(files.get("pathway.json", b""))
    about = {name: said[name] for name in ("key", "title") if name in said} if isinstance(said, dict) else {}
    whole = hashlib.sha256("".join(f"{path}\0{digest}\n" for path, digest in sums.items()).encode()).hexdigest()
    document = {"format": FORMAT, **about, "files": sums, "sha256": whole}
    return (json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()


def _checked(name: str, files: dict[str, bytes]) -> dict[str, bytes]:
    """The files without their manifest. Raises InvalidRequest naming what does not agree with it."""
    content = files.pop(MANIFEST, None)
    said = _json(content or b"")
    if not isinstance(said, dict) or said.get("format") != FORMAT or not isinstance(said.get("files"), dict):
        return files
    true = _json(manifest_of(files))["files"]
    wrong = sorted({path for path in {*true, *said["files"]} if true.get(path) != said["files"].get(path)})
    if wrong or said.get("sha256") != _json(manifest_of(files))["sha256"]:
        what = ", ".join(f"« {str(path)[:80]} »" for path in wrong[:5]) or "son manifeste"
        raise InvalidRequest(
            f"Le paquet « {name} » n'est plus celui qui a été exporté : {what} ne correspond pas à son empreinte. "
            "Redemandez-le à qui vous l'a envoyé."
        )
    return files


def _json(content: bytes) -> Any:
    """The JSON value, or None."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _place(name: str, content: bytes) -> str:
    path = PurePosixPath(name.replace("\\", "/"))
    if len(path.parts) > 1 and ".." not in path.parts and not path.is_absolute():
        return str(path)
    if path.suffix == ".dmn":
        return f"decisions/{path.name}"
    if path.suffix == ".walk":
        return f"walks/{path.name}"
    if path.suffix in (".json", ".form") and path.name not in AT_THE_TOP and _is_form(content):
        return f"forms/{path.stem}.json"
    return path.name


def _is_form(content: bytes) -> bool:
    value = _json(content)
    return isinstance(value, dict) and any(key in value for key in ("sections", "components", "properties"))


def _members(name: str, content: bytes) -> dict[str, bytes]:
    room, found = MAX_BYTES, {}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [one for one in archive.infolist() if not one.is_dir()]
            if len(members) > MAX_FILES:
                raise InvalidRequest(f"Le paquet « {name} » a plus de {MAX_FILES} fichiers.")
            for member in members:
                path = PurePosixPath(member.filename.replace("\\", "/"))
                if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
                    raise InvalidRequest(f"Le paquet « {name} » contient un chemin qui sort de son dossier : refusé.")
                hidden = path.name.startswith(".") or "__MACOSX" in path.parts
                if hidden or path.suffix.lower() not in KNOWN:
                    continue
                if member.flag_bits & 0x1 or member.file_size > min(room, MAX_GROWTH * max(member.compress_size, 1)):
                    raise zipfile.BadZipFile("grows too much, or encrypted")
                with archive.open(member) as stream:
                    found[str(path)] = stream.read(room + 1)
                room -= len(found[str(path)])
                if room < 0:
                    raise zipfile.BadZipFile("grows too much")
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        NotImplementedError,
        RuntimeError,
        EOFError,
        OSError,
        ValueError,
    ) as wrong:
        raise InvalidRequest(
            f"Le paquet « {name} » ne peut pas être ouvert : refaites-le sans mot de passe, 20 Mo au plus."
        ) from wrong
    return found


def _without_top(files: dict[str, bytes]) -> dict[str, bytes]:
    """The same files without the one folder that holds them all, if there is one."""
    tops = {PurePosixPath(path).parts[0] for path in files}
    if len(tops) != 1 or any(len(PurePosixPath(path).parts) == 1 for path in files):
        return files
    return {str(PurePosixPath(*PurePosixPath(path).parts[1:])): content for path, content in files.items()}
