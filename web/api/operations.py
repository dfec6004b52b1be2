"""One operation of the API: its scope, what it takes and answers, how it refuses, and its line in `openapi.json`."""

from __future__ import annotations

import functools
import http
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

import marshmallow
from flask import Request, request
from flask_smorest import Api, Blueprint
from flask_smorest.utils import prepare_response
from sqlalchemy.orm import Session
from webargs import core
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from engine.actor import Scope
from engine.commands import program_requests
from engine.queries.program_tokens import check_scope
from web import visitor
from web.api import fields

PREFIX = "/api/v1"
KEY = "Idempotency-Key"
ALWAYS = (400, 401, 403, 429)
"""How any operation may refuse; each adds its own."""
LONGEST_KEY = 100
View = Callable[..., Any]


class Refused(marshmallow.Schema):
    """One wrong value: where, and what is expected."""

    pointer = fields.Text(required=True, metadata={"description": "JSON pointer into what was sent"})
    detail = fields.Text(required=True)


class Problem(marshmallow.Schema):
    """A refusal (RFC 9457)."""

    type = fields.Text(required=True)
    title = fields.Text(required=True)
    status = fields.Integer(required=True)
    detail = fields.Text(required=True, metadata={"description": "A sentence for people, in French"})
    errors = marshmallow.fields.List(fields.Nested(Refused))
    scope = fields.Text(metadata={"description": "403: the scope that is missing"})
    case = fields.Text(metadata={"description": "409: the case that is open already"})
    ok = fields.Boolean(metadata={"description": "422 of the checker: false"})
    findings = marshmallow.fields.List(fields.Values(), metadata={"description": "422 of the checker"})
    reference = fields.Text(metadata={"description": "500: what to quote to the administrators"})


class ProblemApi(Api):  # type: ignore[misc]  # published without types
    """flask-smorest, with the product's own error table (`web.errors`) and problem documents in the description."""

    ERROR_SCHEMA = Problem
    DEFAULT_ERROR_RESPONSE_NAME = None

    def _register_error_handlers(self) -> None:
        """`web.errors` answers, for pages and programs alike."""

    def _register_responses(self) -> None:
        for status in http.HTTPStatus:
            described: dict[str, Any] = {"description": status.phrase}
            if status >= 400:
                described["schema"] = self.ERROR_SCHEMA
            prepare_response(described, self.spec, "application/problem+json")
            self.spec.components.response(status.name, described, lazy=True)


class _Parser(FlaskParser):
    """webargs, which would take another format for a body without any field, and fall over a bottomless one."""

    def load_json(self, req: Request, schema: marshmallow.Schema) -> Any:
        if not req.is_json and (req.mimetype or req.content_length):
            raise UnsupportedMediaType
        try:
            return super().load_json(req, schema)
        except RecursionError as bottomless:
            raise BadRequest from bottomless

    def _handle_invalid_json_error(self, error: Exception, req: Request, *_rest: Any, **_more: Any) -> NoReturn:
        raise BadRequest from error

    def load_headers(self, req: Request, schema: marshmallow.Schema) -> Any:
        return {KEY: req.headers[KEY]} if KEY in req.headers else core.missing


class _Blueprint(Blueprint):  # type: ignore[misc]  # published without types
    ARGUMENTS_PARSER = _Parser()
    PAGINATION_HEADER_NAME = None


class OnceKey(marshmallow.Schema):
    """The key that makes a request safe to send twice."""

    key = fields.Text(
        required=True,
        data_key=KEY,
        validate=fields.shaped(rf"^[!-~]{{1,{LONGEST_KEY}}}$", "De 1 à 100 signes ASCII, sans espace."),
        metadata={"description": "A new one per act (a UUID); the same one when the same request is sent again"},
    )

    class Meta:
        """Other headers are not our business."""

        unknown = marshmallow.EXCLUDE


bp = _Blueprint("api", __name__, url_prefix=PREFIX)


def operation(
    method: str,
    path: str,
    *,
    tag: str,
    scope: Scope | None,
    answers: type[marshmallow.Schema],
    status: int = 200,
    body: type[marshmallow.Schema] | None = None,
    query: type[marshmallow.Schema] | None = None,
    files: type[marshmallow.Schema] | None = None,
    once: bool = False,
    refuses: Sequence[int] = (),
) -> Callable[[View], View]:
    """Declare a view as an operation. It is given what was sent as `sent`; the scope is looked at before anything."""

    def declare(view: View) -> View:
        found = _documented(view, tag, scope, {*ALWAYS, *refuses, *((413, 415, 422) if body or files else ())})
        found = bp.response(status, answers)(found)
        if body is not None:
            found = bp.arguments(body, location="json", as_kwargs=False, arg_name="sent")(found)
        if query is not None:
            found = bp.arguments(query, location="query", arg_name="sent")(found)
        if files is not None:
            found = bp.arguments(files, location="files", content_type="multipart/form-data", arg_name="sent")(found)
        if once:
            found = bp.arguments(OnceKey, location="headers", error_status_code=400, arg_name="once")(found)
        declared: View = bp.route(path, methods=[method])(_guarded(found, scope))
        return declared

    return declare


def _guarded(view: View, scope: Scope | None) -> View:
    @functools.wraps(view)
    def guarded(*given: Any, **named: Any) -> Any:
        if scope is not None:
            check_scope(visitor.current_actor(), scope)
        return view(*given, **named)

    return guarded


def _documented(view: View, tag: str, scope: Scope | None, refusals: set[int]) -> View:
    @functools.wraps(view)
    def found(*given: Any, **named: Any) -> Any:
        named.pop("once", None)
        return view(*given, **named)

    shown = found
    for status in sorted(refusals):
        shown = bp.alt_response(status, http.HTTPStatus(status).name)(shown)
    asked = f" Scope: `{scope}`." if scope is not None else " Any token."
    summary, _blank, rest = (view.__doc__ or "").partition("\n\n")
    scopes = {} if scope is None else {"x-scopes": [scope.value]}
    told: View = bp.doc(
        operationId=view.__name__, tags=[tag], security=[{"token": []}], **scopes,
        summary=" ".join(summary.split()), description=(" ".join(rest.split()) + asked).strip(),
    )(shown)  # fmt: skip
    return told


def once(work: Callable[[Session], Mapping[str, Any]]) -> tuple[Mapping[str, Any], int | None, dict[str, str]]:
    """Do the work in one transaction, or give the answer already given under the key of the request."""
    by, key = visitor.current_actor(), request.headers[KEY]
    content = f"{request.path}\n".encode() + request.get_data(cache=True)
    with visitor.database().transaction() as session:
        known = program_requests.take(
            session, key=key, operation=str(request.endpoint), content=content, by=by, now=visitor.now()
        )
        if known is not None:
            return known, None, {"Idempotency-Replayed": "true"}
        answer = work(session)
        program_requests.keep(session, key=key, answer=answer, by=by)
    return answer, None, {}
