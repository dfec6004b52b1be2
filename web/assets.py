"""The built front end: which files a page needs, and which stored copy of a file to send. Knows nothing of Flask.

A template asks for an entry and writes its tags:

    {% set app = asset("app.js") %}
    <link rel="preload" href="{{ font_url() }}" as="font" type="font/woff2" crossorigin>
    <link rel="stylesheet" href="{{ app.css }}">
    {% for url in app.preload %}<link rel="modulepreload" href="{{ url }}">{% endfor %}
    <script type="module" src="{{ app.js }}"></script>

Entries: app.js (every page, brings the stylesheet), offline.js (pages used on the road), passkeys.js (pages that ask
for a key), links.js (where a link to one task leads), viewer.js, modeler.js.
Names hold a hash of their content: they may be cached for ever. Only /sw.js keeps its name and must not be.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

DIST = Path(__file__).resolve().parent / "static" / "dist"
URL = "/static/dist/"
FONT = "atkinson-hyperlegible-next-latin-wght-normal.woff2"
ENCODINGS = {"br": ".br", "gzip": ".gz"}  # best first
CONTENT_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".woff2": "font/woff2",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
}
FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"


class FrontEndNotBuilt(RuntimeError):
    """The bundle is missing: the project was not installed, or its build was cut short."""


@dataclass(frozen=True, kw_only=True)
class Asset:
    """The addresses of one entry: its module, its stylesheet if any, the modules it will ask for next."""

    js: str
    css: str | None
    preload: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    """A file to send as it lies: `encoding` is None for the plain one."""

    path: Path
    content_type: str
    encoding: str | None
    cache_control: str


@cache
def manifest(dist: Path = DIST) -> dict[str, dict[str, str | list[str] | None]]:
    path = dist / "manifest.json"
    if not path.exists():
        raise FrontEndNotBuilt("The pages are not built. Run ./parcours once, or pip install -e . in the project.")
    loaded: dict[str, dict[str, str | list[str] | None]] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def asset(entry: str, *, dist: Path = DIST) -> Asset:
    """The addresses of an entry such as "app.js". An unknown name is a programming error: KeyError."""
    names = manifest(dist)[entry]
    css = names["css"]
    return Asset(
        js=f"{URL}{names['js']}",
        css=f"{URL}{css}" if css else None,
        preload=tuple(f"{URL}{name}" for name in names["preload"] or ()),
    )


def font_url(*, dist: Path = DIST) -> str:
    """The one font every page starts with, to be preloaded."""
    return f"{URL}{manifest(dist)[FONT]['file']}"


def icon_url(*, dist: Path = DIST) -> str:
    """The picture of the browser's tab."""
    return f"{URL}{manifest(dist)['icon.svg']['file']}"


def home_screen_url(*, dist: Path = DIST) -> str:
    """What a phone reads when the page is put on its home screen (a web application manifest)."""
    return f"{URL}{manifest(dist)['home.webmanifest']['file']}"


def stored_file(name: str, *, accepted: Iterable[str], dist: Path = DIST) -> StoredFile | None:
    """The copy of a built file to send to a browser that accepts these encodings; None when there is no such file.

    `name` is one plain file name: anything with a folder in it is not found, so nothing outside `dist` is reachable.
    """
    path = dist / name
    content_type = CONTENT_TYPES.get(path.suffix)
    if content_type is None or Path(name).name != name or not path.is_file():
        return None
    wanted = set(accepted)
    cache_control = FOR_EVER if "-" in path.stem else ASK_AGAIN
    for encoding, suffix in ENCODINGS.items():
        compressed = path.with_name(path.name + suffix)
        if encoding in wanted and compressed.is_file():
            return StoredFile(
                path=compressed, content_type=content_type, encoding=encoding, cache_control=cache_control
            )
    return StoredFile(path=path, content_type=content_type, encoding=None, cache_control=cache_control)
