"""« Conservation »: the coordination sees what a purge would do, asks for it, and reads its certificate."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from engine.clock import utcnow
from engine.db import Database
from engine.models import Case, Job, TerritoryRow
from tests.web import town
from tests.web.browser import Browser, text_of
from worker.retention import carry_on

BrowserOf = Callable[[str], Browser]


@pytest.fixture
def old_case(start_case: Callable[..., str], browser_of: BrowserOf, database: Database) -> str:
    """A case that closed three years ago."""
    number = start_case()
    browser_of("maud").post(f"/dossiers/{number}/annuler", {"reason": "fin"})
    with database.transaction() as session:
        session.execute(update(Case).values(closed_at=utcnow() - timedelta(days=1_100)))
    return number


def test_a_purge_is_announced_confirmed_and_certified(browser_of: BrowserOf, old_case: str, database: Database) -> None:
    maud = browser_of("maud")
    said = text_of(maud.get("/conservation"))
    assert "effacerait aujourd'hui 1 personne" in said and "Aucune purge" in said

    refused = maud.post("/conservation/purges", {"seen": "1", "confirmation": "oui"})
    assert refused.status_code == 422 and "EFFACER" in text_of(refused)
    changed = maud.post("/conservation/purges", {"seen": "2", "confirmation": "EFFACER"})
    assert changed.status_code == 409 and "La liste a changé" in text_of(changed)

    begun = maud.post("/conservation/purges", {"seen": "1", "confirmation": "effacer"})
    assert begun.status_code == 303
    assert "En cours" in text_of(maud.get(begun.location))
    with database.reading() as session:
        job, territory = session.execute(select(Job.id, Job.territory_id).where(Job.kind == "purge")).one()
    carry_on(database, job, territory_id=territory, now=utcnow())

    done = text_of(maud.get(begun.location))
    assert "Terminée" in done and "Personnes effacées" in done and "ABEILLE" not in done
    assert "Personne n'est à effacer aujourd'hui" in text_of(maud.get("/conservation"))


def test_a_length_is_chosen_within_its_bounds(browser_of: BrowserOf, database: Database) -> None:
    maud = browser_of("maud")
    assert maud.post("/conservation/closed_cases", {"days": "1095"}).status_code == 303
    with database.reading() as session:
        assert session.execute(select(TerritoryRow.settings)).scalar_one()["retention_days"] == {"closed_cases": 1095}
    for typed in ("3", "beaucoup", ""):
        assert maud.post("/conservation/closed_cases", {"days": typed}).status_code == 422
    assert maud.post("/conservation/everything", {"days": "90"}).status_code == 422


def test_a_complaint_suspends_the_erasure_from_the_page_of_rights(
    browser_of: BrowserOf, old_case: str, database: Database
) -> None:
    maud = browser_of("maud")
    with database.reading() as session:
        josette = town.josette(session)
    assert maud.post(f"/patients/{josette}/conservation", {"reason": "complaint"}).status_code == 303
    assert "Suspendu pour une réclamation" in text_of(maud.get(f"/patients/{josette}"))
    refused = maud.post(f"/patients/{josette}/effacement", {"confirmation": "EFFACER"})
    assert refused.status_code == 409 and "suspendu" in text_of(refused)
    assert "1 personne est gardée au-delà" in text_of(maud.get("/conservation"))

    maud.post(f"/patients/{josette}/conservation", {"act": "release"})

    assert "effacerait aujourd'hui 1 personne" in text_of(maud.get("/conservation"))


@pytest.mark.parametrize("who", ["claire", "helene"])
def test_nobody_else_finds_the_page(browser_of: BrowserOf, who: str) -> None:
    assert browser_of(who).get("/conservation").status_code == 404
