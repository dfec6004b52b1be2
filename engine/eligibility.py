"""« May this professional take this task »: one SQL expression, shared by lists, commands and the search for orphans.

A newcomer of the directory sees open work at once, because nothing about eligibility is stored with the task but its
audience.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_, select, true
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import aliased
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.types import Boolean

from engine.actor import Exercise
from engine.models import (
    Absence,
    Organization,
    Professional,
    ProfessionalRole,
    ProfessionalSector,
    Task,
    TaskOffer,
)


class json_has(GenericFunction[bool]):
    """True when a JSON list of texts holds a text."""

    type = Boolean()
    inherit_cache = True
    name = "json_has"


@compiles(json_has, "postgresql")
def _json_has_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    return f"jsonb_exists({compiler.process(element.clauses, **options)})"


@compiles(json_has, "sqlite")
def _json_has_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    listed, text = element.clauses
    inside = compiler.process(listed, **options)
    return f"EXISTS (SELECT 1 FROM json_each({inside}) WHERE value = {compiler.process(text, **options)})"


class hex_id(GenericFunction[str]):
    """A UUID as 32 hexadecimal digits, the spelling of ids inside JSON lists."""

    inherit_cache = True
    name = "hex_id"


@compiles(hex_id, "postgresql")
def _hex_id_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    return f"replace(CAST({compiler.process(element.clauses, **options)} AS text), '-', '')"


@compiles(hex_id, "sqlite")
def _hex_id_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    return str(compiler.process(element.clauses, **options))


def present(professional: Any, today: date) -> ColumnElement[bool]:
    """The professional has not left the territory."""
    return or_(professional.left_at.is_(None), professional.left_at > today)


def holds_role_now(role: Any, today: date) -> ColumnElement[bool]:
    """The dates of a role include `today`."""
    return and_(role.valid_from <= today, or_(role.valid_to.is_(None), role.valid_to >= today))


def in_circle_now(member: Any, now: datetime) -> ColumnElement[bool]:
    """A row of the care circle is in force at `now`."""
    return and_(member.valid_from <= now, or_(member.valid_to.is_(None), member.valid_to > now))


def away(professional_id: Any, today: date) -> ColumnElement[bool]:
    """The professional has declared an absence that includes `today`."""
    return exists().where(
        Absence.professional_id == professional_id, Absence.first_day <= today, Absence.last_day >= today
    )


def stands_in_for(substitute_id: Any, professional_id: Any, today: date) -> ColumnElement[bool]:
    """`substitute_id` takes over from `professional_id` today."""
    return exists().where(
        Absence.professional_id == professional_id,
        Absence.substitute_id == substitute_id,
        Absence.first_day <= today,
        Absence.last_day >= today,
    )


def within(organization_id: Any, top: Any) -> ColumnElement[bool]:
    """An organisation is `top`, or up to two levels below it (a ward of a hospital of a group)."""
    inner, parent = aliased(Organization), aliased(Organization)
    return or_(
        organization_id == top,
        select(inner.id)
        .outerjoin(parent, parent.id == inner.parent_id)
        .where(inner.id == organization_id, or_(inner.parent_id == top, parent.parent_id == top))
        .correlate_except(inner, parent)
        .exists(),
    )


def _in_audience(professional_id: Any, role: Any, task: Any, today: date) -> ColumnElement[bool]:
    sector = aliased(ProfessionalSector)
    in_sector = (
        select(sector.sector_id)
        .where(
            sector.professional_id == professional_id,
            json_has(task.audience_sector_ids, hex_id(sector.sector_id)),
        )
        .correlate_except(sector)  # the task is two queries further out
        .exists()
    )
    return or_(
        task.audience == "territory",
        and_(task.audience == "organization", within(role.organization_id, task.audience_organization_id)),
        and_(task.audience == "sector", in_sector),
    )


def _declined(professional_id: Any, task: Any) -> ColumnElement[bool]:
    return (
        select(TaskOffer.task_id)
        .where(
            TaskOffer.task_id == task.id, TaskOffer.professional_id == professional_id, TaskOffer.answer == "declined"
        )
        .correlate_except(TaskOffer)  # the task may be two queries further out
        .exists()
    )


def in_exercise(
    professional_id: UUID | Any, *, exercise: Exercise | None, today: date, task: Any = Task
) -> ColumnElement[bool]:
    """True in SQL when the task belongs to what the person practises as now, or to none of the other roles they hold.

    Without a choice every task does. A task given by name to somebody without its role stays theirs in each exercise.
    """
    if exercise is None:
        return true()
    held = aliased(ProfessionalRole)
    elsewhere = (
        select(held.id)
        .where(held.professional_id == professional_id, _asks_for(task, held.role), holds_role_now(held, today))
        .correlate_except(held)
        .exists()
    )
    return or_(_asks_for(task, exercise.role), ~elsewhere)


def _asks_for(task: Any, role: Any) -> ColumnElement[bool]:
    return or_(task.role == role, json_has(task.other_roles, role))


def may_take(
    professional_id: UUID | Any, *, today: date, task: Any = Task, exercise: Exercise | None = None
) -> ColumnElement[bool]:
    """True in SQL when the professional may take an open task nobody has accepted yet.

    They hold one of its roles today within its audience, or it was offered to them by name, or they stand in for the
    one it was offered to; they are still in the territory and have not declined it. With an `exercise`, only its role
    in its structure counts.
    """
    role, professional = aliased(ProfessionalRole), aliased(Professional)
    by_name = and_(
        task.audience == "professional",
        or_(
            task.audience_professional_id == professional_id,
            stands_in_for(professional_id, task.audience_professional_id, today),
        ),
    )
    by_role = exists().where(
        role.professional_id == professional_id,
        role.territory_id == task.territory_id,
        _asks_for(task, role.role),
        _is(role, exercise),
        holds_role_now(role, today),
        _in_audience(professional_id, role, task, today),
    )
    named = and_(by_name, in_exercise(professional_id, exercise=exercise, today=today, task=task))
    still_here = exists().where(professional.id == professional_id, present(professional, today))
    return and_(task.state == "offered", or_(named, by_role), still_here, ~_declined(professional_id, task))


def _is(role: Any, exercise: Exercise | None) -> ColumnElement[bool]:
    if exercise is None:
        return true()
    return and_(role.role == exercise.role, role.organization_id.is_not_distinct_from(exercise.organization_id))


def may_do(
    professional_id: UUID | Any, *, today: date, task: Any = Task, exercise: Exercise | None = None
) -> ColumnElement[bool]:
    """True in SQL when the professional may complete the task: it is theirs, or their absent colleague's, or free."""
    theirs = and_(
        task.state == "accepted",
        or_(task.owner_id == professional_id, stands_in_for(professional_id, task.owner_id, today)),
        in_exercise(professional_id, exercise=exercise, today=today, task=task),
    )
    return or_(theirs, may_take(professional_id, today=today, task=task, exercise=exercise))


def somebody_can(*, today: date, task: Any = Task) -> ColumnElement[bool]:
    """True in SQL when at least one person, present today, may do the task."""
    anyone = aliased(Professional)
    taken = and_(
        task.state == "accepted",
        exists().where(
            anyone.id == task.owner_id,
            present(anyone, today),
            or_(~away(anyone.id, today), _has_substitute(anyone.id, today)),
        ),
    )
    named = aliased(Professional)
    offered_to_one = and_(
        task.state == "offered",
        task.audience == "professional",
        exists().where(
            named.id == task.audience_professional_id,
            present(named, today),
            ~_declined(named.id, task),
            or_(~away(named.id, today), _has_substitute(named.id, today)),
        ),
    )
    role, holder = aliased(ProfessionalRole), aliased(Professional)
    offered_to_many = and_(
        task.state == "offered",
        select(role.id)
        .join(holder, holder.id == role.professional_id)
        .where(
            role.territory_id == task.territory_id,
            _asks_for(task, role.role),
            holds_role_now(role, today),
            present(holder, today),
            ~away(holder.id, today),
            _in_audience(holder.id, role, task, today),
            ~_declined(holder.id, task),
        )
        .exists(),
    )
    return or_(taken, offered_to_one, offered_to_many)


def _has_substitute(professional_id: Any, today: date) -> ColumnElement[bool]:
    return exists().where(
        Absence.professional_id == professional_id,
        Absence.substitute_id.is_not(None),
        Absence.first_day <= today,
        Absence.last_day >= today,
    )
