"""docs/reference/api.md is true: its examples are run as written, and it names every operation with its scope."""

from __future__ import annotations

import io
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from engine.actor import Actor, Scope
from engine.clock import utcnow
from engine.commands import cases, pathways
from engine.db import Database
from tests.engine.commands.small_pathways import waiting_message
from tests.web import town
from tests.web.api.program import Program

TEXT = Path("docs/reference/api.md").read_text(encoding="utf-8")
DRAWING = waiting_message()["pathway.bpmn"]


def _examples() -> list[tuple[str, int]]:
    """Each curl command of the page with the status written after it."""
    blocks = "\n".join(re.findall(r"```sh\n(.*?)```", TEXT, flags=re.S)).replace("\\\n", " ")
    return [
        (command.strip(), int(status))
        for command, status in re.findall(r"(curl .*?)\s+# (\d{3})$", blocks, re.M | re.S)
    ]


def _send(app: Flask, command: str, secret: str) -> Any:
    words = shlex.split(command.replace("$TOKEN", secret).replace("$PARCOURS", ""))[1:]
    method, address = "GET", ""
    headers: dict[str, str] = {}
    sent: dict[str, Any] = {}
    while words:
        word = words.pop(0)
        match word:
            case "-X":
                method = words.pop(0)
            case "-H":
                name, _colon, value = words.pop(0).partition(": ")
                headers[name] = value
            case "-d":
                sent = {"data": words.pop(0)}
            case "-F":
                name, _equals, file = words.pop(0).partition("=@")
                sent = {"data": {name: (io.BytesIO(DRAWING), file)}}
            case _:
                address = word
    return app.test_client().open(address, method=method, headers=headers, **sent)


@pytest.fixture
def waiting(database: Database, actor: Callable[[str], Actor]) -> str:
    """A case of the ward that takes « result »; it is not C-1001."""
    now = utcnow()
    with database.transaction() as session:
        pathways.publish(session, files=waiting_message(), label="", accepted={}, by=actor("hugo"), now=now)
    with database.transaction() as session:
        return cases.start(
            session, pathway_key="waiting", patient_id=town.josette(session), facts={},
            organization_id=next(iter(actor("helene").organization_ids)), by=actor("maud"), now=now,
        ).number  # fmt: skip


def test_every_example_is_answered_as_written(app: Flask, hospital: Program, request: pytest.FixtureRequest) -> None:
    examples = _examples()
    assert len(examples) >= 10
    for command, status in examples:
        if "/messages" in command:
            request.getfixturevalue("waiting")
        answer = _send(app, command, hospital.secret)
        assert answer.status_code == status, f"{command}\n{answer.get_data(as_text=True)}"
        if answer.status_code == 201:
            assert answer.json == {"number": "C-1001", "url": "/api/v1/cases/C-1001"}


def test_the_table_names_every_operation_with_its_scope(app: Flask) -> None:
    described = app.test_client().get("/api/v1/openapi.json").get_json()["paths"]
    found = {
        (f"{method.upper()} {path.removeprefix('/api/v1')}", *operation.get("x-scopes", ["any"]))
        for path, methods in described.items()
        for method, operation in methods.items()
        if method != "parameters"
    }
    told = {
        (operation, scope.strip("`"))
        for scope, operation in re.findall(r"^\| (any|`[a-z:]+`) \| `([A-Z]+ [^`]+)` \|", TEXT, re.M)
    }

    assert told == found
    assert set(re.findall(r"^\| `([a-z]+:[a-z]+)` \|", TEXT, re.M)) == set(Scope)
