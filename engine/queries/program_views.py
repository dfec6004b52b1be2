"""What programs read of their organisation: what it may start, its cases, its open tasks.

A list is one keyset page. Who the patient is goes along only when the token opens `patients:read`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session

from engine import policies
from engine.actor import Actor, Exercise, Scope
from engine.eligibility import holds_role_now, json_has, may_do, within
from engine.errors import CaseNotFound
from engine.forms import FormDefinition
from engine.library import version_of
from engine.models import (
    OPEN_TASK_STATES,
    Case,
    Organization,
    Pathway,
    PathwayVersion,
    Patient,
    ProfessionalRole,
    Task,
)
from engine.queries.new_case import startable
from engine.queries.why import CaseWhy, why_case
from engine.queries.worklist import ANONYMOUS_ROUNDS, shared_or_nameless
from engine.visibility import may_see


@dataclass(frozen=True, slots=True, kw_only=True)
class After:
    """Where the previous page ended."""

    at: datetime
    id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageTaken:
    """A message that a pathway takes and that the organisation of the program may send."""

    name: str
    label: Mapping[str, str]
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PathwayOffered:
    """A pathway that the program may start."""

    key: str
    version: int
    title: Mapping[str, str]
    purpose: Mapping[str, str]
    form: FormDefinition | None
    messages: Sequence[MessageTaken]


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientTold:
    """Who a patient is, to programs whose token opens it."""

    id: UUID
    birth_name: str
    given_name: str
    sex: str
    birth_date: date
    ins: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseTold:
    """A case. `patient` is None when the token does not open it; `patient_id` never leaves the engine's trace."""

    id: UUID
    number: str
    pathway: str
    title: Mapping[str, str]
    version: int
    organization: str | None
    state: str
    outcome: str | None
    opened_at: datetime
    closed_at: datetime | None
    patient_id: UUID | None
    patient: PatientTold | None

    @property
    def after(self) -> After:
        """Where a page that ends here ends."""
        return After(at=self.opened_at, id=self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskTold:
    """An open task that somebody of the organisation may do. An anonymous request names neither case nor patient."""

    id: UUID
    name: str
    role: str
    state: str
    priority: str
    opened_at: datetime
    due_at: datetime | None
    late: bool
    case_number: str | None
    patient_id: UUID | None
    patient: PatientTold | None

    @property
    def after(self) -> After:
        """Where a page that ends here ends."""
        return After(at=self.opened_at, id=self.id)


def pathways_offered(session: Session, *, by: Actor, now: datetime) -> Sequence[PathwayOffered]:
    """What somebody of the program's organisation may start, by key, with what the start form asks."""
    policies.check_scope(by, Scope.PATHWAYS_READ)
    cards = startable(session, by=replace(by, roles=by.organization_roles), now=now)
    return tuple(
        PathwayOffered(
            key=card.key, version=card.number, title=card.title, purpose=card.purpose,
            form=version_of(session, card.version_id).start_form, messages=_messages(session, card.version_id, by),
        )
        for card in cards
    )  # fmt: skip


def _messages(session: Session, version_id: UUID, by: Actor) -> Sequence[MessageTaken]:
    version = version_of(session, version_id)
    sender = replace(by, scopes=frozenset({Scope.MESSAGES_SEND}))
    return tuple(
        MessageTaken(name=one["name"], label=one.get("label") or {"fr": one["name"]}, payload=one.get("payload") or {})
        for one in version.description.get("messages_in", ())
        if one["name"] in version.program.messages and policies.may_send(sender, one.get("from", ()))
    )


def cases_told(
    session: Session,
    *,
    by: Actor,
    now: datetime,
    pathway: str | None = None,
    is_open: bool | None = None,
    after: After | None = None,
    limit: int,
) -> Sequence[CaseTold]:
    """The cases that the organisation opened or follows, the latest first."""
    policies.check_scope(by, Scope.CASES_READ)
    statement = _cases(by).where(may_see(by, now=now, today=now.date()))
    if pathway is not None:
        statement = statement.where(Pathway.key == pathway)
    if is_open is not None:
        statement = statement.where(Case.closed_at.is_(None) if is_open else Case.closed_at.is_not(None))
    if after is not None:
        earlier = or_(Case.opened_at < after.at, and_(Case.opened_at == after.at, Case.id > after.id))
        statement = statement.where(earlier)
    rows = session.execute(statement.order_by(Case.opened_at.desc(), Case.id).limit(limit)).all()
    return tuple(_case(row, by) for row in rows)


def case_told(session: Session, *, number: str, by: Actor, now: datetime) -> tuple[CaseTold, CaseWhy]:
    """One case, and why it waits. Raises CaseNotFound for what the organisation neither opened nor follows."""
    policies.check_scope(by, Scope.CASES_READ)
    row = session.execute(
        _cases(by).where(Case.number == number.strip().upper(), may_see(by, now=now, today=now.date()))
    ).one_or_none()
    if row is None:
        raise CaseNotFound("Ce dossier n'existe pas, ou n'est pas confié à votre structure.")
    return _case(row, by), why_case(session, case_id=row.Case.id, now=now)


def _cases(by: Actor) -> Select[*tuple[Any, ...]]:
    return (
        select(Case, Pathway.key, Pathway.title, PathwayVersion.number.label("version"), Organization.code, Patient)
        .join(PathwayVersion, PathwayVersion.id == Case.pathway_version_id)
        .join(Pathway, Pathway.id == PathwayVersion.pathway_id)
        .outerjoin(Organization, Organization.id == Case.organization_id)
        .outerjoin(Patient, Patient.id == Case.patient_id)
        .where(Case.territory_id == by.territory_id)
    )


def _case(row: Any, by: Actor) -> CaseTold:
    found: Case = row.Case
    return CaseTold(
        id=found.id, number=found.number, pathway=row.key, title=row.title, version=row.version, organization=row.code,
        state=found.state, outcome=found.outcome, opened_at=found.opened_at, closed_at=found.closed_at,
        patient_id=found.patient_id, patient=_patient(row.Patient, by),
    )  # fmt: skip


def _patient(patient: Patient | None, by: Actor) -> PatientTold | None:
    if patient is None or Scope.PATIENTS_READ not in by.scopes:
        return None
    return PatientTold(
        id=patient.id, birth_name=patient.birth_name, given_name=patient.given_name, sex=patient.sex,
        birth_date=patient.birth_date, ins=patient.ins if patient.identity_status == "VALI" else None,
    )  # fmt: skip


def tasks_told(
    session: Session, *, by: Actor, now: datetime, today: date, after: After | None = None, limit: int
) -> Sequence[TaskTold]:
    """Open tasks that somebody of the organisation may do, the oldest first."""
    policies.check_scope(by, Scope.TASKS_READ)
    statement = (
        select(Task, Case.number, Patient)
        .join(Case, Case.id == Task.case_id)
        .outerjoin(Patient, Patient.id == Task.patient_id)
        .where(Task.id.in_(_for_somebody_of(by, today)), shared_or_nameless())
    )
    if after is not None:
        statement = statement.where(
            or_(Task.opened_at > after.at, and_(Task.opened_at == after.at, Task.id > after.id))
        )
    rows = session.execute(statement.order_by(Task.opened_at, Task.id).limit(limit)).all()
    return tuple(_task(row.Task, row.number, row.Patient, by, now) for row in rows)


def _for_somebody_of(by: Actor, today: date) -> Select[*tuple[UUID]]:
    """In the role they hold there: what they do elsewhere, in another role of theirs, is not this organisation's."""
    held = ProfessionalRole
    here = or_(*(within(held.organization_id, one) for one in sorted(by.organization_ids)))
    practised: Any = Exercise(role=held.role, organization_id=held.organization_id)  # type: ignore[arg-type]
    return (
        select(Task.id)
        .join(held, held.territory_id == Task.territory_id)
        .where(
            Task.territory_id == by.territory_id,
            Task.state.in_(OPEN_TASK_STATES),
            here,
            or_(Task.role == held.role, json_has(Task.other_roles, held.role)),
            holds_role_now(held, today),
            may_do(held.professional_id, today=today, exercise=practised),
        )
    )


def _task(task: Task, number: str, patient: Patient | None, by: Actor, now: datetime) -> TaskTold:
    hidden = task.state == "offered" and task.offer_round in ANONYMOUS_ROUNDS
    return TaskTold(
        id=task.id, name=task.name, role=task.role, state=task.state, priority=task.priority, opened_at=task.opened_at,
        due_at=task.due_at, late=task.due_at is not None and task.due_at < now,
        case_number=None if hidden else number, patient_id=None if hidden else task.patient_id,
        patient=None if hidden else _patient(patient, by),
    )  # fmt: skip
