"""What the phone needs on the road: a fresh form token, the list of what waits to be sent, a page for no network."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, make_response, render_template
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import generate_csrf

from web import visitor
from web.errors import answer, titles

bp = Blueprint("offline", __name__)


@bp.get("/session")
def session_state() -> ResponseReturnValue:
    """Who is signed in, and a form token that is good now. 401 when the session has ended."""
    found = visitor.visitor()
    if found is None:
        return answer(401, *titles()[401])
    return jsonify(account=str(found.actor.account_id), csrf_token=generate_csrf(), now=visitor.now().isoformat())


@bp.get("/envois")
def outbox() -> ResponseReturnValue:
    """What was typed on this phone and has not arrived yet; the list is filled by the phone itself."""
    return kept_offline(render_template("offline/outbox.html"))


@bp.get("/hors-ligne")
def page() -> ResponseReturnValue:
    """What the phone shows for a page it has not kept."""
    return render_template("offline/offline.html")


def kept_offline(html: str) -> Response:
    """A page the phone may keep for a day, because it is used on the road and holds no more than a visit needs."""
    response = make_response(html)
    response.headers["X-Offline"] = "keep"
    return response
