"""A pathway as a text to read or print."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from engine.queries.pathway_reading import pathway_reading
from web import visitor

bp = Blueprint("pathway_text", __name__, url_prefix="/modeles/<key>/texte")


@bp.get("")
def show(key: str) -> ResponseReturnValue:
    """Who does what, by when, and what if not."""
    with visitor.database().reading() as session:
        found = pathway_reading(session, key=key, by=visitor.current_actor(), now=visitor.now())
    return render_template("designer/text.html", page=found)
