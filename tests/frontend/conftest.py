"""A site to write pages on, and a page of a real browser that fails the test if the console complains."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import ConsoleMessage, Page

from tests.frontend.site import Site, open_site
from web.assets import DIST


@pytest.fixture
def site() -> Iterator[Site]:
    if not (DIST / "manifest.json").exists():
        pytest.fail("The front end is not built: run ./parcours once.")
    with open_site() as opened:
        yield opened


@pytest.fixture
def quiet_page(page: Page, site: Site) -> Iterator[Page]:
    """A page whose console must stay without errors: no violation of the content policy, no failed script."""
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type == "error" and "deprecated" not in message.text and "favicon" not in str(message.location):
            complaints.append(message.text)

    page.on("console", listen)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    assert complaints == []
