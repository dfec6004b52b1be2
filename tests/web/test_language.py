"""French first; English when asked for."""

from __future__ import annotations

from collections.abc import Callable

from tests.web.browser import Browser, text_of
from web import translations


def test_french_even_for_an_english_browser(stranger: Browser) -> None:
    answer = stranger.get("/connexion", headers={"Accept-Language": "en"})

    assert '<html lang="fr"' in answer.get_data(as_text=True)


def test_the_choice_is_kept_with_the_account(browser_of: Callable[[str], Browser]) -> None:
    claire = browser_of("claire")
    answer = claire.post("/langue", {"locale": "en", "suite": "/ma-journee?voir=faits"})
    assert answer.headers["Location"] == "/ma-journee?voir=faits"

    assert "My day" in text_of(browser_of("claire").get("/ma-journee"))
    assert "Ma journée" in text_of(browser_of("marc").get("/ma-journee"))


def test_an_unknown_language_changes_nothing(browser_of: Callable[[str], Browser]) -> None:
    claire = browser_of("claire")
    claire.post("/langue", {"locale": "xx"})

    assert "Ma journée" in text_of(claire.get("/ma-journee"))


def test_every_sentence_has_its_english() -> None:
    from babel.messages.pofile import read_po

    with (translations.FOLDER / "en" / "LC_MESSAGES" / "messages.po").open("rb") as stream:
        catalogue = read_po(stream, locale="en")
    known = {message.id: message.string for message in catalogue if message.id}
    lacking = [
        message.id for message in translations.extract() if message.id and not all(known.get(message.id) or [""])
    ]

    assert not lacking


def test_none_is_singular_in_french(browser_of: Callable[[str], Browser]) -> None:
    assert "0 parcours en cours" in text_of(browser_of("paul").get("/mes-patients"))
