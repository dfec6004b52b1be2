"""Signing in with Pro Santé Connect, or another OpenID provider: code, PKCE (S256), state, nonce, assurance."""

from __future__ import annotations

from typing import Any

import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import OAuth
from flask import Blueprint, Flask, current_app, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from joserfc.errors import JoseError
from requests import RequestException

from engine.clock import utcnow
from engine.commands import external_identities
from engine.errors import NotAllowed, NotFound
from engine.queries.actors import role_count
from engine.settings import Settings
from web import sign_in, visitor
from web.addresses import safe_path
from web.texts import gettext as _

log = structlog.get_logger("parcours.web")

bp = Blueprint("oidc", __name__)


def init(app: Flask, settings: Settings) -> None:
    """Know the provider, when the settings name one. Its addresses are read at the first sign-in."""
    if settings.oidc_issuer is None:
        return
    oauth = OAuth(app)
    oauth.register(
        "provider",
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret,
        server_metadata_url=f"{settings.oidc_issuer}/.well-known/openid-configuration",
        client_kwargs={"scope": "openid profile", "code_challenge_method": "S256"},
    )
    app.extensions["parcours_oidc"] = (oauth, settings.oidc_issuer, settings.oidc_acr)


@bp.get("/connexion/psc")
def leave_for_provider() -> ResponseReturnValue:
    """Go and prove who one is."""
    oauth, _issuer, acr = _provider()
    session["oidc_suite"] = safe_path(request.args.get("suite"), default="")
    try:
        answer: ResponseReturnValue = oauth.provider.authorize_redirect(
            url_for("oidc.come_back", _external=True), acr_values=acr
        )
    except (AuthlibBaseError, RequestException, ValueError) as problem:
        return _again(problem)
    return answer


@bp.get("/connexion/psc/retour")
def come_back() -> ResponseReturnValue:
    """Come back with a code. Whatever is wrong with it, one page says to begin again."""
    territory = visitor.current_territory()
    if territory is None:
        raise NotFound
    try:
        issuer, claims = _claims()
    except (AuthlibBaseError, JoseError, RequestException, KeyError, ValueError) as problem:
        return _again(problem)
    try:
        with visitor.database().transaction() as database_session:
            account_id = external_identities.account_of(
                database_session, territory_id=territory.id, issuer=issuer, claims=claims, now=utcnow()
            )
    except NotAllowed as refusal:
        sign_in.note_refusal(how="oidc_unknown")
        with visitor.database().transaction() as database_session:
            external_identities.tell_coordination(database_session, territory_id=territory.id, now=visitor.now())
        session.clear()
        return render_template("accounts/again.html", title=_("Compte en attente"), sentence=_(str(refusal))), 403
    with visitor.database().reading() as database_session:
        several = role_count(database_session, account_id=account_id, today=visitor.now().date()) > 1
    destination = url_for("accounts.role") if several else session.get("oidc_suite", "")
    return sign_in.open_session(account_id, how="oidc", destination=destination)


def _claims() -> tuple[str, dict[str, Any]]:
    """The issuer and the claims of the code just brought back. Raises the errors of Authlib, or ValueError."""
    oauth, issuer, acr = _provider()
    if request.args.get("iss", issuer) != issuer:  # RFC 9207: the answer of another provider
        raise ValueError("issuer")
    metadata = oauth.provider.load_server_metadata()
    if metadata.get("issuer") != issuer:
        raise ValueError("issuer")
    token = oauth.provider.authorize_access_token()
    told = token["userinfo"]  # the claims of the ID token: signature, issuer, audience, nonce and dates were checked
    if acr and told.get("acr", acr) != acr:
        raise ValueError("acr")
    more = oauth.provider.userinfo(token=token)
    if more.get("sub") != told["sub"]:
        raise ValueError("sub")
    return issuer, {**more, **told}


def _provider() -> tuple[Any, str, str]:
    found: tuple[Any, str, str] | None = current_app.extensions.get("parcours_oidc")
    if found is None:
        raise NotFound
    return found


def _again(problem: Exception) -> ResponseReturnValue:
    log.warning("oidc_refused", problem=type(problem).__name__)
    sign_in.note_refusal(how="oidc")
    session.clear()
    sentence = _("La connexion n'a pas pu être vérifiée : par sécurité, elle est abandonnée. Vous pouvez recommencer.")
    return render_template("accounts/again.html", title=_("Recommencer la connexion"), sentence=sentence), 400
