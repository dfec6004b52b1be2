"""The decisions of docs/adr hold in the text of the code; what needs running is tested beside the code it is about."""

import ast
import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

from engine.models.waiting import WaitRecord
from tests.support.places import ROOT

DECISIONS = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
PACKAGES = ("engine", "web", "worker", "cli")
MAY_COMMIT = {"engine/db.py", "engine/migrations/__init__.py"}  # the second: alembic's own connection
MAY_ASK_THE_TIME = ("web/", "worker/", "cli/", "engine/clock.py")


def modules() -> dict[str, ast.Module]:
    paths = [
        path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if "node_modules" not in path.parts
    ]
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text()) for path in paths}


def calls(tree: ast.Module) -> set[str]:
    """The last name of everything called: `session.commit()` and `commit()` are both “commit”."""
    called = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    attributes = {function.attr for function in called if isinstance(function, ast.Attribute)}
    return attributes | {function.id for function in called if isinstance(function, ast.Name)}


def test_there_are_ten_first_decisions() -> None:
    assert [int(path.name[:4]) for path in DECISIONS[:10]] == list(range(1, 11))


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_is_one_page_and_names_tests_that_exist(path: Path) -> None:
    text = path.read_text()
    _, _, kept = text.partition("## Kept true by")
    named = re.findall(r"`((?:tests|\.ci)[\w/.]*)", kept)

    assert len(text.splitlines()) <= 60
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_only_the_database_module_commits() -> None:
    committing = {name for name, tree in modules().items() if "commit" in calls(tree)}

    assert committing <= MAY_COMMIT


def test_the_engine_is_told_the_time() -> None:
    asks = re.compile(r"\butcnow\(|\bdate(?:time)?\.(?:now|today)\(|\btime\.time\(")
    asking = {name for name in modules() if asks.search((ROOT / name).read_text())}

    assert {name for name in asking if not name.startswith(MAY_ASK_THE_TIME)} == set()


def test_python_is_never_asked_to_evaluate_text() -> None:
    evaluating = {
        name: found
        for name, tree in modules().items()
        if (found := {n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)})
        & {"eval", "exec"}
    }

    assert evaluating == {}


def test_nothing_is_queued_outside_the_worker() -> None:
    queueing = {name for name, tree in modules().items() if calls(tree) & {"delay", "apply_async", "send_task"}}

    assert {name for name in queueing if not name.startswith("worker/")} == set()


def test_a_wait_cannot_be_stored_without_somebody_responsible_and_a_date() -> None:
    columns = WaitRecord.__table__.columns

    assert not any(columns[name].nullable for name in ("since", "expected_at", "responsible_role", "kind"))


def test_the_engine_that_wrote_the_states_is_the_one_installed() -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]

    assert f"SpiffWorkflow=={version('SpiffWorkflow')}" in wanted
