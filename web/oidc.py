"""Signing in with Pro Santé Connect, or another OpenID provider: code, PKCE (S256), state, nonce, assurance.

The same way proves again who somebody is before they sign: the provider is told to ask anew, and the time at which it
did is checked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import OAuth
from flask import Blueprint, Flask, current_app, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from joserfc.errors import JoseError
from requests import RequestException

from engine.clock import utcnow
from engine.commands import external_identities
from engine.errors import NotAllowed, NotFound
from engine.settings import Settings
from web import proof, shared_computers, sign_in, visitor
from web.addresses import safe_path
from web.texts import gettext as _

log = structlog.get_logger("parcours.web")

bp = Blueprint("oidc", __name__)

ALGORITHMS = ("RS256", "PS256", "ES256", "ES384", "EdDSA")
"""Signatures we accept, whatever the provider says of itself: with a private key, never none, never a shared secret."""
CLOCKS_APART = 60
"""Seconds by which the provider's clock may be behind ours."""
WRONG = (AuthlibBaseError, JoseError, RequestException, KeyError, TypeError, ValueError)
"""What may come of an answer that is not the one we asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """The provider of this installation, as the settings name it."""

    client: Any
    """Authlib's client, which has no types."""
    issuer: str
    client_id: str
    acr: str


def init(app: Flask, settings: Settings) -> None:
    """Know the provider, when the settings name one. Its addresses are read at the first sign-in."""
    if settings.oidc_issuer is None:
        return
    client = OAuth(app).register(
        "provider",
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret,
        server_metadata_url=settings.oidc_discovery,
        client_kwargs={
            "scope": settings.oidc_scope,
            "code_challenge_method": "S256",
            "timeout": 10,
            "leeway": 0,  # an access token that lives for a minute serves: it is used at once
        },
    )
    app.extensions["parcours_oidc"] = Provider(
        client=client, issuer=settings.oidc_issuer, client_id=settings.oidc_client_id, acr=settings.oidc_acr
    )


@bp.get("/connexion/psc")
def leave_for_provider() -> ResponseReturnValue:
    """Go and prove who one is. On a shared computer the provider asks anew: it may still know the one before."""
    _provider()
    session["oidc_suite"] = safe_path(request.args.get("suite"), default="")
    session.pop("oidc_proof", None)
    return _leave({"prompt": "login"} if shared_computers.somebody_was_here() else {})


@bp.get("/preuve/psc")
def prove_again() -> ResponseReturnValue:
    """Go and prove once more who one is, before signing."""
    _provider()
    session["oidc_proof"] = {
        "at": int(utcnow().timestamp()),
        "account": str(visitor.current_actor().account_id),
        "suite": safe_path(request.args.get("suite")),
    }
    return _leave({"prompt": "login", "max_age": "0"})


@bp.get("/connexion/psc/retour")
def come_back() -> ResponseReturnValue:
    """Come back with a code. Whatever is wrong with it, one page says to begin again."""
    territory = visitor.current_territory()
    if territory is None:
        raise NotFound
    asked = session.pop("oidc_proof", None)
    try:
        claims = _claims(_provider(), asked_at=asked["at"] if asked else None)
    except WRONG as problem:
        return _again(problem)
    try:
        with visitor.database().transaction() as database_session:
            account_id = external_identities.account_of(
                database_session, territory_id=territory.id, issuer=_provider().issuer, claims=claims, now=utcnow()
            )
    except NotAllowed as refusal:
        return _unknown(territory.id, refusal)
    if asked:
        return _proved(asked, account_id)
    return sign_in.open_session(account_id, how="oidc", destination=session.get("oidc_suite", ""))


def _leave(more: dict[str, str]) -> ResponseReturnValue:
    provider = _provider()
    try:
        answer: ResponseReturnValue = provider.client.authorize_redirect(
            url_for("oidc.come_back", _external=True), acr_values=provider.acr, **more
        )
    except WRONG as problem:
        return _again(problem)
    return answer


def _claims(provider: Provider, *, asked_at: int | None) -> dict[str, Any]:
    """The claims of the code just brought back. Raises one of WRONG. `asked_at`: since when one must have proved."""
    if request.args.get("iss", provider.issuer) != provider.issuer:  # RFC 9207: the answer of another provider
        raise ValueError("issuer")
    metadata = provider.client.load_server_metadata()
    if metadata.get("issuer") != provider.issuer:
        raise ValueError("issuer")
    if metadata.get("authorization_response_iss_parameter_supported") and "iss" not in request.args:
        raise ValueError("issuer missing")
    metadata["id_token_signing_alg_values_supported"] = list(ALGORITHMS)
    wanted = {
        "iss": {"essential": True, "value": provider.issuer},
        "aud": {"essential": True, "value": provider.client_id},
    }
    token = provider.client.authorize_access_token(claims_options=wanted)
    told = token["userinfo"]  # the claims of the ID token: signature, issuer, audience, nonce and dates were checked
    if provider.acr and told.get("acr") != provider.acr:
        raise ValueError("acr")
    if asked_at is not None and int(told["auth_time"]) < asked_at - CLOCKS_APART:
        raise ValueError("auth_time")
    more = provider.client.userinfo(token=token)
    if more.get("sub") != told["sub"]:
        raise ValueError("sub")
    return {**more, **told}


def _proved(asked: dict[str, Any], account_id: UUID) -> ResponseReturnValue:
    """The same person, or nothing is proved: somebody else's card signs nothing."""
    found = visitor.visitor()
    if found is None or str(account_id) != asked["account"] or found.actor.account_id != account_id:
        return _again(ValueError("account"))
    proof.note(how="oidc")
    return redirect(asked["suite"], 303)


def _unknown(territory_id: UUID, refusal: NotAllowed) -> ResponseReturnValue:
    sign_in.note_refusal(how="oidc_unknown")
    with visitor.database().transaction() as database_session:
        external_identities.tell_coordination(database_session, territory_id=territory_id, now=visitor.now())
    session.clear()
    return render_template("accounts/again.html", title=_("Compte en attente"), sentence=_(str(refusal))), 403


def _provider() -> Provider:
    found: Provider | None = current_app.extensions.get("parcours_oidc")
    if found is None:
        raise NotFound
    return found


def _again(problem: Exception) -> ResponseReturnValue:
    log.warning("oidc_refused", problem=type(problem).__name__)
    sign_in.note_refusal(how="oidc")
    session.clear()
    sentence = _("La connexion n'a pas pu être vérifiée : par sécurité, elle est abandonnée. Vous pouvez recommencer.")
    return render_template("accounts/again.html", title=_("Recommencer la connexion"), sentence=sentence), 400
