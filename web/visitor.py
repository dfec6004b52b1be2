"""Who is at the other end of this request: their session, their territory, and what time it is there."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Flask, Response, current_app, g, request

from engine.actor import Actor
from engine.clock import shifted, utcnow
from engine.commands import sign_ins
from engine.db import Database
from engine.queries.program_tokens import Program
from engine.queries.sign_ins import ABSOLUTE_LIMIT, SignedIn, TerritoryView, front_door, signed_in
from engine.queries.task_links import LinkedTask
from web.errors import ExerciseNeeded, SignInNeeded, TokenRefused

TOUCH_EVERY = timedelta(minutes=1)
DEVICE_LASTS = timedelta(hours=24)
DEFAULT_ZONE = "Europe/Paris"


def database() -> Database:
    """The database of this application."""
    found = current_app.extensions["parcours_database"]
    assert isinstance(found, Database)
    return found


def cookie_name() -> str:
    """`__Host-` makes browsers refuse the cookie from anywhere but this very host, over https."""
    return "__Host-parcours" if current_app.config["SESSION_COOKIE_SECURE"] else "parcours"


def visitor() -> SignedIn | None:
    """The live session of this request, or None."""
    if "visitor" not in g:
        g.visitor = _load()
    found: SignedIn | None = g.visitor
    return found


def signed_in_person() -> SignedIn:
    """The live session of this request. Raises SignInNeeded when nobody is signed in."""
    found = visitor()
    if found is None:
        raise SignInNeeded
    return found


def look_again() -> None:
    """Read the session anew: this request has changed it."""
    g.pop("visitor", None)


def let_in(program: Program) -> None:
    """The door of the API (`web.api.door`) has seen the token of this program; no other address looks at tokens."""
    g.program = program


def current_program() -> Program:
    """The program acting. Raises TokenRefused when there is none."""
    if "program" not in g:
        raise TokenRefused
    found: Program = g.program
    return found


def is_anybody() -> bool:
    """True when somebody is at the other end: a person signed in or let in by a link, or a program."""
    return "program" in g or "linked" in g or visitor() is not None


def current_actor() -> Actor:
    """The program or the person let in by a link, or the person acting. Raises SignInNeeded when there is none."""
    if "linked" in g:
        by_link: LinkedTask = g.linked
        return by_link.actor
    return current_program().actor if "program" in g else signed_in_person().actor


def current_territory() -> TerritoryView | None:
    """The visitor's territory, or the one whose door this is."""
    if "program" in g:
        return current_program().territory
    if "linked" in g:
        by_link: LinkedTask = g.linked
        return by_link.territory
    found = visitor()
    if found is not None:
        return found.territory
    if "territory" not in g:
        with database().reading() as session:
            g.territory = front_door(session)
    territory: TerritoryView | None = g.territory
    return territory


def now() -> datetime:
    """The time in the territory: the machine's, moved forward in a demo."""
    territory = current_territory()
    return shifted(0 if territory is None else territory.clock_offset_seconds)


def zone() -> ZoneInfo:
    """The time zone people of the territory live in."""
    territory = current_territory()
    return ZoneInfo(DEFAULT_ZONE if territory is None else territory.time_zone)


def note_read(*, kind: str, object_id: object, patient_id: UUID | None, case_id: UUID | None = None) -> None:
    """Say what this page is about; `web.reading` writes the one row of the trace when the page has been made."""
    g.read_about = {"object_kind": kind, "object_id": object_id, "patient_id": patient_id, "case_id": case_id}


def remember(response: Response, token: str) -> None:
    """Give the browser its secret."""
    response.set_cookie(
        cookie_name(),
        token,
        max_age=int(ABSOLUTE_LIMIT.total_seconds()),
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
        path="/",
    )


def forget(response: Response) -> None:
    """Take the secret back, and everything the browser kept for this site but unsent answers."""
    response.delete_cookie(
        cookie_name(),
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
        path="/",
    )


def device_secret() -> str:
    """What this browser is known by on a shared computer; empty when nobody has signed in with it."""
    return request.cookies.get(_device_cookie(), "")[:100]


def remember_device(response: Response, secret: str) -> None:
    """Let the browser be known until its day ends."""
    response.set_cookie(
        _device_cookie(),
        secret,
        max_age=int(DEVICE_LASTS.total_seconds()),
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
        path="/",
    )


def _device_cookie() -> str:
    return f"{cookie_name()}-device"


def init(app: Flask) -> None:
    """Every page but the few public ones asks for a person first."""
    public = {
        "static",
        "dist",
        "service_worker",
        "health.alive",
        "health.ready",
        "sign_in.choose",
        "sign_in.enter",
        "sign_in.become",
        "accounts.invitation",
        "accounts.accept",
        "accounts.code",
        "accounts.prove",
        "accounts.second_factor",
        "accounts.keep_second_factor",
        "passkeys.ask",
        "passkeys.enter",
        "passkeys.ask_first",
        "passkeys.add_first",
        "oidc.leave_for_provider",
        "oidc.come_back",
        "shared_computers.people",
        "shared_computers.person",
        "shared_computers.enter",
        "answer_by_link.door",
        "answer_by_link.open_link",
        "answer_by_link.code",
        "answer_by_link.ask_for_code",
        "answer_by_link.enter",
        "answer_by_link.show",
        "answer_by_link.answer",
        "answer_by_link.thanks",
        "answer_by_link.leave",
        "language.switch",
        "offline.session_state",
        "offline.page",
        "api_check.check",
        "api-docs.openapi_json",
    }

    before_the_choice = {"exercises.choose", "exercises.practise", "sign_in.leave", "shared_computers.lock"}

    @app.before_request
    def ask_for_a_person() -> None:
        if request.endpoint is None or request.endpoint in public or request.blueprint == "api":
            return
        if signed_in_person().must_choose and request.endpoint not in before_the_choice:
            raise ExerciseNeeded


def _load() -> SignedIn | None:
    token = request.cookies.get(cookie_name())
    if not token:
        return None
    moment = utcnow()
    with database().reading() as session:
        found = signed_in(session, token_hash=sign_ins.hash_token(token), now=moment, today=moment.date())
    if found is not None and moment - found.last_seen_at > TOUCH_EVERY:
        with database().transaction() as session:
            sign_ins.keep_alive(session, sign_in_id=found.sign_in_id, now=moment)
    return found
