"""The rights of a patient on the pages: an answer put right, the use of the data limited."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.actor import Actor
from engine.clock import utcnow
from engine.db import Database
from engine.models import Case, CaseFact, IdentityRectification, Patient
from engine.queries.actors import actor_of
from engine.queries.person_rights import identity
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


def test_an_identity_is_put_right_found_by_its_new_name_and_kept_as_it_was(
    browser_of: BrowserOf, start_case: Callable[..., str], database: Database
) -> None:
    start_case()
    maud = browser_of("maud")
    with database.reading() as session:
        josette = session.get_one(Patient, town.josette(session))
        session.expunge(josette)
    place = f"/patients/{josette.id}/identite"
    with database.reading() as session:
        typed = dict(identity(session, patient_id=josette.id, by=_maud(session)).traits)
    assert maud.post(place, typed).status_code == 422  # no reason
    assert "Rien n" in text_of(maud.post(place, {**typed, "reason": "rien"}))
    for day, why in (("2999-01-01", "dans le futur"), ("0001-01-01", "vérifiez l'année"), ("31/12/1999", "Indiquez")):
        wrong = maud.post(place, {**typed, "birth_date": day, "reason": "x"})
        assert wrong.status_code == 422 and why in text_of(wrong)

    sent = {
        **typed,
        "birth_name": "demo-campanule",
        "birth_date": "1941-03-18",
        "reason": "erreur du bureau des entrées",
    }
    assert maud.post(place, sent).status_code == 303

    page = text_of(maud.get(place))
    assert josette.birth_name in page and "erreur du bureau" in page
    with database.reading() as session:
        now_named = session.get_one(Patient, josette.id)
        assert (now_named.birth_name, now_named.birth_date.isoformat()) == ("DEMO-CAMPANULE", "1941-03-18")
        assert now_named.identity_status == "PROV"
        kept = {row.trait: row.before for row in session.execute(select(IdentityRectification)).scalars()}
        assert kept == {"birth_name": josette.birth_name, "birth_date": josette.birth_date.isoformat()}
    helene = browser_of("helene")
    assert "CAMPANULE" in text_of(helene.get("/parcours/nouveau?q=campanule"))
    assert "CAMPANULE" not in text_of(helene.get(f"/parcours/nouveau?q={josette.birth_name.split('-')[1]}"))
    export = text_of(maud.get(f"/patients/{josette.id}/donnees"))
    assert "Identité d'avant" in export and "erreur du bureau" in export and "birth_name" not in export


def test_nobody_else_puts_an_identity_right(
    browser_of: BrowserOf, start_case: Callable[..., str], database: Database
) -> None:
    start_case()
    with database.reading() as session:
        josette = town.josette(session)
    for who in ("claire", "helene"):
        assert browser_of(who).get(f"/patients/{josette}/identite").status_code == 404


def _maud(session: Session) -> Actor:
    return actor_of(session, professional_id=town.professional_of(session, "maud"), today=utcnow().date())
