"""The rights of a patient on the pages: an answer put right, the use of the data limited."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select

from engine.db import Database
from engine.models import Case, CaseFact
from tests.web import town
from tests.web.browser import Browser, text_of

BrowserOf = Callable[[str], Browser]


def test_a_nurse_puts_her_own_answer_right(
    browser_of: BrowserOf, start_case: Callable[..., str], database: Database
) -> None:
    number = start_case()
    helene = browser_of("helene")
    page = text_of(helene.get(f"/dossiers/{number}/donnees"))
    assert "Rectifier" in page
    place = f"/dossiers/{number}/donnees/stay_number/rectifier"
    assert "S-1" in helene.get(place).get_data(as_text=True)

    assert helene.post(place, {"stay_number": "S-2"}).status_code == 422  # no reason
    assert helene.post(place, {"stay_number": "S-1", "reason": "rien"}).status_code == 422  # no change
    assert helene.post(place, {"stay_number": "S-2", "reason": "inversion de chiffres"}).status_code == 303

    page = text_of(helene.get(f"/dossiers/{number}/donnees"))
    assert "S-2" in page and "1 valeur avant" in page
    assert "inversion de chiffres" in text_of(helene.get(f"/dossiers/{number}"))
    with database.reading() as session:
        assert len(session.execute(select(CaseFact).where(CaseFact.name == "stay_number")).all()) == 2


def test_who_did_not_answer_does_not_see_the_page(browser_of: BrowserOf, start_case: Callable[..., str]) -> None:
    number = start_case()
    claire = browser_of("claire")
    assert "Rectifier" not in text_of(claire.get(f"/dossiers/{number}/donnees"))
    assert claire.get(f"/dossiers/{number}/donnees/stay_number/rectifier").status_code == 403
    assert claire.get(f"/dossiers/{number}/donnees/nothing/rectifier").status_code == 404


def test_limitation_suspends_the_cases_until_it_is_lifted(
    browser_of: BrowserOf, start_case: Callable[..., str], database: Database
) -> None:
    start_case()
    maud = browser_of("maud")
    with database.reading() as session:
        josette = town.josette(session)

    def states() -> list[str]:
        with database.reading() as session:
            return list(session.execute(select(Case.state)).scalars())

    maud.post(f"/patients/{josette}/limitation", {"limitation": "notee"})
    assert states() == ["on_hold"] and "Suspendus" in text_of(maud.get(f"/patients/{josette}"))
    maud.post(f"/patients/{josette}/limitation", {"limitation": "notee"})
    assert "rien à limiter" in text_of(maud.get(f"/patients/{josette}"))
    maud.post(f"/patients/{josette}/limitation", {"limitation": "levee"})
    assert states() == ["active"]
    assert browser_of("claire").post(f"/patients/{josette}/limitation", {"limitation": "notee"}).status_code == 404
