"""Pathways: what the program may start, and what publishing would say of files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import marshmallow
from flask import jsonify
from flask.typing import ResponseReturnValue
from flask_smorest.fields import Upload
from werkzeug.datastructures import FileStorage

from engine.actor import Scope
from engine.commands import pathways
from engine.commands.program_cases import SAID_OF_PATIENT
from engine.errors import InvalidRequest
from engine.forms import Field, FormDefinition
from engine.packages import folder_of
from engine.queries.program_views import PathwayOffered, pathways_offered
from web import visitor
from web.api import fields
from web.api.operations import operation
from web.drafts import as_json, sent_files
from web.texts import ngettext

TAG = ("pathways", "What may be started, and the checker")


class Option(marshmallow.Schema):
    """One of the answers of a question."""

    value = fields.Text(required=True)
    label = fields.Text(required=True)


class Question(marshmallow.Schema):
    """One question of a start form."""

    name = fields.Text(required=True, metadata={"description": "Key in `answers`"})
    type = fields.Text(required=True, metadata={"description": "See docs/reference/forms.md"})
    label = fields.Text(required=True)
    required = fields.Boolean(required=True)
    options = marshmallow.fields.List(fields.Nested(Option), required=True)


class Message(marshmallow.Schema):
    """A message that the organisation may send to a case."""

    name = fields.Text(required=True)
    label = fields.Values(required=True)
    payload = fields.Values(required=True, metadata={"description": "Name and type of each value"})


class Pathway(marshmallow.Schema):
    """A pathway that somebody of the organisation may start."""

    key = fields.Text(required=True)
    version = fields.Integer(required=True)
    title = fields.Values(required=True, metadata={"description": "By language"})
    purpose = fields.Values(required=True)
    questions = marshmallow.fields.List(fields.Nested(Question), required=True)
    messages = marshmallow.fields.List(fields.Nested(Message), required=True)


class Pathways(marshmallow.Schema):
    """All of them: a territory has a few dozen at most."""

    items = marshmallow.fields.List(fields.Nested(Pathway), required=True)


class Files(marshmallow.Schema):
    """The files of a pathway: loose, or one .zip."""

    files = marshmallow.fields.List(Upload(), load_default=[])


class Findings(marshmallow.Schema):
    """What publishing would say."""

    ok = fields.Boolean(required=True)
    findings = marshmallow.fields.List(
        fields.Values(), required=True, metadata={"description": "See docs/reference/findings.md"}
    )


@operation("GET", "/pathways", tag=TAG[0], scope=Scope.PATHWAYS_READ, answers=Pathways)
def list_pathways() -> dict[str, Any]:
    """What the organisation of the token may start, with the questions of the start form."""
    with visitor.database().reading() as session:
        found = pathways_offered(session, by=visitor.current_actor(), now=visitor.now())
    return {"items": [_offered(one) for one in found]}


@operation("POST", "/pathways/check", tag=TAG[0], scope=Scope.PATHWAYS_CHECK, answers=Findings, files=Files)
def check_pathway(sent: dict[str, Any]) -> ResponseReturnValue:
    """Everything that is wrong with files, as publishing would say it. Nothing is kept.

    200 when they could be published; 422 with the same `findings` when not.
    """
    return verdict(sent["files"])


def verdict(sent: Sequence[FileStorage]) -> ResponseReturnValue:
    """What publishing would say of these files."""
    try:
        files = folder_of(sent_files(sent))
    except InvalidRequest as refusal:
        return _not_publishable(str(refusal), [])
    with visitor.database().reading() as session:
        found = pathways.check_in_territory(session, files=files, by=visitor.current_actor(), now=visitor.now())
    findings = as_json(found)
    errors = sum(1 for one in findings if one["severity"] == "error")
    if errors:
        return _not_publishable(ngettext("%(num)s point à corriger.", "%(num)s points à corriger.", errors), findings)
    return jsonify({"ok": True, "findings": findings})


def _not_publishable(sentence: str, findings: list[dict[str, Any]]) -> ResponseReturnValue:
    body = {
        "type": "about:blank", "title": "Unprocessable Content", "status": 422, "detail": sentence, "ok": False,
        "findings": findings,
    }  # fmt: skip
    response = jsonify(body)
    response.content_type = "application/problem+json"
    return response, 422


def _offered(one: PathwayOffered) -> dict[str, Any]:
    return {
        "key": one.key,
        "version": one.version,
        "title": one.title,
        "purpose": one.purpose,
        "questions": [] if one.form is None else _questions(one.form),
        "messages": one.messages,
    }


def _questions(form: FormDefinition) -> list[dict[str, Any]]:
    return [_question(field) for field in form.fields.values() if field.name not in SAID_OF_PATIENT]


def _question(field: Field) -> dict[str, Any]:
    return {
        "name": field.name,
        "type": field.type,
        "label": field.label.in_("fr"),
        "required": field.required,
        "options": [{"value": option.value, "label": option.label.in_("fr")} for option in field.options],
    }
