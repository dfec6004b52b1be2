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
_PROCESS = re.compile(rb"<(?:[\w.-]{1,60}:)?process\s[^>]{0,2000}?\bid\s*=\s*[\"']([^\"']{1,200})[\"']")
_DECISION = re.compile(rb"<(?:[\w.-]{1,60}:)?decision\s[^>]{0,2000}?\bid\s*=\s*[\"']([^\"']{1,200})[\"']")
_FORM = re.compile(rb"\"(?:id|key)\"\s*:\s*\"([^\"]{1,200})\"")
_DEFINES = {
    "process": (frozenset({".bpmn", ".bpmn2", ".xml"}), _PROCESS),
    "decision": (frozenset({".dmn", ".xml"}), _DECISION),
    "form": (frozenset({".json", ".form"}), _FORM),
}
"""Kind of what is missing → the files that can hold it, and how they write its id."""


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
        beside = _beside(folders, result.missing, files)
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
                if path.suffix.lower() in _READ and path.is_file():
                    files.setdefault(str(path), _bytes_of(path))


def _beside(folders: set[Path], missing: frozenset[tuple[str, str]], known: dict[str, bytes]) -> dict[str, bytes]:
    """Files of the same folders that define what is missing. What several of them define stays missing, and so does
    what stands in one that describes again a process of the others: nothing says which was meant.
    """
    described = {name for data in known.values() for name in _names(_PROCESS, data)}
    found: dict[tuple[str, str], dict[str, bytes]] = {}
    for folder in _where_to_look(folders) if missing else ():
        for path in sorted(folder.iterdir())[:MAX_BESIDE]:
            if path.suffix.lower() not in _READ or str(path) in known or not path.is_file():
                continue
            data = _bytes_of(path)
            for one in missing & _held_by(path, data):
                found.setdefault(one, {})[str(path)] = data
    taken: dict[str, bytes] = {}
    for holders in found.values():
        [(name, data), *others] = holders.items()
        processes = _names(_PROCESS, data)
        if not others and (name in taken or not described & processes):
            taken[name] = data
            described |= processes
    return taken


def _held_by(path: Path, data: bytes) -> set[tuple[str, str]]:
    """What a file defines, as (kind, name); a form is also known by the name of its file."""
    held = set()
    for kind, (suffixes, pattern) in _DEFINES.items():
        if path.suffix.lower() in suffixes:
            names = _names(pattern, data) | ({path.name, path.stem} if kind == "form" else set())
            held |= {(kind, name) for name in names}
    return held


def _names(pattern: re.Pattern[bytes], data: bytes) -> set[str]:
    return {name.decode("utf-8", "replace") for name in pattern.findall(data)}


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
