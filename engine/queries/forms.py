"""The forms of pathway versions, read once: a published version never changes."""

from __future__ import annotations

import json
from functools import lru_cache
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine.forms import FormDefinition, parse_form
from engine.models import PathwayFile

STANDARD = "standard"

_read: dict[tuple[UUID, str], FormDefinition | None] = {}


def form_of(session: Session, *, version_id: UUID, form_key: str | None) -> FormDefinition:
    """The form of a task, followed by the standard fields. A task without a form has the standard fields only."""
    standard = _form(session, version_id, STANDARD)
    own = _form(session, version_id, form_key) if form_key else None
    if own is None:
        return standard or parse_form({"sections": []}, key=form_key or STANDARD)
    return own if standard is None else own.with_sections(standard.sections)


def start_form_of(session: Session, *, version_id: UUID, form_key: str) -> FormDefinition | None:
    """The form that opens a case; it carries no standard fields."""
    return _form(session, version_id, form_key)


def standard_fields(session: Session, *, version_id: UUID) -> frozenset[str]:
    """Names of the fields that close every form. They are said anew each time, never taken from an earlier task."""
    standard = _form(session, version_id, STANDARD)
    return frozenset() if standard is None else frozenset(standard.fields)


def _form(session: Session, version_id: UUID, form_key: str) -> FormDefinition | None:
    known = (version_id, form_key)
    if known not in _read:
        content = session.execute(
            select(PathwayFile.content)
            .where(
                PathwayFile.version_id == version_id,
                or_(
                    PathwayFile.path == f"forms/{form_key}.json",
                    PathwayFile.path.endswith(f"/forms/{form_key}.json", autoescape=True),
                ),
            )
            .order_by(PathwayFile.path)
            .limit(1)
        ).scalar_one_or_none()
        _read[known] = None if content is None else _parsed(bytes(content), form_key)
    return _read[known]


@lru_cache(maxsize=512)
def _parsed(content: bytes, form_key: str) -> FormDefinition:
    return parse_form(json.loads(content), key=form_key)
