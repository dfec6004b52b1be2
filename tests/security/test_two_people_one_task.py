"""Two people, one task: one does it, the other is told who did and when, and what they typed is kept for them.

The hand-interleaved races between two sessions are in `tests/engine/commands/test_races.py`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import select, update

from engine.db import Database
from engine.expressions import from_json
from engine.models import CaseFact, Task
from tests.security.conftest import town_database
from tests.web.browser import TOKEN, Browser, text_of
from tests.web.test_tasks import GOOD

BrowserOf = Callable[[str], Browser]
database = town_database
WEIGHTS = {"claire": "71,4", "marc": "68"}


@pytest.mark.parametrize("round_", range(5))
def test_two_nurses_finish_the_same_visit_at_the_same_instant(
    app: Flask, browser_of: BrowserOf, start_case: Callable[..., str], database: Database, round_: int
) -> None:
    start_case(stay=f"S-{round_}")
    with database.transaction() as session:
        offered = {"audience": "territory", "audience_professional_id": None}
        session.execute(update(Task).where(Task.element_id == "home_visit").values(offered))
    nurses = {login: browser_of(login) for login in WEIGHTS}
    visit = nurses["claire"].task("Visite d'essai", "a-prendre")
    tokens = {login: TOKEN.search(one.get(visit).get_data(as_text=True)) for login, one in nurses.items()}
    gate = threading.Barrier(2)

    def finish(login: str) -> tuple[int, str]:
        token = tokens[login]
        assert token is not None
        form = {**GOOD, "weight_kg": WEIGHTS[login], "place": "au salon", "csrf_token": token[1]}
        gate.wait(30)
        answer = nurses[login].client.post(visit, data={**form, "idempotency_key": login})
        return answer.status_code, text_of(answer)

    with ThreadPoolExecutor(2) as threads:
        told = dict(zip(WEIGHTS, threads.map(finish, WEIGHTS), strict=True))

    winners = [login for login, (status, _) in told.items() if status == 303]
    assert len(winners) == 1, {login: status for login, (status, _) in told.items()}
    winner = winners[0]
    loser = next(login for login in WEIGHTS if login != winner)
    assert told[loser][0] in (404, 409), "told that it is done, or that it is no longer theirs to see"
    if told[loser][0] == 409:
        assert f"DEMO-{winner.upper()}" in told[loser][1] and WEIGHTS[loser] in told[loser][1]
    with database.reading() as session:
        written = session.execute(select(CaseFact.value).where(CaseFact.name == "weight_kg")).scalars().all()
    assert [str(from_json(value)) for value in written] == [WEIGHTS[winner].replace(",", ".")]
