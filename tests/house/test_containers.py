"""docker-compose.yml and Dockerfile speak of things that exist: no Docker engine is needed to know."""

import importlib
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.main import parcours
from tests.support.places import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service.get("image", "").startswith("parcours")}
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def known_settings() -> set[str]:
    """The variables engine/settings.py reads; a secret may also be given as a file."""
    source = (ROOT / "engine" / "settings.py").read_text()
    plain = set(re.findall(r'"(PARCOURS_[A-Z_]+)"', source))
    secret = set(re.findall(r'_secret\(\w+, "(PARCOURS_[A-Z_]+)"\)', source))
    return plain | {f"{name}_FILE" for name in secret}


def settings_in_dockerfile() -> set[str]:
    return set(re.findall(r"\b(PARCOURS_[A-Z_]+)=", DOCKERFILE))


def test_the_five_processes_are_there() -> None:
    assert {"web", "worker", "beat", "postgres", "redis"} <= set(SERVICES)


@pytest.mark.parametrize("name", OURS)
def test_environment_names_are_settings_of_the_product(name: str) -> None:
    assert set(OURS[name]["environment"]) <= known_settings()


def test_the_image_sets_only_known_settings() -> None:
    assert settings_in_dockerfile() <= known_settings()


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_refers_to_is_declared(name: str) -> None:
    service = SERVICES[name]
    named_volumes = {mount.split(":")[0] for mount in service.get("volumes", []) if not mount.startswith(".")}

    assert set(service.get("depends_on", {})) <= set(SERVICES)
    assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])
    assert set(service.get("networks", [])) <= set(COMPOSE["networks"])
    assert named_volumes <= set(COMPOSE["volumes"])


@pytest.mark.parametrize("name", SERVICES)
def test_secret_files_in_the_environment_are_mounted(name: str) -> None:
    service = SERVICES[name]
    files = [value for value in service.get("environment", {}).values() if str(value).startswith("/run/secrets/")]

    assert {Path(file).name for file in files} == set(service.get("secrets", []))


def test_every_declared_volume_network_and_secret_is_used() -> None:
    used = {
        kind: {str(entry).split(":")[0] for service in SERVICES.values() for entry in service.get(kind, [])}
        for kind in ("volumes", "networks", "secrets")
    }

    assert [name for kind, names in used.items() for name in COMPOSE[kind] if name not in names] == []


def test_nothing_waits_for_the_health_of_a_service_without_a_health_check() -> None:
    waiting = {
        (name, other)
        for name, service in SERVICES.items()
        for other, how in service.get("depends_on", {}).items()
        if how["condition"] == "service_healthy" and "healthcheck" not in SERVICES[other]
    }

    assert waiting == set()


def test_no_password_is_written_down() -> None:
    text = (ROOT / "docker-compose.yml").read_text() + DOCKERFILE

    assert re.findall(r"(?i)^ *\w*(?:PASSWORD|SECRET_KEY)\w*: *(?!/run/secrets/)\S+", text, re.M) == []
    assert not re.search(r"://[^/\s]+:[^/\s]+@", text)


@pytest.mark.parametrize("name", [name for name, service in OURS.items() if "command" in service])
def test_commands_are_words_of_the_parcours_command(name: str) -> None:
    program, word, *options = OURS[name]["command"]

    assert program == "parcours"
    command = parcours.commands[word]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {option.split("=")[0] for option in options} <= known


def test_the_image_starts_an_application_that_exists() -> None:
    found = re.search(r'"gunicorn", "([\w.]+):(\w+)\(\)"', DOCKERFILE)

    assert found is not None
    assert callable(getattr(importlib.import_module(found[1]), found[2]))


def test_the_image_copies_what_is_there() -> None:
    sources = [word for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.M) for word in line.split()[:-1]]

    assert [source for source in sources if not (ROOT / source).exists()] == []


def test_a_root_process_never_runs_in_the_image() -> None:
    users = re.findall(r"^USER (\S+)$", DOCKERFILE, re.M)

    assert users and users[-1] not in ("root", "0")


def test_compose_follows_the_published_schema() -> None:
    checker = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    checked = subprocess.run([*checker, ROOT / "docker-compose.yml"], capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stdout
