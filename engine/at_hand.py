"""What a command starts from: a case, a task or a patient, locked, or the sentence that says why it cannot be had."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import idempotency, policies
from engine.actor import Actor
from engine.course import payload_values
from engine.errors import CaseNotFound, PatientNotFound, TaskNotFound
from engine.library import Version, version_of
from engine.models import Patient, Task
from engine.outcome import Value
from engine.projection.loading import LoadedCase, lock_case


@dataclass(slots=True, kw_only=True)
class TaskAtHand:
    """An open task with its case, locked. `row` is a copy: change it, then hand it to the writer."""

    case: LoadedCase
    version: Version
    row: dict[str, Any]

    @property
    def facts(self) -> policies.TaskFacts:
        """The task as the rules see it."""
        return as_facts(self.row)

    @property
    def owner_name(self) -> str:
        """Who has it, for sentences."""
        return str(self.case.waits.get(self.row["token"], {}).get("responsible_name", ""))

    def visible_facts(self) -> dict[str, Value]:
        """What the form of the task may read: parameters, the case, its own scope, its local variables."""
        from_case = self.case.facts[""]
        scope = self.row["scope"]
        within = self.case.facts.get(scope, {}) if scope else {}
        return {**self.version.parameters, **from_case, **within, **payload_values(self.row["locals"])}


def as_facts(row: dict[str, Any]) -> policies.TaskFacts:
    """A row of the task table as the rules see it."""
    return cast(policies.TaskFacts, SimpleNamespace(**row))


def case_of_task(session: Session, *, task_id: UUID, by: Actor, now: datetime, once: str | None = None) -> LoadedCase:
    """The case of a task, locked: from here on nobody else moves it. Raises TaskNotFound.

    With it come the answer already kept under the idempotency key `once`, and whether `by` may do the task.
    """
    idempotency.check_key(once)
    case = lock_case(
        session, by="task", key=task_id, territory_id=by.territory_id, now=now, once=once,
        professional_id=by.professional_id, exercise=by.exercise,
    )  # fmt: skip
    if case is None:
        raise TaskNotFound("Cette tâche n'existe pas, ou vous n'y avez pas accès.")
    return case


def task_at_hand(session: Session, case: LoadedCase, *, task_id: UUID, now: datetime) -> TaskAtHand:
    """The open task of a running case. Raises TaskAlreadyCompleted (who, when), TaskClosed, CaseClosed, Conflict."""
    row = case.task(task_id)
    if row is None:
        closed = session.connection().execute(select(Task.__table__).where(Task.id == task_id)).mappings().one()
        policies.check_task_open(as_facts(dict(closed)), zone=case.calendar.zone, now=now)
        raise TaskNotFound("Cette tâche n'existe pas, ou vous n'y avez pas accès.")
    policies.check_case_running(case.state, case.number)
    return TaskAtHand(case=case, version=version_of(session, case.version_id), row=dict(row))


def check_may_do(hand: TaskAtHand, *, by: Actor, now: datetime) -> None:
    """The owner, whoever stands in for them, or anybody the task is offered to."""
    policies.check_may_do(
        hand.facts, eligible=hand.case.eligible, owner=hand.owner_name, by=by, zone=hand.case.calendar.zone, now=now
    )


def patient_at_hand(session: Session, *, patient_id: UUID, by: Actor) -> Patient:
    """A patient of the territory who was not erased, locked. Raises PatientNotFound."""
    found = session.execute(
        select(Patient)
        .where(Patient.id == patient_id, Patient.territory_id == by.territory_id, Patient.erased_at.is_(None))
        .with_for_update()
    ).scalar_one_or_none()
    if found is None:
        raise PatientNotFound("Ce patient n'existe pas dans votre territoire.")
    return found


def case_at_hand(session: Session, *, case_id: UUID, by: Actor, now: datetime) -> tuple[LoadedCase, Version]:
    """The case, locked, whatever its state. Raises CaseNotFound."""
    case = lock_case(session, by="id", key=case_id, territory_id=by.territory_id, now=now)
    if case is None:
        raise CaseNotFound("Ce dossier n'existe pas, ou vous n'y avez pas accès.")
    return case, version_of(session, case.version_id)
