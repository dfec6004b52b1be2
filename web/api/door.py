"""Which program is at the other end of a request: its token, looked at only here and by `web.api_check`."""

from __future__ import annotations

from datetime import timedelta

from flask import g, request
from werkzeug.exceptions import RequestEntityTooLarge

from engine.clock import utcnow
from engine.commands import program_tokens
from engine.queries.program_tokens import Program, program_of
from web import visitor
from web.errors import TokenRefused

TOUCH_EVERY = timedelta(minutes=1)
LARGEST_DOCUMENT = 256 * 1024
"""A JSON body; files of a pathway have the limit of every page."""


def let_program_in() -> None:
    """The program of the token becomes the one who acts. Raises TokenRefused."""
    program = _shown()
    if program is None:
        raise TokenRefused
    visitor.let_in(program)
    if request.mimetype != "multipart/form-data" and (request.content_length or 0) > LARGEST_DOCUMENT:
        raise RequestEntityTooLarge


def sent_a_token() -> bool:
    """True when the request says that it is a program's."""
    return _secret() is not None


def who() -> str:
    """Whose requests are counted together: those of a program, or of an address that shows none."""
    program = _shown()
    return f"token {program.token_id}" if program is not None else request.remote_addr or "unknown"


def _secret() -> str | None:
    kind, _space, secret = request.headers.get("Authorization", "").partition(" ")
    return secret.strip() if kind.lower() == "bearer" else None


def _shown() -> Program | None:
    if "shown_program" not in g:
        g.shown_program = _load()
    found: Program | None = g.shown_program
    return found


def _load() -> Program | None:
    token = program_tokens.shown(_secret() or "")
    if token is None:
        return None
    moment = utcnow()
    with visitor.database().reading() as session:
        found = program_of(session, token_id=token[0], token_hash=token[1], now=moment, today=moment.date())
    if found is not None and (found.last_used_at is None or moment - found.last_used_at > TOUCH_EVERY):
        with visitor.database().transaction() as session:
            program_tokens.note_use(session, token_id=found.token_id, now=moment)
    return found
