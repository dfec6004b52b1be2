"""The layout keeps its promises: our folders are the packages, modules stay readable, nothing foreign gets in."""

import ast
import importlib
import re
import subprocess
from pathlib import Path

import pytest

from tests.support.places import ROOT

ROOMS = ("engine", "pathways", "web", "worker", "cli")
LONGEST_MODULE = 400
HOSTS = re.compile(r"pypi\.org|pythonhosted\.org|registry\.npmjs|registry\.yarnpkg|npmmirror")
LAYERS = {"utils", "util", "helpers", "helper", "common", "base", "manager", "managers", "service", "services", "misc"}


def versioned_files() -> list[Path]:
    """What git knows, or would know: untracked files count, ignored ones do not."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("This is not a git checkout.")
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def python_files() -> list[Path]:
    return [path for path in versioned_files() if path.suffix == ".py"]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("room", ROOMS)
def test_no_other_distribution_shadows_a_room(room: str) -> None:
    module = importlib.import_module(room)

    assert module.__file__ is not None
    assert Path(module.__file__).is_relative_to(ROOT / room)


def test_every_folder_with_python_is_a_package() -> None:
    folders = {path.parent for path in python_files()} - {ROOT, ROOT / "engine" / "migrations" / "versions"}
    lonely = sorted(name_of(folder) for folder in folders if not (folder / "__init__.py").exists())

    assert lonely == []


def test_modules_open_with_a_sentence_about_what_lives_there() -> None:
    silent = [
        name_of(p) for p in python_files() if p.stat().st_size and ast.get_docstring(ast.parse(p.read_text())) is None
    ]

    assert silent == []


def test_modules_stay_readable() -> None:
    long = {
        name_of(path): count
        for path in python_files()
        if (count := len(path.read_text().splitlines())) > LONGEST_MODULE
    }

    assert long == {}


def test_modules_are_named_after_things() -> None:
    layers = [
        name_of(p) for p in python_files() if LAYERS & set(p.stem.split("_")) or LAYERS & set(p.parent.parts[-1:])
    ]

    assert layers == []


def test_nothing_evaluates_python_found_in_a_file() -> None:
    """Ruff forbids the names (S102, S307); this forbids switching the rule off."""
    found = [name_of(path) for path in python_files() if re.search(r"noqa: *S(102|307)", path.read_text())]

    assert found == [name_of(Path(__file__))] * (name_of(Path(__file__)) in found)


def test_no_registry_is_named_in_the_repository() -> None:
    own = Path(__file__)
    texts = {path: path.read_text(errors="ignore") for path in versioned_files() if path != own}

    assert sorted(name_of(path) for path, text in texts.items() if HOSTS.search(text)) == []


def test_the_npm_lock_holds_hashes_and_no_download_address() -> None:
    lock = (ROOT / "web" / "frontend" / "package-lock.json").read_text()

    assert '"resolved"' not in lock
    assert lock.count('"integrity": "sha512-') > 50
