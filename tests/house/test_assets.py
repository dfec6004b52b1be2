"""The built front end is found by name, and the smallest copy a browser accepts is the one sent."""

import json
from pathlib import Path

import pytest

from web.assets import FrontEndNotBuilt, asset, font_url, stored_file


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    font = "atkinson-hyperlegible-next-latin-wght-normal.woff2"
    entries = {
        "app.js": {"js": "app-AAAA.js", "css": "app-BBBB.css", "preload": ["part-CCCC.js"]},
        "viewer.js": {"js": "viewer-DDDD.js", "css": None, "preload": []},
        font: {"file": "atkinson-EEEE.woff2"},
    }
    (tmp_path / "manifest.json").write_text(json.dumps(entries))
    for name in ("app-AAAA.js", "app-AAAA.js.br", "app-AAAA.js.gz", "atkinson-EEEE.woff2", "sw.js"):
        (tmp_path / name).write_text(name)
    return tmp_path


def test_a_page_learns_the_addresses_of_its_entry(dist: Path) -> None:
    app = asset("app.js", dist=dist)

    assert app.js == "/static/dist/app-AAAA.js"
    assert app.css == "/static/dist/app-BBBB.css"
    assert app.preload == ("/static/dist/part-CCCC.js",)
    assert asset("viewer.js", dist=dist).css is None
    assert font_url(dist=dist) == "/static/dist/atkinson-EEEE.woff2"


@pytest.mark.parametrize(
    ("accepted", "name", "encoding"),
    [
        ({"gzip", "br"}, "app-AAAA.js.br", "br"),
        ({"gzip", "deflate"}, "app-AAAA.js.gz", "gzip"),
        (set[str](), "app-AAAA.js", None),
    ],
)
def test_the_smallest_accepted_copy_is_sent(dist: Path, accepted: set[str], name: str, encoding: str | None) -> None:
    file = stored_file("app-AAAA.js", accepted=accepted, dist=dist)

    assert file is not None
    assert (file.path.name, file.encoding) == (name, encoding)
    assert file.content_type.startswith("text/javascript")


def test_hashed_names_are_kept_for_ever_and_the_service_worker_is_not(dist: Path) -> None:
    hashed = stored_file("app-AAAA.js", accepted=(), dist=dist)
    worker = stored_file("sw.js", accepted=(), dist=dist)

    assert hashed is not None and "immutable" in hashed.cache_control
    assert worker is not None and worker.cache_control == "no-cache"


@pytest.mark.parametrize("name", ["../assets.py", "missing-AAAA.js", "sub/app-AAAA.js", ".stamp", "app-AAAA.js.br", ""])
def test_nothing_else_can_be_asked_for(dist: Path, name: str) -> None:
    assert stored_file(name, accepted={"br"}, dist=dist) is None


def test_a_missing_bundle_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(FrontEndNotBuilt, match=r"\./parcours"):
        asset("app.js", dist=tmp_path)
