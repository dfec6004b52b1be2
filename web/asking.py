"""A form on a page: its questions drawn, the directory beside them, and what the browser sent back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request
from sqlalchemy.orm import Session

from engine.forms import REFERENCE_TYPES, FormDefinition
from engine.outcome import Value
from engine.queries import directory
from engine.queries.directory import DirectoryEntry
from web import forms, visitor
from web.calendar import calendar


def drawn(
    form: FormDefinition,
    raw: Mapping[str, Any],
    *,
    facts: Mapping[str, Value] | None = None,
    problems: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """What a template needs: `sections`, and the `directory` lists that the form's fields choose from."""
    with visitor.database().reading() as session:
        names = directory.names_of(session, by=visitor.current_actor(), references=forms.references(form, raw))
        lists = _lists(session, form)
    return {
        "sections": forms.sections(form, raw, facts=facts or {}, names=names, problems=problems),
        "directory": lists,
    }


def sent_answers(form: FormDefinition) -> dict[str, Any]:
    """What the browser sent for this form; people, structures and communes by their reference."""
    raw = forms.raw_answers(form, request.form)
    if not any(forms.asks_for(form, kind) for kind in REFERENCE_TYPES):
        return raw
    with visitor.database().reading() as session:
        return forms.resolve_references(form, raw, _lists(session, form))


def _lists(session: Session, form: FormDefinition) -> dict[str, tuple[DirectoryEntry, ...]]:
    """The directory by type of field; only what the form asks for is read."""
    by = visitor.current_actor()
    lists: dict[str, tuple[DirectoryEntry, ...]] = {}
    if forms.asks_for(form, "person"):
        lists["person"] = tuple(directory.people(session, by=by, today=calendar().today(visitor.now())))
    if forms.asks_for(form, "org"):
        lists["org"] = tuple(directory.organizations(session, by=by))
    if forms.asks_for(form, "commune"):
        lists["commune"] = tuple(directory.communes(session, by=by))
    return lists
