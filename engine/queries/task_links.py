"""A task by link: to whom one may send it and what became of it; the door that asks for a code; the task itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine import policies
from engine.actor import Actor
from engine.assignment import OFFER_ROUNDS
from engine.at_hand import TaskAtHand
from engine.eligibility import in_circle_now, json_has
from engine.errors import NotAllowed, NotFound, TaskNotFound
from engine.forms import FormDefinition, prefill
from engine.library import version_of
from engine.linked_tasks import find_linked, fits, form_for
from engine.models import OPEN_TASK_STATES, CareCircleMember, Patient, Professional, Task, TaskLink
from engine.outcome import Value
from engine.projection.loading import read_case
from engine.queries.sign_ins import TerritoryView, territory_view
from engine.queries.worklist import PatientCard, patient_card


class LinkState(StrEnum):
    """What a link is waiting for, or how it ended."""

    SENT = "sent"
    OPENED = "opened"
    CODE_ASKED = "code_asked"
    INSIDE = "inside"
    ANSWERED = "answered"
    REVOKED = "revoked"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPerson:
    """Somebody of the care circle without an account. `refusal`: why the task is not for them; empty when it is."""

    member_id: UUID
    name: str
    role: str
    phone: str
    refusal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRow:
    """One link that was sent. Its moments are given on the territory's clock."""

    id: UUID
    name: str
    role: str
    phone: str
    state: LinkState
    sent_at: datetime
    sent_by: str
    expires_at: datetime
    ended_at: datetime | None

    @property
    def serves(self) -> bool:
        """True while it may still be opened."""
        return self.state not in (LinkState.ANSWERED, LinkState.REVOKED, LinkState.EXPIRED)


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingPage:
    """Whom one may ask, and the links of the task, the latest first."""

    people: Sequence[LinkPerson]
    links: Sequence[LinkRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkDoor:
    """What somebody who holds the link, but not yet the code, is told: who asks, and whom to call."""

    territory: TerritoryView
    sender: str
    sender_phone: str
    code_asked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedTask:
    """The one task that a session by link shows, with the questions its person may read."""

    link_id: UUID
    actor: Actor
    territory: TerritoryView
    person: str
    case_id: UUID
    name: str
    why: str
    revision: int
    sender: str
    patient: PatientCard
    form: FormDefinition
    values: Mapping[str, Value]
    facts: Mapping[str, Value]
    ends_at: datetime
    """When the half hour ends, on the machine's clock."""


def may_go_by_link(session: Session, *, task_id: UUID, by: Actor, eligible: bool, now: datetime) -> bool:
    """True when `by` could send the task to somebody: the care circle names a person of its roles."""
    try:
        policies.check_may_send_link(by, eligible=eligible)
    except NotAllowed:
        return False
    found = session.execute(
        select(Task.id)
        .join(CareCircleMember, CareCircleMember.patient_id == Task.patient_id)
        .where(
            Task.id == task_id,
            Task.state.in_(OPEN_TASK_STATES),
            or_(Task.offer_round.is_(None), Task.offer_round.not_in(OFFER_ROUNDS)),
            or_(CareCircleMember.role == Task.role, json_has(Task.other_roles, CareCircleMember.role)),
            CareCircleMember.person_name.is_not(None),
            CareCircleMember.professional_id.is_(None),
            CareCircleMember.organization_id.is_(None),
            in_circle_now(CareCircleMember, now),
        )
        .limit(1)
    )
    return found.first() is not None


def sending_page(
    session: Session, *, task_id: UUID, eligible: bool, by: Actor, now: datetime, at: datetime
) -> SendingPage:
    """Whom an open task may be sent to, and its links. Raises TaskNotFound, NotAllowed.

    The caller has checked that `by` sees the task; `eligible`: may do it. `at` is the machine's time.
    """
    policies.check_may_send_link(by, eligible=eligible)
    hand = _hand(session, task_id, by.territory_id, now)
    members = session.execute(
        select(CareCircleMember)
        .where(
            CareCircleMember.patient_id == hand.case.patient_id,
            CareCircleMember.person_name.is_not(None),
            CareCircleMember.professional_id.is_(None),
            CareCircleMember.organization_id.is_(None),
            in_circle_now(CareCircleMember, now),
        )
        .order_by(CareCircleMember.role, CareCircleMember.valid_from)
    ).scalars()
    people = tuple(
        LinkPerson(
            member_id=one.id, name=one.person_name or "", role=one.role, phone=one.person_phone or "",
            refusal=_refusal(hand, one.role),
        )
        for one in members
    )  # fmt: skip
    rows = session.execute(
        select(TaskLink, CareCircleMember)
        .join(CareCircleMember, CareCircleMember.id == TaskLink.member_id)
        .where(TaskLink.task_id == task_id)
        .order_by(TaskLink.sent_at.desc())
    )
    return SendingPage(people=people, links=tuple(_row(link, member, at, now - at) for link, member in rows))


def link_door(session: Session, *, link_id: UUID, at: datetime) -> LinkDoor:
    """What the door says. Raises NotFound once the link no longer serves."""
    found = find_linked(session, TaskLink.id == link_id, at=at)
    if found is None:
        raise NotFound("Ce lien n'existe pas, ou ne sert plus.")
    sender = session.get(Professional, found.link.sent_by_id) if found.link.sent_by_id is not None else None
    return LinkDoor(
        territory=territory_view(found.territory), sender=found.link.sent_by,
        sender_phone="" if sender is None else sender.phone or "", code_asked=found.link.code_asked_at is not None,
    )  # fmt: skip


def linked_task(session: Session, *, token_hash: str, at: datetime) -> LinkedTask | None:
    """The task of a session by link; None when it has ended, whatever the reason."""
    found = find_linked(session, TaskLink.session_hash == token_hash, at=at, inside=True)
    if found is None:
        return None
    link, now = found.link, found.now
    hand = _hand(session, link.task_id, link.territory_id, now)
    form = form_for(hand.version, hand.row, by=found.actor)
    facts = hand.visible_facts()
    about_case = {"number": hand.case.number, "opened_at": hand.case.opened_at}
    patient = session.execute(select(Patient).where(Patient.id == found.patient_id)).scalar_one()
    assert link.session_until is not None
    return LinkedTask(
        link_id=link.id, actor=found.actor, territory=territory_view(found.territory), person=found.person,
        case_id=link.case_id, name=hand.row["name"], why=hand.row["why"], revision=hand.row["revision"],
        sender=link.sent_by, patient=patient_card(patient, ""), form=form,
        values=prefill(form, facts={**facts, "case": about_case}, now=now, calendar=hand.case.calendar), facts=facts,
        ends_at=link.session_until,
    )  # fmt: skip


def _hand(session: Session, task_id: UUID, territory_id: UUID, now: datetime) -> TaskAtHand:
    """The open task with its case, read without a lock."""
    case_id = session.execute(
        select(Task.case_id).where(Task.id == task_id, Task.territory_id == territory_id)
    ).scalar_one_or_none()
    case = None if case_id is None else read_case(session, case_id=case_id, territory_id=territory_id, now=now)
    row = None if case is None else case.task(task_id)
    if case is None or row is None:
        raise TaskNotFound("Cette tâche n'est plus à faire.")
    return TaskAtHand(case=case, version=version_of(session, case.version_id), row=dict(row))


def _refusal(hand: TaskAtHand, role: str) -> str:
    try:
        fits(hand.version, hand.row, role=role)
    except NotAllowed as refusal:
        return str(refusal)
    return ""


def _row(link: TaskLink, member: CareCircleMember, at: datetime, ahead: timedelta) -> LinkRow:
    ended = link.answered_at or link.revoked_at or (link.expires_at if link.expires_at <= at else None)
    return LinkRow(
        id=link.id, name=member.person_name or "", role=member.role, phone=member.person_phone or "",
        state=_state(link, at), sent_at=link.sent_at + ahead, sent_by=link.sent_by, expires_at=link.expires_at + ahead,
        ended_at=None if ended is None else ended + ahead,
    )  # fmt: skip


def _state(link: TaskLink, at: datetime) -> LinkState:
    if link.answered_at is not None:
        return LinkState.ANSWERED
    if link.revoked_at is not None:
        return LinkState.REVOKED
    if link.expires_at <= at:
        return LinkState.EXPIRED
    if link.session_until is not None and link.session_until > at:
        return LinkState.INSIDE
    if link.code_asked_at is not None:
        return LinkState.CODE_ASKED
    return LinkState.SENT if link.opened_at is None else LinkState.OPENED
