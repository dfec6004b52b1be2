"""« Who may see what of a case »: one SQL expression for pages, lists and searches, and who reads which field.

A case is seen by those who need to know: the coordination of the territory, the care circle of the patient, whoever has
or had one of its tasks or may take one (an anonymous request shows no case), and the ward that opened it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, false, func, or_, select, true
from sqlalchemy.orm import aliased

from engine.actor import Actor, ActorKind
from engine.eligibility import in_circle_now, may_do, within
from engine.forms import FormDefinition
from engine.models import (
    CareCircleMember,
    Case,
    EmergencyAccess,
    EtpEducator,
    EtpProgram,
    EtpSlot,
    Pathway,
    PathwayVersion,
    Patient,
    Task,
)
from engine.outcome import Value
from engine.roles import ORGANIZATION_ROLES

OVERSEERS = frozenset({"coordinator", "mission_lead"})
"""They answer for every case of the territory, so they see every case."""
COUNTERS = OVERSEERS | {
    "dac_case_manager", "quality_lead", "territory_admin", "board_member", "user_representative",
}  # fmt: skip
"""They may read the figures of the territory, which name nobody."""
ANONYMOUS_ROUNDS = ("pool", "neighbours")
"""Rounds in which people who do not know the patient are asked: commune and care only, no identity."""
NOBODY = UUID(int=0)
EDUCATION_TEAM = ("etp_educator", "etp_coordinator")

READS: Mapping[str, frozenset[str]] = {
    "clinical": frozenset({"all", "clinical", "social", "administrative"}),
    "social": frozenset({"all", "social", "administrative"}),
    "coordination": frozenset({"all", "social", "administrative"}),
    "administrative": frozenset({"all", "administrative"}),
    "patient": frozenset({"all"}),
}
"""Audiences of a form field, by the family of role that reads them (health data: care professions, CSP L1110-4)."""


def oversees(by: Actor) -> bool:
    """True for those who see every case of their territory."""
    return by.kind is ActorKind.SYSTEM or by.has_role(*OVERSEERS)


def may_see_figures(by: Actor) -> bool:
    """True for those who may read how many cases wait where."""
    return by.kind is ActorKind.SYSTEM or by.has_role(*COUNTERS)


def may_see(by: Actor, *, now: datetime, today: date, case: Any = Case) -> ColumnElement[bool]:
    """True in SQL when `by` may open the case. The territory is part of the rule."""
    here = case.territory_id == by.territory_id
    if oversees(by):
        return and_(here, true())
    if by.kind is ActorKind.SERVICE:
        return and_(here, _seen_by_program(by, now, case), ~opposed(case.patient_id))
    if by.professional_id is None:
        return false()
    known = or_(in_circle(by, now=now, patient_id=case.patient_id), emergency(by, now=now, patient_id=case.patient_id))
    followed = and_(known, ~highly_sensitive(case))
    return and_(here, or_(followed, _has_task(by, today, case), _ward(by, case)), ~opposed(case.patient_id))


def _seen_by_program(by: Actor, now: datetime, case: Any) -> ColumnElement[bool]:
    """What its organisation opened, and the cases of patients whose care circle holds the organisation."""
    circle = and_(in_circle(by, now=now, patient_id=case.patient_id), ~highly_sensitive(case))
    return or_(opened_in(by, case), circle)


def opposed(patient_id: Any) -> ColumnElement[bool]:
    """The patient opposed sharing, or was erased: nobody but the coordination sees anything."""
    patient = aliased(Patient)
    return (
        select(patient.id)
        .where(patient.id == patient_id, or_(patient.opposition_at.is_not(None), patient.erased_at.is_not(None)))
        .correlate_except(patient)
        .exists()
    )


def highly_sensitive(case: Any = Case) -> ColumnElement[bool]:
    """The pathway hides even its title: belonging to the circle is not enough, one must work on the case."""
    version, pathway = aliased(PathwayVersion), aliased(Pathway)
    return (
        select(version.id)
        .join(pathway, pathway.id == version.pathway_id)
        .where(version.id == case.pathway_version_id, pathway.sensitivity == "high")
        .correlate_except(version, pathway)
        .exists()
    )


def emergency(by: Actor, *, now: datetime, patient_id: Any) -> ColumnElement[bool]:
    """`by` opened an emergency access to the patient that has not ended."""
    access = aliased(EmergencyAccess)
    return (
        select(access.id)
        .where(
            access.patient_id == patient_id,
            access.professional_id == (by.professional_id or NOBODY),
            access.opened_at <= now,
            access.ends_at > now,
        )
        .correlate_except(access)
        .exists()
    )


def in_circle(by: Actor, *, now: datetime, patient_id: Any) -> ColumnElement[bool]:
    """The patient's care circle holds `by`, or one of their organisations, at `now`."""
    member = aliased(CareCircleMember)
    return exists().where(
        member.patient_id == patient_id,
        in_circle_now(member, now),
        or_(
            member.professional_id == (by.professional_id or NOBODY),
            member.organization_id.in_(by.organization_ids),
        ),
    )


def _has_task(by: Actor, today: date, case: Any) -> ColumnElement[bool]:
    task = aliased(Task)
    anonymous = func.coalesce(task.offer_round, "").in_(ANONYMOUS_ROUNDS)
    return (
        select(task.id)
        .where(
            task.case_id == case.id,
            or_(
                task.owner_id == by.professional_id,
                task.completed_by_id == by.professional_id,
                and_(~anonymous, may_do(by.professional_id, today=today, task=task, exercise=by.exercise)),
            ),
        )
        .correlate_except(task)
        .exists()
    )


def _ward(by: Actor, case: Any) -> ColumnElement[bool]:
    return opened_in(by, case) if by.has_role(*ORGANIZATION_ROLES) else false()


def opened_in(by: Actor, case: Any = Case) -> ColumnElement[bool]:
    """The case was opened in an organisation of `by`, or below it."""
    return or_(false(), *(within(case.organization_id, one) for one in sorted(by.organization_ids)))


@cache
def families() -> Mapping[str, str]:
    """The family of each role: clinical, social, administrative, coordination or patient."""
    data = json.loads(files("pathways").joinpath("shared", "roles.json").read_text(encoding="utf-8"))
    return {role["code"]: role["family"] for role in data["roles"]}


def readable_audiences(by: Actor) -> frozenset[str]:
    """The audiences of fields that the roles of `by` may read."""
    known = families()
    return frozenset({"all"}).union(*(READS.get(known.get(role, ""), frozenset()) for role in by.roles))


def reads_comments(by: Actor) -> bool:
    """The remark that closes every form is for the care professions (`pathways/shared/forms/standard.json`)."""
    return by.kind is ActorKind.SYSTEM or "clinical" in readable_audiences(by)


def readable(values: Mapping[str, Value], *, form: FormDefinition, by: Actor) -> dict[str, Value]:
    """The values of a form that the roles of `by` may read."""
    audiences = readable_audiences(by)
    known = form.fields
    return {name: value for name, value in values.items() if name not in known or known[name].audience in audiences}


def of_education_team(by: Actor) -> ColumnElement[bool]:
    """True in SQL for slots of a programme whose team or coordination `by` belongs to."""
    if by.kind is ActorKind.SYSTEM:
        return true()
    if by.professional_id is None or not by.has_role(*EDUCATION_TEAM):
        return false()
    educator, program = aliased(EtpEducator), aliased(EtpProgram)
    member = exists().where(educator.program_id == EtpSlot.program_id, educator.professional_id == by.professional_id)
    coordinates = exists().where(program.id == EtpSlot.program_id, program.coordinator_id == by.professional_id)
    return or_(member, coordinates)
