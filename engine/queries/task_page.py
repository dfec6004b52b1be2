"""One task as its page shows it: the patient, why, what was done before, the form with what it opens with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Uuid, and_, bindparam, false, or_, select, true
from sqlalchemy.orm import Session

from engine.actor import Actor, Exercise
from engine.calendars import Calendar
from engine.course import payload_values
from engine.eligibility import may_do
from engine.errors import TaskNotFound
from engine.expressions import from_json
from engine.forms import Field, FormDefinition, Option, Section, Text, prefill
from engine.library import Version, version_of
from engine.models import (
    OPEN_TASK_STATES,
    Case,
    CaseFact,
    Commune,
    Organization,
    Pathway,
    PathwayVersion,
    Patient,
    Professional,
    Task,
    TaskDraft,
)
from engine.outcome import Value
from engine.queries.worklist import ANONYMOUS_ROUNDS, PatientCard, patient_card, shared_or_nameless
from engine.visibility import readable, reads_comments

OVERSEERS = frozenset({"coordinator", "mission_lead"})
TRANSMISSIONS = 3
SAID_ANEW = frozenset({"comment", "coordination_minutes", "channel", "attachment"})
"""The standard fields close every form; an earlier task's remark is not this one's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transmission:
    """Something done before on the same case, with what was passed on."""

    what: str
    who: str
    at: datetime
    done: bool
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPage:
    """Everything the page needs."""

    id: UUID
    name: str
    why: str
    role: str
    state: str
    open: bool
    can_answer: bool
    mine: bool
    owner: str
    case_id: UUID
    case_number: str
    pathway_title: Mapping[str, str]
    organization: str
    opens_at: datetime | None
    due_at: datetime | None
    follow_up_at: datetime | None
    postponements: int
    priority: str
    priority_reason: str
    offer_round: str | None
    offered_until: datetime | None
    completed_at: datetime | None
    completed_by: str
    not_done_reason: str | None
    revision: int
    patient: PatientCard
    form: FormDefinition
    values: Mapping[str, Value]
    """What each field opens with; for a finished task, what was answered."""
    draft: Mapping[str, Any] | None
    draft_saved_at: datetime | None
    facts: Mapping[str, Value]
    done_before: Sequence[Transmission]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskForm:
    """The form of a task, and the round of an offer."""

    form: FormDefinition
    offer_round: str | None


def task_page(session: Session, *, task_id: UUID, by: Actor, now: datetime, calendar: Calendar) -> TaskPage:
    """The page of a task. Raises TaskNotFound when `by` neither does it, may take it, did it, nor coordinates."""
    row = session.execute(
        select(Task, Case, Pathway.title, Patient, Commune.name, Organization.name, Professional)
        .join(Case, Case.id == Task.case_id)
        .join(PathwayVersion, PathwayVersion.id == Case.pathway_version_id)
        .join(Pathway, Pathway.id == PathwayVersion.pathway_id)
        .outerjoin(Patient, Patient.id == Task.patient_id)
        .outerjoin(Commune, Commune.id == Patient.commune_id)
        .outerjoin(Organization, Organization.id == Case.organization_id)
        .outerjoin(Professional, Professional.id == Task.owner_id)
        .where(Task.id == task_id, Task.territory_id == by.territory_id, visible_to(by, calendar.today(now)))
    ).one_or_none()
    if row is None:
        raise TaskNotFound("Cette tâche n'existe pas ou ne vous est pas confiée.")
    task, case, title, patient, commune, organization, owner = row
    version = version_of(session, case.pathway_version_id)
    anonymous = task.offer_round in ANONYMOUS_ROUNDS and task.completed_by_id != by.professional_id
    is_open = task.state in OPEN_TASK_STATES and case.closed_at is None
    form = version.form(task.form_key) or _decision_form(version, task.element_id, task.name)
    facts = _facts(session, task, version)
    draft = session.get(TaskDraft, (task.id, by.account_id)) if is_open and by.account_id else None
    if is_open:
        earlier = {name: value for name, value in _scope(facts, case).items() if name not in SAID_ANEW}
        values = prefill(form, facts=earlier, now=now, calendar=calendar)
    else:
        values = _answered(session, task)
    answers = is_open and _can_answer(session, task, by, calendar.today(now))
    if not answers and by.professional_id not in (task.owner_id, task.completed_by_id):
        values = readable(values, form=form, by=by)
    return TaskPage(
        id=task.id,
        name=task.name,
        why=task.why,
        role=task.role,
        state=task.state,
        open=is_open,
        can_answer=answers,
        mine=task.owner_id is not None and task.owner_id == by.professional_id,
        owner="" if owner is None else owner.display_name,
        case_id=case.id,
        case_number=case.number,
        pathway_title=title,
        organization=organization or "",
        opens_at=task.opens_at,
        due_at=task.due_at,
        follow_up_at=task.follow_up_at,
        postponements=task.postponements,
        priority=task.priority,
        priority_reason=task.priority_reason,
        offer_round=task.offer_round,
        offered_until=task.offered_until,
        completed_at=task.completed_at,
        completed_by=task.completed_by or "",
        not_done_reason=task.not_done_reason,
        revision=task.revision,
        patient=patient_card(patient, commune or "", anonymous=anonymous),
        form=form,
        values=values,
        draft=None if draft is None else draft.answers,
        draft_saved_at=None if draft is None else draft.saved_at,
        facts=facts,
        done_before=() if anonymous else _done_before(session, task, by),
    )


def task_form(session: Session, *, task_id: UUID, by: Actor, now: datetime, calendar: Calendar) -> TaskForm:
    """What the answers of a task are read with. Raises TaskNotFound as `task_page` does."""
    row = session.execute(
        select(Task.name, Task.element_id, Task.form_key, Task.offer_round, Case.pathway_version_id)
        .join(Case, Case.id == Task.case_id)
        .outerjoin(Patient, Patient.id == Task.patient_id)
        .where(Task.id == task_id, Task.territory_id == by.territory_id, visible_to(by, calendar.today(now)))
    ).one_or_none()
    if row is None:
        raise TaskNotFound("Cette tâche n'existe pas ou ne vous est pas confiée.")
    version = version_of(session, row.pathway_version_id)
    form = version.form(row.form_key) or _decision_form(version, row.element_id, row.name)
    return TaskForm(form=form, offer_round=row.offer_round)


def visible_to(by: Actor, today: date) -> ColumnElement[bool]:
    """True in SQL for the tasks whose page `by` may open."""
    if by.professional_id is None:
        return false()
    if by.has_role(*OVERSEERS):
        return true()
    return _visible(by.professional_id, by.roles, by.organization_ids, by.exercise, today)


@lru_cache(maxsize=1024)
def _visible(
    professional_id: UUID,
    roles: frozenset[str],
    organization_ids: frozenset[UUID],
    exercise: Exercise | None,
    today: date,
) -> ColumnElement[bool]:
    """Kept for the day of one person: putting it together costs more than running it."""
    return shared_or_nameless() & or_(
        Task.owner_id == professional_id,
        Task.completed_by_id == professional_id,
        may_do(professional_id, today=today, exercise=exercise),
        and_(Task.audience == "professional", Task.audience_professional_id == professional_id),
        and_(Task.offer_round.in_(ANONYMOUS_ROUNDS), Task.state == "completed", Task.role.in_(roles)),
        and_(
            Task.audience == "organization",
            Task.audience_organization_id.in_(organization_ids),
            Task.role.in_(roles),
        ),
    )


def _can_answer(session: Session, task: Task, by: Actor, today: date) -> bool:
    if by.professional_id is None:
        return False
    return session.execute(_answerable(by.professional_id, by.exercise, today), {"task": task.id}).first() is not None


@lru_cache(maxsize=1024)
def _answerable(professional_id: UUID, exercise: Exercise | None, today: date) -> Select[Any]:
    return select(Task.id).where(
        Task.id == bindparam("task", type_=Uuid()), may_do(professional_id, today=today, exercise=exercise)
    )


def _decision_form(version: Version, element_id: str, name: str) -> FormDefinition:
    """A step without a form asks nothing, or which way to go when its answer is a decision of the model."""
    node = version.program.nodes.get(element_id)
    work = None if node is None else node.work
    fields: tuple[Field, ...] = ()
    if work is not None and work.decision_variable is not None:
        options = tuple(Option(one.value, Text(one.label, one.label)) for one in work.decides)
        fields = (
            Field(name=work.decision_variable, type="code", label=Text(name, name), required=True, options=options),
        )
    return FormDefinition(element_id, Text(name, name), None, (Section(None, fields),) if fields else ())


def _facts(session: Session, task: Task, version: Version) -> dict[str, Value]:
    """What the form may read: parameters of the version, facts of the case, then those of the task's own scope."""
    facts: dict[str, Value] = dict(version.parameters)
    rows = session.execute(
        select(CaseFact.name, CaseFact.value)
        .where(
            CaseFact.case_id == task.case_id,
            CaseFact.superseded_at.is_(None),
            CaseFact.closed_at.is_(None),
            CaseFact.scope.in_({"", task.scope}),
        )
        .order_by(CaseFact.scope)
    )
    facts.update({name: from_json(value) for name, value in rows})
    facts.update(payload_values(task.locals))
    return facts


def _scope(facts: Mapping[str, Value], case: Case) -> dict[str, Value]:
    about_case = {"number": case.number, "opened_at": case.opened_at, "completed_steps": list(case.completed_steps)}
    return {**facts, "case": about_case}


def _answered(session: Session, task: Task) -> dict[str, Value]:
    rows = session.execute(
        select(CaseFact.name, CaseFact.value).where(CaseFact.task_id == task.id).order_by(CaseFact.id)
    )
    return {name: from_json(value) for name, value in rows}


def _done_before(session: Session, task: Task, by: Actor) -> Sequence[Transmission]:
    rows = session.execute(
        select(Task.name, Task.completed_by, Task.completed_at, Task.state, CaseFact.value)
        .outerjoin(CaseFact, and_(CaseFact.task_id == Task.id, CaseFact.name == "comment"))
        .where(Task.case_id == task.case_id, Task.id != task.id, Task.completed_at.is_not(None))
        .order_by(Task.completed_at.desc(), Task.id)
        .limit(TRANSMISSIONS)
    )
    return tuple(
        Transmission(
            what=name,
            who=who or "",
            at=at,
            done=state == "completed",
            comment=str(from_json(comment) or "") if comment is not None and reads_comments(by) else "",
        )
        for name, who, at, state, comment in rows
    )
