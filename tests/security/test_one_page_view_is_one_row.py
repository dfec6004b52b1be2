"""One page view is one row of the trace: whatever page shows a patient writes exactly one, others write none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from engine.db import Database
from engine.models import AuditEvent, Case, PathwayVersion, Task, TerritoryRow
from tests.web import town
from tests.web.browser import Browser

READERS = ("helene", "claire", "paul", "yann", "maud", "hugo", "charlie")
QUERIES = ("", "?voir=a-venir", "?voir=a-prendre", "?q=abeille")


@dataclass
class Ids:
    """What stands for the variables of addresses."""

    number: str
    task_id: str
    patient_id: str
    version: str

    def fill(self, rule: str) -> str:
        values = {
            "<number>": self.number, "<uuid:task_id>": self.task_id, "<uuid:patient_id>": self.patient_id,
            "<version>": self.version, "<key>": "try_out", "<name>": "alert",
        }  # fmt: skip
        for variable, value in values.items():
            rule = rule.replace(variable, value)
        return rule


@pytest.fixture
def ids(database: Database, start_case: Callable[..., str]) -> Ids:
    number = start_case()
    with database.reading() as session:
        return Ids(
            number=number,
            task_id=str(session.execute(select(Task.id).where(Task.element_id == "home_visit")).scalar_one()),
            patient_id=str(town.josette(session)),
            version=str(session.execute(select(PathwayVersion.id)).scalars().first()),
        )


def _reads(database: Database) -> list[Any]:
    with database.reading() as session:
        columns = (AuditEvent.action, AuditEvent.patient_id, AuditEvent.detail)
        return list(
            session.execute(
                select(*columns).where(AuditEvent.action.in_(("read", "export"))).order_by(AuditEvent.id)
            ).all()
        )


def _pages(app: Flask, ids: Ids) -> list[str]:
    rules = [rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())]
    return sorted(path + query for path in (ids.fill(rule) for rule in rules) if "<" not in path for query in QUERIES)


@pytest.mark.parametrize("login", READERS)
def test_every_page_that_shows_a_patient_writes_exactly_one_row(
    app: Flask, database: Database, browser_of: Callable[[str], Browser], ids: Ids, login: str
) -> None:
    browser = browser_of(login)
    with database.reading() as session:
        josette = town.josette(session)
    wrong: list[str] = []
    shown = 0
    for path in _pages(app, ids):
        before = len(_reads(database))
        answer = browser.get(path)
        said = answer.get_data().decode(errors="replace")
        rows = _reads(database)[before:]
        shows = "DEMO-ABEILLE" in said
        shown += shows
        about = [row for row in rows if row.patient_id == josette or josette.hex in row.detail.get("patients", ())]
        if len(rows) != len(about) or len(about) != int(shows):
            wrong.append(f"{path} ({answer.status_code}): shows {shows}, {len(rows)} rows")
    assert not wrong
    assert bool(shown) == (login in ("helene", "claire", "yann", "maud"))


@pytest.fixture
def browsers(browser_of: Callable[[str], Browser]) -> dict[str, Browser]:
    return {login: browser_of(login) for login in READERS}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whoever_looks_at_whatever_in_any_order_leaves_one_row_for_each_page_that_shows_a_patient(
    app: Flask, database: Database, browsers: dict[str, Browser], ids: Ids, data: st.DataObject
) -> None:
    """Rows do not depend on what was looked at before, by whom, with which filter, or how often."""
    before, shown = len(_reads(database)), 0
    looks = st.lists(st.tuples(st.sampled_from(READERS), st.sampled_from(_pages(app, ids))), max_size=6)
    for login, path in data.draw(looks):
        shown += b"DEMO-ABEILLE" in browsers[login].get(path).get_data()

    assert len(_reads(database)) - before == shown


def test_a_page_that_cannot_be_traced_is_not_shown(
    browser_of: Callable[[str], Browser], ids: Ids, monkeypatch: pytest.MonkeyPatch
) -> None:
    claire = browser_of("claire")

    def refuse(*_arguments: object, **_more: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("engine.commands.reads.note", refuse)
    answer = claire.get(f"/taches/{ids.task_id}")

    assert answer.status_code == 500
    assert "ABEILLE" not in answer.get_data(as_text=True)


def test_the_case_page_says_who_saw_it(browser_of: Callable[[str], Browser], ids: Ids) -> None:
    browser_of("claire").get(f"/taches/{ids.task_id}")

    said = browser_of("maud").get(f"/dossiers/{ids.number}/acces").get_data(as_text=True)
    assert "Claire DEMO-CLAIRE" in said and "a consulté" in said


def test_the_coordination_sees_in_one_click_who_saw_a_patient(browser_of: Callable[[str], Browser], ids: Ids) -> None:
    browser_of("claire").get("/ma-journee?voir=a-venir")

    said = browser_of("maud").get(f"/patients/{ids.patient_id}/acces").get_data(as_text=True)
    assert "Claire DEMO-CLAIRE" in said
    assert browser_of("claire").get(f"/patients/{ids.patient_id}/acces").status_code == 404


def test_signing_in_and_being_refused_leave_a_trace_without_what_was_typed(
    stranger: Browser, database: Database
) -> None:
    with database.transaction() as session:
        session.execute(update(TerritoryRow).values(kind="live"))
    stranger.post("/connexion", {"login": "claire", "password": "faux"}, token_from="/connexion")
    stranger.post("/connexion", {"login": "un-mot-de-passe", "password": "x"}, token_from="/connexion")
    stranger.post("/connexion", {"login": "claire", "password": town.PASSWORD}, token_from="/connexion")
    stranger.post("/deconnexion")

    with database.reading() as session:
        claire = town.account_of(session, "claire")
        events = session.execute(select(AuditEvent).where(AuditEvent.action.in_(("sign_in", "sign_out"))))
        rows = [(row.action, row.result, row.account_id) for row in events.scalars()]
        written = " ".join(str(row.__dict__) for row in session.execute(select(AuditEvent)).scalars())
    assert rows == [
        ("sign_in", "refused", claire), ("sign_in", "refused", None), ("sign_in", "done", claire),
        ("sign_out", "done", claire),
    ]  # fmt: skip
    assert "un-mot-de-passe" not in written and "faux" not in written


def test_taking_a_list_away_is_an_export(browser_of: Callable[[str], Browser], ids: Ids, database: Database) -> None:
    browser_of("maud").get("/suivi/export.csv")

    assert [row.action for row in _reads(database)] == ["export"]
    with database.reading() as session:
        assert session.execute(select(Case.number)).scalar_one() == ids.number
