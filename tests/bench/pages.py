"""A completion over HTTP: the whole request through Flask, as a browser sends it, without the network."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select

from engine.db import Database
from engine.models import Account
from engine.settings import read_settings
from tests.web.browser import TOKEN
from web.app import create_app


def http_milliseconds(database: Database, task_ids: Sequence[UUID], answers: Mapping[str, Any], *, login: str) -> float:
    """Median CPU of the process for one `POST /taches/<id>`, in milliseconds."""
    app = create_app(read_settings({}), database, advance=lambda **_move: 0)
    app.config["RATELIMIT_ENABLED"] = False
    client = app.test_client()
    with database.reading() as session:
        account = session.execute(select(Account.id).where(Account.login == login)).scalar_one()
    token = _token(client.get("/connexion").get_data(as_text=True))
    client.post("/connexion/demo", data={"account_id": str(account), "csrf_token": token})
    token = _token(client.get("/hors-ligne").get_data(as_text=True))
    spent = []
    gc.collect()
    for task_id in task_ids:
        sent = {
            **{name: _typed(value) for name, value in answers.items()},
            "csrf_token": token,
            "idempotency_key": str(uuid4()),
        }
        began = time.process_time()
        answer = client.post(f"/taches/{task_id}", data=sent)
        spent.append((time.process_time() - began) * 1000)
        if answer.status_code != 303:
            raise RuntimeError(f"The page answered {answer.status_code} instead of 303.")
    return statistics.median(spent)


def _typed(value: Any) -> Any:
    """A value as a form sends it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, list) else str(value)


def _token(page: str) -> str:
    found = TOKEN.search(page)
    if found is None:
        raise RuntimeError("The page carries no token.")
    return found[1]
