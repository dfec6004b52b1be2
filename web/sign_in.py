"""Coming in and going out: the role chooser of a demonstration, local accounts elsewhere."""

from __future__ import annotations

import secrets
from itertools import groupby
from uuid import UUID

from flask import Blueprint, current_app, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response as WerkzeugResponse

from engine.clock import utcnow
from engine.commands import accounts, sign_ins
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
    return page()


@bp.post("/connexion")
def enter() -> ResponseReturnValue:
    """Sign in with a local account."""
    territory = visitor.current_territory()
    login = request.form.get("login", "")
    if territory is None:
        return page(problem=_("Aucun territoire n'est encore installé ici."), login=login), 422
    try:
        with visitor.database().transaction() as database_session:
            account_id = sign_ins.prove_password(
                database_session, territory_id=territory.id, login=login, password=request.form.get("password", "")
            )
    except NotAllowed as refusal:
        with visitor.database().transaction() as database_session:
            sign_ins.note_failure(
                database_session, territory_id=territory.id, login=login, from_where=_from_where(), now=utcnow()
            )
        return page(problem=_(str(refusal)), login=login), 422
    return let_in(account_id, how="password")


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
    found, device = visitor.visitor(), visitor.device_secret()
    if found is not None and device:
        with visitor.database().transaction() as database_session:
            sign_ins.leave_device(database_session, device_secret=device, by=found.actor)
    return end_session(towards="sign_in.choose")


def end_session(*, towards: str) -> WerkzeugResponse:
    """End the session, on the server and in the browser, and go to a page for nobody in particular."""
    _leave()
    response = redirect(url_for(towards), 303)
    visitor.forget(response)  # type: ignore[arg-type]
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


def let_in(account_id: UUID, *, how: str) -> ResponseReturnValue:
    """What follows a first proof of who one is: a second one where the account asks for it, else a session."""
    now = utcnow()
    with visitor.database().reading() as database_session:
        has_second = accounts.has_second_factor(database_session, account_id=account_id)
        needs_second = accounts.needs_second_factor(database_session, account_id=account_id, now=now)
    if has_second or needs_second:
        destination = _destination()
        session.clear()
        session["half_way"] = {"account": str(account_id), "at": now.timestamp(), "suite": destination}
        return redirect(url_for("accounts.code" if has_second else "accounts.second_factor"), 303)
    return open_session(account_id, how=how)


def open_session(account_id: UUID, *, how: str, destination: str = "") -> WerkzeugResponse:
    """Open a session for an account that has proved who it is, and go where it wanted. One that was open here ends."""
    _leave()
    device_secret = visitor.device_secret() or secrets.token_urlsafe(32)
    with visitor.database().transaction() as database_session:
        token = sign_ins.open_for(
            database_session,
            account_id=account_id,
            device=_device(),
            how=how,
            from_where=_from_where(),
            device_secret=device_secret,
            now=utcnow(),
        )
    response = _welcome(token, destination)
    visitor.remember_device(response, device_secret)  # type: ignore[arg-type]
    return response


def note_refusal(*, how: str, login: str = "") -> None:
    """Leave a trace of a refused attempt."""
    territory = visitor.current_territory()
    if territory is not None:
        with visitor.database().transaction() as database_session:
            sign_ins.note_failure(
                database_session,
                territory_id=territory.id,
                login=login,
                how=how,
                from_where=_from_where(),
                now=utcnow(),
            )


def oidc_is_offered() -> bool:
    """True when this installation has an OpenID provider."""
    return "parcours_oidc" in current_app.extensions


def page(*, problem: str = "", login: str = "") -> str:
    """The sign-in page, with what went wrong."""
    territory = visitor.current_territory()
    people: list[tuple[object, list[DemoPerson]]] = []
    if territory is not None and territory.is_demo:
        today = visitor.now().date()
        with visitor.database().reading() as database_session:
            found = demo_people(database_session, territory_id=territory.id, today=today)
        order = list(GROUPS)
        ranked = sorted(found, key=lambda person: order.index(person.group) if person.group in order else len(order))
        people = [(GROUPS.get(group, group), list(some)) for group, some in groupby(ranked, key=lambda one: one.group)]
    return render_template(
        "sign_in/choose.html", people=people, problem=problem, login=login, suite=_destination(),
        oidc=oidc_is_offered(), known_computer=bool(visitor.device_secret()),
    )  # fmt: skip


def _destination() -> str:
    return safe_path(request.values.get("suite"), default="")


def _welcome(token: str, destination: str = "") -> WerkzeugResponse:
    destination = destination or _destination()
    session.clear()  # a fresh form token for a fresh session
    response = make_response(redirect(destination or url_for("home.home"), 303))
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
