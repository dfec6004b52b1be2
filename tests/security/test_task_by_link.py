"""A task by link: one person, one task, one half hour; everything else does not exist for them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from engine.actor import Actor
from engine.clock import utcnow
from engine.commands import oppositions, patients, task_links, tasks
from engine.db import Database
from engine.errors import NotFound
from engine.models import CaseFact, CaseHistory, Outbox, Task, TaskLink
from tests.security.linking import (
    Sent,
    cancel_case,
    code_for,
    daughter,
    enter_code,
    link_row,
    open_link,
    sent,
    social_visit,
)
from tests.web import town
from tests.web.browser import Browser, text_of
from tests.web.test_access_matrix import STATIC

__all__ = ["daughter", "sent", "social_visit"]


def test_the_letter_names_nobody_and_says_nothing_of_health(sent: Sent) -> None:
    for word in ("ABEILLE", "Josette", "LIBELLULE", "YANN", "Point social", "essai", "C-1"):
        assert word not in sent.letter


def test_a_caregiver_answers_one_task_once(
    stranger: Browser, sent: Sent, browser_of: Callable[[str], Browser], database: Database
) -> None:
    assert open_link(stranger, sent).headers["Location"] == "/lien/code"
    assert "ABEILLE" not in stranger.get("/lien/code").get_data(as_text=True), "the link alone tells nothing"
    enter_code(stranger, code_for(browser_of("yann"), sent))
    page = stranger.get("/lien/tache").get_data(as_text=True)
    assert "Josette DEMO-ABEILLE" in page and "Ce qui manque" in page
    assert "État de la plaie" not in page and "Temps de coordination" not in page
    wrong = stranger.post("/lien/tache", {"needs": "du pain"}, token_from="/lien/tache")
    assert wrong.status_code == 422 and "du pain" in text_of(wrong)

    answers = {"all_well": "false", "needs": "Un barreau à la douche", "wound": "inventé"}
    done = stranger.post("/lien/tache", answers, token_from="/lien/tache")

    assert done.headers["Location"] == "/lien/merci" and "Merci" in text_of(stranger.get("/lien/merci"))
    with database.reading() as session:
        task = session.get_one(Task, UUID(sent.task_id))
        facts = {row.name: row.value for row in session.execute(select(CaseFact)).scalars() if row.task_id == task.id}
        actors = set(session.execute(select(CaseHistory.actor).where(CaseHistory.task_id == task.id)).scalars())
        told = session.execute(select(Outbox.template).where(Outbox.template.like("task_link%"))).scalars().all()
        ended = (task.state, task.completed_by, task.owner_id)
    assert ended == ("completed", "Aidant (par lien)", None)
    assert facts["all_well"] is False and "wound" not in facts and "coordination_minutes" not in facts
    assert "Aidant (par lien)" in actors
    assert told == ["task_link", "task_link_answered"]
    assert stranger.get("/lien/tache").headers["Location"] == "/lien", "the session ended with the answer"
    assert open_link(stranger, sent).status_code == 404, "the link is used up"


def test_whoever_is_inside_finds_nothing_at_any_other_address(daughter: Browser, app: Flask, sent: Sent) -> None:
    known = {"task_id": sent.task_id, "link_id": str(sent.link_id)}
    token = re.search(r'csrf-token" content="([^"]+)"', daughter.get("/lien/tache").get_data(as_text=True))
    assert token is not None
    reached = []
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith((*STATIC, "/lien")):
            continue
        path = re.sub(
            r"<(?:(\w+):)?(\w+)>",
            lambda found: known.get(found[2]) or {"uuid": str(UUID(int=1)), "int": "1"}.get(found[1] or "", "inconnu"),
            rule.rule,
        )
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            sent_along = {"csrf_token": token[1]} if method != "GET" else None
            answer = daughter.client.open(path, method=method, data=sent_along)
            if answer.status_code != 404 or "ABEILLE" in answer.get_data(as_text=True):
                reached.append(f"{method} {rule.rule}: {answer.status_code}")

    assert reached == ["POST /langue: 303"]
    assert daughter.get("/lien/tache").status_code == 200


def test_the_code_is_said_and_five_wrong_ones_make_it_void(
    stranger: Browser, sent: Sent, browser_of: Callable[[str], Browser], database: Database
) -> None:
    open_link(stranger, sent)
    assert enter_code(stranger, "000000").status_code == 422, "no code was given yet"
    yann = browser_of("yann")
    code = code_for(yann, sent)
    other = f"{(int(code) + 1) % 10**6:06d}"
    for _try in range(5):
        assert enter_code(stranger, other).status_code == 422

    assert enter_code(stranger, code).status_code == 422, "the right one comes too late"
    assert link_row(database)["code_hash"] is None
    assert enter_code(stranger, code_for(yann, sent)).status_code == 303, "a new one opens"


def test_the_sender_is_told_once_a_minute_that_somebody_waits(
    stranger: Browser, sent: Sent, browser_of: Callable[[str], Browser], database: Database
) -> None:
    open_link(stranger, sent)
    for _time in range(3):
        stranger.post("/lien/code/demande", token_from="/lien/code")

    with database.reading() as session:
        asked = Outbox.template == "task_link_code_asked"
        told = session.execute(select(Outbox.recipient_id).where(asked)).scalars().all()
        yann = town.professional_of(session, "yann")
    assert told == [yann]
    assert "attend son code" in text_of(browser_of("yann").get(sent.page))


@dataclass
class Times:
    """The commands of a link at chosen moments."""

    database: Database
    sent: Sent
    by: Actor
    secret: str

    def opens(self, after: timedelta) -> bool:
        with self.database.transaction() as session:
            found = task_links.open_link(session, secret=self.secret, from_where="", at=utcnow() + after)
        return found is not None

    def code(self) -> str:
        with self.database.transaction() as session:
            return task_links.give_code(session, link_id=self.sent.link_id, by=self.by, now=utcnow(), at=utcnow())

    def enters(self, code: str, after: timedelta) -> str:
        with self.database.transaction() as session:
            return task_links.enter(
                session, link_id=self.sent.link_id, code=code, from_where="", at=utcnow() + after
            ).token

    def answers(self, token: str, after: timedelta) -> None:
        with self.database.transaction() as session:
            task_links.answer(session, token=token, answers={"all_well": "true"}, revision=None, at=utcnow() + after)


@pytest.fixture
def times(database: Database, sent: Sent, actor: Callable[[str], Actor]) -> Times:
    return Times(database, sent, actor("yann"), sent.address.partition("#")[2])


def test_a_link_lasts_a_week_a_code_ten_minutes_a_session_half_an_hour(times: Times) -> None:
    minute = timedelta(minutes=1)
    assert times.opens(timedelta(days=7) - minute) and not times.opens(timedelta(days=7) + minute)
    assert times.enters(times.code(), 11 * minute) == ""
    token = times.enters(times.code(), 9 * minute)
    assert token
    with pytest.raises(NotFound):
        times.answers(token, 40 * minute)
    times.answers(token, 38 * minute)
    assert not times.opens(minute)


def test_a_new_code_takes_the_half_hour_over_from_the_former_browser(times: Times) -> None:
    nothing = timedelta()
    first = times.enters(times.code(), nothing)
    second = times.enters(times.code(), nothing)
    with pytest.raises(NotFound):
        times.answers(first, nothing)
    times.answers(second, nothing)


def _revoke(database: Database, sent: Sent, actor: Callable[[str], Actor]) -> None:
    with database.transaction() as session:
        task_links.revoke(session, link_id=sent.link_id, by=actor("maud"), now=utcnow(), at=utcnow())


def _do_it_oneself(database: Database, sent: Sent, actor: Callable[[str], Actor]) -> None:
    with database.transaction() as session:
        tasks.complete(
            session, task_id=UUID(sent.task_id), answers={"all_well": "true"}, by=actor("yann"), now=utcnow()
        )


def _oppose(database: Database, sent: Sent, actor: Callable[[str], Actor]) -> None:
    with database.transaction() as session:
        oppositions.oppose(session, patient_id=town.josette(session), by=actor("maud"), now=utcnow())


def _leave_the_circle(database: Database, sent: Sent, actor: Callable[[str], Actor]) -> None:
    with database.transaction() as session:
        member = session.execute(select(TaskLink.member_id)).scalar_one()
        patients.leave_circle(session, member_id=member, by=actor("maud"), now=utcnow())


@pytest.mark.parametrize("end", [_revoke, _do_it_oneself, cancel_case, _oppose, _leave_the_circle])
def test_a_link_that_ended_shows_nothing_more_even_to_whoever_is_inside(
    end: Callable[..., None], daughter: Browser, sent: Sent, database: Database, actor: Callable[[str], Actor]
) -> None:
    end(database, sent, actor)

    shown = daughter.get("/lien/tache", follow_redirects=True)
    assert "ABEILLE" not in shown.get_data(as_text=True) and "Ce lien ne sert plus" in text_of(shown)
    assert open_link(daughter, sent).status_code == 404
