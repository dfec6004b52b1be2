"""What a page weighs: a nurse opens it in a stairwell, on a slow network."""

import re

import pytest

from tests.support.places import ROOT
from web.assets import DIST, asset, font_url, stored_file

KILO = 1024


def transferred(url: str) -> int:
    file = stored_file(url.rsplit("/", 1)[1], accepted={"br"})
    assert file is not None, url
    return file.path.stat().st_size


def weight(*entries: str) -> int:
    """Bytes over the wire of everything these entries load at once."""
    assets = [asset(entry) for entry in entries]
    urls = {url for one in assets for url in (one.js, one.css, *one.preload) if url}
    return sum(map(transferred, urls))


def test_scripts_and_styles_of_a_page_on_the_road_stay_under_20_kilobytes() -> None:
    assert weight("app.js", "offline.js", "drafts.js") <= 20 * KILO


def test_with_the_font_and_the_refreshing_list_there_is_room_for_the_page_under_80() -> None:
    assert weight("app.js", "offline.js", "drafts.js", "htmx.js", "htmx.esm.js") + transferred(font_url()) <= 72 * KILO


def test_a_drawing_costs_less_than_90_kilobytes_more() -> None:
    assert weight("viewer.js", "drawing.js") <= 90 * KILO


@pytest.mark.parametrize("kind", ["js", "css"])
def test_everything_comes_from_our_own_address(kind: str) -> None:
    loads = re.compile(r"""(?:url\(|from|import\(?|src=)\s*["']?(?:https?:)?//""")
    data = re.compile(r"""url\(["']?data:""")

    for path in DIST.glob(f"*.{kind}"):
        assert not loads.search(path.read_text()), path.name
        assert kind != "css" or not data.search(path.read_text()), path.name


def test_the_licences_of_what_is_delivered_are_delivered_with_it() -> None:
    notices = (DIST / "licences.txt").read_text()

    for name in ("bpmn-js", "htmx.org", "@fontsource-variable/atkinson-hyperlegible-next", "preact"):
        assert re.search(rf"^{re.escape(name)} \d", notices, re.M), name
    assert "SIL OPEN FONT LICENSE" in notices.upper()


def test_install_scripts_of_packages_never_run() -> None:
    assert "ignore-scripts=true" in (ROOT / "web" / "frontend" / ".npmrc").read_text()
    assert "--ignore-scripts" in (ROOT / "hatch_build.py").read_text()
