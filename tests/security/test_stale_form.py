"""Stale form: a page opened before a timer, a colleague or a cancellation says so and loses nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from engine.actor import system_actor
from engine.clock import utcnow
from engine.commands import pathways
from engine.db import Database
from engine.models import CaseFact, Task
from tests.security.conftest import town_database
from tests.web import town
from tests.web.browser import Browser, text_of
from tests.web.test_tasks import GOOD
from worker.channels import Channels
from worker.sweeps import advance

BrowserOf = Callable[[str], Browser]
database = town_database
TIMER = """
<bpmn:boundaryEvent id="too_late" name="Trop tard" attachedToRef="home_visit" cancelActivity="true">
  <bpmn:timerEventDefinition id="too_late_t">
  <bpmn:timeDuration xsi:type="bpmn:tFormalExpression">PT1H</bpmn:timeDuration>
  </bpmn:timerEventDefinition></bpmn:boundaryEvent>
<bpmn:exclusiveGateway id="merge" name="Vu ou abandonné"/>
<bpmn:sequenceFlow id="f9" sourceRef="too_late" targetRef="merge"/>
<bpmn:sequenceFlow id="f10" sourceRef="merge" targetRef="join"/>
</bpmn:process>"""


def given_up_after_an_hour() -> dict[str, bytes]:
    """The trial pathway, with a timer on its visit."""
    files = town.trial_files()
    drawn = files["pathway.bpmn"].decode()
    drawn = drawn.replace('sourceRef="home_visit" targetRef="join"', 'sourceRef="home_visit" targetRef="merge"')
    drawn = drawn.replace("<bpmn:incoming>f5</bpmn:incoming>", "<bpmn:incoming>f10</bpmn:incoming>")
    return {**files, "pathway.bpmn": drawn.replace("</bpmn:process>", TIMER).encode()}


@pytest.fixture
def opened(database: Database, start_case: Callable[..., str], browser_of: BrowserOf) -> tuple[str, Browser, str]:
    """The number of a case whose visit is given up after an hour, Claire, and the address of her visit, opened."""
    with database.transaction() as session:
        by = system_actor(town.territory_of(session).id)
        pathways.publish(
            session, files=given_up_after_an_hour(), label="2", accepted={"*": "essai"}, by=by, now=utcnow()
        )
    number = start_case()
    claire = browser_of("claire")
    visit = claire.task("Visite d'essai", "a-venir")
    assert claire.get(visit).status_code == 200
    return number, claire, visit


def _weights(database: Database) -> list[object]:
    with database.reading() as session:
        return list(session.execute(select(CaseFact.value).where(CaseFact.name == "weight_kg")).scalars())


def test_a_timer_that_closed_the_task_meanwhile_is_said_and_what_was_typed_is_shown(
    opened: tuple[str, Browser, str], database: Database
) -> None:
    _number, claire, visit = opened
    with database.reading() as session:
        territory_id = town.territory_of(session).id
    assert advance(database, Channels({}), territory_id=territory_id, seconds=7_200, now=utcnow()) >= 1

    answer = claire.post(visit, {**GOOD, "place": "dans la cuisine", "idempotency_key": "late"})

    assert answer.status_code == 409
    assert "71,4" in text_of(answer) and "dans la cuisine" in text_of(answer)
    assert _weights(database) == []
    with database.reading() as session:
        state = session.execute(select(Task.state).where(Task.element_id == "home_visit")).scalar_one()
    assert state == "cancelled"


def test_a_case_cancelled_meanwhile_takes_no_answer(
    opened: tuple[str, Browser, str], browser_of: BrowserOf, database: Database
) -> None:
    number, claire, visit = opened
    browser_of("maud").post(f"/dossiers/{number}/annuler", {"reason": "Ouvert par erreur", "idempotency_key": "c"})

    answer = claire.post(visit, {**GOOD, "idempotency_key": "late"})

    assert answer.status_code == 409 and "71,4" in text_of(answer)
    assert _weights(database) == []


def test_a_page_of_an_earlier_state_of_the_task_shows_its_form_again(
    opened: tuple[str, Browser, str], database: Database
) -> None:
    _number, claire, visit = opened

    answer = claire.post(visit, {**GOOD, "rev": "99"})

    assert answer.status_code == 409
    assert "a changé depuis que la page est ouverte" in text_of(answer)
    assert 'value="71,4"' in answer.get_data(as_text=True)
    assert _weights(database) == []
