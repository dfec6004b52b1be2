"""Break-glass: no access without a relation; with a reason it opens for three hours, is told and reviewed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from engine.clock import utcnow
from engine.db import Database
from engine.models import AuditEvent, EmergencyAccess, Outbox, Pathway
from tests.web.browser import Browser, text_of

ASKED = {"birth_name": "demo-abeille", "birth_date": "1941-03-17", "reason": "vital_emergency"}
BrowserOf = Callable[[str], Browser]


def test_a_nurse_who_does_not_follow_the_patient_is_let_in_for_three_hours(
    browser_of: BrowserOf, start_case: Callable[..., str], database: Database
) -> None:
    number = start_case()
    charlie = browser_of("charlie")
    assert charlie.get(f"/dossiers/{number}").status_code == 404

    answer = charlie.post("/urgence", ASKED)

    assert answer.headers["Location"] == f"/dossiers/{number}"
    assert "DEMO-ABEILLE" in charlie.get(f"/dossiers/{number}").get_data(as_text=True)
    with database.transaction() as session:
        session.execute(update(EmergencyAccess).values(ends_at=utcnow() - timedelta(seconds=1)))
    assert charlie.get(f"/dossiers/{number}").status_code == 404


def test_the_coordination_is_told_without_a_name_and_reviews(
    browser_of: BrowserOf, start_case: Callable[..., str], database: Database
) -> None:
    number = start_case()
    charlie = browser_of("charlie")
    charlie.post("/urgence", {**ASKED, "comment": "inconsciente"})

    with database.reading() as session:
        told = session.execute(select(Outbox.template, Outbox.parameters).where(Outbox.case_id.is_(None))).all()
        access = session.execute(select(EmergencyAccess.id)).scalar_one()
        traced = session.execute(select(AuditEvent.result).where(AuditEvent.action == "patients.break_glass")).all()
    assert [row.template for row in told] == ["emergency_access"] and "ABEILLE" not in str(told)
    assert [row.result for row in traced] == ["done"]
    maud = browser_of("maud")
    assert "inconsciente" in text_of(maud.get("/urgences"))
    maud.post(f"/urgences/{access}", {"justified": "false"})
    assert charlie.get(f"/dossiers/{number}").status_code == 404, "an access that was not justified ends at once"


@pytest.mark.parametrize("wrong", [{"birth_name": "autre"}, {"birth_date": "1941-03-18"}])
def test_nothing_is_fished_for(browser_of: BrowserOf, start_case: Callable[..., str], wrong: dict[str, str]) -> None:
    start_case()

    answer = browser_of("charlie").post("/urgence", {**ASKED, **wrong})

    assert answer.status_code == 422 and "Aucun dossier" in text_of(answer)


def test_only_care_professionals_may_ask(browser_of: BrowserOf, start_case: Callable[..., str]) -> None:
    start_case()

    assert "réservé aux professionnels de santé" in text_of(browser_of("yann").post("/urgence", ASKED))
    assert "réservé aux professionnels de santé" in text_of(browser_of("hugo").post("/urgence", ASKED))


def test_a_pathway_of_high_sensitivity_cannot_be_opened_so(
    browser_of: BrowserOf, start_case: Callable[..., str], database: Database
) -> None:
    number = start_case()
    with database.transaction() as session:
        session.execute(update(Pathway).values(sensitivity="high"))
    charlie = browser_of("charlie")

    assert "Aucun dossier" in text_of(charlie.post("/urgence", ASKED))
    assert charlie.get(f"/dossiers/{number}").status_code == 404
    with database.reading() as session:
        asked = select(AuditEvent.result).where(AuditEvent.action == "patients.break_glass")
        assert list(session.execute(asked).scalars()) == ["refused"]
