"""Who has a task: taken, declined, delegated, reassigned, released, put off, reminded; and drafts of answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine import idempotency, policies, trace
from engine.actor import Actor
from engine.assignment import Audience, look_around, wider
from engine.at_hand import TaskAtHand, case_of_task, check_may_do, task_at_hand
from engine.commands.offers import record_answer, touch
from engine.eligibility import holds_role_now, present, somebody_can
from engine.errors import InvalidRequest, NotAllowed, ProfessionalNotFound
from engine.models import Professional, ProfessionalRole, Task, TaskDraft
from engine.outcome import OpenTask
from engine.projection import notices, tables
from engine.projection.loading import display_name
from engine.sealing import key_of

REMIND_AT_MOST_EVERY = timedelta(hours=1)
LARGEST_DRAFT = 200


def take(session: Session, hand: TaskAtHand, *, by: Actor, now: datetime) -> None:
    """The task becomes `by`'s. Taking one's own again changes nothing."""
    if by.professional_id is None:
        raise NotAllowed("Seul·e un·e professionnel·le peut prendre une tâche.")
    if hand.row["state"] == "accepted" and hand.row["owner_id"] == by.professional_id:
        return
    hand.row.update(state="accepted", owner_id=by.professional_id, accepted_at=now)
    _write(session, hand, responsible=(by.professional_id, by.name), now=now)
    record_answer(session, hand, "accepted", None, "", by=by, now=now)
    touch(session, hand, "accepted", {}, by=by, now=now)


def decline_ordinary(
    session: Session, hand: TaskAtHand, reason: str, comment: str, *, by: Actor, now: datetime
) -> None:
    """Ordinary work declined goes to a wider audience that still has somebody; if none has, the case is an orphan."""
    record_answer(session, hand, "declined", reason, comment, by=by, now=now)
    around = look_around(session, hand.case, [_as_open(hand)], now)
    audience = wider(hand.case, _roles(hand), around)
    for wanted in (audience, Audience(kind="territory")):
        _offer_to(hand, wanted)
        _write(session, hand, responsible=(None, ""), now=now)
        if _somebody_left(session, hand, now):
            break
    touch(session, hand, "declined", {"reason": reason}, by=by, now=now)


def delegate(
    session: Session,
    *,
    task_id: UUID,
    to: UUID,
    comment: str = "",
    by: Actor,
    now: datetime,
    key: str | None = None,
) -> None:
    """Hand a task one may do to a colleague who holds one of its roles; they are told."""
    case = case_of_task(session, task_id=task_id, by=by, now=now, once=key)
    if idempotency.answer_of(case.answered, "tasks.delegate") is not None:
        return
    hand = task_at_hand(session, case, task_id=task_id, now=now)
    check_may_do(hand, by=by, now=now)
    _give(session, hand, to, "delegated", comment, by=by, now=now)
    idempotency.remember(session, key=key, command="tasks.delegate", answer={}, by=by, now=now)


def reassign(
    session: Session,
    *,
    task_id: UUID,
    to: UUID,
    comment: str = "",
    by: Actor,
    now: datetime,
    key: str | None = None,
) -> None:
    """The coordination gives a task to somebody else who holds one of its roles."""
    policies.check_may_coordinate(by)
    case = case_of_task(session, task_id=task_id, by=by, now=now, once=key)
    if idempotency.answer_of(case.answered, "tasks.reassign") is not None:
        return
    hand = task_at_hand(session, case, task_id=task_id, now=now)
    _give(session, hand, to, "reassigned", comment, by=by, now=now)
    idempotency.remember(session, key=key, command="tasks.reassign", answer={}, by=by, now=now)


def release(
    session: Session, *, task_id: UUID, comment: str = "", by: Actor, now: datetime, key: str | None = None
) -> None:
    """Give a task back to its team. Its owner may, and the coordination."""
    case = case_of_task(session, task_id=task_id, by=by, now=now, once=key)
    if idempotency.answer_of(case.answered, "tasks.release") is not None:
        return
    hand = task_at_hand(session, case, task_id=task_id, now=now)
    if not policies.may_coordinate(by):
        check_may_do(hand, by=by, now=now)
    around = look_around(session, hand.case, [_as_open(hand)], now)
    _offer_to(hand, wider(hand.case, _roles(hand), around))
    _write(session, hand, responsible=(None, ""), now=now)
    _done(session, hand, "released", {"comment": bool(comment)}, by=by, now=now)
    idempotency.remember(session, key=key, command="tasks.release", answer={}, by=by, now=now)


def postpone(
    session: Session,
    *,
    task_id: UUID,
    until: datetime,
    reason: str,
    by: Actor,
    now: datetime,
    key: str | None = None,
) -> None:
    """Put a task off to another day, twice at most. The due date does not move: lateness stays visible."""
    case = case_of_task(session, task_id=task_id, by=by, now=now, once=key)
    if idempotency.answer_of(case.answered, "tasks.postpone") is not None:
        return
    if until <= now:
        raise InvalidRequest("La nouvelle date doit être dans le futur.")
    if not reason.strip():
        raise InvalidRequest("Dites pourquoi : la coordination le lira.")
    hand = task_at_hand(session, case, task_id=task_id, now=now)
    check_may_do(hand, by=by, now=now)
    if hand.row["state"] == "offered":
        hand.row.update(state="accepted", owner_id=by.professional_id, accepted_at=now)
    policies.check_may_postpone(hand.facts, by)
    hand.row.update(follow_up_at=until, postponements=hand.row["postponements"] + 1)
    _write(session, hand, responsible=(by.professional_id, by.name), now=now)
    _done(session, hand, "postponed", {"until": until.isoformat(), "reason": reason.strip()[:300]}, by=by, now=now)
    idempotency.remember(session, key=key, command="tasks.postpone", answer={}, by=by, now=now)


def remind(session: Session, *, task_id: UUID, by: Actor, now: datetime, key: str | None = None) -> None:
    """The coordination reminds whoever has the task, or everybody who may take it; once an hour at most."""
    policies.check_may_coordinate(by)
    case = case_of_task(session, task_id=task_id, by=by, now=now, once=key)
    if idempotency.answer_of(case.answered, "tasks.remind") is not None:
        return
    hand = task_at_hand(session, case, task_id=task_id, now=now)
    recent = (
        session.connection()
        .execute(
            select(tables.OUTBOX.c.id).where(
                tables.OUTBOX.c.task_id == task_id,
                tables.OUTBOX.c.template == "task_reminder",
                tables.OUTBOX.c.created_at > now - REMIND_AT_MOST_EVERY,
            )
        )
        .first()
    )
    if recent is not None:
        raise InvalidRequest("Un rappel vient déjà d'être envoyé pour cette tâche. Attendez une heure, ou téléphonez.")
    remind_people(session, hand, "task_reminder", now)
    _done(session, hand, "reminded", {}, by=by, now=now)
    idempotency.remember(session, key=key, command="tasks.remind", answer={}, by=by, now=now)


def remind_people(session: Session, hand: TaskAtHand, template: str, now: datetime) -> None:
    """One e-mail to the owner, or to everybody who may take the task."""
    person = hand.row["owner_id"] or hand.row["audience_professional_id"]
    if person is None:
        notices.tell_audience(session, hand.case, hand.row["id"], template, now)
    else:
        row = notices.row_to_person(hand.case, person, template, now, task_id=hand.row["id"])
        tables.add(session.connection(), tables.OUTBOX, [row])


def save_draft(session: Session, *, task_id: UUID, answers: Mapping[str, Any], by: Actor, now: datetime) -> None:
    """Keep what is being typed, for this account only. A closed task is not an error: the page will say so."""
    if by.account_id is None:
        raise NotAllowed("Un brouillon appartient à un compte.")
    if len(answers) > LARGEST_DRAFT:
        raise InvalidRequest("Ce brouillon est trop grand.")
    case_id = (
        session.connection()
        .execute(
            select(Task.case_id).where(
                Task.id == task_id, Task.territory_id == by.territory_id, Task.state.in_(("offered", "accepted"))
            )
        )
        .scalar_one_or_none()
    )
    if case_id is None:
        return
    row = {
        "task_id": task_id, "account_id": by.account_id, "territory_id": by.territory_id,
        "answers": key_of(session, "case", case_id, by.territory_id).owns(dict(answers)), "saved_at": now,
    }  # fmt: skip
    tables.upsert(session.connection(), TaskDraft.__table__, [row])  # type: ignore[arg-type]


def _give(session: Session, hand: TaskAtHand, to: UUID, kind: str, comment: str, *, by: Actor, now: datetime) -> None:
    name = _holder(session, hand, to, now)
    _offer_to(hand, Audience(kind="professional", professional_id=to, name=name))
    hand.row["revision"] += 1
    _write(session, hand, responsible=(to, name), now=now)
    told = notices.row_to_person(hand.case, to, "task_offered", now, task_id=hand.row["id"])
    tables.add(session.connection(), tables.OUTBOX, [told])
    detail = {"to": str(to), **({"comment": comment[:300]} if comment else {})}
    _done(session, hand, kind, detail, by=by, now=now)


def _holder(session: Session, hand: TaskAtHand, person: UUID, now: datetime) -> str:
    today = hand.case.calendar.today(now)
    row = (
        session.connection()
        .execute(
            select(Professional.title, Professional.given_name, Professional.family_name)
            .join(ProfessionalRole, ProfessionalRole.professional_id == Professional.id)
            .where(
                Professional.id == person,
                Professional.territory_id == hand.case.territory_id,
                ProfessionalRole.role.in_(_roles(hand)),
                holds_role_now(ProfessionalRole, today),
                present(Professional, today),
            )
        )
        .first()
    )
    if row is None:
        raise ProfessionalNotFound("Cette personne n'a pas aujourd'hui le rôle que la tâche demande.")
    return display_name(row.title, row.given_name, row.family_name)


def _offer_to(hand: TaskAtHand, audience: Audience) -> None:
    hand.row.update(
        state="offered", owner_id=None, accepted_at=None, audience=audience.kind,
        audience_professional_id=audience.professional_id, audience_organization_id=audience.organization_id,
        audience_sector_ids=list(audience.sector_ids),
    )  # fmt: skip


def _write(session: Session, hand: TaskAtHand, *, responsible: tuple[UUID | None, str], now: datetime) -> None:
    tables.upsert(session.connection(), tables.TASK, [hand.row])
    session.connection().execute(
        update(tables.WAIT)
        .where(tables.WAIT.c.task_id == hand.row["id"])
        .values(responsible_id=responsible[0], responsible_name=responsible[1][:200], last_touch_at=now)
    )


def _done(
    session: Session, hand: TaskAtHand, kind: str, detail: Mapping[str, Any], *, by: Actor, now: datetime
) -> None:
    touch(session, hand, kind, detail, by=by, now=now)
    trace.record(
        session, action=f"tasks.{kind}", by=by, now=now, patient_id=hand.case.patient_id, case_id=hand.case.id,
        object_kind="task", object_id=hand.row["id"],
    )  # fmt: skip


def _somebody_left(session: Session, hand: TaskAtHand, now: datetime) -> bool:
    today = hand.case.calendar.today(now)
    return (
        session.connection()
        .execute(select(Task.id).where(Task.id == hand.row["id"], somebody_can(today=today)))
        .first()
        is not None
    )


def _roles(hand: TaskAtHand) -> tuple[str, ...]:
    return (hand.row["role"], *hand.row["other_roles"])


def _as_open(hand: TaskAtHand) -> OpenTask:
    return OpenTask(
        token=hand.row["token"], element_id=hand.row["element_id"], name=hand.row["name"], roles=_roles(hand),
        form_key=hand.row["form_key"],
    )  # fmt: skip
