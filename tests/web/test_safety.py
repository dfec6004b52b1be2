"""What every response carries, and what is refused at the door."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from tests.web.browser import Browser, text_of

PAGES = ("/connexion", "/hors-ligne", "/nulle-part", "/healthz", "/static/dist/sw.js")


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_is_closed_to_foreign_content(stranger: Browser, path: str) -> None:
    headers = stranger.get(path).headers

    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self' 'nonce-")
    assert "unsafe" not in policy and "http" not in policy
    assert "frame-ancestors 'none'" in policy and "form-action 'self'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


def test_pages_are_never_kept_by_shared_caches(browser_of: Callable[[str], Browser]) -> None:
    assert browser_of("claire").get("/ma-journee").headers["Cache-Control"] == "no-store"


def test_a_huge_request_is_refused(browser_of: Callable[[str], Browser]) -> None:
    answer = browser_of("claire").post("/demo/horloge", {"seconds": "1" * (7 * 1024 * 1024)})

    assert answer.status_code == 413
    assert "6 Mo" in text_of(answer)


def test_an_unknown_page_says_so_in_french(browser_of: Callable[[str], Browser]) -> None:
    answer = browser_of("claire").get("/nulle-part")

    assert answer.status_code == 404
    assert "Cette page n'existe pas" in text_of(answer)


def test_an_unexpected_failure_gives_a_reference_and_logs_no_value(
    app: Flask, browser_of: Callable[[str], Browser], capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> str:
        secret = "DEMO-SECRET"
        raise RuntimeError(secret)

    app.view_functions["worklist.mine"] = broken
    answer = browser_of("claire").get("/ma-journee")

    said = text_of(answer)
    assert answer.status_code == 500
    assert "Référence :" in said and "Rien n'a été modifié" in said and "DEMO-SECRET" not in said
    logged = capsys.readouterr()
    assert "page_failed" in logged.out + logged.err
    assert "DEMO-SECRET" not in logged.out + logged.err


def test_files_with_a_hash_are_kept_for_ever_and_come_compressed(stranger: Browser) -> None:
    page = stranger.get("/connexion").get_data(as_text=True)
    script = page.partition('<script type="module" src="')[2].partition('"')[0]

    answer = stranger.get(script, headers={"Accept-Encoding": "gzip, br"})

    assert answer.headers["Content-Encoding"] == "br"
    assert "immutable" in answer.headers["Cache-Control"]
    assert stranger.get("/static/dist/../../app.py").status_code == 404


def test_the_service_worker_stands_at_the_root_and_is_never_cached(stranger: Browser) -> None:
    answer = stranger.get("/sw.js")

    assert answer.status_code == 200 and answer.mimetype == "text/javascript"
    assert answer.headers["Cache-Control"] == "no-cache"


def test_health_and_readiness(stranger: Browser) -> None:
    assert stranger.get("/healthz").json == {"status": "ok"}
    ready = stranger.get("/readyz")
    assert ready.status_code == 200 and ready.json is not None and ready.json["database"] is True


def test_readiness_fails_when_the_sweeps_stopped(app: Flask, stranger: Browser) -> None:
    app.extensions["parcours_last_sweep"] = lambda: 3600.0

    assert stranger.get("/readyz").status_code == 503
