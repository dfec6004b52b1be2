"""Need to know: opposition stops sharing at once, high sensitivity hides even titles, roles read their own fields."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from engine.actor import Actor, system_actor
from engine.clock import utcnow
from engine.commands import patients
from engine.db import Database
from engine.forms import parse_form
from engine.models import CaseFact, CaseHistory, Outbox, Pathway
from engine.visibility import readable
from tests.web import town
from tests.web.browser import Browser, text_of

BrowserOf = Callable[[str], Browser]


@pytest.fixture
def number(start_case: Callable[..., str], database: Database) -> str:
    """A case with Paul (GP) and Yann (social worker) in the circle."""
    opened = start_case()
    with database.transaction() as session:
        home = system_actor(town.territory_of(session).id)
        for login, role in (("paul", "gp"), ("yann", "social_worker")):
            patients.add_to_circle(
                session, patient_id=town.josette(session), role=role,
                professional_id=town.professional_of(session, login), by=home, now=utcnow(),
            )  # fmt: skip
    return opened


def test_opposition_stops_sharing_at_once_and_the_circle_is_told(
    browser_of: BrowserOf, number: str, database: Database
) -> None:
    claire, paul, helene, maud = (browser_of(login) for login in ("claire", "paul", "helene", "maud"))
    with database.reading() as session:
        josette = town.josette(session)
    assert maud.post(f"/patients/{josette}/opposition", {"opposition": "notee"}).status_code == 303

    for browser in (claire, paul, helene):
        assert browser.get(f"/dossiers/{number}").status_code == 404
        for path in ("/ma-journee?voir=faits", "/ma-journee?voir=a-venir", "/mes-patients", "/sorties",
                     "/sorties?voir=closes", "/recherche?q=abeille", "/parcours/nouveau?q=abeille"):  # fmt: skip
            assert b"ABEILLE" not in browser.get(path).get_data()
    with database.reading() as session:
        told = session.execute(select(Outbox.recipient_id).where(Outbox.template == "opposition")).scalars().all()
        assert {town.professional_of(session, login) for login in ("maud", "claire", "paul", "yann")} == set(told)
    answer = helene.post("/urgence", {"birth_name": "DEMO-ABEILLE", "birth_date": "1941-03-17", "reason": "other"})
    assert answer.status_code == 422


def test_a_patient_who_opposed_gets_no_new_pathway_until_they_agree_again(
    browser_of: BrowserOf, number: str, start_case: Callable[..., str], database: Database
) -> None:
    maud = browser_of("maud")
    with database.reading() as session:
        josette = town.josette(session)
    maud.post(f"/patients/{josette}/opposition", {"opposition": "notee"})
    with pytest.raises(Exception, match="s'oppose au partage"):
        start_case(stay="S-9")

    maud.post(f"/patients/{josette}/opposition", {"opposition": "levee"})

    assert start_case(stay="S-9") != number


def test_high_sensitivity_hides_even_the_title_from_the_circle(
    browser_of: BrowserOf, number: str, database: Database
) -> None:
    paul = browser_of("paul")
    assert "ABEILLE" in text_of(paul.get("/mes-patients")) and paul.get(f"/dossiers/{number}").status_code == 200
    with database.transaction() as session:
        session.execute(update(Pathway).values(sensitivity="high"))

    assert "ABEILLE" not in text_of(paul.get("/mes-patients"))
    assert paul.get(f"/dossiers/{number}").status_code == 404
    assert browser_of("claire").get(f"/dossiers/{number}").status_code == 200, "who works on it sees it"


def test_a_social_worker_reads_no_remark_of_the_care_professions(
    browser_of: BrowserOf, number: str, database: Database
) -> None:
    claire = browser_of("claire")
    with database.transaction() as session:
        done = session.execute(select(CaseHistory.case_id)).scalars().first()
        for name in ("comment", "attachment"):
            session.add(
                CaseFact(
                    territory_id=town.territory_of(session).id, case_id=done, name=name, value="ulcère suintant",
                    recorded_at=utcnow(), recorded_by="Claire", form_key="every_type", scope="",
                )
            )  # fmt: skip

    assert "ulcère suintant" in text_of(claire.get(f"/dossiers/{number}/donnees"))
    yann = browser_of("yann")
    assert yann.get(f"/dossiers/{number}").status_code == 200
    for page in ("", "/donnees", "/equipe", "/attentes", "/schema", "/schema.json"):
        assert "ulcère" not in yann.get(f"/dossiers/{number}{page}").get_data(as_text=True)
    assert "Mme Josette" not in text_of(yann.get("/recherche?q=suintant"))


def test_each_family_of_roles_reads_its_own_fields(actor: Callable[[str], Actor]) -> None:
    label = {"fr": "x", "en": "x"}
    fields = [
        {"name": audience, "type": "str", "label": label, "audience": audience}
        for audience in ("clinical", "social", "administrative", "all")
    ]
    form = parse_form({"key": "f", "title": label, "sections": [{"fields": fields}]})
    values = dict.fromkeys(("clinical", "social", "administrative", "all"), "v")

    assert set(readable(values, form=form, by=actor("claire"))) == {"clinical", "social", "administrative", "all"}
    assert set(readable(values, form=form, by=actor("yann"))) == {"social", "administrative", "all"}
    assert set(readable(values, form=form, by=actor("maud"))) == {"social", "administrative", "all"}
    assert set(readable(values, form=form, by=actor("hugo"))) == {"administrative", "all"}
