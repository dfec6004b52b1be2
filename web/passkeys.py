"""Passkeys: one's keys in « Mon compte », entering with one, and one instead of the code of an application.

The browser asks for a challenge, has the key sign it, and sends the answer as an ordinary form. Keys are bound to the
host of PARCOURS_BASE_URL; browsers allow them over https, or on localhost, and never for a bare IP address.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit
from uuid import UUID

from flask import (
    Blueprint,
    Flask,
    Response,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue

from engine.clock import utcnow
from engine.commands import passkeys
from engine.errors import NotFound
from engine.queries.passkeys import passkeys_of
from engine.settings import Settings
from web import accounts, sign_in, visitor
from web.errors import SignInNeeded
from web.texts import gettext as _

bp = Blueprint("passkeys", __name__)


def relying_party(base_url: str) -> passkeys.RelyingParty | None:
    """Us, as keys know us at this public address; None where browsers allow no key."""
    address = urlsplit(base_url)
    host = address.hostname or ""
    if not host or _is_ip(host) or (address.scheme != "https" and host != "localhost"):
        return None
    return passkeys.RelyingParty(id=host, origin=f"{address.scheme}://{address.netloc.rpartition('@')[2]}")


def init(app: Flask, settings: Settings) -> None:
    """Offer keys where the public address allows them."""
    app.extensions["parcours_passkeys"] = party = relying_party(settings.base_url)
    app.jinja_env.globals["passkeys_offered"] = party is not None


@bp.get("/compte/cles")
def index() -> ResponseReturnValue:
    """One's keys."""
    _party()
    return _index_page()


@bp.post("/compte/cles/demande")
def ask_new() -> ResponseReturnValue:
    """The challenge that makes a key."""
    return _ask_new(_my_account())


@bp.post("/compte/cles")
def add() -> ResponseReturnValue:
    """Keep the key that the browser has just made."""
    added = _add(_my_account())
    if added.refusal:
        return _index_page(problem=_(added.refusal)), 422
    if added.recovery_codes:
        return render_template(
            "accounts/recovery.html", codes=added.recovery_codes, onward=url_for("passkeys.index"), word=_("Continuer")
        )
    flash(_("La clé est ajoutée à votre compte."), "done")
    return redirect(url_for("passkeys.index"), 303)


@bp.post("/compte/cles/<uuid:passkey_id>/retirer")
def remove(passkey_id: UUID) -> ResponseReturnValue:
    """Take a key away: it opens nothing from then on."""
    with visitor.database().transaction() as database_session:
        passkeys.remove(database_session, passkey_id=passkey_id, by=visitor.current_actor(), now=utcnow())
    flash(_("La clé est retirée : elle n'ouvre plus rien."), "done")
    return redirect(url_for("passkeys.index"), 303)


@bp.post("/connexion/second-facteur/cle/demande")
def ask_first() -> ResponseReturnValue:
    """The challenge that makes the first second factor of an account whose password has just been proved."""
    return _ask_new(_account_to_set_up())


@bp.post("/connexion/second-facteur/cle")
def add_first() -> ResponseReturnValue:
    """Keep it, show the recovery codes once, and have the person enter with both."""
    added = _add(_account_to_set_up())
    if added.refusal:
        flash(_(added.refusal), "late")
        return redirect(url_for("accounts.second_factor"), 303)
    session.clear()
    return render_template("accounts/recovery.html", codes=added.recovery_codes)


@bp.post("/connexion/cle/demande")
def ask() -> ResponseReturnValue:
    """The challenge that lets in: for any key, or for those of the account whose password has just been proved."""
    party, territory = _party(), visitor.current_territory()
    if territory is None:
        raise NotFound
    with visitor.database().transaction() as database_session:
        asked = passkeys.ask_for_proof(
            database_session, territory_id=territory.id, account_id=accounts.half_way(), party=party, now=utcnow()
        )
    return _options(asked)


@bp.post("/connexion/cle")
def enter() -> ResponseReturnValue:
    """Enter with the challenge a key has signed: it proves that one has the key and that it is one's own."""
    party, territory = _party(), visitor.current_territory()
    if territory is None:
        raise NotFound
    first = accounts.half_way()
    with visitor.database().transaction() as database_session:
        proved = passkeys.prove(
            database_session,
            territory_id=territory.id,
            challenge_id=_challenge(),
            credential=request.form.get("credential", ""),
            account_id=first,
            party=party,
            from_where=request.remote_addr or "",
            now=utcnow(),
        )
    if proved.account_id is None:
        if first is not None:
            return accounts.code_page(problem=_(proved.refusal)), 422
        return sign_in.page(problem=_(proved.refusal)), 422
    return sign_in.open_session(
        proved.account_id, how="passkey", destination=session["half_way"]["suite"] if first is not None else ""
    )


def _index_page(*, problem: str = "") -> str:
    with visitor.database().reading() as database_session:
        keys = passkeys_of(database_session, account_id=_my_account())
    return render_template("accounts/passkeys.html", keys=keys, problem=problem)


def _ask_new(account_id: UUID) -> ResponseReturnValue:
    with visitor.database().transaction() as database_session:
        asked = passkeys.ask_for_new_key(database_session, account_id=account_id, party=_party(), now=utcnow())
    return _options(asked)


def _add(account_id: UUID) -> passkeys.Added:
    with visitor.database().transaction() as database_session:
        return passkeys.add(
            database_session,
            account_id=account_id,
            challenge_id=_challenge(),
            credential=request.form.get("credential", ""),
            name=request.form.get("name", ""),
            party=_party(),
            now=utcnow(),
        )


def _options(asked: passkeys.Asked) -> Response:
    session["passkey_challenge"] = str(asked.challenge_id)
    return Response(asked.options, content_type="application/json")


def _challenge() -> UUID | None:
    """The challenge this browser was given; an answer to another browser's is worth nothing."""
    kept = session.pop("passkey_challenge", None)
    return None if kept is None else UUID(kept)


def _party() -> passkeys.RelyingParty:
    found: passkeys.RelyingParty | None = current_app.extensions["parcours_passkeys"]
    if found is None:
        raise NotFound
    return found


def _my_account() -> UUID:
    found = visitor.current_actor().account_id
    assert found is not None
    return found


def _account_to_set_up() -> UUID:
    found = accounts.to_set_up()
    if found is None:
        raise SignInNeeded
    return found


def _is_ip(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
