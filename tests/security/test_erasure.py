"""GDPR duties: after erasure no marker of the person is left in a table, a file, an export or a search; counts stay."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select, text, update

from engine.clock import utcnow
from engine.commands import audit
from engine.db import Database
from engine.lookups import forget, make_findable
from engine.models import (
    Case,
    CaseFact,
    CaseHistory,
    EarlyMessage,
    Outbox,
    Patient,
    Table,
    Task,
    TaskDraft,
)
from tests.support.sealed import of_case, of_patient
from tests.web import town
from tests.web.browser import Browser, text_of
from worker.compactions import sweep_compactions

MARKER = "ZQXMARQUEURZQX"
BrowserOf = Callable[[str], Browser]


@pytest.fixture
def number(start_case: Callable[..., str], database: Database, browser_of: BrowserOf) -> str:
    """A case full of the marker: name, contact, free text, reason, draft, payload, notice, draft, history."""
    opened = start_case(stay=f"{MARKER}-sejour")
    now = utcnow()
    with database.transaction() as session:
        territory = town.territory_of(session).id
        case_id = session.execute(select(Case.id)).scalar_one()
        task_id = session.execute(select(Task.id).where(Task.element_id == "home_visit")).scalar_one()
        josette = town.josette(session)
        hers = of_patient(session, MARKER)
        forget(session, patient_id=josette)
        make_findable(session, patient_id=josette, territory_id=territory, birth_name=MARKER, other_names=())
        session.execute(
            update(Patient).values(birth_name=hers, used_name=hers, given_name=hers, phone=hers, address=hers)
        )
        session.add_all(
            [
                CaseFact(territory_id=territory, case_id=case_id, scope="", name="fall_story", value=MARKER,
                         recorded_at=now, recorded_by="x", form_key="every_type"),
                CaseFact(territory_id=territory, case_id=case_id, scope="", name="drugs",
                         value=[{"name": MARKER}], recorded_at=now, recorded_by="x", form_key="every_type"),
                CaseFact(territory_id=territory, case_id=case_id, scope="", name="fall", value=True,
                         recorded_at=now, recorded_by="x", form_key="every_type"),
                CaseHistory(territory_id=territory, case_id=case_id, at=now, kind="alert", detail={"why": MARKER}),
                TaskDraft(task_id=task_id, account_id=town.account_of(session, "claire"), territory_id=territory,
                          answers=of_case(session, {"place": MARKER}), saved_at=now),
                Outbox(territory_id=territory, case_id=case_id, channel="message", template="x",
                       parameters={"payload": MARKER}, created_at=now, not_before=now),
                EarlyMessage(territory_id=territory, case_id=case_id, name="alert", payload={"said": MARKER},
                             received_at=now, expires_at=now),
            ]
        )  # fmt: skip
    maud = browser_of("maud")
    assert maud.post(f"/dossiers/{opened}/annuler", {"reason": f"{MARKER} raison"}).status_code == 303
    return opened


def _erased(browser_of: BrowserOf, database: Database) -> Browser:
    maud = browser_of("maud")
    with database.reading() as session:
        josette = town.josette(session)
    answer = maud.post(f"/patients/{josette}/effacement", {"confirmation": "effacer"})
    assert answer.status_code == 200 and "Certificat d'effacement" in text_of(answer)
    return maud


def _tables_with_marker(database: Database) -> list[str]:
    found = []
    with database.reading() as session:
        for table in Table.metadata.sorted_tables:
            for row in session.execute(text(f'SELECT * FROM "{table.name}"')):
                if MARKER in " ".join(
                    value.decode("latin-1") if isinstance(value, bytes) else str(value) for value in row
                ):
                    found.append(table.name)
                    break
    return found


def test_no_byte_of_the_person_is_left(
    browser_of: BrowserOf, number: str, database: Database, capfd: pytest.CaptureFixture[str]
) -> None:
    maud = browser_of("maud")
    with database.reading() as session:
        josette = town.josette(session)
    assert MARKER in maud.get(f"/patients/{josette}/donnees.json").get_data(as_text=True)
    assert f"/dossiers/{number}" in maud.get(f"/recherche?q={MARKER[:6]}").get_data(as_text=True)
    assert _tables_with_marker(database) == []  # sealed from the first day

    maud = _erased(browser_of, database)

    assert _tables_with_marker(database) == []
    assert sweep_compactions(database) == 1
    database.close()
    for file in Path(str(database.url.database)).parent.glob(Path(str(database.url.database)).name + "*"):
        assert MARKER.encode() not in file.read_bytes(), file.name
    for path in (f"/recherche?q={MARKER[:6]}", "/suivi", "/suivi/export.csv", f"/dossiers/{number}",
                 f"/dossiers/{number}/donnees", "/ma-journee?voir=faits"):  # fmt: skip
        assert MARKER not in maud.get(path).get_data(as_text=True)
    captured = capfd.readouterr()
    assert MARKER not in captured.out + captured.err


def test_the_counts_and_the_trace_stay(browser_of: BrowserOf, number: str, database: Database) -> None:
    def counted() -> list[object]:
        with database.reading() as session:
            facts = session.execute(
                select(CaseFact.name, CaseFact.value)
                .where(CaseFact.name.in_(("fall", "outcome")))
                .order_by(CaseFact.id)
            ).all()
            cases = session.execute(select(Case.state, Case.outcome, Case.opened_at, Case.closed_at)).all()
            tasks = session.execute(select(Task.element_id, Task.state, Task.completed_at)).all()
            return [facts, cases, sorted(tasks, key=str), session.execute(select(func.count(Patient.id))).scalar_one()]

    before = counted()
    _erased(browser_of, database)

    assert counted() == before
    with database.transaction() as session:
        audit.seal(session)
        assert audit.verify(session).intact


def test_an_open_case_is_closed_before_anything_is_erased(
    browser_of: BrowserOf, start_case: Callable[..., str], database: Database
) -> None:
    start_case()
    with database.reading() as session:
        josette = town.josette(session)

    answer = browser_of("maud").post(f"/patients/{josette}/effacement", {"confirmation": "EFFACER"})

    assert answer.status_code == 409 and "encore ouvert" in text_of(answer)


def test_everything_about_one_patient_can_be_handed_over(
    browser_of: BrowserOf, number: str, database: Database
) -> None:
    maud = browser_of("maud")
    with database.reading() as session:
        josette = town.josette(session)

    data = json.loads(maud.get(f"/patients/{josette}/donnees.json").get_data(as_text=True))

    assert data["identity"]["birth_name"] == MARKER
    assert {value["name"] for value in data["cases"][0]["values"]} >= {"fall_story", "fall", "drugs", "stay_number"}
    assert MARKER in text_of(maud.get(f"/patients/{josette}/donnees"))
    assert browser_of("claire").get(f"/patients/{josette}/donnees.json").status_code == 404
