"""A computer several people share: one locks it and leaves, the next finds their name, each proves who they are."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.clock import utcnow
from engine.commands import sign_ins
from engine.errors import NotAllowed, NotFound
from engine.queries.shared_computers import Colleague, people_of_device
from web import sign_in, visitor
from web.texts import gettext as _

bp = Blueprint("shared_computers", __name__, url_prefix="/connexion/poste")


@bp.post("")
def lock() -> ResponseReturnValue:
    """« Changer d'utilisateur »: this session ends, and its person is still listed here until tonight."""
    return sign_in.end_session(towards="shared_computers.people")


@bp.get("")
def people() -> ResponseReturnValue:
    """Who signed in here today."""
    territory = visitor.current_territory()
    if visitor.visitor() is not None or territory is None or territory.is_demo:
        return redirect(url_for("sign_in.choose"), 303)
    return render_template("sign_in/shared.html", people=_people())


@bp.get("/<uuid:account_id>")
def person(account_id: UUID) -> ResponseReturnValue:
    """Ask one of them for their password."""
    return render_template("sign_in/shared_person.html", person=_person(account_id), problem="")


@bp.post("/<uuid:account_id>")
def enter(account_id: UUID) -> ResponseReturnValue:
    """Let them back in, with their second factor if they have one."""
    person, territory = _person(account_id), visitor.current_territory()
    assert territory is not None  # somebody of it has signed in here
    try:
        with visitor.database().transaction() as session:
            proved = sign_ins.prove_password(
                session, territory_id=territory.id, login=person.login, password=request.form.get("password", "")
            )
    except NotAllowed:
        sign_in.note_refusal(how="password", login=person.login)
        problem = _("Ce n'est pas le bon mot de passe.")
        return render_template("sign_in/shared_person.html", person=person, problem=problem), 422
    return sign_in.let_in(proved, how="password")


def somebody_was_here() -> bool:
    """True when this computer has let somebody in today: a provider must then not take the next one for them."""
    return bool(_people())


def _people() -> tuple[Colleague, ...]:
    secret = visitor.device_secret()
    if not secret:
        return ()
    zone = visitor.zone()
    midnight = utcnow().astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    with visitor.database().reading() as session:
        return tuple(people_of_device(session, device_hash=sign_ins.hash_token(secret), since=midnight))


def _person(account_id: UUID) -> Colleague:
    for one in _people():
        if one.account_id == account_id and one.password:
            return one
    raise NotFound
