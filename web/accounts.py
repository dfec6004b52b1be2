"""One's own account: the link of an invitation, the second factor, the sessions on every device."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Flask, current_app, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from engine.clock import utcnow
from engine.commands import accounts, sign_ins
from engine.errors import InvalidRequest, NotAllowed
from engine.queries.sign_ins import live_sessions
from engine.settings import Settings
from engine.vault import Vault
from web import sign_in, visitor
from web.texts import gettext as _

bp = Blueprint("accounts", __name__)

HALF_WAY_SECONDS = 300
MOST_TRIES = 5


def init(app: Flask, settings: Settings) -> None:
    """Give the pages the keys that seal second factors."""
    app.extensions["parcours_vault"] = Vault((settings.secret_key, *settings.former_secret_keys))


@bp.get("/invitation/<token>")
def invitation(token: str) -> ResponseReturnValue:
    """Choose a password."""
    return render_template("accounts/invitation.html", token=token, problem="")


@bp.post("/invitation/<token>")
def accept(token: str) -> ResponseReturnValue:
    """Keep the password, then sign in with it."""
    password = request.form.get("password", "")
    if password != request.form.get("again", ""):
        return render_template(
            "accounts/invitation.html", token=token, problem=_("Les deux saisies ne sont pas les mêmes.")
        ), 422
    try:
        with visitor.database().transaction() as database_session:
            account_id = accounts.accept_invitation(database_session, token=token, password=password, now=utcnow())
    except InvalidRequest as refusal:
        return render_template("accounts/invitation.html", token=token, problem=str(refusal)), 422
    return sign_in.let_in(account_id, how="invitation")


@bp.get("/connexion/code")
def code() -> ResponseReturnValue:
    """Ask for the code of the second factor."""
    if half_way() is None:
        return redirect(url_for("sign_in.choose"), 303)
    return code_page()


@bp.post("/connexion/code")
def prove() -> ResponseReturnValue:
    """Check the code; five tries, then the password again."""
    account_id = half_way()
    if account_id is None:
        return redirect(url_for("sign_in.choose"), 303)
    try:
        with visitor.database().transaction() as database_session:
            accounts.check_second_factor(
                database_session, account_id=account_id, code=request.form.get("code", ""), vault=vault(), now=utcnow()
            )
    except NotAllowed as refusal:
        sign_in.note_refusal(how="second_factor")
        session["half_way"] = {**session["half_way"], "tries": session["half_way"].get("tries", 0) + 1}
        if session["half_way"]["tries"] >= MOST_TRIES:
            session.clear()
            return redirect(url_for("sign_in.choose"), 303)
        return code_page(problem=_(str(refusal))), 422
    return sign_in.open_session(account_id, how="second_factor", destination=session["half_way"]["suite"])


@bp.get("/connexion/second-facteur")
def second_factor() -> ResponseReturnValue:
    """Set up the second factor that the account's role asks for."""
    if to_set_up() is None:
        return redirect(url_for("sign_in.choose"), 303)
    proposed = accounts.propose_second_factor(_("compte professionnel"))
    session["proposed"] = vault().seal(proposed.secret)
    return render_template("accounts/second_factor.html", proposed=proposed, problem="")


@bp.post("/connexion/second-facteur")
def keep_second_factor() -> ResponseReturnValue:
    """Keep it once a code has come back, and show the recovery codes once."""
    account_id = to_set_up()
    if account_id is None or "proposed" not in session:
        return redirect(url_for("sign_in.choose"), 303)
    try:
        with visitor.database().transaction() as database_session:
            codes = accounts.set_second_factor(
                database_session,
                account_id=account_id,
                secret=vault().open(session["proposed"]),
                code=request.form.get("code", "").replace(" ", ""),
                vault=vault(),
                now=utcnow(),
            )
    except InvalidRequest as refusal:
        flash(str(refusal), "late")
        return redirect(url_for("accounts.second_factor"), 303)
    session.clear()
    return render_template("accounts/recovery.html", codes=codes)


@bp.get("/compte/sessions")
def sessions() -> ResponseReturnValue:
    """Where one is signed in."""
    with visitor.database().reading() as database_session:
        rows = live_sessions(database_session, by=visitor.current_actor(), now=utcnow())
    found = visitor.visitor()
    return render_template("accounts/sessions.html", rows=rows, present=found.sign_in_id if found else None)


@bp.post("/compte/sessions/<uuid:sign_in_id>")
def revoke(sign_in_id: UUID) -> ResponseReturnValue:
    """Sign out on another device."""
    with visitor.database().transaction() as database_session:
        sign_ins.revoke(database_session, sign_in_id=sign_in_id, by=visitor.current_actor(), now=utcnow())
    flash(_("La session est fermée sur cet appareil."), "done")
    return redirect(url_for("accounts.sessions"), 303)


def code_page(*, problem: str = "") -> str:
    """The page that asks for the second proof, in the ways the account knows."""
    account_id = half_way()
    assert account_id is not None
    with visitor.database().reading() as database_session:
        factors = accounts.second_factors(database_session, account_id=account_id)
    return render_template("accounts/code.html", problem=problem, factors=factors)


def half_way() -> UUID | None:
    """The account whose first proof is fresh; the cookie that says so is signed."""
    kept = session.get("half_way")
    if not kept or utcnow().timestamp() - kept["at"] > HALF_WAY_SECONDS:
        return None
    return UUID(kept["account"])


def to_set_up() -> UUID | None:
    """The same, as long as no second factor exists: a stolen password must not replace one."""
    account_id = half_way()
    if account_id is None:
        return None
    with visitor.database().reading() as database_session:
        has_one = accounts.has_second_factor(database_session, account_id=account_id)
    return None if has_one else account_id


def vault() -> Vault:
    """The keys that seal second factors and the secrets of links."""
    found = current_app.extensions["parcours_vault"]
    assert isinstance(found, Vault)
    return found
