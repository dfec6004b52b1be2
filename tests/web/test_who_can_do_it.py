"""A draft beside the directory of the day: what the page, the API and publishing say of who would do its tasks."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from engine.actor import Actor
from engine.clock import utcnow
from engine.commands import people
from engine.db import Database
from tests.web.browser import TOKEN, Browser, text_of
from tests.web.test_workshop import GOOD, put_down

PSYCHOLOGIST = GOOD.replace("home_nurse", "psychologist")
CAMUNDA = (
    GOOD.replace('parcours:role="home_nurse"', 'camunda:assignee="marie"')
    .replace("urn:parcours:bpmn:1", "urn:other")
    .replace("<bpmn:definitions ", '<bpmn:definitions xmlns:camunda="http://camunda.org/schema/1.0/bpmn" ')
)


@pytest.fixture
def hugo(browser_of: Callable[[str], Browser]) -> Browser:
    return browser_of("hugo")


def draft_of(browser: Browser, drawing: str) -> str:
    """The address of the draft made of a drawing."""
    answer = put_down(browser, ("chute.bpmn", drawing.encode()))
    assert answer.status_code == 303, text_of(answer)
    return str(answer.location)


def test_a_role_that_nobody_holds_is_said_on_the_draft_and_needs_a_reason(hugo: Browser) -> None:
    draft = draft_of(hugo, PSYCHOLOGIST)

    assert "Personne ne tient le rôle « psychologue »" in text_of(hugo.get(draft))
    refused = hugo.post(f"{draft}/publier", {})
    assert refused.status_code == 422 and "AF-003" in text_of(refused)
    assert hugo.post(f"{draft}/publier", {"accepte-AF-003": "Recrutement en cours."}).status_code == 303


def test_an_absence_declared_after_the_draft_is_said_when_it_is_read_again(
    hugo: Browser, database: Database, actor: Callable[[str], Actor]
) -> None:
    draft = draft_of(hugo, GOOD)
    assert "AF-005" not in text_of(hugo.get(draft))

    first = utcnow().date() + timedelta(days=30)
    for login in ("claire", "marc", "charlie"):
        by = actor(login)
        assert by.professional_id is not None
        with database.transaction() as session:
            people.declare_absence(
                session, professional_id=by.professional_id, first_day=first, last_day=first + timedelta(days=13),
                by=by, now=utcnow(),
            )  # fmt: skip

    assert re.search(r"Personne du rôle « infirmier·e à domicile » du \d+ \w+", text_of(hugo.get(draft)))


def test_a_person_named_by_the_file_is_asked_about_before_publishing(hugo: Browser) -> None:
    draft = draft_of(hugo, CAMUNDA)
    page = text_of(hugo.get(draft))

    assert "« marie »" in page and "Publier le modèle" not in page
    refused = hugo.post(f"{draft}/publier", {"accepte-AF-102": "Marie le fera."})
    assert refused.status_code == 422 and "vos fichiers confient à : « marie »" in text_of(refused)

    hugo.post(f"{draft}/roles", {"group": ["marie"], "role": ["home_nurse"]})
    assert hugo.post(f"{draft}/publier", {}).status_code == 303


def test_a_group_called_as_a_role_is_proposed_that_role_and_nothing_is_decided(hugo: Browser) -> None:
    draft = draft_of(hugo, CAMUNDA.replace("marie", "Médecin  Traitant"))
    page = hugo.get(draft).get_data(as_text=True)

    assert '<option value="gp" selected>' in page
    assert "Publier le modèle" not in page


def test_a_task_of_nobody_cannot_be_published_whatever_the_reason(hugo: Browser) -> None:
    draft = draft_of(hugo, GOOD.replace(' parcours:role="home_nurse"', ""))

    refused = hugo.post(f"{draft}/publier", {"accepte-AF-001": "On verra."})

    assert refused.status_code == 422 and "n’est confié à aucun rôle" in text_of(refused)


def test_the_api_says_who_could_do_each_task(hugo: Browser) -> None:
    token = TOKEN.search(hugo.get("/modeles").get_data(as_text=True))[1]  # type: ignore[index]

    answer = hugo.client.post(
        "/api/pathways/check",
        data={"files": (io.BytesIO(PSYCHOLOGIST.encode()), "chute.bpmn")},
        headers={"X-CSRFToken": token},
        content_type="multipart/form-data",
    )

    (found,) = [one for one in json.loads(answer.data)["findings"] if one["code"] == "AF-003"]
    assert (found["element_id"], found["line"], found["severity"]) == ("t", 5, "warning")
    assert "Nobody in the territory holds the role “psychologist”" in found["message_en"]
