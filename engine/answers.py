"""The present answers of a case, one at a time: what was said, on which form, and the question asked again alone."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.actor import Actor
from engine.errors import NotFound
from engine.forms import Field, FormDefinition, Section
from engine.library import Version
from engine.models import CaseFact
from engine.visibility import readable_audiences

NOT_ANSWERS = frozenset({"patient", "comment"})
"""Facts of a form that say whom the case is about, or are remarks: neither shown nor put right as answers."""


def present_answer(
    session: Session, version: Version, *, case_id: UUID, name: str, by: Actor
) -> tuple[CaseFact, FormDefinition]:
    """The present value of an answer and the form that asked it. Raises NotFound, also for what one may not read."""
    fact = session.execute(
        select(CaseFact).where(
            CaseFact.case_id == case_id, CaseFact.scope == "", CaseFact.name == name, CaseFact.superseded_at.is_(None)
        )
    ).scalar_one_or_none()
    form = None if fact is None else version.forms.get(fact.form_key or "")
    field: Field | None = None if form is None else form.fields.get(name)
    if (
        name in NOT_ANSWERS
        or fact is None
        or form is None
        or field is None
        or field.audience not in readable_audiences(by)
    ):
        raise NotFound("Cette réponse n'existe pas, ou n'est pas destinée à votre rôle.")
    return fact, form


def asked_alone(form: FormDefinition, name: str) -> FormDefinition:
    """The form with this one question, always shown. Raises NotFound when it does not ask it."""
    field = form.fields.get(name)
    if field is None:
        raise NotFound("Cette réponse ne vient pas d'un formulaire : elle ne se rectifie pas ici.")
    shown = replace(field, visible_if=None, required_if=None, readonly=False)
    return replace(form, intro=None, sections=(Section(title=None, fields=(shown,)),), signed=False)
