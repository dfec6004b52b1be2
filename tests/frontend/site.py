"""A little site: the built front end, and pages written by a test, under the product's strict content policy."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

from web.assets import asset, stored_file

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
EDITOR_POLICY = f"{POLICY}; style-src-attr 'unsafe-inline'"


@dataclass(frozen=True, kw_only=True)
class Posted:
    """A form that arrived: its address, its headers in lower case, its fields."""

    path: str
    headers: dict[str, str]
    fields: dict[str, list[str]]
    text: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the site answers: by default an empty page."""

    body: str = ""
    status: int = 200
    content_type: str = "text/html; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(kw_only=True)
class Site:
    """Pages by address, answers to forms by address, and everything that arrived."""

    url: str = ""
    pages: dict[str, Answer] = field(default_factory=dict)
    replies: dict[str, Callable[[Posted], Answer]] = field(default_factory=dict)
    arrived: list[Posted] = field(default_factory=list)
    sent_bytes: dict[str, int] = field(default_factory=dict)

    def page(
        self, path: str, content: str, *, entries: tuple[str, ...] = (), policy: str = POLICY, head: str = ""
    ) -> None:
        """A whole page around `content`, with app.js and the named entries."""
        body = document(content, entries=("app.js", *entries), head=head)
        self.pages[path] = Answer(body=body, headers={"Content-Security-Policy": policy, "X-Offline": "keep"})

    def json(self, path: str, value: object) -> None:
        self.pages[path] = Answer(body=json.dumps(value), content_type="application/json")


def document(content: str, *, entries: tuple[str, ...], head: str) -> str:
    assets = [asset(entry) for entry in entries]
    styles = "".join(f'<link rel="stylesheet" href="{one.css}">' for one in assets if one.css)
    scripts = "".join(f'<script type="module" src="{one.js}"></script>' for one in assets)
    return (
        '<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>Essai</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="csrf-token" content="page-token">'
        f'{head}{styles}{scripts}</head><body><main class="page" id="content">{content}</main></body></html>'
    )


def handler_for(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.split("?")[0]
            name = path.removeprefix("/static/dist/").removeprefix("/")
            if path == "/sw.js" or path.startswith("/static/dist/"):
                self.send_built(name)
            else:
                self.answer(site.pages.get(path, Answer(status=404)))

        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            is_form = headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
            fields = parse_qs(text, keep_blank_values=True) if is_form else {}
            posted = Posted(path=self.path, headers=headers, fields=fields, text=text)
            site.arrived.append(posted)
            reply = site.replies.get(self.path)
            self.answer(reply(posted) if reply else Answer(status=404))

        do_PUT = do_POST

        def send_built(self, name: str) -> None:
            accepted = re.findall(r"[\w-]+", self.headers.get("Accept-Encoding", ""))
            file = stored_file(name, accepted=accepted)
            if file is None:
                self.answer(Answer(status=404))
                return
            headers = {"Cache-Control": file.cache_control}
            if file.encoding:
                headers["Content-Encoding"] = file.encoding
            self.send(200, file.content_type, headers, file.path.read_bytes())

        def answer(self, answer: Answer) -> None:
            self.send(answer.status, answer.content_type, answer.headers, answer.body.encode())

        def send(self, status: int, content_type: str, headers: dict[str, str], body: bytes) -> None:
            site.sent_bytes[self.path] = len(body)
            self.send_response(status)
            for name, value in {"Content-Type": content_type, "Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Silent: the browser's console tells more."""

    return Handler


@contextmanager
def open_site() -> Iterator[Site]:
    site = Site()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_for(site))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    site.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
