"""A task by link: one person, one task, one half hour; everything else does not exist for them."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import select, update

from engine.actor import Actor
from engine.clock import utcnow
from engine.commands import cases, oppositions, pathways, patients, task_links, tasks
from engine.commands.erasures import erase
from engine.db import Database
from engine.errors import NotAllowed, NotFound
from engine.models import (
    AuditEvent,
    CareCircleMember,
    Case,
    CaseFact,
    CaseHistory,
    Outbox,
    Task,
    TaskLink,
    TerritoryRow,
)
from engine.policies import check_may_answer_by_link
from engine.settings import read_settings
from engine.vault import Vault
from tests.support.browser import PHONE
from tests.web import town
from tests.web.browser import Browser, text_of
from tests.web.test_access_matrix import STATIC
from tests.web.test_in_a_browser import Visit
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
    return _send(social_visit, browser_of("yann"), database, tmp_path)


def _send(task_id: str, sender: Browser, database: Database, folder: Path) -> Sent:
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


def _open(browser: Browser, sent: Sent) -> Any:
    return browser.post("/lien", {"link": sent.address}, token_from="/lien")


def _code(sender: Browser, sent: Sent) -> str:
    shown = sender.post(f"{sent.page}/{sent.link_id}/code").get_data(as_text=True)
    found = re.search(r'spoken-code">(\d{3}) (\d{3})<', shown)
    assert found is not None
    return found[1] + found[2]


def _enter(browser: Browser, code: str) -> Any:
    return browser.post("/lien/code", {"code": code}, token_from="/lien/code")


@pytest.fixture
def daughter(stranger: Browser, sent: Sent, browser_of: Callable[[str], Browser]) -> Browser:
    """The daughter's phone, inside."""
    _open(stranger, sent)
    assert _enter(stranger, _code(browser_of("yann"), sent)).headers["Location"] == "/lien/tache"
    return stranger


def _link(database: Database) -> dict[str, Any]:
    with database.reading() as session:
        return dict(session.execute(select(TaskLink.__table__)).mappings().one())


def test_the_letter_names_nobody_and_says_nothing_of_health(sent: Sent) -> None:
    for word in ("ABEILLE", "Josette", "LIBELLULE", "YANN", "Point social", "essai", "C-1"):
        assert word not in sent.letter


def test_a_caregiver_answers_one_task_once(
    stranger: Browser, sent: Sent, browser_of: Callable[[str], Browser], database: Database
) -> None:
    assert _open(stranger, sent).headers["Location"] == "/lien/code"
    assert "ABEILLE" not in stranger.get("/lien/code").get_data(as_text=True), "the link alone tells nothing"
    _enter(stranger, _code(browser_of("yann"), sent))
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
    assert _open(stranger, sent).status_code == 404, "the link is used up"


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
    _open(stranger, sent)
    assert _enter(stranger, "000000").status_code == 422, "no code was given yet"
    yann = browser_of("yann")
    code = _code(yann, sent)
    other = f"{(int(code) + 1) % 10**6:06d}"
    for _try in range(5):
        assert _enter(stranger, other).status_code == 422

    assert _enter(stranger, code).status_code == 422, "the right one comes too late"
    assert _link(database)["code_hash"] is None
    assert _enter(stranger, _code(yann, sent)).status_code == 303, "a new one opens"


def test_the_sender_is_told_once_a_minute_that_somebody_waits(
    stranger: Browser, sent: Sent, browser_of: Callable[[str], Browser], database: Database
) -> None:
    _open(stranger, sent)
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


def _cancel(database: Database, sent: Sent, actor: Callable[[str], Actor]) -> None:
    with database.transaction() as session:
        case = session.execute(select(Case.id)).scalar_one()
        cases.cancel(session, case_id=case, reason="essai", by=actor("maud"), now=utcnow())


def _oppose(database: Database, sent: Sent, actor: Callable[[str], Actor]) -> None:
    with database.transaction() as session:
        oppositions.oppose(session, patient_id=town.josette(session), by=actor("maud"), now=utcnow())


def _leave_the_circle(database: Database, sent: Sent, actor: Callable[[str], Actor]) -> None:
    with database.transaction() as session:
        member = session.execute(select(TaskLink.member_id)).scalar_one()
        patients.leave_circle(session, member_id=member, by=actor("maud"), now=utcnow())


@pytest.mark.parametrize("end", [_revoke, _do_it_oneself, _cancel, _oppose, _leave_the_circle])
def test_a_link_that_ended_shows_nothing_more_even_to_whoever_is_inside(
    end: Callable[..., None], daughter: Browser, sent: Sent, database: Database, actor: Callable[[str], Actor]
) -> None:
    end(database, sent, actor)

    shown = daughter.get("/lien/tache", follow_redirects=True)
    assert "ABEILLE" not in shown.get_data(as_text=True) and "Ce lien ne sert plus" in text_of(shown)
    assert _open(daughter, sent).status_code == 404


def test_only_whoever_may_do_the_task_and_the_coordination_send_it(
    social_visit: str, browser_of: Callable[[str], Browser]
) -> None:
    page = f"/taches/{social_visit}/lien"

    assert [browser_of(one).get(page).status_code for one in ("yann", "maud", "helene", "charlie", "hugo")] == [
        200, 200, 404, 404, 404,
    ]  # fmt: skip
    assert "Envoyer par lien" in text_of(browser_of("yann").get(f"/taches/{social_visit}"))


def test_others_can_neither_give_a_code_nor_take_the_link_back(
    sent: Sent, browser_of: Callable[[str], Browser]
) -> None:
    for verb in ("code", "retirer"):
        assert browser_of("charlie").post(f"{sent.page}/{sent.link_id}/{verb}").status_code == 404


def test_a_task_of_professionals_is_not_for_a_caregiver(
    social_visit: str, database: Database, actor: Callable[[str], Actor], browser_of: Callable[[str], Browser]
) -> None:
    with database.transaction() as session:
        ward_check = session.execute(select(Task.id).where(Task.element_id == "ward_check")).scalar_one()
        member = session.execute(select(CareCircleMember.id).where(CareCircleMember.role == "caregiver")).scalar_one()
        with pytest.raises(NotAllowed, match="ne confie pas"):
            task_links.send(
                session, task_id=ward_check, member_id=member, address="a@example.org", vault=Vault(["x"]),
                by=actor("maud"), now=utcnow(), at=utcnow(),
            )  # fmt: skip
    assert "Envoyer par lien" not in text_of(browser_of("helene").get(f"/taches/{ward_check}"))


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ({"roles": ("home_nurse",)}, "ne confie pas « X » à ce rôle \\(aidant\\)"),
        ({"offered": True}, "ne pose pas de question"),
        ({"asks": False}, "ne pose pas de question"),
        ({"signs": True}, "se signe"),
        ({"hidden": ["Plaie"]}, "ne peut pas lire : Plaie"),
    ],
)
def test_what_cannot_be_answered_by_link_is_refused_with_its_reason(case: dict[str, Any], said: str) -> None:
    fitting: dict[str, Any] = {
        "roles": ("home_nurse", "caregiver"), "role": "caregiver", "offered": False, "asks": True, "signs": False,
        "hidden": [],
    }  # fmt: skip
    check_may_answer_by_link("X", **fitting)
    with pytest.raises(NotAllowed, match=said):
        check_may_answer_by_link("X", **{**fitting, **case})


@pytest.mark.parametrize("wrong", ["", "personne", "a@b@c", "a b@example.org", f"{'a' * 200}@example.org"])
def test_an_address_that_is_none_is_asked_again(
    social_visit: str, browser_of: Callable[[str], Browser], database: Database, wrong: str
) -> None:
    yann = browser_of("yann")
    page = yann.get(f"/taches/{social_visit}/lien").get_data(as_text=True)
    member = re.search(r'name="member" value="([0-9a-f-]{36})"', page)
    assert member is not None
    answer = yann.post(f"/taches/{social_visit}/lien", {"member": member[1], "address": wrong})

    assert answer.status_code == 422 and "adresse électronique" in text_of(answer)
    with database.reading() as session:
        assert session.execute(select(TaskLink)).first() is None


def test_sending_again_makes_the_former_link_void(
    sent: Sent, browser_of: Callable[[str], Browser], database: Database, tmp_path: Path, stranger: Browser
) -> None:
    again = _send(sent.task_id, browser_of("yann"), database, tmp_path)

    assert _open(stranger, sent).status_code == 404
    assert _open(stranger, again).status_code == 303


def test_neither_the_secret_nor_the_code_is_stored_or_logged(
    sent: Sent,
    stranger: Browser,
    browser_of: Callable[[str], Browser],
    database: Database,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    _open(stranger, sent)
    code = _code(browser_of("yann"), sent)
    _enter(stranger, code)
    stranger.get("/lien/tache")

    secret = sent.address.partition("#")[2].encode()
    assert database.engine.url.database is not None
    stored = b"".join(path.read_bytes() for path in Path(database.engine.url.database).parent.glob("*.db*"))
    said = capfd.readouterr()
    logged = (said.out + said.err + caplog.text).encode()
    assert len(secret) > 40 and secret not in stored and secret not in logged
    assert code not in str(_link(database)) and code.encode() not in logged


def test_every_step_is_traced_with_the_link_and_the_person_is_named_on_the_page(
    daughter: Browser, sent: Sent, browser_of: Callable[[str], Browser], database: Database
) -> None:
    _enter(daughter, "999999x")
    daughter.get("/lien/tache")
    daughter.post("/lien/tache", {"all_well": "true"}, token_from="/lien/merci")

    with database.reading() as session:
        rows = session.execute(
            select(AuditEvent.action, AuditEvent.actor, AuditEvent.result, AuditEvent.patient_id)
            .where(AuditEvent.object_id == str(sent.link_id))
            .order_by(AuditEvent.id)
        ).all()
        josette = town.josette(session)
    person, yann = "Aidant (par lien)", "Yann DEMO-YANN"
    assert [row[:3] for row in rows] == [
        ("task_links.send", yann, "done"), ("task_links.open", person, "done"), ("task_links.code", yann, "done"),
        ("task_links.enter", person, "done"), ("task_links.enter", person, "refused"), ("read", person, "done"),
        ("tasks.complete", person, "done"),
    ]  # fmt: skip
    assert {row.patient_id for row in rows} == {josette}
    seen = text_of(browser_of("maud").get(f"/patients/{josette}/acces"))
    assert f"{DAUGHTER}, Aidant (par lien)" in seen and "a ouvert le lien" in seen


def test_one_look_at_the_task_is_one_row(daughter: Browser, database: Database) -> None:
    def count() -> int:
        with database.reading() as session:
            return len(session.execute(select(AuditEvent.id)).all())

    before = count()
    daughter.get("/lien/tache")
    assert count() == before + 1
    for path in ("/lien/code", "/lien/merci"):
        daughter.get(path)
    assert count() == before + 1


def test_erasing_the_patient_erases_the_links(
    daughter: Browser,
    sent: Sent,
    database: Database,
    actor: Callable[[str], Actor],
    browser_of: Callable[[str], Browser],
) -> None:
    _cancel(database, sent, actor)
    with database.transaction() as session:
        erase(session, patient_id=town.josette(session), by=actor("maud"), now=utcnow())

    with database.reading() as session:
        assert session.execute(select(TaskLink)).first() is None
        letters = str(session.execute(select(Outbox.__table__)).all())
        josette = town.josette(session)
    assert "task_link" in letters and "fille@example.org" not in letters
    assert "LIBELLULE" not in browser_of("maud").get(f"/patients/{josette}/acces").get_data(as_text=True)


def test_who_is_signed_in_keeps_their_own_pages(sent: Sent, browser_of: Callable[[str], Browser]) -> None:
    yann = browser_of("yann")
    _open(yann, sent)
    _enter(yann, _code(yann, sent))

    assert yann.get("/lien/tache").status_code == 200 and yann.get("/ma-journee").status_code == 200


@pytest.mark.parametrize("cookie", ["", "x", "é", "x" * 3000])
def test_a_made_up_cookie_opens_nothing(stranger: Browser, cookie: str) -> None:
    stranger.client.set_cookie("parcours-link", cookie)

    assert stranger.get("/lien/tache").headers["Location"] == "/lien"
    assert stranger.get("/connexion").status_code == 200


def test_on_a_phone_the_address_forgets_the_secret(
    page: Page, address: str, sent: Sent, browser_of: Callable[[str], Browser]
) -> None:
    page.set_viewport_size(PHONE)
    visit = Visit(page, address)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(f"{request.url} {request.headers.get('referer', '')}"))
    secret = sent.address.partition("#")[2]

    page.goto(f"{address}/lien#{secret}")
    expect(page.get_by_role("heading", name="Votre code")).to_be_visible()
    assert secret not in page.url and not [one for one in asked if secret in one]
    visit.look()
    page.get_by_role("button", name=re.compile("demander qu'on m'appelle")).click()
    expect(page.get_by_role("status")).to_contain_text("Votre demande est transmise")
    page.get_by_label("Les six chiffres").fill(_code(browser_of("yann"), sent))
    page.get_by_role("button", name="Continuer").click()
    expect(page.get_by_role("heading", name="Point social")).to_be_visible()
    visit.look()
    page.get_by_role("group", name="Tout va bien").get_by_text("Oui").click()
    page.get_by_label("Ce qui manque").fill("Rien")
    page.get_by_role("button", name="Envoyer ma réponse").click()
    expect(page.get_by_role("heading", name="Merci")).to_be_visible()
    visit.look()
    page.goto(f"{address}/lien#{secret}")
    expect(page.get_by_role("heading", name="Ce lien ne sert plus")).to_be_visible()

    assert not [one for one in visit.complaints if "404" not in one]


def test_the_senders_page_reads_well(page: Page, address: str, sent: Sent, database: Database) -> None:
    page.set_viewport_size(PHONE)
    visit = Visit(page, address)
    visit.sign_in("Yann")
    visit.look(sent.page)
    page.get_by_role("button", name="Donner un code au téléphone").click()
    expect(page.locator(".spoken-code")).to_have_text(re.compile(r"^\d{3} \d{3}$"))
    visit.look()
    with database.transaction() as session:
        session.execute(update(TerritoryRow).values(clock_offset_seconds=3600))
    visit.look(sent.page)

    assert html.escape(DAUGHTER) in page.content() and not visit.complaints
