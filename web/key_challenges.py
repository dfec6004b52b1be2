"""The challenges this browser was given for a key to sign, and who we are to keys.

Keys are bound to the host of PARCOURS_BASE_URL; browsers allow them over https, or on localhost, never for a bare IP
address. A challenge answers in the browser it was given to, once.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit
from uuid import UUID

from flask import Flask, Response, current_app, request, session

from engine.clock import utcnow
from engine.commands import passkeys
from engine.errors import NotFound
from engine.settings import Settings
from web import visitor

KEPT = "passkey_challenge"


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


def offered() -> bool:
    """True when this installation's address allows keys."""
    return current_app.extensions["parcours_passkeys"] is not None


def party() -> passkeys.RelyingParty:
    """Us. Raises NotFound where there are no keys."""
    found: passkeys.RelyingParty | None = current_app.extensions["parcours_passkeys"]
    if found is None:
        raise NotFound
    return found


def given(asked: passkeys.Asked) -> Response:
    """Give a challenge to this browser."""
    session[KEPT] = str(asked.challenge_id)
    return Response(asked.options, content_type="application/json")


def taken_back() -> UUID | None:
    """The challenge this browser was given; the answer to another browser's is worth nothing."""
    kept = session.pop(KEPT, None)
    return None if kept is None else UUID(kept)


def ask_for_proof(account_id: UUID | None) -> Response:
    """A challenge for any key, or for those of one account."""
    territory, us = visitor.current_territory(), party()
    if territory is None:
        raise NotFound
    with visitor.database().transaction() as database_session:
        asked = passkeys.ask_for_proof(
            database_session, territory_id=territory.id, account_id=account_id, party=us, now=utcnow()
        )
    return given(asked)


def proved(account_id: UUID | None) -> passkeys.Proved:
    """Whose key signed what the form of this request carries; with `account_id`, a key of that account only."""
    territory, us = visitor.current_territory(), party()
    if territory is None:
        raise NotFound
    with visitor.database().transaction() as database_session:
        return passkeys.prove(
            database_session,
            territory_id=territory.id,
            challenge_id=taken_back(),
            credential=request.form.get("credential", ""),
            account_id=account_id,
            party=us,
            from_where=request.remote_addr or "",
            now=utcnow(),
        )


def _is_ip(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
