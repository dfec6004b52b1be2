"""Figures of the territory that name nobody, and what a token opens."""

from __future__ import annotations

from typing import Any

import marshmallow

from engine.actor import Scope
from engine.queries.program_figures import FEWEST, figures
from web import visitor
from web.api import fields
from web.api.operations import operation

TAG = ("territory", "Figures, and the token itself")


class Figures(marshmallow.Schema):
    """How many cases of a pathway in the territory."""

    pathway = fields.Text(required=True, attribute="key")
    title = fields.Values(required=True)
    open = fields.Integer(required=True, allow_none=True)
    late = fields.Integer(required=True, allow_none=True)
    closed = fields.Integer(required=True, allow_none=True)


class Statistics(marshmallow.Schema):
    """Figures; null for fewer than `fewest` cases (zero is told)."""

    fewest = fields.Integer(required=True)
    items = marshmallow.fields.List(fields.Nested(Figures), required=True)


class Token(marshmallow.Schema):
    """What a token is for."""

    name = fields.Text(required=True)
    organization = fields.Text(required=True)
    territory = fields.Text(required=True)
    scopes = marshmallow.fields.List(fields.Text(), required=True)
    expires_at = fields.Moment(required=True)


@operation("GET", "/statistics", tag=TAG[0], scope=Scope.STATISTICS_READ, answers=Statistics)
def read_statistics() -> dict[str, Any]:
    """How many cases of each pathway are open, late and closed. Figures under six are not told."""
    with visitor.database().reading() as session:
        found = figures(session, by=visitor.current_actor(), now=visitor.now())
    return {"fewest": FEWEST, "items": found}


@operation("GET", "/token", tag=TAG[0], scope=None, answers=Token)
def read_token() -> dict[str, Any]:
    """Whose token this is, what it opens, until when."""
    program = visitor.current_program()
    return {
        "name": program.name, "organization": program.organization_name, "territory": program.territory.name,
        "scopes": sorted(program.actor.scopes), "expires_at": program.expires_at,
    }  # fmt: skip
