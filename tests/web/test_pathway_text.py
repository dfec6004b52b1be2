"""The pathway as a text: read by those who design and coordinate, and by nobody else."""

from tests.web.browser import text_of


def test_a_coordinator_reads_who_does_what_by_when_and_what_if_not(browser_of, start_case) -> None:
    start_case()
    page = browser_of("maud").get("/modeles/try_out/texte")

    assert page.status_code == 200
    assert "Délai : " in text_of(page)
    assert "Sinon : " in text_of(page)
    assert 'href="/modeles/try_out/texte"' in browser_of("maud").get("/modeles/try_out").get_data(as_text=True)


def test_a_nurse_does_not(browser_of) -> None:
    assert browser_of("claire").get("/modeles/try_out/texte").status_code == 403


def test_an_unknown_pathway_is_said_so(browser_of) -> None:
    assert browser_of("maud").get("/modeles/unknown/texte").status_code == 404
