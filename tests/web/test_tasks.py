"""The page of a task: its form, what it says when something is wrong, and what else can be done."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, update

from engine.clock import utcnow
from engine.db import Database
from engine.expressions import from_json
from engine.models import AuditEvent, CaseFact, Task, TaskDraft
from tests.web import town
from tests.web.browser import Browser, text_of

VISIT = "Visite d'essai"
GOOD: dict[str, Any] = {
    "weight_kg": "71,4", "pain": "2", "visit_at": "2026-11-24T14:30", "fall": "false", "alert": "green",
    "needs": ["meals", "transport"], "colleague": "Marc DEMO-MARC", "pharmacy": "Pharmacie du Pont",
    "drugs-0-drug": "Furosémide", "drugs-0-dose": "40", "drugs-2-drug": "Bisoprolol",
}  # fmt: skip


@pytest.fixture
def claire(browser_of: Callable[[str], Browser], start_case: Callable[..., str]) -> Browser:
    start_case()
    return browser_of("claire")


@pytest.fixture
def visit(claire: Browser) -> str:
    return claire.task(VISIT, "a-venir")


def facts(database: Database) -> dict[str, Any]:
    with database.reading() as session:
        rows = session.execute(select(CaseFact.name, CaseFact.value).where(CaseFact.superseded_at.is_(None)))
        return {name: from_json(value) for name, value in rows}


def test_the_page_says_who_why_and_until_when(claire: Browser, visit: str) -> None:
    said = text_of(claire.get(visit))

    assert "Mme Josette DEMO-ABEILLE" in said and "né·e le 17/03/1941" in said
    assert "Pourquoi Voir si tout va bien à la maison." in said
    assert "À faire avant le" in said


def test_opening_the_page_leaves_a_trace(claire: Browser, visit: str, database: Database) -> None:
    claire.get(visit)

    with database.reading() as session:
        seen = session.execute(
            select(AuditEvent.actor, AuditEvent.patient_id).where(
                AuditEvent.action == "read", AuditEvent.object_kind == "task"
            )
        ).all()
        assert ("Claire DEMO-CLAIRE", town.josette(session)) in seen


def test_every_type_of_question_has_its_input(claire: Browser, visit: str) -> None:
    page = claire.get(visit).get_data(as_text=True)

    weight = r'<input id="weight_kg" name="weight_kg" value="" inputmode="decimal"[^>]* aria-describedby="weight_kg'
    assert re.search(weight, page)
    assert "<span>kg</span>" in page
    assert '<input id="pain" name="pain" value="" inputmode="numeric"' in page
    assert '<input id="visit_at" name="visit_at" type="datetime-local"' in page
    assert '<input id="next_on" name="next_on" type="date"' in page
    assert page.count('type="radio" name="fall"') == 2
    assert page.count('type="checkbox" name="needs"') == 2
    assert 'list="annuaire-person"' in page and '<option value="Marc DEMO-MARC">' in page
    assert 'data-rows="drugs"' in page and 'name="drugs-__row__-drug"' in page
    assert 'data-visible-if="{"op": "=", "field": "fall", "value": "true"}"' in page.replace("&#34;", '"')


def test_answers_become_typed_facts(claire: Browser, visit: str, database: Database) -> None:
    answer = claire.post(visit, GOOD)
    assert answer.status_code == 303

    found = facts(database)
    with database.reading() as session:
        marc = str(town.professional_of(session, "marc"))
    assert found["weight_kg"] == Decimal("71.4") and found["fall"] is False and found["needs"] == ["meals", "transport"]
    assert found["visit_at"] == datetime(2026, 11, 24, 13, 30, tzinfo=UTC)
    assert found["colleague"] == marc
    assert found["drugs"] == [
        {"drug": "Furosémide", "dose": Decimal(40)}, {"drug": "Bisoprolol", "dose": None},
    ]  # fmt: skip
    said = text_of(claire.get(answer.headers["Location"]))
    assert "C'est enregistré" in said and VISIT in said and "Rien d'autre à faire pour ce patient" in said


def test_what_was_answered_can_be_read_again(claire: Browser, visit: str) -> None:
    claire.post(visit, GOOD)

    said = text_of(claire.get(visit))

    assert "fait Claire DEMO-CLAIRE, aujourd'hui" in said
    assert "Poids 71,4 kg" in said and "Chute Non" in said and "Besoins Repas, Transport" in said
    assert "Collègue prévenu Marc DEMO-MARC" in said and "Nom : Furosémide ; Dose : 40" in said
    assert "Visite le mar. 24 nov. à 14 h 30" in said


def test_a_wrong_answer_is_explained_and_nothing_typed_is_lost(claire: Browser, visit: str, database: Database) -> None:
    answer = claire.post(visit, {**GOOD, "weight_kg": "7", "fall": "true", "place": "<b>cuisine</b>", "visit_at": ""})

    assert answer.status_code == 422
    said, page = text_of(answer), answer.get_data(as_text=True)
    assert "3 réponses sont à corriger" in said
    assert '<a href="#weight_kg">Poids : La valeur doit être au moins 20.</a>' in page
    assert "Comment est-ce arrivé : Ce champ est obligatoire." in said
    assert 'aria-invalid="true" aria-describedby="weight_kg-aide weight_kg-erreur"' in page
    assert 'value="7"' in page and "&lt;b&gt;cuisine&lt;/b&gt;" in page and 'value="Marc DEMO-MARC"' in page
    assert re.search(r'name="drugs-1-drug" value="Bisoprolol"', page)
    assert "weight_kg" not in facts(database)


def test_a_wrong_cell_of_a_table_is_named(claire: Browser, visit: str) -> None:
    answer = claire.post(visit, {**GOOD, "drugs-0-drug": "", "drugs-2-dose": "beaucoup"})

    page = answer.get_data(as_text=True)
    assert '<a href="#drugs-0-drug">Médicaments, 1 · Nom : Ce champ est obligatoire.</a>' in page or (
        '<a href="#drugs-1-dose">Médicaments, 2 · Dose : ' in page
    )
    assert answer.status_code == 422


def test_a_row_can_be_added_without_script(claire: Browser, visit: str) -> None:
    page = claire.post(visit, {**GOOD, "ajouter": "drugs"}).get_data(as_text=True)

    assert 'name="drugs-2-drug" value=""' in page and 'name="drugs-1-drug" value="Bisoprolol"' in page


def test_fields_the_form_does_not_ask_for_are_not_written(claire: Browser, visit: str, database: Database) -> None:
    claire.post(visit, {**GOOD, "approved": "true", "decision": "x", "fall_story": "tombée"})

    assert {"approved", "decision", "fall_story"}.isdisjoint(facts(database))


def test_a_draft_is_kept_for_its_author_and_comes_back(
    claire: Browser, visit: str, database: Database, browser_of: Callable[[str], Browser]
) -> None:
    typed = {"weight_kg": "71", "drugs-0-drug": "Furo"}
    answer = claire.post(f"{visit}/brouillon", typed, headers={"X-CSRFToken": "x"})
    assert answer.status_code == 204

    page = claire.get(visit).get_data(as_text=True)
    assert 'value="71"' in page and 'value="Furo"' in page and "Brouillon repris" in page
    assert "brouillon" in text_of(claire.get("/ma-journee?voir=a-venir"))
    claire.post(visit, GOOD)
    with database.reading() as session:
        assert session.execute(select(TaskDraft)).first() is None


def test_sending_twice_does_nothing_twice(claire: Browser, visit: str, database: Database) -> None:
    first = claire.post(visit, {**GOOD, "idempotency_key": "once"})
    again = claire.post(visit, {**GOOD, "idempotency_key": "once", "weight_kg": "99"})

    assert first.status_code == again.status_code == 303
    assert facts(database)["weight_kg"] == Decimal("71.4")


def test_the_second_of_two_is_told_who_did_it_and_keeps_what_they_typed(
    browser_of: Callable[[str], Browser], start_case: Callable[..., str], database: Database
) -> None:
    start_case()
    with database.transaction() as session:
        session.execute(
            update(Task)
            .where(Task.element_id == "home_visit")
            .values(audience="territory", audience_professional_id=None)
        )
    claire, marc = browser_of("claire"), browser_of("marc")
    visit = claire.task(VISIT, "a-prendre")
    claire.post(visit, GOOD)
    with database.transaction() as session:  # Marc still has the page: he shares the practice
        session.execute(
            update(Task)
            .where(Task.element_id == "home_visit")
            .values(audience="professional", audience_professional_id=town.professional_of(session, "marc"))
        )

    answer = marc.post(visit, {**GOOD, "weight_kg": "68", "place": "au salon"})

    said = text_of(answer)
    assert answer.status_code == 409
    assert "a déjà été terminée par Claire DEMO-CLAIRE" in said
    assert "Votre saisie" in said and "68 kg" in said and "au salon" in said
    assert "Maintenant au dossier" in said and "71,4 kg" in said


def test_a_page_that_is_too_old_shows_its_form_again(claire: Browser, visit: str) -> None:
    answer = claire.post(visit, {**GOOD, "rev": "99"})

    assert answer.status_code == 409
    assert "a changé depuis que la page est ouverte" in text_of(answer)
    assert 'value="71,4"' in answer.get_data(as_text=True)


def test_work_done_without_a_network_keeps_its_own_time(claire: Browser, visit: str, database: Database) -> None:
    done = utcnow() - timedelta(hours=2)
    claire.post(visit, GOOD, headers={"X-Done-At": done.isoformat(), "Idempotency-Key": "phone-1"})

    with database.reading() as session:
        kept = session.execute(select(Task.done_at).where(Task.element_id == "home_visit")).scalar_one()
    assert kept is not None and abs(kept - done) < timedelta(seconds=1)


@pytest.mark.parametrize("path", ["", "/refuser", "/reporter", "/deleguer", "/non-fait", "/terminee"])
def test_charlie_is_told_that_it_does_not_exist(
    claire: Browser, visit: str, browser_of: Callable[[str], Browser], path: str
) -> None:
    answer = browser_of("charlie").get(visit + path)

    assert answer.status_code == 404
    assert "ABEILLE" not in answer.get_data(as_text=True) and VISIT not in answer.get_data(as_text=True)


@pytest.mark.parametrize("path", ["", "/refuser", "/reporter", "/deleguer", "/non-fait", "/brouillon", "/accepter"])
def test_charlie_can_do_nothing_to_it(
    claire: Browser, visit: str, browser_of: Callable[[str], Browser], path: str, database: Database
) -> None:
    answer = browser_of("charlie").post(visit + path, {**GOOD, "reason": "other", "idempotency_key": "c"})

    assert answer.status_code == 404
    assert "ABEILLE" not in answer.get_data(as_text=True) and VISIT not in answer.get_data(as_text=True)
    with database.reading() as session:
        assert session.execute(select(TaskDraft)).first() is None


def test_the_coordination_reads_but_does_not_answer(
    claire: Browser, visit: str, browser_of: Callable[[str], Browser]
) -> None:
    said = text_of(browser_of("maud").get(visit))

    assert "Cette tâche attend : Infirmier·e à domicile." in said and "Terminer la tâche" not in said


class TestOtherwise:
    def test_accept(self, browser_of: Callable[[str], Browser], start_case: Callable[..., str]) -> None:
        start_case()
        helene = browser_of("helene")
        check = helene.task("Contrôle du service", "a-prendre")

        answer = helene.post(f"{check}/accepter", {"idempotency_key": "a"})

        assert "La tâche est à vous." in text_of(helene.get(answer.headers["Location"]))
        assert "Contrôle du service" not in text_of(helene.get("/ma-journee?voir=a-prendre"))

    def test_refuse_with_a_reason(self, claire: Browser, visit: str) -> None:
        assert "Choisissez une raison" in text_of(claire.post(f"{visit}/refuser", {"idempotency_key": "r0"}))

        answer = claire.post(f"{visit}/refuser", {"reason": "full", "comment": "complet", "idempotency_key": "r"})

        assert answer.status_code == 303
        said = text_of(claire.get(answer.headers["Location"]))
        assert "sera proposée à quelqu'un d'autre" in said and "Mme Josette" not in said

    def test_delegate_to_a_colleague_of_the_same_role(
        self, claire: Browser, visit: str, browser_of: Callable[[str], Browser], database: Database
    ) -> None:
        page = text_of(claire.get(f"{visit}/deleguer"))
        assert "Marc DEMO-MARC" in page and "Paul" not in page
        with database.reading() as session:
            marc = str(town.professional_of(session, "marc"))

        assert claire.post(f"{visit}/deleguer", {"to": marc, "idempotency_key": "d"}).status_code == 303

        assert VISIT in text_of(browser_of("marc").get("/ma-journee?voir=a-venir"))

    def test_postpone_asks_when_and_why(self, claire: Browser, visit: str) -> None:
        tomorrow = (utcnow() + timedelta(days=3)).strftime("%Y-%m-%dT09:00")
        assert "Indiquez le jour et l'heure" in text_of(claire.post(f"{visit}/reporter", {"comment": "x"}))
        assert "Dites pourquoi" in text_of(claire.post(f"{visit}/reporter", {"until": tomorrow}))
        past = claire.post(f"{visit}/reporter", {"until": "2020-01-01T09:00", "comment": "x"})
        assert past.status_code == 422 and "doit être dans le futur" in text_of(past)

        form = {"until": tomorrow, "comment": "patiente absente", "idempotency_key": "p"}
        answer = claire.post(f"{visit}/reporter", form)

        assert "est reportée" in text_of(claire.get(answer.headers["Location"]))

    def test_close_without_doing_it(self, claire: Browser, visit: str) -> None:
        answer = claire.post(f"{visit}/non-fait", {"reason": "done_elsewhere", "idempotency_key": "n"})

        assert answer.status_code == 303
        assert "Déjà fait ailleurs" in text_of(claire.get(visit))
