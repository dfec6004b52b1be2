"""Open tasks of the organisation, to read. People do them, on their own pages: a program has no profession."""

from __future__ import annotations

from typing import Any

import marshmallow

from engine.actor import Scope
from engine.queries.program_views import tasks_told
from web import visitor
from web.api import fields, pages
from web.api.cases import KnownPatient
from web.api.operations import operation
from web.calendar import calendar
from web.reading import patients_shown

TAG = ("tasks", "Open tasks of the organisation")


class TaskLine(marshmallow.Schema):
    """An open task that somebody of the organisation may do."""

    id = marshmallow.fields.UUID(required=True)
    name = fields.Text(required=True)
    role = fields.Text(required=True)
    state = fields.Text(required=True)
    priority = fields.Text(required=True)
    opened_at = fields.Moment(required=True)
    due_at = fields.Moment(required=True, allow_none=True)
    late = fields.Boolean(required=True)
    case = fields.Text(
        required=True, allow_none=True, attribute="case_number",
        metadata={"description": "None while the request is anonymous"},
    )  # fmt: skip
    patient = fields.Nested(KnownPatient, required=True, allow_none=True)


class Tasks(marshmallow.Schema):
    """One page of tasks, the oldest first."""

    items = marshmallow.fields.List(fields.Nested(TaskLine), required=True)
    next = fields.Text(required=True, allow_none=True)


@operation("GET", "/tasks", tag=TAG[0], scope=Scope.TASKS_READ, query=pages.PageQuery, answers=Tasks, refuses=(422,))
def list_tasks(sent: dict[str, Any]) -> dict[str, Any]:
    """Open tasks that somebody of the organisation may do."""
    now = visitor.now()
    with visitor.database().reading() as session:
        rows = tasks_told(
            session, by=visitor.current_actor(), now=now, today=calendar().today(now),
            after=pages.after(sent.get("cursor")), limit=sent["limit"] + 1,
        )  # fmt: skip
    patients_shown((row.patient_id for row in rows[: sent["limit"]]), kind="api.tasks")
    return pages.page(rows, sent["limit"], rows)
