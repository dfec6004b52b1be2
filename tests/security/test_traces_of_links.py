"""What a task by link leaves behind: rows of the trace, hashes, nothing after an erasure; and on a real phone."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select, update

from engine.actor import Actor
from engine.clock import utcnow
from engine.commands.erasures import erase
from engine.db import Database
from engine.models import AuditEvent, Outbox, TaskLink, TerritoryRow
from tests.security.linking import (
    DAUGHTER,
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
from tests.support.browser import PHONE
from tests.web import town
from tests.web.browser import Browser, text_of
from tests.web.test_in_a_browser import Visit

__all__ = ["daughter", "sent", "social_visit"]


def test_neither_the_secret_nor_the_code_is_stored_or_logged(
    sent: Sent,
    stranger: Browser,
    browser_of: Callable[[str], Browser],
    database: Database,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    open_link(stranger, sent)
    code = code_for(browser_of("yann"), sent)
    enter_code(stranger, code)
    stranger.get("/lien/tache")

    secret = sent.address.partition("#")[2].encode()
    assert database.engine.url.database is not None
    stored = b"".join(path.read_bytes() for path in Path(database.engine.url.database).parent.glob("*.db*"))
    said = capfd.readouterr()
    logged = (said.out + said.err + caplog.text).encode()
    assert len(secret) > 40 and secret not in stored and secret not in logged
    assert code not in str(link_row(database)) and code.encode() not in logged


def test_every_step_is_traced_with_the_link_and_the_person_is_named_on_the_page(
    daughter: Browser, sent: Sent, browser_of: Callable[[str], Browser], database: Database
) -> None:
    enter_code(daughter, "999999x")
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
    cancel_case(database, sent, actor)
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
    open_link(yann, sent)
    enter_code(yann, code_for(yann, sent))

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
    page.get_by_label("Les six chiffres").fill(code_for(browser_of("yann"), sent))
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
