"""What keeps foreigners out: content policy, headers, the tokens of forms, limits."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from flask import Flask, Response, abort, g, request
from flask_limiter import Limiter
from flask_wtf import CSRFProtect

from engine.settings import Settings
from engine.written_signs import shown, turning_sign
from web import visitor

LARGEST_REQUEST = 6 * 1024 * 1024
PASSWORDS = "10 per minute"
WRITES = "240 per minute"
LONGEST_NUMBER = 18
DRAWINGS = ("application/xml", "text/xml")
"""What people put down, sent back as it came: it may be a page in disguise."""

csrf = CSRFProtect()


def nonce() -> str:
    """The one-time word that allows this page's own inline data."""
    if "nonce" not in g:
        g.nonce = secrets.token_urlsafe(16)
    return str(g.nonce)


def content_policy() -> str:
    """Nothing is allowed but what the pages use, and only from this origin."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' 'nonce-{nonce()}'",
            f"style-src 'self' 'nonce-{nonce()}'" + g.get("style_exception", ""),
            "font-src 'self'",
            "img-src 'self' data:",
            "connect-src 'self'",
            "manifest-src 'self'",
            "worker-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "object-src 'none'",
        )
    )


def init(app: Flask, settings: Settings) -> Limiter:
    """Protect `app`. Returns the limiter, so that a blueprint can be given a tighter limit."""
    secure = settings.base_url.startswith("https://")
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_NAME="__Host-parcours-form" if secure else "parcours_form",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=LARGEST_REQUEST,
        MAX_FORM_MEMORY_SIZE=LARGEST_REQUEST,
        WTF_CSRF_TIME_LIMIT=None,  # lives as long as the session: a page stays open all day on a phone
        RATELIMIT_HEADERS_ENABLED=True,
    )
    csrf.init_app(app)
    limiter = Limiter(
        _who,
        app=app,
        storage_uri=settings.redis_url or "memory://",
        in_memory_fallback_enabled=settings.redis_url is not None,
        default_limits=[WRITES],
        default_limits_per_method=True,
        default_limits_exempt_when=lambda: request.method in ("GET", "HEAD", "OPTIONS"),
    )
    app.jinja_env.globals["nonce"] = nonce
    app.jinja_env.finalize = _as_written
    app.before_request(_refuse_unstorable)
    app.after_request(lambda response: _headers(response, secure))
    return limiter


def slow_down_sign_ins(app: Flask, limiter: Limiter) -> None:
    """Passwords may be tried ten times a minute from one address, and ten times a minute for one account."""
    enter: Any = app.view_functions["sign_in.enter"]
    enter = limiter.limit(PASSWORDS, key_func=lambda: request.remote_addr or "unknown")(enter)
    enter = limiter.limit(PASSWORDS, key_func=_account_tried)(enter)
    app.view_functions["sign_in.enter"] = enter
    guarded = ("accounts.prove", "accounts.accept", "accounts.keep_second_factor", "passkeys.enter")
    signing = ("shared_computers.enter", "signatures.sign", "passkeys.prove_first")
    linked = ("answer_by_link.open_link", "answer_by_link.ask_for_code", "answer_by_link.enter")
    for endpoint in (*guarded, *signing, *linked, "passkeys.add_first", "person_rights.break_glass"):
        view: Any = app.view_functions[endpoint]
        limited = limiter.limit(PASSWORDS, key_func=lambda: request.remote_addr or "unknown")
        app.view_functions[endpoint] = limited(view)


def _as_written(value: Any) -> Any:
    """What a page prints: a sign that would turn the direction of reading is shown by its number instead."""
    return type(value)(shown(value)) if isinstance(value, str) and turning_sign(value) is not None else value


def _account_tried() -> str:
    """The login typed, as a digest: somebody may have typed a password there, and limits are counted in Redis."""
    typed = request.form.get("login", "")[:120].strip()
    return hashlib.sha256(typed.encode(errors="replace")).hexdigest() if typed else ""


def _refuse_unstorable() -> None:
    """A NUL sign and a number beyond 64 bits cannot be given to a database: they are refused at the door, not by it."""
    for value in (request.path, *(one for _name, some in request.args.lists() for one in some)):
        if "\x00" in value or (len(value) > LONGEST_NUMBER and value.lstrip("-").isdigit()):
            abort(400)
    if request.form and any("\x00" in one for _name, some in request.form.lists() for one in some):
        abort(400)
    if any("\x00" in (one.filename or "") for _name, some in request.files.lists() for one in some):
        abort(400)


def _who() -> str:
    found = visitor.visitor()
    return str(found.actor.account_id) if found is not None else request.remote_addr or "unknown"


def _headers(response: Response, secure: bool) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", content_policy())
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    headers["Referrer-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=(), interest-cohort=()"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if secure:
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    if response.mimetype in DRAWINGS:
        headers.setdefault("Content-Disposition", "attachment")  # scripts read them; no browser opens one as a page
    if "Cache-Control" not in headers:
        headers["Cache-Control"] = "no-store"
    return response
