"""`POST /api/pathways/check`: what publishing would say of these files, for a designer's own tools. Nothing is kept.

multipart/form-data, one or more parts named `files` (loose files or a .zip). With a session and its form token, or with
`Authorization: Bearer` and the secret of a live sign-in.
"""

from __future__ import annotations

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from engine.actor import Actor
from engine.clock import utcnow
from engine.commands import pathways, sign_ins
from engine.errors import InvalidRequest
from engine.packages import folder_of
from engine.queries.pathway_pages import check_may_read
from engine.queries.sign_ins import signed_in
from web import visitor
from web.drafts import as_json, sent_files
from web.errors import SignInNeeded
from web.security import csrf
from web.texts import ngettext

bp = Blueprint("api_check", __name__)


@bp.post("/api/pathways/check")
@csrf.exempt  # type: ignore[untyped-decorator]
def check() -> ResponseReturnValue:
    """200 with the findings when the files could be published; 422 (RFC 9457) with the same findings when not."""
    check_may_read(_caller())
    try:
        files = folder_of(sent_files(request.files.getlist("files")))
    except InvalidRequest as refusal:
        return _problem(str(refusal), [])
    findings = as_json(pathways.check(files))
    errors = sum(1 for one in findings if one["severity"] == "error")
    if errors:
        return _problem(ngettext("%(num)s point à corriger.", "%(num)s points à corriger.", errors), findings)
    return jsonify({"ok": True, "findings": findings})


def _caller() -> Actor:
    """The person of the session, whose form token is checked, or of the bearer secret."""
    kind, _space, secret = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer":
        csrf.protect()
        return visitor.current_actor()
    moment = utcnow()
    with visitor.database().reading() as session:
        found = signed_in(session, token_hash=sign_ins.hash_token(secret.strip()), now=moment, today=moment.date())
    if found is None:
        raise SignInNeeded
    return found.actor


def _problem(sentence: str, findings: list[dict[str, object]]) -> ResponseReturnValue:
    body = {
        "type": "about:blank", "title": "Unprocessable Content", "status": 422, "detail": sentence, "ok": False,
        "findings": findings,
    }  # fmt: skip
    response = jsonify(body)
    response.content_type = "application/problem+json"
    return response, 422
