"""`POST /api/pathways/check`: what publishing would say of these files, for a designer's own tools. Nothing is kept.

multipart/form-data, one or more parts named `files` (loose files or a .zip). With a session and its form token; or with
the token of a program, as `POST /api/v1/pathways/check`.
"""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from engine.actor import Scope
from engine.queries.pathway_pages import check_may_read
from engine.queries.program_tokens import check_scope
from web import visitor
from web.api import door
from web.api.pathways import verdict
from web.security import csrf

bp = Blueprint("api_check", __name__)


@bp.post("/api/pathways/check")
@csrf.exempt  # type: ignore[untyped-decorator]
def check() -> ResponseReturnValue:
    """200 with the findings when the files could be published; 422 (RFC 9457) with the same findings when not."""
    if door.sent_a_token():
        door.let_program_in()
        check_scope(visitor.current_actor(), Scope.PATHWAYS_CHECK)
    else:
        csrf.protect()
        check_may_read(visitor.current_actor())
    return verdict(request.files.getlist("files"))
