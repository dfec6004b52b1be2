"""The files a command is given, and those beside them that they call by name (forms, decisions, called processes)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

from engine.bpmn.findings import Finding, Severity, finding
from engine.bpmn.model import Place
from engine.bpmn.reader import ReadResult, read
from engine.roles import ROLE_LABELS

MAX_BESIDE = 300
MAX_FILE_BYTES = 21_000_000
"""Above what the reader takes (20 MB packages): a larger file is cut, and refused by the reader."""
_READ = frozenset({".bpmn", ".bpmn2", ".dmn", ".json", ".form", ".xml"})
_IDENTIFIER = re.compile(rb"\b(?:id|key)\"?\s*[=:]\s*\"([^\"]{1,200})\"")


def read_pathway(paths: Iterable[Path]) -> ReadResult:
    """Read the files (or pathway folders) together, with the files beside them that complete them."""
    files: dict[str, bytes] = {}
    folders: set[Path] = set()
    unread: list[Finding] = []
    for path in paths:
        if path.is_dir():
            _take_folder(path, files)
        else:
            try:
                files[str(path)] = _bytes_of(path)
            except OSError as wrong:
                unread.append(_unread(path, wrong))
                continue
            folders.add(path.parent)
            if (path.parent / "pathway.json").is_file():
                _take_folder(path.parent, files)
    result = read(files, known_roles=ROLE_LABELS)
    for _ in range(3):
        beside = _beside(folders, {name for _, name in result.missing}, files)
        if not beside:
            break
        files.update(beside)
        result = read(files, known_roles=ROLE_LABELS)
    return replace(result, model=None, findings=(*unread, *result.findings)) if unread else result


def _unread(path: Path, wrong: OSError) -> Finding:
    why = "n’existe pas" if isinstance(wrong, FileNotFoundError) else "ne peut pas être ouvert"
    why_en = "does not exist" if isinstance(wrong, FileNotFoundError) else "cannot be opened"
    return finding(
        "XML-022",
        Severity.ERROR,
        f"Le fichier « {path} » {why} : vérifiez son chemin et vos droits.",
        f"The file “{path}” {why_en}: check its path and your rights.",
        element_id=path.name,
        place=Place(str(path), 1, 1),
    )


def _take_folder(folder: Path, files: dict[str, bytes]) -> None:
    """A pathway folder, and the shared pieces beside it that it may call."""
    for base in (folder, folder.parent / "shared"):
        if base.is_dir():
            for path in sorted(base.rglob("*")):
                if path.suffix in _READ and path.is_file():
                    files.setdefault(str(path), _bytes_of(path))


def _beside(folders: set[Path], wanted: set[str], known: dict[str, bytes]) -> dict[str, bytes]:
    """Files of the same folders that define one of the wanted names."""
    found: dict[str, bytes] = {}
    for folder in _where_to_look(folders) if wanted else ():
        for path in sorted(folder.iterdir())[:MAX_BESIDE]:
            if path.suffix not in _READ or str(path) in known or not path.is_file():
                continue
            data = _bytes_of(path)
            names = {name.decode("utf-8", "replace") for name in _IDENTIFIER.findall(data)}
            if wanted & (names | {path.name, path.stem}):
                found[str(path)] = data
    return found


def _where_to_look(folders: set[Path]) -> list[Path]:
    """The folders of the files, and the `forms` and `decisions` folders there or one level up."""
    named = [base / name for folder in folders for base in (folder, folder.parent) for name in ("forms", "decisions")]
    return [folder for folder in (*sorted(folders), *named) if folder.is_dir()]


def _bytes_of(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(MAX_FILE_BYTES)


def parameters_of(result: ReadResult) -> dict[str, dict[str, Any]]:
    """The parameters that came with the files (`parameters.json`), by name."""
    found: dict[str, dict[str, Any]] = {}
    for name, data in result.others.items():
        if PurePath(name).name != "parameters.json":
            continue
        try:
            value = json.loads(data)
        except ValueError:
            continue
        listed = value.get("parameters") if isinstance(value, dict) else None
        for one in listed if isinstance(listed, list) else []:
            if isinstance(one, dict) and isinstance(one.get("name"), str):
                found[one["name"]] = one
    return found
