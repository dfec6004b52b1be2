"""Coming in and going out: the role chooser of a demonstration, local accounts elsewhere."""

from __future__ import annotations

from itertools import groupby
from uuid import UUID

from flask import Blueprint, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response as WerkzeugResponse

from engine.clock import utcnow
from engine.commands import sign_ins
from engine.errors import NotAllowed
from engine.queries.sign_ins import DemoPerson, demo_people
from web import visitor
from web.addresses import safe_path
from web.texts import gettext as _
from web.texts import lazy_gettext as _l

bp = Blueprint("sign_in", __name__)

GROUPS = {
    "hôpital": _l("À l'hôpital"),
    "ville": _l("En ville"),
    "social": _l("Social et aide à domicile"),
    "coordination": _l("Coordination du territoire"),
}


@bp.get("/connexion")
def choose() -> ResponseReturnValue:
    """The sign-in page."""
    return _page()


@bp.post("/connexion")
def enter() -> ResponseReturnValue:
    """Sign in with a local account."""
    territory = visitor.current_territory()
    login = request.form.get("login", "")
    if territory is None:
        return _page(problem=_("Aucun territoire n'est encore installé ici."), login=login), 422
    try:
        with visitor.database().transaction() as database_session:
            token = sign_ins.open_with_password(
                database_session, territory_id=territory.id, login=login, password=request.form.get("password", ""),
                device=_device(), from_where=_from_where(), now=utcnow(),
            )
    except NotAllowed as refusal:
        with visitor.database().transaction() as database_session:
            sign_ins.note_failure(
                database_session, territory_id=territory.id, login=login, from_where=_from_where(), now=utcnow()
            )
        return _page(problem=_(str(refusal)), login=login), 422
    return _welcome(token)


@bp.post("/connexion/demo")
def become() -> ResponseReturnValue:
    """Become a fictitious person; whoever one was before is signed out."""
    try:
        account_id = UUID(request.form.get("account_id", ""))
    except ValueError:
        return redirect(url_for("sign_in.choose"), 303)
    _leave()
    with visitor.database().transaction() as database_session:
        token = sign_ins.open_as_demo_person(
            database_session, account_id=account_id, device=_device(), from_where=_from_where(), now=utcnow()
        )
    return _welcome(token)


@bp.post("/deconnexion")
def leave() -> ResponseReturnValue:
    """Sign out, on the server and in the browser."""
    _leave()
    response = redirect(url_for("sign_in.choose"), 303)
    visitor.forget(response)  # type: ignore[arg-type]
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


def _page(*, problem: str = "", login: str = "") -> str:
    territory = visitor.current_territory()
    people: list[tuple[object, list[DemoPerson]]] = []
    if territory is not None and territory.is_demo:
        today = visitor.now().date()
        with visitor.database().reading() as database_session:
            found = demo_people(database_session, territory_id=territory.id, today=today)
        order = list(GROUPS)
        ranked = sorted(found, key=lambda person: order.index(person.group) if person.group in order else len(order))
        people = [(GROUPS.get(group, group), list(some)) for group, some in groupby(ranked, key=lambda one: one.group)]
    return render_template("sign_in/choose.html", people=people, problem=problem, login=login, suite=_destination())


def _destination() -> str:
    return safe_path(request.values.get("suite"), default="")


def _welcome(token: str) -> WerkzeugResponse:
    session.clear()  # a fresh form token for a fresh session
    response = make_response(redirect(_destination() or url_for("home.home"), 303))
    visitor.remember(response, token)
    return response


def _leave() -> None:
    found = visitor.visitor()
    session.clear()
    if found is not None:
        with visitor.database().transaction() as database_session:
            sign_ins.close(database_session, sign_in_id=found.sign_in_id, by=found.actor, now=utcnow())


def _device() -> str:
    return request.user_agent.string


def _from_where() -> str:
    return request.remote_addr or ""
