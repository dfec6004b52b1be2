"""The page of a case: who may open it, what each tab shows, what is done from it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from engine.db import Database
from engine.models import AuditEvent, Case
from tests.web.browser import Browser, text_of

TABS = ("", "/schema", "/schema.json", "/schema.bpmn", "/donnees", "/equipe", "/attentes", "/messages")
ACTS = (
    "/relancer",
    "/reattribuer",
    "/elargir",
    "/reprendre",
    "/reessayer",
    "/suspendre",
    "/annuler",
    "/messages/alert",
)


@pytest.mark.parametrize("tab", TABS)
def test_those_who_need_to_know_open_every_tab(
    tab: str, browser_of: Callable[[str], Browser], start_case: Callable[..., str]
) -> None:
    number = start_case()
    for login in ("maud", "helene"):
        assert browser_of(login).get(f"/dossiers/{number}{tab}").status_code == 200


@pytest.mark.parametrize("login", ["charlie", "ursule", "hugo"])
def test_for_others_the_case_does_not_exist(
    login: str, browser_of: Callable[[str], Browser], start_case: Callable[..., str]
) -> None:
    number = start_case()
    browser = browser_of(login)

    assert {browser.get(f"/dossiers/{number}{tab}").status_code for tab in TABS} == {404}
    assert {browser.post(f"/dossiers/{number}{act}", {}).status_code for act in ACTS} == {404}
    assert "ABEILLE" not in text_of(browser.get("/recherche?q=abeille")).replace("« abeille »", "")


def test_a_case_says_what_it_waits_for(browser_of: Callable[[str], Browser], start_case: Callable[..., str]) -> None:
    said = text_of(browser_of("maud").get(f"/dossiers/{start_case()}"))

    assert "Ce que ce dossier attend Attend «" in said
    assert "Dossier ouvert par Hélène DEMO-HELENE" in said


def test_the_diagram_and_the_list_say_the_same(
    browser_of: Callable[[str], Browser], start_case: Callable[..., str]
) -> None:
    number = start_case()
    maud = browser_of("maud")
    state = maud.get(f"/dossiers/{number}/schema.json").json

    assert state is not None
    open_now = {node["id"] for node in state["nodes"] if node["state"] in ("open", "late")}
    page = maud.get(f"/dossiers/{number}/schema").get_data(as_text=True)
    assert open_now and all(
        f'is-open" data-node="{one}"' in page or f'is-late" data-node="{one}"' in page for one in open_now
    )


def test_values_are_shown_with_who_said_them_and_in_words(
    browser_of: Callable[[str], Browser], start_case: Callable[..., str]
) -> None:
    said = text_of(browser_of("helene").get(f"/dossiers/{start_case()}/donnees"))

    assert "S-1" in said and "Claire DEMO-CLAIRE" in said and "Hélène DEMO-HELENE" in said


def test_opening_a_case_leaves_a_trace(
    browser_of: Callable[[str], Browser], start_case: Callable[..., str], database: Database
) -> None:
    browser_of("maud").get(f"/dossiers/{start_case()}")

    with database.reading() as session:
        kinds = session.execute(select(AuditEvent.object_kind).where(AuditEvent.action == "read")).scalars().all()
    assert "case" in kinds


def test_a_pause_needs_a_reason_and_ends(
    browser_of: Callable[[str], Browser], start_case: Callable[..., str], database: Database
) -> None:
    number = start_case()
    maud = browser_of("maud")

    refused = maud.post(f"/dossiers/{number}/suspendre", {"reason": " "})
    assert refused.status_code == 422 and "Dites pourquoi" in text_of(refused)
    assert maud.post(f"/dossiers/{number}/suspendre", {"reason": "Vacances de la famille"}).status_code == 303
    assert "en pause" in text_of(maud.get(f"/dossiers/{number}"))

    assert maud.post(f"/dossiers/{number}/reprendre").status_code == 303
    with database.reading() as session:
        assert session.execute(select(Case.state).where(Case.number == number)).scalar_one() == "active"


def test_an_early_end_keeps_the_history(browser_of: Callable[[str], Browser], start_case: Callable[..., str]) -> None:
    number = start_case()
    maud = browser_of("maud")

    maud.post(f"/dossiers/{number}/annuler", {"reason": "Ouvert par erreur"})
    said = text_of(maud.get(f"/dossiers/{number}"))

    assert "annulé" in said and "Ouvert par erreur" in said and "Dossier ouvert" in said
    assert maud.post(f"/dossiers/{number}/annuler", {"reason": "encore"}).status_code == 409


def test_the_search_finds_by_words_in_any_order(
    browser_of: Callable[[str], Browser], start_case: Callable[..., str]
) -> None:
    number = start_case()
    maud = browser_of("maud")

    for text in ("abeille", "josette abeille", "abeille josette", number, "241039999901705"):
        assert number in text_of(maud.get(f"/recherche?q={text}"))
    assert "Aucun dossier pour « martni »" in text_of(maud.get("/recherche?q=martni"))
    assert "Aucun dossier pour « % »" in text_of(maud.get("/recherche?q=%25"))


def test_an_unknown_message_is_not_offered(
    browser_of: Callable[[str], Browser], start_case: Callable[..., str]
) -> None:
    number = start_case()

    assert browser_of("maud").get(f"/dossiers/{number}/messages/nothing").status_code == 404
