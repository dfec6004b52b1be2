"""A task as somebody without an account answers it: which link still serves, for whom, and what its form asks them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from engine import policies
from engine.actor import Actor
from engine.assignment import OFFER_ROUNDS
from engine.eligibility import in_circle_now
from engine.forms import Field, FormDefinition, Section
from engine.library import Version
from engine.models import OPEN_TASK_STATES, CareCircleMember, Case, Patient, Task, TaskLink, TerritoryRow
from engine.projection.writing import STANDARD_FIELDS
from engine.roles import role_label
from engine.visibility import READS, families, readable_audiences


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """A link that serves. `now` is the time of its territory."""

    link: TaskLink
    actor: Actor
    role: str
    person: str
    case_number: str
    patient_id: UUID
    territory: TerritoryRow
    now: datetime


def find_linked(
    session: Session, wanted: ColumnElement[bool], *, at: datetime, locked: bool = False, inside: bool = False
) -> Linked | None:
    """The link `wanted`, while it serves at the machine's time `at`; `inside`: while its half-hour session does.

    It serves until it is answered, taken back or a week old, as long as its task is open, its person is in the care
    circle, and the patient neither opposed sharing nor was erased.
    """
    asked = (
        select(TaskLink, CareCircleMember, Case.number, Patient.id, TerritoryRow)
        .join(Task, Task.id == TaskLink.task_id)
        .join(Case, Case.id == TaskLink.case_id)
        .join(Patient, Patient.id == Case.patient_id)
        .join(CareCircleMember, CareCircleMember.id == TaskLink.member_id)
        .join(TerritoryRow, TerritoryRow.id == TaskLink.territory_id)
        .where(
            wanted,
            TaskLink.answered_at.is_(None),
            TaskLink.revoked_at.is_(None),
            TaskLink.expires_at > at,
            Task.state.in_(OPEN_TASK_STATES),
            Case.closed_at.is_(None),
            Patient.opposition_at.is_(None),
            Patient.erased_at.is_(None),
            *((TaskLink.session_until > at,) if inside else ()),
        )
    )
    row = session.execute(asked.with_for_update(of=TaskLink) if locked else asked).one_or_none()
    if row is None:
        return None
    link, member, number, patient_id, territory = row
    now = at + timedelta(seconds=territory.clock_offset_seconds)
    if member.valid_to is not None and member.valid_to <= now:
        return None
    return Linked(
        link=link, actor=actor_for(territory.id, member.role), role=member.role, person=member.person_name or "",
        case_number=number, patient_id=patient_id, territory=territory, now=now,
    )  # fmt: skip


def actor_for(territory_id: UUID, role: str) -> Actor:
    """Who acts through a link, in the history and the trace: the role. Whose link it was is asked of the link.

    A name written there would outlive the erasure of the patient.
    """
    return Actor(territory_id=territory_id, name=f"{role_label(role)} (par lien)".capitalize(), roles=frozenset({role}))


def member_of(session: Session, *, member_id: UUID, patient_id: UUID | None, now: datetime) -> CareCircleMember | None:
    """The person of that care circle, named there without being of the directory; None for anybody else."""
    return session.execute(
        select(CareCircleMember).where(
            CareCircleMember.id == member_id,
            CareCircleMember.patient_id == patient_id,
            CareCircleMember.person_name.is_not(None),
            CareCircleMember.professional_id.is_(None),
            CareCircleMember.organization_id.is_(None),
            in_circle_now(CareCircleMember, now),
        )
    ).scalar_one_or_none()


def fits(version: Version, task: Mapping[str, Any], *, role: str) -> None:
    """Raises NotAllowed unless somebody of that role can answer the task by link: it is theirs and they read it all."""
    form = version.form(task["form_key"])
    required = [] if form is None else [one for one in form.fields.values() if one.required or one.required_if]
    policies.check_may_answer_by_link(
        task["name"],
        roles=(task["role"], *task["other_roles"]),
        role=role,
        offered=task["offer_round"] in OFFER_ROUNDS,
        asks=form is not None,
        signs=form is not None and form.signed,
        hidden=[one.label.fr for one in required if one.audience not in _audiences(role)],
    )


def form_for(version: Version, task: Mapping[str, Any], *, by: Actor) -> FormDefinition:
    """The form of the task with the questions that `by` may read; the standard ones are for professionals."""
    form = version.form(task["form_key"])
    assert form is not None  # `fits` asked
    audiences = readable_audiences(by)
    layman = all(families().get(role) == "patient" for role in by.roles)

    def shown(field: Field) -> bool:
        return field.audience in audiences and not (layman and field.name in STANDARD_FIELDS)

    kept = (Section(one.title, tuple(filter(shown, one.fields))) for one in form.sections)
    return replace(form, sections=tuple(section for section in kept if section.fields))


def _audiences(role: str) -> frozenset[str]:
    return READS.get(families().get(role, ""), frozenset({"all"}))
