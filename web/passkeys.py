"""Passkeys: one's keys in « Mon compte », entering with one, and one instead of the code of an application.

The browser asks for a challenge, has the key sign it, and sends the answer as an ordinary form.
"""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from engine.clock import utcnow
from engine.commands import passkeys
from engine.errors import NotAllowed
from engine.queries.passkeys import passkeys_of
from web import accounts, key_challenges, proof, sign_in, visitor
from web.errors import SignInNeeded
from web.texts import gettext as _

bp = Blueprint("passkeys", __name__)


@bp.get("/compte/cles")
def index() -> ResponseReturnValue:
    """One's keys."""
    key_challenges.party()
    return _index_page()


@bp.post("/compte/cles/preuve")
def prove_first() -> ResponseReturnValue:
    """Whoever finds a session open must not make it theirs: a key is added by who has just proved who they are."""
    key_challenges.party()
    try:
        proof.check()
    except NotAllowed as refusal:
        return _index_page(problem=_(str(refusal))), 422
    return redirect(url_for("passkeys.index"), 303)


@bp.post("/compte/cles/demande")
def ask_new() -> ResponseReturnValue:
    """The challenge that makes a key."""
    if not _may_add():
        raise NotAllowed(_("Confirmez d'abord que c'est bien vous."))
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


@bp.post("/compte/cles/confirmation")
def ask_again() -> ResponseReturnValue:
    """The challenge by which somebody signed in proves once more who they are."""
    return key_challenges.ask_for_proof(_my_account())


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
    """The challenge that lets in: for any key, or (`second`) for those of whoever has just proved their password."""
    return key_challenges.ask_for_proof(accounts.half_way() if "second" in request.args else None)


@bp.post("/connexion/cle")
def enter() -> ResponseReturnValue:
    """Enter with the challenge a key has signed: it proves that one has the key and that it is one's own."""
    first = accounts.half_way() if "second" in request.form else None
    proved = key_challenges.proved(first)
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
    return render_template(
        "accounts/passkeys.html", keys=keys, problem=problem, may_add=_may_add(), ways=proof.ways(), fresh=False
    )


def _may_add() -> bool:
    return proof.is_fresh() or proof.ways().nothing_to_prove


def _ask_new(account_id: UUID) -> ResponseReturnValue:
    us = key_challenges.party()
    with visitor.database().transaction() as database_session:
        asked = passkeys.ask_for_new_key(database_session, account_id=account_id, party=us, now=utcnow())
    return key_challenges.given(asked)


def _add(account_id: UUID) -> passkeys.Added:
    us = key_challenges.party()
    with visitor.database().transaction() as database_session:
        return passkeys.add(
            database_session,
            account_id=account_id,
            challenge_id=key_challenges.taken_back(),
            credential=request.form.get("credential", ""),
            name=request.form.get("name", ""),
            party=us,
            now=utcnow(),
        )


def _my_account() -> UUID:
    found = visitor.current_actor().account_id
    assert found is not None
    return found


def _account_to_set_up() -> UUID:
    found = accounts.to_set_up()
    if found is None:
        raise SignInNeeded
    return found
