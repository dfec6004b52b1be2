"""The one error table: what the engine raises, and how a browser or a program is told.

| raised                                   | status | said                                             |
|------------------------------------------|--------|--------------------------------------------------|
| SignInNeeded                             | 401    | a page asks to sign in; a form says it is kept   |
| NotAllowed                               | 403    | the rule's sentence                              |
| NotFound                                 | 404    | the same sentence whether absent or hidden       |
| Conflict                                 | 409    | who did it, and when                             |
| RequestEntityTooLarge                    | 413    | the limit                                        |
| Invalid                                  | 422    | the sentence, and one per field                  |
| RateLimitExceeded                        | 429    | when to try again                                |
| EngineFailure                            | 500    | nothing was changed                              |
| anything else                            | 500    | a reference to quote; details in the log only    |

JSON answers follow RFC 9457 (`application/problem+json`): type, title, status, detail.
"""

from __future__ import annotations

import secrets
import traceback
from http import HTTPStatus

import structlog
from flask import Flask, Response, jsonify, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from engine import errors
from web.texts import gettext as _

log = structlog.get_logger("parcours.web")

STATUS_OF: tuple[tuple[type[errors.ParcoursError], HTTPStatus], ...] = (
    (errors.NotFound, HTTPStatus.NOT_FOUND),
    (errors.NotAllowed, HTTPStatus.FORBIDDEN),
    (errors.Conflict, HTTPStatus.CONFLICT),
    (errors.Invalid, HTTPStatus.UNPROCESSABLE_ENTITY),
    (errors.EngineFailure, HTTPStatus.INTERNAL_SERVER_ERROR),
)


class SignInNeeded(Exception):
    """Nobody is signed in, or the session has ended."""


def wants_json() -> bool:
    """True when the caller is a program: it sends or prefers JSON."""
    best = request.accept_mimetypes.best_match(["text/html", "application/json", "application/problem+json"])
    return request.is_json or (best is not None and best != "text/html")


def status_of(problem: errors.ParcoursError) -> HTTPStatus:
    """The HTTP status of an error of the engine."""
    return next((status for kind, status in STATUS_OF if isinstance(problem, kind)), HTTPStatus.BAD_REQUEST)


def init(app: Flask) -> None:
    """Register the table."""
    app.register_error_handler(errors.ParcoursError, _engine_said_no)
    app.register_error_handler(SignInNeeded, _sign_in_first)
    app.register_error_handler(CSRFError, _stale_page)
    app.register_error_handler(HTTPException, _http_said_no)
    app.register_error_handler(Exception, _unexpected)


def answer(status: int, title: str, sentence: str, *, reference: str = "") -> Response:
    """An error as a page, or as a problem document for programs."""
    if wants_json():
        body = {"type": "about:blank", "title": title, "status": int(status), "detail": sentence}
        response = jsonify(body | ({"reference": reference} if reference else {}))
        response.content_type = "application/problem+json"
    else:
        response = make_response(
            render_template("errors/page.html", status=int(status), title=title, sentence=sentence, reference=reference)
        )
    response.status_code = int(status)
    return response


def titles() -> dict[int, tuple[str, str]]:
    """Title and default sentence of each status."""
    return {
        400: (_("Demande incomplète"), _("La page envoyée ne peut pas être lue. Revenez en arrière et recommencez.")),
        401: (
            _("Reconnectez-vous"),
            _("Votre session a expiré. Reconnectez-vous, puis rouvrez la page : votre brouillon y est gardé."),
        ),
        403: (_("Ce n'est pas possible"), _("Vous n'avez pas le droit de faire cela.")),
        404: (
            _("Cette page n'existe pas"),
            _("L'adresse est peut-être ancienne, ou ce qu'elle montre ne vous est plus confié."),
        ),
        405: (_("Demande impossible ici"), _("Revenez à la page précédente et utilisez ses boutons.")),
        409: (_("La situation a changé"), _("Quelqu'un d'autre a été plus rapide. Rouvrez la page.")),
        413: (_("Envoi trop volumineux"), _("L'envoi dépasse 6 Mo. Réduisez-le, puis recommencez.")),
        422: (_("À corriger"), _("Ce qui a été envoyé ne peut pas être utilisé.")),
        429: (_("Trop de demandes"), _("Attendez une minute, puis recommencez.")),
        500: (
            _("Une erreur est survenue"),
            _("Rien n'a été modifié. Réessayez ; si cela continue, donnez cette référence à la coordination."),
        ),
    }


def _engine_said_no(problem: errors.ParcoursError) -> Response:
    status = status_of(problem)
    title, sentence = titles()[status]
    if isinstance(problem, errors.NotFound):
        return answer(status, title, sentence)  # absent and hidden look the same
    return answer(status, title, str(problem) or sentence)


def _sign_in_first(_problem: SignInNeeded) -> ResponseReturnValue:
    if request.method in ("GET", "HEAD") and not wants_json():
        return redirect(url_for("sign_in.choose", suite=request.full_path.rstrip("?")), 302)
    return answer(401, *titles()[401])


def _stale_page(_problem: CSRFError) -> Response:
    return answer(
        400,
        _("Cette page a vieilli"),
        _("Par sécurité, l'envoi n'a pas été accepté. Rouvrez la page et recommencez : votre brouillon y est gardé."),
    )


def _http_said_no(problem: HTTPException) -> ResponseReturnValue:
    status = problem.code or 500
    if status < 400:
        return problem.get_response()
    known = titles()
    title, sentence = known.get(status, known[400 if status < 500 else 500])
    response = answer(status, title, sentence)
    for header in ("Retry-After", "Allow"):
        for name, value in problem.get_headers():
            if name == header:
                response.headers[name] = value
    return response


def _unexpected(problem: Exception) -> Response:
    reference = secrets.token_hex(4).upper()
    # Places only: messages and local variables may hold what people typed.
    places = [f"{one.filename}:{one.lineno} {one.name}" for one in traceback.extract_tb(problem.__traceback__)]
    log.error(
        "page_failed", reference=reference, endpoint=request.endpoint, problem=type(problem).__name__, places=places
    )
    return answer(500, *titles()[500], reference=reference)
