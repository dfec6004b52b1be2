"""The columns of the access matrix for programs: which token each shows, and what it sends to the API."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.actor import Scope, system_actor
from engine.clock import utcnow
from engine.commands import people, program_tokens
from engine.db import Database
from engine.models import TerritoryRow
from tests.web.api.program import JOSETTE, issued

API = "/api/"
COLUMNS = (
    "token",  # of the hospital, opens everything
    "token_other_scope",  # of the hospital, opens everything but this
    "token_other_organization",  # of another hospital, opens everything
    "token_other_territory",
    "token_expired",
    "token_revoked",
)
BODIES: Mapping[str, dict[str, Any]] = {
    "/api/v1/cases": {"pathway": "try_out", "patient": JOSETTE, "stay_number": "S-2"},
    "/api/v1/messages": {"name": "alert", "to": {"case": "C-1001"}},
    "/api/v1/patient-events": {"event": "hospitalised", "ins": JOSETTE["ins"]},
}
Shown = Callable[[str], str]
"""Address of a route → the token that is shown to it."""


def tokens(app: Flask, database: Database) -> dict[str, Shown]:
    """What each column shows, by its name."""
    everything = issued(database).secret
    lacking = {scope: issued(database, scopes=set(Scope) - {scope}).secret for scope in Scope}
    elsewhere, expired, revoked = (
        _elsewhere(database),
        issued(database, days=1, now=utcnow() - timedelta(days=2)),
        (issued(database)),
    )
    with database.transaction() as session:
        program_tokens.revoke(session, token_id=revoked.id, by=_engine(session, "town"), now=utcnow())
    asked = _scopes_asked(app)
    other = issued(database, organization="clinic").secret
    return {
        "token": lambda _rule: everything,
        "token_other_scope": lambda rule: lacking.get(asked.get(rule, Scope.CASES_READ), ""),
        "token_other_organization": lambda _rule: other,
        "token_other_territory": lambda _rule: elsewhere,
        "token_expired": lambda _rule: expired.secret,
        "token_revoked": lambda _rule: revoked.secret,
    }


def request_of(method: str, rule: str, secret: str, form: dict[str, Any]) -> dict[str, Any]:
    """What a program sends: its token everywhere, `form` to a page, and to the API a body that could be accepted."""
    headers = {"Authorization": f"Bearer {secret}"}
    if not rule.startswith(API) or method == "GET":
        return {**form, "headers": headers}
    if rule.endswith("/check"):
        return {"headers": headers, "data": {"files": (io.BytesIO(b"<a/>"), "a.bpmn")}}
    return {"headers": {**headers, "Idempotency-Key": str(uuid4())}, "json": BODIES[rule]}


def _scopes_asked(app: Flask) -> dict[str, Scope]:
    """The scope of each operation of the API, by its address and method; every operation but `GET /token` has one."""
    described = app.test_client().get("/api/v1/openapi.json").get_json()["paths"]
    found = {
        f"{method.upper()} {path.replace('{', '<').replace('}', '>')}": Scope(operation["x-scopes"][0])
        for path, methods in described.items()
        for method, operation in methods.items()
        if "x-scopes" in operation
    }
    return {**found, "POST /api/pathways/check": Scope.PATHWAYS_CHECK}


def _elsewhere(database: Database) -> str:
    with database.transaction() as session:
        by = _engine(session, "elsewhere")
        place = people.add_organization(
            session, code="there", org_type="hospital", name="Hôpital voisin", by=by, now=utcnow()
        )
        return program_tokens.issue(
            session, name="SIH voisin", organization_id=place, scopes=tuple(Scope), days=30, by=by, now=utcnow()
        ).secret


def _engine(session: Session, code: str) -> Any:
    return system_actor(session.execute(select(TerritoryRow.id).where(TerritoryRow.code == code)).scalar_one())
