"""A task sent by link to a daughter: the letter that left, the code that is said, her phone; fixtures to import."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from engine.actor import Actor
from engine.clock import utcnow
from engine.commands import cases, pathways, patients
from engine.db import Database
from engine.models import Case, Task, TaskLink
from engine.settings import read_settings
from tests.web import town
from tests.web.browser import Browser
from worker.channels import channels_from
from worker.sweeps import sweep_outbox

DAUGHTER = "Lucette DEMO-LIBELLULE"
FORM = {
    "key": "short_check",
    "title": {"fr": "Contrôle", "en": "Check"},
    "sections": [
        {
            "fields": [
                {
                    "name": "all_well", "type": "bool", "required": True,
                    "label": {"fr": "Tout va bien", "en": "All well"},
                },
                {"name": "needs", "type": "text", "label": {"fr": "Ce qui manque", "en": "What lacks"}},
                {
                    "name": "wound", "type": "text", "label": {"fr": "État de la plaie", "en": "Wound"},
                    "audience": "clinical",
                },
            ]
        }
    ],
}  # fmt: skip


@dataclass
class Sent:
    """A link on its way."""

    task_id: str
    link_id: UUID
    address: str
    letter: str

    @property
    def page(self) -> str:
        return f"/taches/{self.task_id}/lien"


@pytest.fixture
def social_visit(database: Database, actor: Callable[[str], Actor], start_case: Callable[..., str]) -> str:
    """The open task of a case, which the pathway gives to the social worker or the caregiver; a daughter helps."""
    files = town.trial_files()
    files["forms/short_check.json"] = json.dumps(FORM).encode()
    files["pathway.bpmn"] = files["pathway.bpmn"].replace(b'"social_worker"', b'"social_worker,caregiver"')
    with database.transaction() as session:
        pathways.publish(session, files=files, label="liens", accepted={}, by=actor("hugo"), now=utcnow())
    start_case()
    with database.transaction() as session:
        patients.add_to_circle(
            session, patient_id=town.josette(session), role="caregiver", person_name=DAUGHTER,
            person_phone="06 39 98 50 01", by=actor("maud"), now=utcnow(),
        )  # fmt: skip
        return str(session.execute(select(Task.id).where(Task.element_id == "social_visit")).scalar_one())


@pytest.fixture
def sent(social_visit: str, browser_of: Callable[[str], Browser], database: Database, tmp_path: Path) -> Sent:
    """Yann, the social worker, has sent the visit to the daughter, and the letter has left."""
    return send_link(social_visit, browser_of("yann"), database, tmp_path)


def send_link(task_id: str, sender: Browser, database: Database, folder: Path) -> Sent:
    page = sender.get(f"/taches/{task_id}/lien").get_data(as_text=True)
    member = re.search(r'name="member" value="([0-9a-f-]{36})"', page)
    assert member is not None
    fields = {"member": member[1], "address": "fille@example.org"}
    assert sender.post(f"/taches/{task_id}/lien", fields).status_code == 303
    settings = read_settings({"PARCOURS_DATA_DIR": str(folder)})
    sweep_outbox(database, channels_from(settings))
    for path in sorted((folder / "mailbox").glob("*.eml")):
        message = message_from_bytes(path.read_bytes(), policy=policy.default)
        if message["To"] == "fille@example.org":
            letter = f"{message['Subject']}\n{message.get_content()}"
    link = re.search(r"http\S+/lien#\S+", letter)
    assert link is not None
    with database.reading() as session:
        newest = session.execute(select(TaskLink.id).order_by(TaskLink.sent_at.desc())).scalars().first()
    assert newest is not None
    return Sent(task_id=task_id, link_id=newest, address=link[0], letter=letter)


def open_link(browser: Browser, sent: Sent) -> Any:
    return browser.post("/lien", {"link": sent.address}, token_from="/lien")


def code_for(sender: Browser, sent: Sent) -> str:
    shown = sender.post(f"{sent.page}/{sent.link_id}/code").get_data(as_text=True)
    found = re.search(r'spoken-code">(\d{3}) (\d{3})<', shown)
    assert found is not None
    return found[1] + found[2]


def enter_code(browser: Browser, code: str) -> Any:
    return browser.post("/lien/code", {"code": code}, token_from="/lien/code")


@pytest.fixture
def daughter(stranger: Browser, sent: Sent, browser_of: Callable[[str], Browser]) -> Browser:
    """The daughter's phone, inside."""
    open_link(stranger, sent)
    assert enter_code(stranger, code_for(browser_of("yann"), sent)).headers["Location"] == "/lien/tache"
    return stranger


def link_row(database: Database) -> dict[str, Any]:
    with database.reading() as session:
        return dict(session.execute(select(TaskLink.__table__)).mappings().one())


def cancel_case(database: Database, sent: Sent, actor: Callable[[str], Actor]) -> None:
    with database.transaction() as session:
        case = session.execute(select(Case.id)).scalar_one()
        cases.cancel(session, case_id=case, reason="essai", by=actor("maud"), now=utcnow())
