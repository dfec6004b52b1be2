"""kill -9 of the whole server while people finish tasks over HTTP, then a restart: no step lost, none doubled."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
import requests
from sqlalchemy import select

from engine import migrations
from engine.actor import system_actor
from engine.clock import utcnow
from engine.commands import cases, pathways
from engine.db import Database
from engine.library import shared_files, shipped_files
from engine.models import AuditEvent, CaseFact, CaseHistory, Task
from engine.queries.actors import actor_of
from engine.walks.people import Settled, fictitious_territory, settle
from tests.support.running import Running

CASES = 18
WRITERS = 3
KILL_AFTER = 5  # completions acknowledged before the power is cut
TASK = "assess_readmission_risk"
NEXT = "inform_and_consent"
TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')
HELENE = re.compile(r'name="account_id" value="([^"]+)">(?:(?!</button>).)*CHARME', re.S)
ANSWERS = {
    "unplanned_stay_6m": "true",
    "ed_visits_6m": "1",
    "chronic_condition": "heart_failure",
    "drug_count": "11",
    "recent_fall": "false",
    "lives_alone": "true",
    "caregiver_available": "no",
    "precarity": "false",
    "adl_score": "6",
    "cognitive_or_mood_disorder": "false",
}


@dataclass
class Ward:
    """A hospital with nothing but open cases, each waiting for the same first task."""

    installation: Running
    database_url: str
    tasks: tuple[UUID, ...]
    acknowledged: set[UUID] = field(default_factory=set)
    enough: threading.Event = field(default_factory=threading.Event)

    def finish(self, tasks: tuple[UUID, ...]) -> None:
        """One writer: finishes its tasks one after the other, until the server no longer answers."""
        try:
            with signed_in(self.installation.address) as (browser, token):
                for task in tasks:
                    answer = browser.post(
                        f"{self.installation.address}/taches/{task}",
                        data={**ANSWERS, "csrf_token": token, "idempotency_key": f"writer-{task}"},
                        allow_redirects=False,
                        timeout=60,
                    )
                    assert answer.status_code == 303, answer.text[:2000]
                    self.acknowledged.add(task)
                    if len(self.acknowledged) >= KILL_AFTER:
                        self.enough.set()
        except requests.ConnectionError:
            self.enough.set()


@contextmanager
def signed_in(address: str) -> Iterator[tuple[requests.Session, str]]:
    """Hélène's browser, and the token her pages carry."""
    with requests.Session() as browser:
        page = browser.get(f"{address}/connexion", timeout=60).text
        token, account = TOKEN.search(page), HELENE.search(page)
        assert token is not None
        assert account is not None
        form = {"csrf_token": token[1], "account_id": account[1]}
        browser.post(f"{address}/connexion/demo", data=form, timeout=60)
        found = TOKEN.search(browser.get(f"{address}/ma-journee", timeout=60).text)
        assert found is not None
        yield browser, found[1]


@pytest.fixture
def ward(database_url: str, tmp_path: Path) -> Iterator[Ward]:
    database = Database(database_url)
    migrations.upgrade(database)
    tasks = open_cases(database)
    database.close()
    installation = Running(data=tmp_path / "data", demo=False, environment={"PARCOURS_DATABASE_URL": database_url})
    installation.start()
    yield Ward(installation, database_url, tasks)
    installation.stop()


def open_cases(database: Database) -> tuple[UUID, ...]:
    """Settle the fictitious territory and declare discharges; returns the first task of each."""
    now, data = utcnow(), fictitious_territory()
    long_ago = now - timedelta(days=30)
    with database.transaction() as session:
        place = data["territory"]
        settled = settle(session, data, time_zone=place["time_zone"], holidays=place["holidays"], now=long_ago)
        pathways.publish(
            session,
            files={**shared_files(), **shipped_files("hospital_discharge")},
            label="1",
            accepted={"*": "Relu."},
            by=system_actor(settled.territory_id),
            now=long_ago,
        )
    with database.transaction() as session:
        by = actor_of(session, professional_id=settled.professionals["helene.charme"], today=now.date())
        for number in range(CASES):
            facts = declaration(settled, number)
            cases.start(
                session,
                pathway_key="hospital_discharge",
                patient_id=settled.patients["josette"],
                facts={**facts, "admission_at": now.isoformat()},
                by=by,
                now=now,
                key=f"start-{number}",
            )
    with database.reading() as session:
        return tuple(session.scalars(select(Task.id).where(Task.element_id == TASK).order_by(Task.id)))


def declaration(settled: Settled, number: int) -> dict[str, str]:
    """What the ward declares; every stay is another."""
    return {
        "patient": str(settled.patients["josette"]),
        "identity_status": "VALI",
        "home_commune": "00004",
        "hospital_org": "990000127",
        "ward": "Cardiologie",
        "stay_number": f"S-{number}",
        "reason_short": "Décompensation cardiaque",
        "usual_gp": "99700123450",
        "usual_nurse": "99700123476",
    }


@pytest.mark.faults
@pytest.mark.slow
def test_a_server_killed_while_tasks_are_finished_loses_and_doubles_nothing(ward: Ward) -> None:
    writers = [threading.Thread(target=ward.finish, args=(ward.tasks[start::WRITERS],)) for start in range(WRITERS)]
    for writer in writers:
        writer.start()
    assert ward.enough.wait(120)
    ward.installation.kill()
    for writer in writers:
        writer.join(60)
    before = frozenset(ward.acknowledged)
    assert len(before) >= KILL_AFTER
    assert len(before) < CASES, "the server was killed after the work was done: nothing is proved"

    ward.installation.start()
    with opened(ward.database_url) as database:
        assert before <= set(completed(database)), "an acknowledged completion was lost"
    ward.finish(ward.tasks)  # everybody sends again what they sent, with the same keys

    assert ward.acknowledged == set(ward.tasks)
    with opened(ward.database_url) as database:
        assert Counter(completed(database)) == Counter(ward.tasks)
        assert rows(database, select(Task.case_id).where(Task.element_id == NEXT)) == Counter(cases_of(database))
        traced = select(AuditEvent.object_id).where(AuditEvent.action == "tasks.complete")
        assert set(rows(database, traced).values()) == {1}
        facts = select(CaseFact.case_id).where(CaseFact.name == "drug_count", CaseFact.superseded_at.is_(None))
        assert rows(database, facts) == Counter(cases_of(database))


@contextmanager
def opened(url: str) -> Iterator[Database]:
    database = Database(url)
    yield database
    database.close()


def completed(database: Database) -> list[UUID]:
    """Tasks that the history says were completed, as often as it says so."""
    statement = select(CaseHistory.task_id).where(CaseHistory.kind == "completed", CaseHistory.task_id.is_not(None))
    with database.reading() as session:
        return [task for task in session.scalars(statement) if task is not None]


def cases_of(database: Database) -> list[UUID]:
    """The cases, by their first task."""
    with database.reading() as session:
        return list(session.scalars(select(Task.case_id).where(Task.element_id == TASK)))


def rows(database: Database, statement: object) -> Counter[UUID]:
    """How often each value comes."""
    with database.reading() as session:
        return Counter(session.scalars(statement))  # type: ignore[call-overload]
