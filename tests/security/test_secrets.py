"""Secrets: production does not start with a weak one, and none is written in the repository or in a log."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from cli.doctor import check_may_start, problems
from engine.settings import Settings, read_settings
from tests.support.places import ROOT
from tests.support.running import clean_environment, command

GOOD = {
    "PARCOURS_MODE": "production", "PARCOURS_SECRET_KEY": "k" * 40, "PARCOURS_BASE_URL": "https://parcours.invalid",
    "PARCOURS_DATABASE_URL": "postgresql://db/parcours", "PARCOURS_REDIS_URL": "redis://broker/0",
}  # fmt: skip
WRITTEN_SECRETS = re.compile(
    r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}\b"
    r"|\beyJ[A-Za-z0-9_-]{20,}\.eyJ[A-Za-z0-9_-]{20,}\.|://[^/\s:@{}<>\"'%]+:(?!password)[^/\s:@{}<>\"'%$…]{6,}@"
)
"""Private keys, cloud and forge tokens, signed tokens, passwords inside addresses."""


def _settings(**changed: str) -> Settings:
    return read_settings({**GOOD, **changed})


def test_a_good_installation_has_nothing_said_against_it() -> None:
    assert list(problems(_settings(), {})) == []


@pytest.mark.parametrize(
    ("changed", "environment", "said"),
    [
        ({"PARCOURS_SECRET_KEY": "demo-only-secret"}, {}, "démonstration"),
        ({"PARCOURS_SECRET_KEY": "court"}, {}, "plus courte"),
        ({"PARCOURS_DATABASE_URL": "sqlite:////srv/p.db"}, {}, "SQLite"),
        ({"PARCOURS_BASE_URL": "http://parcours.invalid"}, {}, "https"),
        ({"PARCOURS_REDIS_URL": ""}, {}, "PARCOURS_REDIS_URL"),
        ({}, {"FLASK_DEBUG": "1"}, "mise au point"),
    ],
)
def test_production_is_refused_with(changed: dict[str, str], environment: dict[str, str], said: str) -> None:
    assert any(said in sentence for sentence in problems(_settings(**changed), environment))


def test_it_does_not_start_with_the_secret_of_the_demo() -> None:
    with pytest.raises(SystemExit, match="démonstration"):
        check_may_start(_settings(PARCOURS_SECRET_KEY="demo-only-secret"))


@pytest.mark.parametrize("secret", ["", "demo-only-secret"])
@pytest.mark.parametrize("process", ["web", "worker", "beat", "up --port 0"])
def test_no_process_starts_in_production_without_a_secret_of_its_own(process: str, secret: str, tmp_path: Path) -> None:
    environment = {**GOOD, "PARCOURS_DATA_DIR": str(tmp_path), "PARCOURS_SECRET_KEY": secret}
    in_gunicorn = [sys.executable, "-c", "from cli.wsgi import application; application()"]
    started = subprocess.run(
        in_gunicorn if process == "web" else command(*process.split()),
        cwd=ROOT, env=clean_environment(**environment), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert started.returncode != 0
    assert "PARCOURS_SECRET_KEY" in started.stderr and "Traceback" not in started.stderr


def test_a_secret_may_come_from_a_file_and_is_never_printed(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("s3cr3t-of-the-house-" * 2, encoding="utf-8")
    settings = read_settings({**GOOD, "PARCOURS_SECRET_KEY": "", "PARCOURS_SECRET_KEY_FILE": str(tmp_path / "key")})
    environment = clean_environment(**GOOD | {"PARCOURS_SECRET_KEY": settings.secret_key})
    said = subprocess.run(
        command("doctor"), cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )

    assert settings.secret_key == "s3cr3t-of-the-house-" * 2
    assert settings.secret_key not in said.stdout + said.stderr


def test_no_secret_is_written_in_the_repository() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("This is not a git checkout.")
    files = [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]
    found = {
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in files
        for match in WRITTEN_SECRETS.finditer(path.read_text(encoding="utf-8", errors="ignore"))
    }

    assert not found


def test_the_scanner_finds_what_it_is_for() -> None:
    planted = (
        "-----BEGIN " + "PRIVATE KEY-----", "AKIA" + "A" * 16, "ghp" + "_" + "a" * 36,
        "postgresql://" + "parcours:" + "hunter2hunter2" + "@db/parcours",
    )  # fmt: skip
    assert all(WRITTEN_SECRETS.search(one) for one in planted)
