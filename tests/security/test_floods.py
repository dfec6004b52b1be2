"""Odd requests and floods: refused at the door, slowed down one by one, and nobody else is slowed down with them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import event

from engine.db import Database
from tests.security.crawling import addresses, what_exists
from tests.web.browser import TOKEN, Browser, text_of
from web.security import WRITES

BrowserOf = Callable[[str], Browser]
PER_MINUTE = int(WRITES.split()[0])


@pytest.mark.parametrize(
    "path",
    ["/ma-journee?page=99999999999999999999", "/sorties?page=-99999999999999999999", "/recherche?q=%00",
     "/dossiers/%00", "/dossiers/C-1001/acces?avant=99999999999999999999", "/suivi?suite=1_x_y",
     "/ma-journee?voir=%ED%A0%80", "/recherche?q=%FF%FE"],
)  # fmt: skip
def test_what_no_database_takes_is_refused_at_the_door(browser_of: BrowserOf, path: str) -> None:
    assert browser_of("helene").get(path).status_code in (200, 400, 403, 404)


def test_a_huge_request_is_refused(browser_of: BrowserOf) -> None:
    answer = browser_of("claire").post("/demo/horloge", {"seconds": "1" * (7 * 1024 * 1024)})

    assert answer.status_code == 413
    assert "6 Mo" in text_of(answer)


def test_a_form_of_a_hundred_thousand_fields_is_answered_at_once(browser_of: BrowserOf) -> None:
    claire = browser_of("claire")
    began = time.process_time()

    answer = claire.post("/langue", {f"f{number}": "x" for number in range(100_000)})

    assert answer.status_code in (303, 413) and time.process_time() - began < 5


def test_one_account_that_floods_is_slowed_down_and_the_others_are_not(browser_of: BrowserOf) -> None:
    noisy, quiet = browser_of("claire"), browser_of("helene")
    tokens = {id(browser): _token(browser) for browser in (noisy, quiet)}

    def write(browser: Browser) -> tuple[int, float]:
        began = time.monotonic()
        form = {"csrf_token": tokens[id(browser)], "locale": "fr"}
        return browser.client.post("/langue", data=form).status_code, time.monotonic() - began

    before = statistics.median(write(quiet)[1] for _ in range(15))
    answers = [noisy.client.post("/langue", data={"csrf_token": tokens[id(noisy)]}) for _ in range(PER_MINUTE + 10)]
    during = [write(quiet) for _ in range(15)]

    assert {answer.status_code for answer in answers[: PER_MINUTE - 5]} == {303}
    assert answers[-1].status_code == 429 and int(answers[-1].headers["Retry-After"]) <= 60
    assert "Attendez une minute" in text_of(answers[-1])
    assert {status for status, _ in during} == {303}
    assert statistics.median(seconds for _, seconds in during) < before * 5 + 0.05


class Held:
    """How many connections of the pool are out, and the most there ever were."""

    def __init__(self, database: Database) -> None:
        self.now = self.most = 0
        event.listen(database.engine.pool, "checkout", self._out)
        event.listen(database.engine.pool, "checkin", self._in)

    def _out(self, *_: object) -> None:
        self.now += 1
        self.most = max(self.most, self.now)

    def _in(self, *_: object) -> None:
        self.now -= 1


def test_no_request_holds_two_connections_at_once(
    app: Flask, browser_of: BrowserOf, start_case: Callable[..., str], database: Database
) -> None:
    """With as many requests as connections, each waiting for a second one would wait for all the others."""
    known = what_exists(database, start_case())
    form = {
        "patient": known["patient_id"],
        "parcours": "try_out",
        "stay_number": "S-2",
        "reason": "other",
        "comment": "x",
    }
    held, greedy = Held(database), {}
    for login in ("helene", "claire", "maud", "hugo"):
        browser = browser_of(login)
        token = _token(browser)
        for method in ("GET", "POST"):
            for address in addresses(app, method, known):
                if "deconnexion" not in address:
                    held.most = held.now
                    data = {**form, "csrf_token": token} if method == "POST" else None
                    browser.client.open(address, method=method, data=data)
                    if held.most > 1:
                        greedy[f"{login}: {method} {address}"] = held.most
    assert not greedy


def _token(browser: Browser) -> str:
    found = TOKEN.search(browser.get("/hors-ligne").get_data(as_text=True))
    assert found is not None
    return found[1]


def test_asking_for_emergency_access_is_slowed_down(browser_of: BrowserOf) -> None:
    charlie = browser_of("charlie")
    asked = {"birth_name": "x", "birth_date": "1941-01-01", "reason": "patient_asks"}

    answers = [charlie.post("/urgence", asked) for _ in range(11)]

    assert [answer.status_code for answer in answers] == [422] * 10 + [429]
    assert "Retry-After" in answers[-1].headers
