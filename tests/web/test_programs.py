"""« Accès des programmes »: the administration gives an access, sees its use, takes it back."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import select

from engine.actor import system_actor
from engine.clock import utcnow
from engine.commands import people
from engine.db import Database
from engine.models import Organization, ServiceToken
from tests.web import town
from tests.web.api.program import Program
from tests.web.browser import Browser, text_of


@pytest.fixture
def admin(browser_of: Callable[[str], Browser], database: Database) -> Browser:
    """The browser of the territory's administrator."""
    now = utcnow()
    with database.transaction() as session:
        by = system_actor(town.territory_of(session).id)
        person = people.add_professional(session, family_name="DEMO-ADA", given_name="Ada", by=by, now=now)
        people.give_role(
            session, professional_id=person, role="territory_admin", valid_from=date(2020, 1, 1), by=by, now=now
        )
        people.add_account(session, login="ada", professional_id=person, by=by, now=now)
    return browser_of("ada")


def _asked(database: Database, **more: object) -> dict[str, object]:
    with database.reading() as session:
        place = session.execute(select(Organization.id).where(Organization.code == "hospital")).scalar_one()
    return {"name": "SIH", "organization": str(place), "scope": ["cases:read"], "days": "30", **more}


def test_an_access_is_given_shown_once_used_and_taken_back(admin: Browser, app: Flask, database: Database) -> None:
    assert "Aucun programme n'a d'accès" in text_of(admin.get("/programmes"))

    issued = admin.post("/programmes", _asked(database))
    assert issued.status_code == 201
    secret = re.search(r"parcours_[0-9a-f]{32}_[\w-]{43}", issued.get_data(as_text=True))
    assert secret is not None
    program = Program(app, secret[0])
    assert "jamais" in text_of(admin.get("/programmes")) and secret[0] not in admin.get("/programmes").get_data(True)
    assert program.get("/cases").status_code == 200
    assert "jamais" not in text_of(admin.get("/programmes"))

    with database.reading() as session:
        token_id = session.execute(select(ServiceToken.id)).scalar_one()
    assert admin.post(f"/programmes/{token_id}/retirer").status_code == 303
    assert "retiré" in text_of(admin.get("/programmes"))
    assert program.get("/cases").status_code == 401


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": ""}, "Donnez au programme un nom"),
        ({"organization": "x"}, "Choisissez la structure"),
        ({"scope": []}, "Choisissez au moins une chose"),
        ({"scope": ["everything"]}, "Portée inconnue"),
        ({"days": "²"}, "Indiquez une durée"),
        ({"days": "400"}, "comprise entre 1 et 366"),
    ],
)
def test_an_incomplete_demand_is_said_and_nothing_is_issued(
    admin: Browser, database: Database, wrong: dict[str, object], said: str
) -> None:
    answer = admin.post("/programmes", _asked(database, **wrong))

    assert answer.status_code == 422 and said in text_of(answer)
    with database.reading() as session:
        assert session.execute(select(ServiceToken)).first() is None


def test_the_button_pressed_twice_issues_one_token(admin: Browser, database: Database) -> None:
    admin.post("/programmes", _asked(database))
    again = admin.post("/programmes", _asked(database))

    assert again.status_code == 409 and "déjà ouvert" in text_of(again)


def test_nobody_else_gives_accesses(browser_of: Callable[[str], Browser], database: Database) -> None:
    for login in ("maud", "hugo", "helene"):
        browser = browser_of(login)
        assert browser.get("/programmes").status_code == 403
        assert browser.post("/programmes", _asked(database)).status_code == 403
        assert "Accès des programmes" not in browser.get("/compte/sessions").get_data(as_text=True)
