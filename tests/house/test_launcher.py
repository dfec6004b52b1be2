"""./parcours: what it does before anything is installed, and how it knows that everything is."""

import importlib.machinery
import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.places import ROOT


@pytest.fixture
def launcher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The launcher, looking at an empty house with an environment that seems installed."""
    loader = importlib.machinery.SourceFileLoader("parcours_launcher", str(ROOT / "parcours"))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    loader.exec_module(module)
    places = {
        "ROOT": tmp_path,
        "VENV": tmp_path / ".venv",
        "PYTHON": tmp_path / ".venv" / "bin" / "python",
        "COMMAND": tmp_path / ".venv" / "bin" / "parcours",
        "BUNDLE": tmp_path / "web" / "static" / "dist" / "manifest.json",
        "CONSTRAINTS": tmp_path / "requirements" / "constraints.txt",
        "INSTALLING": tmp_path / ".venv" / ".installing",
    }
    for name, value in places.items():
        monkeypatch.setattr(module, name, value)
    for name in ("COMMAND", "BUNDLE"):
        places[name].parent.mkdir(parents=True, exist_ok=True)
        places[name].touch()
    (tmp_path / "pyproject.toml").write_text("[project]")
    module.stamp("").write_text(module.fingerprint())
    return module


def test_a_second_start_installs_nothing(launcher: ModuleType) -> None:
    assert launcher.is_installed("")


def test_tests_need_the_development_packages(launcher: ModuleType) -> None:
    assert not launcher.is_installed("dev")


def test_development_packages_are_enough_to_start(launcher: ModuleType) -> None:
    launcher.stamp("").unlink()
    launcher.stamp("dev").write_text(launcher.fingerprint())

    assert launcher.is_installed("")


def test_a_changed_dependency_installs_again(launcher: ModuleType) -> None:
    (launcher.ROOT / "pyproject.toml").write_text("[project] # changed")

    assert not launcher.is_installed("")


def test_a_changed_page_script_installs_again(launcher: ModuleType) -> None:
    script = launcher.ROOT / "web" / "frontend" / "app" / "app.js"
    script.parent.mkdir(parents=True)
    script.write_text("1")

    assert not launcher.is_installed("")


def test_downloaded_npm_packages_do_not_count(launcher: ModuleType) -> None:
    module = launcher.ROOT / "web" / "frontend" / "node_modules" / "left.js"
    module.parent.mkdir(parents=True)
    module.write_text("1")

    assert launcher.is_installed("")


def test_an_interrupted_installation_is_not_taken_for_a_whole_one(launcher: ModuleType) -> None:
    launcher.INSTALLING.touch()

    assert not launcher.is_installed("")


def test_a_python_without_venv_is_told_the_exact_package(launcher: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ensurepip", None)

    with pytest.raises(SystemExit) as stopped:
        launcher.check_venv_module()

    package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    assert f"sudo apt install {package}" in str(stopped.value)


def test_an_old_python_is_told_so_in_both_languages(launcher: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))

    with pytest.raises(SystemExit) as stopped:
        launcher.check_python()

    assert "Parcours demande Python 3.11" in str(stopped.value)
    assert "this one is 3.9.2" in str(stopped.value)


def test_the_launcher_stands_on_the_standard_library_alone() -> None:
    """-I -S: no site packages at all."""
    code = f"import runpy; runpy.run_path({str(ROOT / 'parcours')!r}, run_name='read')"

    subprocess.run([sys.executable, "-I", "-S", "-B", "-c", code], check=True)
