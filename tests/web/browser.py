"""A browser without a screen: sends the token a page carried, counts the statements sent to the database."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flask import Flask
from sqlalchemy import event
from werkzeug.test import TestResponse

from engine.db import Database
from tests.web import town

TOKEN = re.compile(r'<meta name="csrf-token" content="([^"]+)"')
TASK = re.compile(r'href="(/taches/[0-9a-f-]{36})"')


def text_of(response: TestResponse) -> str:
    """What a person reads in the main part of a page."""
    main = response.get_data(as_text=True).partition("<main")[2]
    return " ".join(html.unescape(re.sub(r"<template>.*?</template>|<[^>]+>", " ", main, flags=re.S)).split())


@dataclass
class Browser:
    """One person's browser."""

    app: Flask
    database: Database

    def __post_init__(self) -> None:
        self.client = self.app.test_client()

    def sign_in(self, login: str) -> Browser:
        """Become an inhabitant through the role chooser."""
        with self.database.reading() as session:
            account = town.account_of(session, login)
        answer = self.post("/connexion/demo", {"account_id": str(account)}, token_from="/connexion")
        assert answer.status_code == 303
        return self

    def get(self, path: str, **options: Any) -> TestResponse:
        """Ask for a page."""
        return self.client.get(path, **options)

    def post(
        self, path: str, data: dict[str, Any] | None = None, *, token_from: str = "/hors-ligne", **options: Any
    ) -> TestResponse:
        """Send a form with the token of a page."""
        found = TOKEN.search(self.get(token_from).get_data(as_text=True))
        assert found is not None
        return self.client.post(path, data={"csrf_token": found[1], **(data or {})}, **options)

    def task(self, name: str, tab: str = "") -> str:
        """The address of the task of that name in « Ma journée »."""
        page = self.get(f"/ma-journee{'?voir=' + tab if tab else ''}").get_data(as_text=True)
        for match in re.finditer(r'<a href="(/taches/[0-9a-f-]{36})"[^>]*>([^<]*)', page):
            if name in html.unescape(match[2]):
                return match[1]
        raise AssertionError(f"« {name} » is not on the page.")

    @contextmanager
    def counting(self) -> Iterator[list[str]]:
        """The statements sent to the database meanwhile."""
        seen: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            seen.append(statement)

        event.listen(self.database.engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(self.database.engine, "before_cursor_execute", note)
