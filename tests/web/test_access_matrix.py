"""Who may do what, written down: every route, for everybody. A route without a row fails, and so does another answer.

`access_matrix.toml` holds, for each route, one answer per column: the status, with `*` when the patient is named in it.
After adding a route, run this file with PARCOURS_WRITE_MATRIX=1, read the difference line by line, and commit it.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from werkzeug.test import Cookie

from engine.actor import Actor, system_actor
from engine.clock import utcnow
from engine.commands import patients, people, sign_ins, territories
from engine.db import Database
from engine.models import CareCircleMember, PathwayVersion, ProfessionalRole, Task
from tests.web import matrix_programs, town
from tests.web.browser import TOKEN, Browser

MATRIX = Path(__file__).with_name("access_matrix.toml")
COLUMNS: Mapping[str, str | None] = {
    "anonymous": None,
    "other_territory": "zoe",  # a coordinator, but elsewhere
    "other_organization": "ursule",  # a nurse of another hospital
    "ward": "helene",  # of the ward that opened the case
    "task_owner": "claire",  # the usual nurse, who has the visit
    "outside_circle": "charlie",  # the right role, another sector
    "in_circle": "paul",  # the GP of the circle, without a task
    "ex_member": "marc",  # was in the circle until yesterday, and has left the practice
    "social_worker": "yann",  # in the circle, reads no clinical field
    "coordinator": "maud",
    "designer": "hugo",
    "board": "bertrand",
    "service": "robot",  # a program's account has no browser session
    "administrator": "ada",  # of the territory
    **dict.fromkeys(matrix_programs.COLUMNS),  # programs, by their token
}
STATIC = ("/static/", "/sw.js")
COOKIES = ("parcours", "parcours_form")


@pytest.fixture
def territory(database: Database, actor: Callable[[str], Actor], start_case: Callable[..., str]) -> dict[str, str]:
    """The town with a running case, one person for each column, and what fills the variables of addresses."""
    now = utcnow()
    number = start_case()
    with database.transaction() as session:
        josette = town.josette(session)
        home = system_actor(town.territory_of(session).id)
        elsewhere = system_actor(territories.create(session, code="elsewhere", name="CPTS voisine", kind="demo"))
        _arrive(session, "zoe", "coordinator", elsewhere)
        _arrive(session, "bertrand", "board_member", home)
        _arrive(session, "ada", "territory_admin", home)
        people.add_account(session, login="robot", professional_id=None, kind="service", by=home, now=now)
        for login, role in (("paul", "gp"), ("yann", "social_worker"), ("marc", "home_nurse")):
            patients.add_to_circle(
                session, patient_id=josette, role=role, professional_id=town.professional_of(session, login),
                by=home, now=now - timedelta(days=3),
            )  # fmt: skip
        marc = town.professional_of(session, "marc")
        session.execute(
            update(CareCircleMember)
            .where(CareCircleMember.professional_id == marc)
            .values(valid_to=now - timedelta(days=1))
        )
        session.execute(
            update(ProfessionalRole)
            .where(ProfessionalRole.professional_id == marc)
            .values(valid_to=now.date() - timedelta(days=1))
        )
        return {
            "number": number,
            "task_id": str(session.execute(select(Task.id).where(Task.element_id == "home_visit")).scalar_one()),
            "patient_id": str(josette),
            "version": str(session.execute(select(PathwayVersion.id)).scalars().first()),
            "version_id": str(session.execute(select(PathwayVersion.id)).scalars().first()),
            "key": "try_out",
            "name": "alert",
        }


def _arrive(session: Session, login: str, role: str, by: Actor) -> None:
    now = utcnow()
    person = people.add_professional(session, family_name=f"DEMO-{login.upper()}", given_name=login, by=by, now=now)
    people.give_role(session, professional_id=person, role=role, valid_from=date(2020, 1, 1), by=by, now=now)
    people.add_account(session, login=login, professional_id=person, by=by, now=now)


@contextmanager
def _nothing_is_kept(database: Database) -> Iterator[None]:
    """Every request is rolled back, so that each stands alone whatever came before it."""
    original = database.transaction

    @contextmanager
    def rolled_back() -> Iterator[Session]:
        with database._sessions() as session:
            if database.is_sqlite:
                session.connection().exec_driver_sql("BEGIN")
            yield session
            session.rollback()

    database.transaction = rolled_back  # type: ignore[method-assign]
    try:
        yield
    finally:
        database.transaction = original  # type: ignore[method-assign]


def _routes(app: Flask) -> list[tuple[str, str]]:
    found = {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or ())
        if method not in ("HEAD", "OPTIONS") and not rule.rule.startswith(STATIC)
    }
    return sorted(found, key=lambda route: (route[1], route[0]))


def _filled(rule: str, known: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        kind, name = match[1] or "", match[2]
        return known.get(name) or (str(UUID(int=1)) if kind == "uuid:" else "1" if kind == "int:" else "inconnu")

    return re.sub(r"<(\w+:)?(\w+)>", value, rule)


def _browser(app: Flask, database: Database, login: str | None) -> tuple[Browser, str]:
    browser = Browser(app, database)
    if login is not None:
        with database.transaction() as session:
            token = sign_ins.open_for(session, account_id=town.account_of(session, login), device="", now=utcnow())
        browser.client.set_cookie("parcours", token)
    found = TOKEN.search(browser.get("/hors-ligne").get_data(as_text=True))
    assert found is not None
    return browser, found[1]


def _signed_in_again(browser: Browser, kept: Sequence[Cookie]) -> None:
    """As before the first request: routes that sign out or lock take the cookies, and what they did is rolled back."""
    for cookie in kept:
        browser.client.set_cookie(cookie.key, cookie.value)


def _answers(app: Flask, database: Database, known: Mapping[str, str]) -> dict[str, list[str]]:
    rows: dict[str, list[str]] = {f"{method} {rule}": [] for method, rule in _routes(app)}
    shown = matrix_programs.tokens(app, database)
    for column, login in COLUMNS.items():
        browser, token = _browser(app, database, login if column != "service" else None)
        kept = [cookie for name in COOKIES if (cookie := browser.client.get_cookie(name)) is not None]
        with _nothing_is_kept(database):
            for method, rule in _routes(app):
                _signed_in_again(browser, kept)
                form = {"data": {"csrf_token": token, "login": column}} if method != "GET" else {}
                secret = shown[column](f"{method} {rule}") if column in shown else ""
                answer = browser.client.open(
                    _filled(rule, known),
                    method=method,
                    environ_base={"REMOTE_ADDR": f"192.0.2.{list(COLUMNS).index(column)}"},
                    **(matrix_programs.request_of(method, rule, secret, form) if column in shown else form),
                )
                named = b"ABEILLE" in answer.get_data()
                rows[f"{method} {rule}"].append(f"{answer.status_code}{'*' if named else ''}")
    return rows


def _written(rows: Mapping[str, list[str]]) -> str:
    wide = 68  # longer routes only push their own line
    head = "# One answer per column: the status, `*` when the patient is named. See test_access_matrix.py.\n"
    head += "columns = [" + ", ".join(f'"{column}"' for column in COLUMNS) + "]\n\n[routes]\n"
    lines = (
        f'"{route}"'.ljust(wide) + ' = "' + " ".join(one.ljust(4) for one in answers).rstrip() + '"'
        for route, answers in rows.items()
    )
    return head + "\n".join(lines) + "\n"


def test_every_route_answers_everybody_as_written(app: Flask, database: Database, territory: dict[str, str]) -> None:
    found = _answers(app, database, territory)
    if os.environ.get("PARCOURS_WRITE_MATRIX"):
        MATRIX.write_text(_written(found), encoding="utf-8")
    expected = tomllib.loads(MATRIX.read_text(encoding="utf-8"))
    assert expected["columns"] == list(COLUMNS)

    missing = [route for route in found if route not in expected["routes"]]
    assert not missing, f"routes without a row in {MATRIX.name}"
    wrong = [
        f"{route}, {column}: {answer} instead of {wanted}"
        for route, answers in found.items()
        for column, answer, wanted in zip(COLUMNS, answers, expected["routes"][route].split(), strict=True)
        if answer != wanted
    ]
    assert not wrong
    assert not [route for route in expected["routes"] if route not in found], "rows of routes that no longer exist"


def test_nobody_is_answered_with_a_failure() -> None:
    routes = tomllib.loads(MATRIX.read_text(encoding="utf-8"))["routes"]

    assert not [route for route, answers in routes.items() if re.search(r"\b5\d\d", answers)]


def test_the_patient_is_named_only_to_those_around_them() -> None:
    matrix = tomllib.loads(MATRIX.read_text(encoding="utf-8"))
    people_outside = ("anonymous", "other_territory", "outside_circle", "ex_member", "designer", "board", "service")
    strangers = (*people_outside, "administrator", *(one for one in matrix_programs.COLUMNS if one != "token"))
    told = [
        f"{route}: {column}"
        for route, answers in matrix["routes"].items()
        for column, answer in zip(matrix["columns"], answers.split(), strict=True)
        if column in strangers and answer.endswith("*")
    ]

    assert not told


def test_a_token_opens_the_api_and_nothing_else() -> None:
    matrix = tomllib.loads(MATRIX.read_text(encoding="utf-8"))
    rows = {
        route: dict(zip(matrix["columns"], answers.split(), strict=True)) for route, answers in matrix["routes"].items()
    }
    wrong = [
        f"{route}, {column}"
        for route, row in rows.items()
        for column in matrix_programs.COLUMNS
        if matrix_programs.API not in route and row[column] != row["anonymous"]
    ]

    assert not wrong


def test_only_a_live_token_opens_an_operation() -> None:
    matrix = tomllib.loads(MATRIX.read_text(encoding="utf-8"))
    operations = {route: answers.split() for route, answers in matrix["routes"].items() if "/api/v1/" in route}
    shut = ("anonymous", "coordinator", "administrator", "token_expired", "token_revoked")
    for route in operations.keys() - {"GET /api/v1/openapi.json"}:
        row = dict(zip(matrix["columns"], operations[route], strict=True))
        assert {row[column] for column in shut} == {"401"}, route
        assert row["token_other_scope"] == "403" or route == "GET /api/v1/token", route
