"""`/api/v1`: the verbs of the product as JSON, for programs that show a token. `docs/reference/api.md` tells it all.

A program has no session and no form token; a browser's cookie opens nothing here. `openapi.json` is made from the code.
"""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_limiter import Limiter

from web.api import cases, messages, pathways, statistics, tasks
from web.api.door import let_program_in, who
from web.api.operations import PREFIX, ProblemApi, bp
from web.security import csrf

__all__ = ["init"]

REQUESTS = "60 per minute"
SHARED = ("api_check.check",)
"""Views of other blueprints that programs use too."""
bp.before_request(let_program_in)
TAGS = (pathways.TAG, cases.TAG, messages.TAG, tasks.TAG, statistics.TAG)


def init(app: Flask, limiter: Limiter) -> None:
    """Open `/api/v1`, with its own door, limits and description."""
    app.config.update(
        API_TITLE="Parcours",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX=PREFIX,
        OPENAPI_JSON_PATH="openapi.json",
        API_SPEC_OPTIONS={
            "info": {"description": "Care pathways, for programs. Every refusal is a problem document (RFC 9457)."},
            "tags": [{"name": name, "description": description} for name, description in TAGS],
        },
    )
    api = ProblemApi(app)
    api.spec.components.security_scheme(
        "token", {"type": "http", "scheme": "bearer", "description": "Issued on « Accès des programmes »."}
    )
    csrf.exempt(bp)
    limit = limiter.shared_limit(REQUESTS, scope="api", key_func=who)
    limit(bp)
    api.register_blueprint(bp)
    for endpoint in SHARED:
        view: Any = app.view_functions[endpoint]
        app.view_functions[endpoint] = limit(view)
