"""« Vous exercez aujourd'hui comme… »: the role, and where, in which somebody who holds several acts."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.actor import Exercise
from engine.clock import utcnow
from engine.commands import sign_ins
from engine.errors import InvalidRequest
from web import visitor
from web.addresses import safe_path

bp = Blueprint("exercises", __name__)


@bp.get("/compte/exercice")
def choose() -> ResponseReturnValue:
    """What one may practise as."""
    return render_template("accounts/exercise.html", suite=_destination(), value=written)


@bp.post("/compte/exercice")
def practise() -> ResponseReturnValue:
    """Practise as one of them, from now on and at the next sign-ins (a demonstration forgets)."""
    found = visitor.signed_in_person()
    with visitor.database().transaction() as session:
        token = sign_ins.choose_exercise(
            session,
            sign_in_id=found.sign_in_id,
            exercise=_read(request.form.get("exercice", "")),
            remember=not found.territory.is_demo,
            by=found.actor,
            now=utcnow(),
        )
    response = make_response(redirect(_destination() or url_for("home.home"), 303))
    visitor.remember(response, token)
    return response


def written(exercise: Exercise) -> str:
    """An exercise as a form sends it: `gp@<structure>`."""
    return f"{exercise.role}@{exercise.organization_id or ''}"


def _read(text: str) -> Exercise:
    role, _, organization = text.partition("@")
    try:
        return Exercise(role=role, organization_id=UUID(organization) if organization else None)
    except ValueError:
        raise InvalidRequest("Choisissez un de vos exercices.") from None


def _destination() -> str:
    return safe_path(request.values.get("suite"), default="")
