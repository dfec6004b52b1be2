"""Replay, double submit: the same sending twenty times at once has one effect and one answer."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from engine.db import Database
from engine.models import AuditEvent, Case, CaseFact, CaseHistory, IdempotencyKey, Task
from tests.security.conftest import town_database
from tests.web import town
from tests.web.browser import TOKEN, Browser
from tests.web.test_tasks import GOOD

AT_ONCE = 20
BrowserOf = Callable[[str], Browser]
database = town_database


def _at_once(app: Flask, browser: Browser, path: str, forms: list[dict[str, object]]) -> list[TestResponse]:
    """Each form sent from a thread of its own, all released together, with the cookies of one browser."""
    found = TOKEN.search(browser.get("/hors-ligne").get_data(as_text=True))
    assert found is not None
    gate = threading.Barrier(len(forms))

    def send(form: dict[str, object]) -> TestResponse:
        client = app.test_client()
        for name in ("parcours", "parcours_form"):
            cookie = browser.client.get_cookie(name)
            assert cookie is not None
            client.set_cookie(name, cookie.value)
        gate.wait(30)
        return client.post(path, data={"csrf_token": found[1], **form})

    with ThreadPoolExecutor(len(forms)) as threads:
        return list(threads.map(send, forms))


def test_finishing_a_task_twenty_times_at_once_finishes_it_once(
    app: Flask, browser_of: BrowserOf, start_case: Callable[..., str], database: Database
) -> None:
    start_case()
    claire = browser_of("claire")
    visit = claire.task("Visite d'essai", "a-venir")

    answers = _at_once(app, claire, visit, [{**GOOD, "idempotency_key": "once"}] * AT_ONCE)

    assert Counter((one.status_code, one.headers.get("Location")) for one in answers) == {
        (303, answers[0].headers["Location"]): AT_ONCE
    }
    with database.reading() as session:
        task_id = session.execute(select(Task.id).where(Task.element_id == "home_visit")).scalar_one()
        done = CaseHistory.kind == "completed", CaseHistory.task_id == task_id
        assert session.execute(select(func.count()).select_from(CaseHistory).where(*done)).scalar_one() == 1
        weights = session.execute(select(CaseFact.id).where(CaseFact.name == "weight_kg")).all()
        traced = session.execute(select(AuditEvent.id).where(AuditEvent.action == "tasks.complete")).all()
        keys = session.execute(select(IdempotencyKey.key).where(IdempotencyKey.command == "tasks.complete")).all()
    assert (len(weights), len(traced), len(keys)) == (1, 1, 1)


def test_without_a_key_one_wins_and_nineteen_are_told(
    app: Flask, browser_of: BrowserOf, start_case: Callable[..., str], database: Database
) -> None:
    start_case()
    claire = browser_of("claire")
    visit = claire.task("Visite d'essai", "a-venir")

    answers = _at_once(app, claire, visit, [{**GOOD, "idempotency_key": f"k{number}"} for number in range(AT_ONCE)])

    assert Counter(one.status_code for one in answers) == {303: 1, 409: AT_ONCE - 1}
    with database.reading() as session:
        assert len(session.execute(select(CaseFact.id).where(CaseFact.name == "weight_kg")).all()) == 1


@pytest.mark.parametrize("key", ["once", ""])
def test_opening_a_case_twenty_times_at_once_opens_one(
    app: Flask, browser_of: BrowserOf, database: Database, key: str
) -> None:
    helene = browser_of("helene")
    with database.reading() as session:
        patient = str(town.josette(session))
    form: dict[str, object] = {
        "patient": patient, "parcours": "try_out", "stay_number": "S-1", "idempotency_key": key
    }  # fmt: skip

    answers = _at_once(app, helene, "/parcours/nouveau", [form] * AT_ONCE)

    with database.reading() as session:
        assert session.execute(select(func.count()).select_from(Case)).scalar_one() == 1
    opened = Counter(one.status_code for one in answers)
    assert opened == ({303: AT_ONCE} if key else {303: 1, 409: AT_ONCE - 1})
