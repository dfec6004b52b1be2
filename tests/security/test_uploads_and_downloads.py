"""Uploads, downloads: a file is what its content says, is bounded, and never comes back as a page."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable

import pytest
from sqlalchemy import select

from engine.db import Database
from engine.models import PathwayFile
from tests.web.browser import Browser
from tests.web.test_workshop import GOOD, counted, put_down

POLYGLOT = GOOD.replace(
    "<bpmn:process",
    '<html xmlns="http://www.w3.org/1999/xhtml"><script>window.__xss=1</script></html><bpmn:process',
    1,
).encode()
STYLED = b'<?xml-stylesheet type="text/xsl" href="#s"?>'
ACTIVE = re.compile(r"text/html|image/svg|application/xhtml|text/xml|application/xml|javascript")


@pytest.fixture
def hugo(browser_of: Callable[[str], Browser]) -> Browser:
    return browser_of("hugo")


def _names(*, archive: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return opened.namelist()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("chute.bpmn", b"%PDF-1.4"), ("chute.bpmn", b"\x89PNG\r\n\x1a\n"), ("chute.bpmn", b"MZ\x90\x00"),
        ("chute.bpmn", b"<html><script>alert(1)</script></html>"), ("chute.bpmn", b"<svg onload='alert(1)'/>"),
        ("chute.bpmn", b"#!/bin/sh\nid"), ("page.html", b"<html><script>alert(1)</script></html>"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_what_its_name_says_is_refused_and_not_kept(
    hugo: Browser, database: Database, name: str, content: bytes
) -> None:
    before = counted(database)

    assert put_down(hugo, (name, content)).status_code == 422
    assert counted(database) == before


@pytest.mark.parametrize(
    "name", ["../../web/app.py", "/etc/cron.d/x", "..\\..\\x.bpmn", "a/../../b.bpmn", "x\x00.bpmn"]
)
def test_a_name_that_climbs_out_of_its_folder_writes_no_file(hugo: Browser, database: Database, name: str) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("chute.bpmn", GOOD)
        made.writestr(name, "x")
    for answer in (put_down(hugo, (name, GOOD.encode())), put_down(hugo, ("p.zip", archive.getvalue()))):
        assert answer.status_code in (303, 400, 422)
    with database.reading() as session:
        kept = session.execute(select(PathwayFile.path)).scalars().all()
    assert not [path for path in kept if ".." in path.split("/") or path[0] == "/" or "\\" in path or "\x00" in path]


def test_a_bomb_in_an_archive_is_refused_by_what_it_would_become(hugo: Browser, database: Database) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("chute.bpmn", b"<a>" + b" " * 200_000_000)
    before = counted(database)

    assert len(archive.getvalue()) < 1_000_000
    assert put_down(hugo, ("p.zip", archive.getvalue())).status_code == 422
    assert counted(database) == before


def test_a_page_hidden_in_a_drawing_is_never_served_as_a_page(hugo: Browser) -> None:
    for content in (POLYGLOT, POLYGLOT.replace(b"<bpmn:definitions", STYLED + b"<bpmn:definitions", 1)):
        kept = put_down(hugo, ("chute.bpmn", content))
        if kept.status_code == 422:
            continue
        page = hugo.get(kept.headers["Location"]).get_data(as_text=True)
        assert "<script>window.__xss" not in page
        hugo.post(kept.headers["Location"] + "/jeter")


def test_every_file_that_comes_back_is_a_download_of_a_harmless_type(
    hugo: Browser, browser_of: Callable[[str], Browser], start_case: Callable[..., str]
) -> None:
    number = start_case()
    maud = browser_of("maud")
    draft = put_down(hugo, ("chute.bpmn", GOOD.encode()))
    asked = [
        (hugo, "/modeles/try_out/paquet.zip"), (maud, f"/dossiers/{number}/schema.bpmn"), (maud, "/suivi/export.csv"),
        (maud, f"/dossiers/{number}/schema.json"),
    ]  # fmt: skip
    asked.append((hugo, draft.headers["Location"] + "/schema.bpmn"))
    for browser, path in asked:
        answer = browser.get(path)
        assert answer.status_code == 200, path
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        taken_away = "attachment" in answer.headers.get("Content-Disposition", "")
        assert taken_away or not ACTIVE.search(answer.content_type), (path, answer.content_type)
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'") and "unsafe" not in policy
    assert "pathway.bpmn" in " ".join(_names(archive=hugo.get("/modeles/try_out/paquet.zip").get_data()))
