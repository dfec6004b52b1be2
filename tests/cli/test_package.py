"""`parcours package`: out of one territory, into another, with the values it runs on and without any patient."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli import package
from engine.commands import pathways
from engine.errors import InvalidRequest, PathwayNotFound
from engine.library import parameters_in
from engine.models import PathwayVersion
from engine.packages import folder_of
from tests.engine.commands.conftest import world
from tests.engine.commands.migrating_pathway import KEY, version
from tests.engine.commands.world import World

__all__ = ["world"]


@pytest.fixture
def here(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The command works in this world's database."""
    monkeypatch.setattr(package, "open_database", lambda: world.database)
    return world


def written(path: Path) -> dict[str, bytes]:
    return folder_of({path.name: path.read_bytes()})


def exported(path: Path, key: str = KEY, number: int | None = None) -> dict[str, bytes]:
    assert package.export(key, output=path, number=number, territory=None) == 0
    return written(path)


def adopted(path: Path, *, publish: bool = False) -> int:
    return package.adopt(path, publish=publish, label="adopté", reason="relu", territory=None)


def test_a_pathway_goes_out_and_comes_back_as_the_same_version(here: World, tmp_path: Path) -> None:
    here.publish(version(1))
    files = exported(tmp_path / "suivi.zip")
    assert files["pathway.bpmn"] == version(1)["pathway.bpmn"]
    assert adopted(tmp_path / "suivi.zip") == 0
    assert [row.state for row in here.rows(PathwayVersion)] == ["published", "draft"]


def test_an_adopted_pathway_is_checked_then_published(here: World, tmp_path: Path) -> None:
    here.publish(version(1))
    exported(tmp_path / "suivi.zip")
    here.publish(version(2))
    assert adopted(tmp_path / "suivi.zip", publish=True) == 0
    assert {row.number: row.state for row in here.rows(PathwayVersion)}[3] == "published"


def test_what_cannot_run_is_refused_and_nothing_is_kept(
    here: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.bpmn"
    broken.write_bytes(version(1)["pathway.bpmn"].replace(b'targetRef="join"', b'targetRef="nowhere"', 1))
    assert adopted(broken) == 1
    assert "nowhere" in capsys.readouterr().out
    assert here.rows(PathwayVersion) == []


def test_a_delivered_pathway_goes_out_with_its_walks_readme_and_revised_values(here: World, tmp_path: Path) -> None:
    files = exported(tmp_path / "a.zip", "hospital_discharge")
    assert {"README.md", "parameters.json"} <= set(files)
    assert any(path.startswith("walks/") for path in files)
    here.publish({path: content for path, content in files.items() if not path.startswith(("walks/", "README"))})
    parameters = parameters_in(files)
    duration = next(each for each in parameters if each.get("type") == "duration")
    here.do(
        pathways.revise_parameters, pathway_key="hospital_discharge", values={duration["name"]: "P99D"}, note="essai"
    )
    again = exported(tmp_path / "b.zip", "hospital_discharge")
    assert any(path.startswith("walks/") for path in again)
    assert any(b"P99D" in content for path, content in again.items() if path.endswith("parameters.json"))


def test_what_does_not_exist_is_said(here: World, tmp_path: Path) -> None:
    with pytest.raises(PathwayNotFound):
        exported(tmp_path / "x.zip", "nothing")
    here.publish(version(1))
    with pytest.raises(PathwayNotFound):
        exported(tmp_path / "x.zip", KEY, 7)
    with pytest.raises(InvalidRequest, match="--territory"):
        package.export(KEY, output=tmp_path / "x.zip", number=None, territory="ailleurs")
