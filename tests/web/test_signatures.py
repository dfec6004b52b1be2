"""Signing: a form that is signed asks who signs, and what was typed is never lost on the way."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from flask import Flask
from sqlalchemy import select, update

from engine.actor import Actor, system_actor
from engine.clock import utcnow
from engine.commands import accounts, pathways, tasks
from engine.db import Database
from engine.errors import ProofNeeded
from engine.models import Account, AuditEvent, SignIn, Task, TaskDraft, TerritoryRow
from engine.vault import Vault
from tests.web import town
from tests.web.browser import Browser, text_of
from tests.web.test_tasks import GOOD

READ_AT = re.compile(r'name="lu" value="([^"]+)"')


@pytest.fixture
def visit(database: Database, start_case: Callable[..., str]) -> str:
    """The visit of the trial pathway, whose form is now signed."""
    files = town.trial_files()
    form = json.loads(files["forms/every_type.json"])
    files["forms/every_type.json"] = json.dumps({**form, "signed": True}).encode()
    with database.transaction() as session:
        by = system_actor(town.territory_of(session).id)
        pathways.publish(session, files=files, label="signé", accepted={}, by=by, now=utcnow())
    start_case()
    with database.reading() as session:
        return f"/taches/{session.execute(select(Task.id).where(Task.element_id == 'home_visit')).scalar_one()}"


@pytest.fixture
def claire(stranger: Browser, database: Database, visit: str) -> Browser:
    """Claire, signed in with her password ten minutes ago."""
    with database.transaction() as session:
        session.execute(update(TerritoryRow).values(kind="live"))
    stranger.post("/connexion", {"login": "claire", "password": town.PASSWORD}, token_from="/connexion")
    proved_long_ago(database)
    return stranger


def proved_long_ago(database: Database) -> None:
    with database.transaction() as session:
        session.execute(update(SignIn).values(proved_at=utcnow() - timedelta(minutes=10)))


def sign(browser: Browser, visit: str, **sent: str) -> Any:
    read = READ_AT.search(browser.get(f"{visit}/signer").get_data(as_text=True))
    assert read is not None, "there is nothing to sign"
    return browser.post(f"{visit}/signer", {"lu": read[1], **sent})


def state_of(database: Database, visit: str) -> str:
    with database.reading() as session:
        return session.execute(select(Task.state).where(Task.element_id == "home_visit")).scalar_one()


def test_an_old_proof_leads_to_the_page_that_signs_with_the_answers_to_read_again(
    claire: Browser, visit: str, database: Database
) -> None:
    answer = claire.post(visit, GOOD)

    assert answer.status_code == 303 and answer.headers["Location"] == f"{visit}/signer"
    said = text_of(claire.get(f"{visit}/signer"))
    assert "Relire et signer" in said and "71,4" in said and "Furosémide" in said and "Mot de passe" in said
    assert state_of(database, visit) == "offered"


def test_the_right_password_signs(claire: Browser, visit: str, database: Database) -> None:
    claire.post(visit, GOOD)

    answer = sign(claire, visit, password=town.PASSWORD)

    assert answer.headers["Location"] == f"{visit}/terminee"
    assert state_of(database, visit) == "completed"
    with database.reading() as session:
        done = session.execute(select(AuditEvent.why).where(AuditEvent.action == "tasks.complete")).scalar_one()
        proofs = session.execute(select(AuditEvent.why).where(AuditEvent.action == "prove")).scalars().all()
    assert (done, proofs) == ("signed", ["password"])
    assert "signé" in text_of(claire.get(visit))


def test_a_wrong_password_signs_nothing_and_keeps_every_answer(claire: Browser, visit: str, database: Database) -> None:
    claire.post(visit, GOOD)

    answer = sign(claire, visit, password="not hers")

    assert answer.status_code == 422 and "La signature n'a pas abouti" in text_of(answer) and "71,4" in text_of(answer)
    assert state_of(database, visit) == "offered"
    with database.reading() as session:
        refused = session.execute(select(AuditEvent.why).where(AuditEvent.result == "refused")).scalars().all()
        assert refused == ["proof"]
        assert session.execute(select(TaskDraft.answers)).scalar_one()["weight_kg"] == "71,4"
    assert "71,4" in claire.get(visit).get_data(as_text=True)


def test_trying_passwords_to_sign_is_slowed_down(claire: Browser, visit: str) -> None:
    claire.post(visit, GOOD)
    codes = [sign(claire, visit, password="not hers").status_code for _ in range(11)]

    assert codes[:10] == [422] * 10 and codes[10] == 429


def test_a_fresh_proof_signs_without_asking_again(claire: Browser, visit: str, database: Database) -> None:
    with database.transaction() as session:
        session.execute(update(SignIn).values(proved_at=utcnow() - timedelta(minutes=4)))

    assert claire.post(visit, GOOD).headers["Location"] == f"{visit}/terminee"
    assert state_of(database, visit) == "completed"


def test_wrong_answers_are_said_before_anything_is_to_be_signed(claire: Browser, visit: str) -> None:
    answer = claire.post(visit, {**GOOD, "weight_kg": "heavy"})

    assert answer.status_code == 422 and "Relire" not in text_of(answer)


def test_answers_changed_in_another_tab_are_read_again_first(claire: Browser, visit: str, database: Database) -> None:
    claire.post(visit, GOOD)
    before = READ_AT.search(claire.get(f"{visit}/signer").get_data(as_text=True))
    claire.post(visit, {**GOOD, "weight_kg": "80"})
    assert before is not None

    answer = claire.post(f"{visit}/signer", {"lu": before[1], "password": town.PASSWORD})

    assert answer.status_code == 409 and "relisez-les" in text_of(answer)
    assert state_of(database, visit) == "offered"


def test_with_a_second_factor_both_are_asked(claire: Browser, visit: str, database: Database, app: Flask) -> None:
    vault = app.extensions["parcours_vault"]
    assert isinstance(vault, Vault)
    proposed = accounts.propose_second_factor("claire")
    with database.transaction() as session:
        account = town.account_of(session, "claire")
        now = utcnow() - timedelta(minutes=5)
        code = pyotp.TOTP(proposed.secret).at(now)
        codes = accounts.set_second_factor(
            session, account_id=account, secret=proposed.secret, code=code, vault=vault, now=now
        )
    claire.post(visit, GOOD)
    assert "Code de votre application" in text_of(claire.get(f"{visit}/signer"))

    assert sign(claire, visit, password=town.PASSWORD).status_code == 422
    assert state_of(database, visit) == "offered"
    assert sign(claire, visit, password=town.PASSWORD, code=codes[0]).status_code == 303
    assert state_of(database, visit) == "completed"


def test_a_phone_that_sends_what_it_kept_is_told_and_loses_nothing(
    claire: Browser, visit: str, database: Database
) -> None:
    answer = claire.post(visit, GOOD, headers={"X-CSRFToken": "", "X-Requested-With": "parcours-outbox"})

    assert answer.status_code == 403 and "se signe" in text_of(answer)
    with database.reading() as session:
        assert session.execute(select(TaskDraft.answers)).scalar_one()["weight_kg"] == "71,4"


def test_what_is_signed_is_not_kept_to_be_answered_without_a_network(claire: Browser, visit: str) -> None:
    page = claire.get(visit)

    assert "X-Offline" not in page.headers and "data-offline=" not in page.get_data(as_text=True)


def test_in_a_demonstration_one_says_je_signe(
    browser_of: Callable[[str], Browser], visit: str, database: Database
) -> None:
    claire = browser_of("claire")

    assert claire.post(visit, GOOD).headers["Location"] == f"{visit}/signer"
    assert "Je signe" in text_of(claire.get(f"{visit}/signer"))
    assert sign(claire, visit).headers["Location"] == f"{visit}/terminee"
    assert state_of(database, visit) == "completed"


def test_outside_a_demonstration_nothing_is_signed_by_saying_so(
    claire: Browser, visit: str, database: Database
) -> None:
    with database.transaction() as session:
        session.execute(update(Account).values(password_hash=None))
    claire.post(visit, GOOD)

    assert sign(claire, visit).status_code == 422
    assert state_of(database, visit) == "offered"


def test_without_a_draft_there_is_nothing_to_sign(claire: Browser, visit: str) -> None:
    assert claire.get(f"{visit}/signer").headers["Location"] == visit


class TestInTheEngine:
    """The rule is the engine's: no page can forget it."""

    def answers(self) -> dict[str, Any]:
        return {
            "weight_kg": "71,4", "pain": "2", "visit_at": "2026-11-24T14:30", "fall": False, "alert": "green",
            "needs": ["meals"], "drugs": [{"drug": "Furosémide", "dose": "40"}],
        }  # fmt: skip

    def test_a_session_without_a_proof_cannot_complete(
        self, visit: str, database: Database, actor: Callable[[str], Actor]
    ) -> None:
        with pytest.raises(ProofNeeded, match="se signe"), database.transaction() as session:
            key = session.execute(select(Task.id).where(Task.element_id == "home_visit")).scalar_one()
            tasks.complete(session, task_id=key, answers=self.answers(), by=actor("claire"), now=utcnow())
