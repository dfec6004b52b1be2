"""IDOR: an address that somebody was shown opens nothing for somebody else, and does not even say that it exists."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from sqlalchemy import select

from engine.db import Database
from engine.models import Task
from tests.web import town
from tests.web.browser import Browser

BrowserOf = Callable[[str], Browser]
ADDRESS = re.compile(r'(?:href|action|src|data-\w+|hx-get|hx-post)="(/[^"#]*)"')
OF_SOMETHING = re.compile(r"/C-\d+|[0-9a-f]{8}-[0-9a-f]{4}-|/dossiers/\d|patient=")
PUBLIC = ("/static/", "/langue", "/connexion", "/deconnexion")
BEGINNINGS = ("/", "/ma-journee", "/ma-journee?voir=a-venir", "/suivi", "/sorties", "/mes-patients", "/dossiers")
MOST_PAGES = 400


def _recorded(browser: Browser) -> Iterator[str]:
    """Every address that the pages of somebody lead to, page after page."""
    waiting, met = list(BEGINNINGS), set(BEGINNINGS)
    while waiting and len(met) < MOST_PAGES:
        answer = browser.get(waiting.pop(0))
        if answer.status_code == 200 and answer.mimetype == "text/html":
            for found in ADDRESS.findall(answer.get_data(as_text=True).replace("&amp;", "&")):
                if found not in met and not found.startswith(PUBLIC):
                    met.add(found)
                    waiting.append(found)
    yield from sorted(address for address in met if OF_SOMETHING.search(address))


def test_every_address_shown_to_somebody_opens_nothing_for_somebody_else(
    browser_of: BrowserOf, start_case: Callable[..., str]
) -> None:
    start_case()
    recorded = {login: list(_recorded(browser_of(login))) for login in ("maud", "claire", "helene")}
    assert all(len(found) > 8 for found in recorded.values()), {login: len(found) for login, found in recorded.items()}

    opened: list[tuple[str, str, int]] = []
    for login in ("charlie", "ursule"):
        thief = browser_of(login)
        for address in sorted({one for found in recorded.values() for one in found}):
            answers = [thief.get(address)]
            if "/schema" not in address:
                answers.append(thief.post(address, {"idempotency_key": f"{login}-{len(opened)}"}))
            opened += [
                (login, address, answer.status_code)
                for answer in answers
                if 200 <= answer.status_code < 300 and _about_the_patient(address)
            ]
            assert all(b"ABEILLE" not in answer.get_data() for answer in answers), (login, address)
    assert not opened


def _about_the_patient(address: str) -> bool:
    """The pathway itself, with no case, is no secret of a patient."""
    return not address.startswith(("/modeles", "/parcours/nouveau?parcours", "/suivi/carte", "/suivi/schema/"))


def test_ids_guessed_by_somebody_else_open_nothing(
    browser_of: BrowserOf, start_case: Callable[..., str], database: Database
) -> None:
    number = start_case()
    with database.reading() as session:
        josette = town.josette(session)
        tasks = session.execute(select(Task.id)).scalars().all()
    paths = [
        *(f"{place}/{number}" for place in ("/dossiers", "/suivi")), f"/parcours/{number}/lance",
        f"/patients/{josette}", f"/parcours/nouveau?patient={josette}&parcours=try_out",
        *(f"/taches/{one}" for one in tasks),
    ]  # fmt: skip
    charlie = browser_of("charlie")
    for path in paths:
        answer = charlie.get(path)
        assert answer.status_code in (403, 404), path
        assert b"ABEILLE" not in answer.get_data()


def test_a_hidden_page_and_an_absent_one_look_the_same(browser_of: BrowserOf, start_case: Callable[..., str]) -> None:
    number = start_case()
    charlie = browser_of("charlie")
    for hidden, absent in (
        (f"/dossiers/{number}", "/dossiers/C-9999"),
        (f"/dossiers/{number}/donnees", "/dossiers/C-9999/donnees"),
        (f"/dossiers/{number}/schema.json", "/dossiers/C-9999/schema.json"),
    ):
        answers = [charlie.get(path) for path in (hidden, absent)]
        assert {answer.status_code for answer in answers} == {404}
        pages = [answer.get_data(as_text=True).partition("<main")[2] for answer in answers]
        assert pages[0] == pages[1] and len(pages[0]) == len(pages[1])
