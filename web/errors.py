"""The one error table: what the engine raises, and how a browser or a program is told.

| raised                                   | status | said                                             |
|------------------------------------------|--------|--------------------------------------------------|
| SignInNeeded                             | 401    | a page asks to sign in; a form says it is kept   |
| ExerciseNeeded                           | 403    | a page asks as what one practises                |
| TokenRefused                             | 401    | to programs: what a token looks like             |
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
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

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


class ExerciseNeeded(Exception):
    """The person holds several roles and has not said in which they act."""


class TokenRefused(Exception):
    """A program showed no token, or one that is unknown, expired or revoked."""


def is_for_programs() -> bool:
    """True for addresses that no page has: whatever happens there is said as JSON."""
    return request.path.startswith("/api/")


def wants_json() -> bool:
    """True when the caller is a program: it sends or prefers JSON."""
    if is_for_programs():
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json", "application/problem+json"])
    return request.is_json or (best is not None and best != "text/html")


def status_of(problem: errors.ParcoursError) -> HTTPStatus:
    """The HTTP status of an error of the engine."""
    return next((status for kind, status in STATUS_OF if isinstance(problem, kind)), HTTPStatus.BAD_REQUEST)


def init(app: Flask) -> None:
    """Register the table."""
    app.register_error_handler(errors.ParcoursError, _engine_said_no)
    app.register_error_handler(SignInNeeded, _sign_in_first)
    app.register_error_handler(ExerciseNeeded, _choose_first)
    app.register_error_handler(TokenRefused, _token_first)
    app.register_error_handler(CSRFError, _stale_page)
    app.register_error_handler(HTTPException, _http_said_no)
    app.register_error_handler(Exception, _unexpected)


def answer(
    status: int, title: str, sentence: str, *, reference: str = "", more: Mapping[str, object] = MappingProxyType({})
) -> Response:
    """An error as a page, or as a problem document for programs; `more` is for these."""
    if wants_json():
        body = {"type": "about:blank", "title": title, "status": int(status), "detail": sentence}
        response = jsonify(body | ({"reference": reference} if reference else {}) | dict(more))
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
        415: (_("Format inattendu"), _("Envoyez du JSON, et dites-le dans l'en-tête Content-Type.")),
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
    if isinstance(problem, errors.NotFound):  # absent and hidden look the same
        return answer(status, title, _not_there() if is_for_programs() else sentence)
    response = answer(status, title, str(problem) or sentence, more=_for_programs(problem))
    if isinstance(problem, errors.ScopeMissing):
        response.headers["WWW-Authenticate"] = f'Bearer error="insufficient_scope", scope="{problem.scope}"'
    return response


def _not_there() -> str:
    return _("Cela n'existe pas, ou n'est pas confié à votre structure.")


def _for_programs(problem: errors.ParcoursError) -> dict[str, object]:
    """What a program reads of a refusal besides its sentence."""
    match problem:
        case errors.ScopeMissing():
            return {"scope": problem.scope}
        case errors.DuplicateCase():
            return {"case": problem.case_number}
        case errors.InvalidAnswers():
            said = problem.problems.items()
            return {"errors": [{"pointer": f"/answers/{name.replace('.', '/')}", "detail": one} for name, one in said]}
        case _:
            return {}


def _token_first(_problem: TokenRefused) -> Response:
    response = answer(
        401,
        _("Jeton attendu"),
        _("Envoyez l'en-tête « Authorization: Bearer » avec un jeton en cours. L'administration en donne."),
    )
    response.headers["WWW-Authenticate"] = 'Bearer realm="parcours"'
    return response


def _sign_in_first(_problem: SignInNeeded) -> ResponseReturnValue:
    if request.method in ("GET", "HEAD") and not wants_json():
        return redirect(url_for("sign_in.choose", suite=request.full_path.rstrip("?")), 302)
    return answer(401, *titles()[401])


def _choose_first(_problem: ExerciseNeeded) -> ResponseReturnValue:
    if request.method in ("GET", "HEAD") and not wants_json():
        return redirect(url_for("exercises.choose", suite=request.full_path.rstrip("?")), 302)
    return answer(403, titles()[403][0], _("Choisissez d'abord l'exercice dans lequel vous agissez."))


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
    said: Mapping[str, Any] = (getattr(problem, "data", None) or {}).get("messages") or {}
    wrong = [{"pointer": where, "detail": one} for part in said.values() for where, one in _pointed(part, "")]
    if is_for_programs():
        plain = {400: _("La demande ne peut pas être lue."), 404: _not_there(), 413: _("L'envoi est trop gros.")}
        sentence = plain.get(status, sentence)
    response = answer(status, title, sentence, more={"errors": wrong} if wrong else {})
    for header in ("Retry-After", "Allow"):
        for name, value in problem.get_headers():
            if name == header:
                response.headers[name] = value
    return response


def _pointed(said: Any, where: str) -> Iterator[tuple[str, str]]:
    """Marshmallow's nested messages as JSON pointers."""
    if isinstance(said, Mapping):
        for name, inner in said.items():
            yield from _pointed(inner, where if name == "_schema" else f"{where}/{name}")
    else:
        yield where, " ".join(str(one) for one in (said if isinstance(said, list) else [said]))


def _unexpected(problem: Exception) -> Response:
    reference = secrets.token_hex(4).upper()
    # Places only: messages and local variables may hold what people typed.
    places = [f"{one.filename}:{one.lineno} {one.name}" for one in traceback.extract_tb(problem.__traceback__)]
    log.error(
        "page_failed", reference=reference, endpoint=request.endpoint, problem=type(problem).__name__, places=places
    )
    return answer(500, *titles()[500], reference=reference)
