"""The door: which token opens what, until when; refusals, limits and odd requests."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from engine.actor import system_actor
from engine.clock import utcnow
from engine.commands import program_tokens
from engine.db import Database
from engine.models import Account, AuditEvent, ServiceToken
from tests.web import town
from tests.web.api.program import Program, issued
from tests.web.browser import Browser


def test_a_token_says_what_it_opens(program_of: Callable[..., Program]) -> None:
    answer = program_of("hospital", name="SIH", scopes=["cases:read", "tasks:read"]).get("/token").json

    assert (answer["name"], answer["organization"]) == ("SIH", "Centre hospitalier")
    assert answer["scopes"] == ["cases:read", "tasks:read"]


@pytest.mark.parametrize(
    "sent", ["", "Bearer", "Bearer wrong", "Basic cm9vdDpyb290", f"Bearer parcours_{'0' * 32}_{'a' * 43}"]
)
def test_without_a_live_token_the_door_is_shut(app: Flask, sent: str) -> None:
    answer = app.test_client().get("/api/v1/cases", headers={"Authorization": sent} if sent else {})

    assert answer.status_code == 401 and answer.content_type == "application/problem+json"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_secret_with_one_sign_changed_opens_nothing(hospital: Program) -> None:
    last = "A" if hospital.secret[-1] != "A" else "B"

    assert Program(hospital.app, hospital.secret[:-1] + last).get("/token").status_code == 401


def test_a_session_opens_nothing_here_and_a_token_opens_no_page(
    browser_of: Callable[[str], Browser], hospital: Program
) -> None:
    assert browser_of("maud").get("/api/v1/cases").status_code == 401
    pages = hospital.app.test_client()
    assert pages.get("/suivi", headers=hospital.headers()).status_code == 302
    assert pages.get("/dossiers", headers=hospital.headers()).status_code == 302


def test_a_token_ends_when_it_is_revoked_expired_or_its_account_closed(app: Flask, database: Database) -> None:
    expired = issued(database, days=1, now=utcnow() - timedelta(days=1, minutes=1))
    assert Program(app, expired.secret).get("/token").status_code == 401

    revoked = issued(database)
    program = Program(app, revoked.secret)
    assert program.get("/token").status_code == 200
    with database.transaction() as session:
        by = system_actor(town.territory_of(session).id)
        program_tokens.revoke(session, token_id=revoked.id, by=by, now=utcnow())
    assert program.get("/token").status_code == 401

    closed = Program(app, issued(database, name="Labo").secret)
    with database.transaction() as session:
        session.execute(update(Account).where(Account.login == "programme:Labo").values(disabled_at=utcnow()))
    assert closed.get("/token").status_code == 401


def test_a_missing_scope_is_named(program_of: Callable[..., Program]) -> None:
    answer = program_of("hospital", scopes=["tasks:read"]).post("/cases", {"even": "before the body is read"})

    assert answer.status_code == 403 and answer.json["scope"] == "cases:start"
    assert "cases:start" in answer.json["detail"]
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]


def test_use_is_noted_once_a_minute_and_the_secret_is_nowhere(hospital: Program, database: Database) -> None:
    hospital.get("/token")
    with database.reading() as session:
        first = session.execute(select(ServiceToken.last_used_at)).scalar_one()
    hospital.get("/token")

    with database.reading() as session:
        token = session.execute(select(ServiceToken)).scalar_one()
        traced = session.execute(select(AuditEvent).where(AuditEvent.action == "program_tokens.issue")).scalar_one()
        assert first is not None and token.last_used_at == first
        kept = f"{token.__dict__} {traced.__dict__}"
    assert hospital.secret not in kept and hospital.secret[-43:] not in kept


def test_sixty_requests_a_minute_and_not_one_more(program_of: Callable[..., Program]) -> None:
    busy, other = program_of("hospital"), program_of("clinic")
    answers = [busy.get("/token").status_code for _ in range(40)] + [busy.get("/cases").status_code for _ in range(21)]

    assert answers == [200] * 60 + [429]
    refused = busy.get("/token")
    assert refused.content_type == "application/problem+json" and int(refused.headers["Retry-After"]) > 0
    assert other.get("/token").status_code == 200


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"[]", "application/json", 422),
        (b"null", "application/json", 422),
        (b"", "application/json", 422),
        (b"a=b", "application/x-www-form-urlencoded", 415),
        (b"<a/>", "text/xml", 415),
        (b'{"name": "a\\u0000b"}', "application/json", 422),
        (b'{"name": "\\ud800"}', "application/json", 422),
        (b'{"payload": {"a": NaN, "b": 1e999}}', "application/json", 422),
        (b'{"payload": {"a": 99999999999999999999999}}', "application/json", 422),
        (json.dumps({"name": "x" * 300_000}).encode(), "application/json", 413),
    ],
)
def test_odd_bodies_are_refused_with_a_sentence(hospital: Program, body: bytes, content_type: str, status: int) -> None:
    answer: Any = hospital.app.test_client().post(
        "/api/v1/messages", data=body, content_type=content_type, headers={**hospital.headers(), "Idempotency-Key": "k"}
    )

    assert answer.status_code == status, answer.get_data(as_text=True)
    assert answer.content_type == "application/problem+json" and answer.json["detail"].endswith(".")


def test_what_is_not_there_is_said_in_json(hospital: Program) -> None:
    client = hospital.app.test_client()
    for path in ("/api/v1/nothing", "/api/nothing", "/api/v1/cases/C-1/messages"):
        answer = client.get(path, headers={**hospital.headers(), "Accept": "text/html"})
        assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
    wrong = client.delete("/api/v1/cases", headers=hospital.headers())
    assert wrong.status_code == 405 and "GET" in wrong.headers["Allow"]
