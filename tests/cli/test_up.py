"""`parcours up` as somebody meets it who has never seen the project: a first start, a second one, a port taken."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from cli import case
from tests.support.running import Running, run

SECOND_START_SECONDS = 5
BUSY_MACHINE = 4  # CI shares two cores with other work

PARTS = ("Qui :", "Depuis :", "Attendu :", "Ensuite, sans intervention :")


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    installation = Running(data=tmp_path_factory.mktemp("up") / "data")
    installation.start()
    yield installation
    installation.stop()


@pytest.mark.slow
def test_the_first_start_prints_the_address_and_answers(started: Running) -> None:
    assert "personnes fictives" in started.printed
    assert f"Parcours est ouvert : {started.address}/" in started.printed
    assert requests.get(f"{started.address}/healthz", timeout=10).json() == {"status": "ok"}
    assert "Qui voulez-vous être" in requests.get(f"{started.address}/connexion", timeout=10).text


@pytest.mark.slow
def test_every_open_case_says_what_who_since_when_expected_when_and_what_next(
    started: Running, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("PARCOURS_DATABASE_URL", raising=False)
    monkeypatch.setenv("PARCOURS_DATA_DIR", str(started.data))
    listed = run("case", "list", PARCOURS_DATA_DIR=str(started.data))
    numbers = re.findall(r"^(\S+)\t", listed.stdout, re.M)
    assert len(numbers) >= 15, listed.stderr

    for number in numbers:
        assert case.why(number, as_json=False) == 0
        said = capsys.readouterr().out
        waits = said.split("\n• ")[1:]
        assert waits, f"{number} is open and waits for nothing: {said}"
        for wait in waits:
            lines = [line.strip() for line in wait.strip().splitlines()]
            assert lines[0], said
            for part, line in zip(PARTS, lines[1:], strict=True):
                assert line.startswith(part), said
                assert line.removeprefix(part).strip(" .-–") not in ("", "None"), said


@pytest.mark.slow
def test_a_case_nobody_has_is_a_sentence(started: Running) -> None:
    said = run("case", "why", "C-9999999", PARCOURS_DATA_DIR=str(started.data))

    assert said.returncode == 1
    assert "C-9999999" in said.stderr
    assert "Traceback" not in said.stderr


@pytest.mark.slow
def test_a_taken_port_is_a_sentence(started: Running, tmp_path: Path) -> None:
    said = run("up", "--port", str(started.port), "--data", str(tmp_path / "other"))

    assert said.returncode == 1
    assert f"127.0.0.1:{started.port}" in said.stderr
    assert "--port" in said.stderr
    assert "Traceback" not in said.stderr
    assert not (tmp_path / "other").exists()


@pytest.mark.slow
def test_the_second_start_is_quick_and_loads_nothing_again(started: Running) -> None:
    started.stop()
    assert "Au revoir" in started.printed
    begun = time.monotonic()
    started.start()
    seconds = time.monotonic() - begun

    assert seconds < SECOND_START_SECONDS * BUSY_MACHINE
    assert "Chargement" not in started.printed


def test_asking_where_there_is_no_database_is_a_sentence_and_makes_none(tmp_path: Path) -> None:
    said = run("case", "list", PARCOURS_DATA_DIR=str(tmp_path))

    assert said.returncode == 1
    assert said.stderr.startswith("Aucune base dans")
    assert list(tmp_path.iterdir()) == []
