"""« Mes sorties », « Nouveau parcours », « Mes patients »: what each side of the discharge sees."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import func, select

from engine.actor import Actor
from engine.clock import utcnow
from engine.commands import patients
from engine.db import Database
from engine.models import Case, Patient
from tests.web import town
from tests.web.browser import Browser, text_of


def josette_page(browser: Browser) -> str:
    """The page of a new case with Josette chosen."""
    page = browser.get("/parcours/nouveau?q=abei").get_data(as_text=True)
    found = re.search(r'href="(/parcours/nouveau\?patient=[^"]+)"', page)
    assert found is not None
    return html.unescape(found[1])


def start_form(browser: Browser, **more: str) -> dict[str, str]:
    patient = re.search(r"patient=([0-9a-f-]{36})", josette_page(browser))
    assert patient is not None
    return {
        "patient": patient[1], "parcours": "try_out", "stay_number": "S-7", "usual_nurse": "Claire DEMO-CLAIRE",
        "idempotency_key": "k-1", **more,
    }  # fmt: skip


class TestDischarges:
    def test_the_ward_sees_what_comes_next_and_who_answers_for_it(
        self, browser_of: Callable[[str], Browser], start_case: Callable[..., str]
    ) -> None:
        number = start_case()

        said = text_of(browser_of("helene").get("/sorties"))

        assert "Mme Josette DEMO-ABEILLE" in said and number in said
        assert "Contrôle du service" in said and "Infirmier·e du service" in said and "En ordre" in said

    def test_another_hospital_sees_none_of_it(
        self, browser_of: Callable[[str], Browser], start_case: Callable[..., str]
    ) -> None:
        start_case()
        said = text_of(browser_of("ursule").get("/sorties"))

        assert "ABEILLE" not in said and "Aucune sortie en préparation" in said

    def test_the_list_is_not_for_the_town(self, browser_of: Callable[[str], Browser]) -> None:
        assert browser_of("claire").get("/sorties").status_code == 403

    def test_the_number_of_statements_does_not_grow(
        self, browser_of: Callable[[str], Browser], start_case: Callable[..., str], database: Database,
        actor: Callable[[str], Actor],
    ) -> None:  # fmt: skip
        def declare(number: int) -> None:
            with database.transaction() as session:
                one = patients.register_patient(
                    session, birth_name=f"DEMO-{number}", given_name="Ida", sex="female",
                    birth_date=utcnow().date(), by=actor("helene"), now=utcnow(),
                )  # fmt: skip
            start_case(stay=f"S-{number + 10}", patient_id=one)

        start_case()
        declare(0)
        helene = browser_of("helene")
        helene.get("/sorties")
        with helene.counting() as for_two:
            helene.get("/sorties")
        for number in range(1, 6):
            declare(number)

        with helene.counting() as for_many:
            page = helene.get("/sorties")

        assert text_of(page).count("Contrôle du service") == 7
        assert len(for_many) == len(for_two) <= 12


class TestNewCase:
    def test_a_patient_is_found_by_name_and_by_ins(self, browser_of: Callable[[str], Browser]) -> None:
        helene = browser_of("helene")

        for words in ("abei", "josette abei", "2 41 03 99 999 017 05"):
            assert "né·e le 17/03/1941" in text_of(helene.get("/parcours/nouveau", query_string={"q": words}))
        assert "Aucun patient pour « martni »" in text_of(helene.get("/parcours/nouveau?q=martni"))
        assert "ABEILLE" not in text_of(helene.get("/parcours/nouveau?q=ab"))

    def test_who_may_start_nothing_is_told(self, browser_of: Callable[[str], Browser]) -> None:
        answer = browser_of("claire").get("/parcours/nouveau?q=abei")

        assert answer.status_code == 403
        assert "ne démarre aucun des parcours" in text_of(answer)

    def test_the_first_steps_are_shown_and_nothing_is_kept(
        self, browser_of: Callable[[str], Browser], database: Database
    ) -> None:
        helene = browser_of("helene")
        answer = helene.post("/parcours/nouveau", start_form(helene, simuler="oui"))

        said = text_of(answer)
        assert "Premières étapes" in said and "Visite d'essai" in said and "Contrôle du service" in said
        with database.reading() as session:
            assert session.execute(select(func.count(Case.id))).scalar_one() == 0

    def test_pressing_twice_opens_one_case(self, browser_of: Callable[[str], Browser], database: Database) -> None:
        helene = browser_of("helene")
        form = start_form(helene)
        first, again = helene.post("/parcours/nouveau", form), helene.post("/parcours/nouveau", form)

        assert first.headers["Location"] == again.headers["Location"]
        with database.reading() as session:
            assert session.execute(select(func.count(Case.id))).scalar_one() == 1

    def test_the_same_stay_cannot_have_two(self, browser_of: Callable[[str], Browser]) -> None:
        helene = browser_of("helene")
        helene.post("/parcours/nouveau", start_form(helene))

        answer = helene.post("/parcours/nouveau", start_form(helene, idempotency_key="k-2"))

        assert answer.status_code == 409
        assert "Ce parcours existe déjà" in text_of(answer)
        assert 'value="S-7"' in answer.get_data(as_text=True)
        assert "1 parcours est déjà ouvert pour ce patient" in text_of(answer)

    def test_a_missing_answer_is_named(self, browser_of: Callable[[str], Browser]) -> None:
        helene = browser_of("helene")
        answer = helene.post("/parcours/nouveau", start_form(helene, stay_number=""))

        assert answer.status_code == 422
        assert "Numéro de séjour : Ce champ est obligatoire." in text_of(answer)

    def test_the_receipt_shows_who_was_asked(self, browser_of: Callable[[str], Browser]) -> None:
        helene = browser_of("helene")
        address = helene.post("/parcours/nouveau", start_form(helene)).headers["Location"]

        said = text_of(helene.get(address))
        assert "Parcours lancé" in said and "proposée, sans réponse" in said
        part = helene.get(address, headers={"HX-Request": "true"}).get_data(as_text=True)
        assert part.startswith("<section") and 'hx-trigger="every 30s"' in part

    @pytest.mark.parametrize(("name", "told"), [("Dr Inconnue DEMO-OIE", True), ("Claire DEMO-CLAIRE", False)])
    def test_somebody_the_directory_does_not_know_is_pointed_at(
        self, browser_of: Callable[[str], Browser], name: str, told: bool
    ) -> None:
        helene = browser_of("helene")
        address = helene.post("/parcours/nouveau", start_form(helene, usual_nurse=name)).headers["Location"]

        assert (f"« {name} » n'est pas dans l'annuaire" in text_of(helene.get(address))) is told

    def test_charlie_gets_no_receipt(
        self, browser_of: Callable[[str], Browser], start_case: Callable[..., str]
    ) -> None:
        number = start_case()

        assert browser_of("charlie").get(f"/parcours/{number}/lance").status_code == 404
        assert browser_of("ursule").get(f"/parcours/{number}/lance").status_code == 404

    def test_a_patient_is_created_from_the_traits(
        self, browser_of: Callable[[str], Browser], database: Database
    ) -> None:
        traits = {
            "birth_name": "demo-castor", "given_name": "Lucien", "sex": "male", "birth_date": "1937-11-22",
            "commune": "00001", "parcours": "try_out",
        }  # fmt: skip
        helene = browser_of("helene")
        wrong = helene.post("/parcours/nouveau/patient", {**traits, "birth_date": ""})
        assert wrong.status_code == 422 and 'value="demo-castor"' in wrong.get_data(as_text=True)

        answer = helene.post("/parcours/nouveau/patient", traits)

        assert "M. Lucien DEMO-CASTOR" in text_of(helene.get(answer.headers["Location"]))
        born = Patient.birth_date == date(1937, 11, 22)
        with database.reading() as session:
            status = session.execute(select(Patient.identity_status).where(born)).scalar_one()
        assert status == "PROV"


class TestMyPatients:
    def test_the_circle_sees_the_patient_and_others_do_not(
        self, browser_of: Callable[[str], Browser], start_case: Callable[..., str], database: Database,
        actor: Callable[[str], Actor],
    ) -> None:  # fmt: skip
        start_case()
        with database.transaction() as session:
            patients.add_to_circle(
                session, patient_id=town.josette(session), role="gp",
                professional_id=town.professional_of(session, "paul"), usual=True, by=actor("helene"), now=utcnow(),
            )  # fmt: skip

        said = text_of(browser_of("paul").get("/mes-patients"))

        assert "Mme Josette DEMO-ABEILLE" in said and "Rien à faire pour vous." in said
        assert "Aucun de vos patients" in text_of(browser_of("victor").get("/mes-patients"))


class TestDemoClock:
    def test_it_moves_forward_and_says_what_happened(self, browser_of: Callable[[str], Browser]) -> None:
        claire = browser_of("claire")
        answer = claire.post("/demo/horloge", {"seconds": "3600", "suite": "/ma-journee"})

        assert answer.headers["Location"] == "/ma-journee"
        assert "L'horloge a avancé. 2 échéances sont passées." in text_of(claire.get("/ma-journee"))

    def test_it_takes_no_other_length(self, browser_of: Callable[[str], Browser]) -> None:
        assert browser_of("claire").post("/demo/horloge", {"seconds": "-5"}).status_code == 422
