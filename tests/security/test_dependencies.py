"""Dependencies: what runs is what was locked, and nothing is fetched from elsewhere, at the start or on a page."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from flask import Flask
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from engine.db import Database
from tests.security.crawling import addresses, what_exists
from tests.support.places import ROOT
from tests.support.running import Running
from tests.web.browser import Browser

LOCKED = (ROOT / "requirements" / "production.txt").read_text(encoding="utf-8")
ALONE = """
import socket
def refuse(*arguments, **more):
    with open({log!r}, "a") as log:
        log.write(repr(arguments) + "\\n")
    raise OSError("there is no network here")
connect, resolve = socket.socket.connect, socket.getaddrinfo
def here(host):
    return host in (None, "", "localhost", "127.0.0.1", "::1", "0.0.0.0")
socket.socket.connect = lambda self, address: (
    connect(self, address) if isinstance(address, (str, bytes)) or here(address[0]) else refuse(address))
socket.getaddrinfo = lambda host, *more, **named: resolve(host, *more, **named) if here(host) else refuse(host)
"""
FOREIGN = re.compile(r'(?:src|href|action|data|poster|srcset)="((?:https?:)?//[^"]+)"')


def _locked() -> dict[str, str]:
    """Name → the lines of its requirement."""
    entries = re.split(r"\n(?=[a-z0-9])", "\n".join(line for line in LOCKED.splitlines() if not line.startswith("#")))
    return {canonicalize_name(re.split(r"[=\[ ;]", entry.strip())[0]): entry for entry in entries if entry.strip()}


def test_every_locked_package_has_one_version_and_its_hashes() -> None:
    wrong = {name for name, entry in _locked().items() if "==" not in entry or "--hash=sha256:" not in entry}

    assert len(_locked()) > 40 and not wrong
    assert not re.search(r"https?://|git\+|file:", LOCKED)


def test_every_dependency_of_the_product_is_locked_within_its_bounds() -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    for text in wanted:
        requirement = Requirement(text)
        entry = _locked()[canonicalize_name(requirement.name)]
        version = re.search(r"==([^\s;\\]+)", entry)
        assert version is not None and version[1] in requirement.specifier, text


def test_no_page_names_another_site(
    app: Flask, browser_of: Callable[[str], Browser], start_case: Callable[..., str], database: Database
) -> None:
    known = what_exists(database, start_case())
    for login in ("maud", "claire", "hugo"):
        browser = browser_of(login)
        for address in addresses(app, "GET", known):
            answer = browser.get(address)
            if answer.mimetype == "text/html":
                assert not FOREIGN.findall(answer.get_data(as_text=True)), address


@pytest.mark.slow
def test_an_installation_starts_and_answers_without_a_network(tmp_path: Path) -> None:
    log = tmp_path / "asked.txt"
    (tmp_path / "alone").mkdir()
    (tmp_path / "alone" / "sitecustomize.py").write_text(ALONE.format(log=str(log)), encoding="utf-8")
    installation = Running(
        data=tmp_path / "data", demo=False, environment={"PYTHONPATH": f"{tmp_path / 'alone'}:{ROOT}"}
    )
    installation.start()
    try:
        page = requests.get(f"{installation.address}/connexion", timeout=30)
        assert page.status_code == 200
        for name in re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text):
            assert requests.get(installation.address + name, timeout=30).status_code == 200, name
    finally:
        installation.stop()

    assert not log.exists(), log.read_text(encoding="utf-8")
