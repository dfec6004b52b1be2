"""Authorisation: everything is closed but what is written down as open; the whole table is the access matrix's.

`tests/web/access_matrix.toml` holds one answer per route and kind of person, and its test compares it with what is
really answered. Here: that nothing escapes the table, and that the table itself keeps the rule.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable

import pytest
from flask import Flask

from engine.db import Database
from tests.security.crawling import addresses, what_exists
from tests.web.browser import Browser
from tests.web.test_access_matrix import MATRIX, _routes

TABLE = tomllib.loads(MATRIX.read_text(encoding="utf-8"))
STRANGERS = (
    "anonymous", "other_territory", "outside_circle", "ex_member", "designer", "board", "service", "administrator",
    "token_other_scope", "token_other_organization", "token_other_territory", "token_expired", "token_revoked",
)  # fmt: skip
OPEN_TO_ANYBODY = {
    "GET /connexion", "GET /healthz", "GET /readyz", "GET /hors-ligne", "GET /invitation/<token>", "GET /lien",
    "GET /lien/merci", "GET /api/v1/openapi.json",
}  # fmt: skip
"""What answers 200 to somebody nobody knows."""


def _answers(route: str) -> dict[str, str]:
    return dict(zip(TABLE["columns"], TABLE["routes"][route].split(), strict=True))


def test_a_route_that_nobody_wrote_down_is_noticed(app: Flask) -> None:
    before = set(_routes(app))
    app.add_url_rule("/oubliee", "oubliee", lambda: "x")

    assert set(_routes(app)) - before == {("GET", "/oubliee")}, "and the matrix compares this list with its rows"
    assert "GET /oubliee" not in TABLE["routes"]


def test_a_page_whose_author_forgot_to_ask_who_comes_is_closed(app: Flask, stranger: Browser) -> None:
    app.add_url_rule("/oubliee", "oubliee", lambda: "x")

    assert stranger.get("/oubliee").headers["Location"].startswith("/connexion")


def test_nothing_is_answered_to_somebody_unknown_but_what_is_listed(
    app: Flask, stranger: Browser, database: Database, start_case: Callable[..., str]
) -> None:
    shown = {route for route in TABLE["routes"] if _answers(route)["anonymous"].startswith("2")}
    assert shown <= OPEN_TO_ANYBODY

    known = what_exists(database, start_case())
    for address in addresses(app, "GET", known):
        assert b"ABEILLE" not in stranger.get(address).get_data(), address


@pytest.mark.parametrize("column", STRANGERS)
def test_the_patient_is_named_to_nobody_outside_the_circle(column: str) -> None:
    assert not [route for route in TABLE["routes"] if _answers(route)[column].endswith("*")]


def test_nobody_is_answered_with_a_failure() -> None:
    assert not [route for route, answers in TABLE["routes"].items() if re.search(r"\b5\d\d", answers)]


def test_a_person_of_another_territory_is_never_told_more_than_that_nothing_exists() -> None:
    about_something = [route for route in TABLE["routes"] if re.search(r"<number>|<uuid:(task|patient)_id>", route)]

    assert len(about_something) > 20
    assert not [
        route for route in about_something if _answers(route)["other_territory"][:3] not in ("401", "403", "404")
    ]
