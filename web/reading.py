"""One page that shows patients is one row of the trace, without the page having to think of it.

Pages draw patients from cards (`PatientCard`, `PatientFound`). Whatever is handed to a template is looked through for
them, so a new page cannot forget; a file or a JSON answer says `patients_shown(…)` itself. The row is written before
the answer leaves: what cannot be traced is not shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any
from uuid import UUID

from flask import Flask, Response, before_render_template, g, request

from engine.commands import reads
from engine.queries.new_case import PatientFound
from engine.queries.worklist import PatientCard
from web import visitor

DEEPEST = 8
CARDS = (PatientCard, PatientFound)


def init(app: Flask) -> None:
    """Look through what templates receive, and write one row per answer."""
    before_render_template.connect(_look_through, app)
    app.after_request(_write_once)


def patients_shown(
    patients: Iterable[UUID | None], *, action: str = "read", kind: str = "", case_id: UUID | None = None
) -> None:
    """Say which patients an answer without a template shows. `action`: read, or export for a file that is kept."""
    _shown().update(dict.fromkeys(patient for patient in patients if patient is not None))
    g.read_action = action
    if kind or case_id is not None:
        g.setdefault("read_about", {"object_kind": kind, "case_id": case_id})


def nobody_shown() -> None:
    """Say that the page names nobody although its template is handed cards (the map has the list for its filters)."""
    g.nobody_shown = True


def _shown() -> dict[UUID, None]:
    found: dict[UUID, None] = g.setdefault("patients_shown", {})
    return found


def _look_through(_app: Flask, template: Any, context: Mapping[str, Any], **_rest: object) -> None:
    _shown().update(dict.fromkeys(_patients(context.values(), DEEPEST)))
    case_id = getattr(context.get("page"), "case_id", None) or getattr(context.get("head"), "id", None)
    if isinstance(case_id, UUID):
        g.setdefault("read_case", case_id)


def _patients(values: Iterable[Any], depth: int) -> Iterator[UUID]:
    if depth == 0:
        return
    for value in values:
        if isinstance(value, CARDS):
            if value.id is not None:
                yield value.id
        elif isinstance(value, Mapping):
            yield from _patients(value.values(), depth - 1)
        elif isinstance(value, list | tuple | set | frozenset):
            yield from _patients(value, depth - 1)
        elif is_dataclass(value) and not isinstance(value, type) and type(value).__module__ not in ("engine.actor",):
            yield from _patients((getattr(value, field.name) for field in fields(value)), depth - 1)


def _write_once(response: Response) -> Response:
    patients = list(g.pop("patients_shown", {}))
    about: dict[str, Any] = g.pop("read_about", None) or {}
    if response.status_code // 100 == 3 or not visitor.is_anybody() or g.get("nobody_shown", False):
        return response
    named = about.get("patient_id")
    if named is not None and named not in patients:
        patients.append(named)
    if not patients:
        return response
    with visitor.database().transaction() as session:
        reads.note(
            session, patients=patients, case_id=about.get("case_id") or g.get("read_case"),
            object_kind=about.get("object_kind") or (request.endpoint or "")[:40],
            object_id=about.get("object_id", ""), action=g.get("read_action", "read"),
            from_where=request.remote_addr or "", by=visitor.current_actor(), now=visitor.now(),
        )  # fmt: skip
    return response
