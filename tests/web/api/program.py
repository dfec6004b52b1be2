"""A program at the other end of the API: its token, and a new key for each act."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from flask import Flask
from sqlalchemy import select

from engine.actor import Scope, system_actor
from engine.clock import utcnow
from engine.commands import program_tokens
from engine.db import Database
from engine.models import Organization, TerritoryRow

JOSETTE = {
    "birth_name": "DEMO-ABEILLE", "given_name": "Josette", "sex": "female", "birth_date": "1941-03-17",
    "ins": "241039999901705",
}  # fmt: skip


@dataclass
class Program:
    """Sends requests with one token."""

    app: Flask
    secret: str

    def get(self, path: str, **query: Any) -> Any:
        return self.app.test_client().get(f"/api/v1{path}", query_string=query, headers=self.headers())

    def post(self, path: str, body: Any, *, key: str | None = "") -> Any:
        """Send a body with this key; by default a new one, None for none."""
        sent = {} if key is None else {"Idempotency-Key": key or str(uuid4())}
        return self.app.test_client().post(f"/api/v1{path}", json=body, headers={**self.headers(), **sent})

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secret}"}


def issued(
    database: Database,
    *,
    organization: str = "hospital",
    scopes: Iterable[str] = tuple(Scope),
    name: str = "",
    days: int = 30,
    now: datetime | None = None,
) -> program_tokens.Issued:
    """A token for an organisation of the town, by its code."""
    with database.transaction() as session:
        territory_id = session.execute(select(TerritoryRow.id).where(TerritoryRow.code == "town")).scalar_one()
        place = session.execute(
            select(Organization.id).where(Organization.code == organization, Organization.territory_id == territory_id)
        ).scalar_one()
        return program_tokens.issue(
            session, name=name or f"Essai {uuid4().hex[:8]}", organization_id=place, scopes=scopes, days=days,
            by=system_actor(territory_id), now=now or utcnow(),
        )  # fmt: skip
