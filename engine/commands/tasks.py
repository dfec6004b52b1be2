"""Tasks: completed, accepted, declined, closed without being done. What hands them over is in `handovers`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from engine import idempotency, policies, trace
from engine.actor import Actor
from engine.assignment import OFFER_ROUNDS
from engine.at_hand import TaskAtHand, case_of_task, check_may_do, task_at_hand
from engine.bpmn import runner
from engine.commands.circles import join_found
from engine.commands.handovers import (
    decline_ordinary,
    delegate,
    postpone,
    reassign,
    release,
    remind,
    save_draft,
    take,
)
from engine.commands.offers import accept_offer, decline_offer
from engine.course import settle, surroundings
from engine.errors import CaseChanged, InvalidAnswers, InvalidRequest
from engine.forms import check_answers
from engine.outcome import Value
from engine.projection.acting import Acting
from engine.projection.writing import STANDARD_FIELDS, apply

__all__ = [
    "CompletedTask",
    "accept",
    "complete",
    "decline",
    "delegate",
    "not_done",
    "postpone",
    "reassign",
    "release",
    "remind",
    "save_draft",
]

LONGEST_OFFLINE_DAYS = 30
SEARCH = "search"


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletedTask:
    """What the person is told. `incident` is a sentence when their answers are kept but the pathway could not go on."""

    case_id: UUID
    case_number: str
    next_tasks: tuple[UUID, ...]
    incident: str | None = None


def complete(
    session: Session,
    *,
    task_id: UUID,
    answers: Mapping[str, Any],
    revision: int | None = None,
    by: Actor,
    now: datetime,
    key: str | None = None,
    done_at: datetime | None = None,
) -> CompletedTask:
    """Finish a task with the answers of its form and run the case to its next waits.

    Raises TaskNotFound, TaskAlreadyCompleted, TaskAlreadyTaken, TaskClosed, CaseClosed, CaseChanged, NotAllowed,
    InvalidAnswers, and ProofNeeded for a form that is signed. If the pathway cannot go on, the answers are kept and
    `incident` says so.
    """
    case = case_of_task(session, task_id=task_id, by=by, now=now, once=key)
    if (known := idempotency.answer_of(case.answered, "tasks.complete")) is not None:
        return _answered(known)
    hand = task_at_hand(session, case, task_id=task_id, now=now)
    check_may_do(hand, by=by, now=now)
    if revision is not None and revision != hand.row["revision"]:
        raise CaseChanged(f"« {hand.row['name']} » a changé depuis que la page est ouverte. Relisez-la, puis terminez.")
    values = _checked(hand, answers, by=by, now=now)
    signed = _signed(hand, by=by, now=now)
    if hand.row["offer_round"] in OFFER_ROUNDS:
        done = _answer_offer(session, hand, values, by=by, now=now)
    else:
        _join_found(session, hand, values, by=by, now=now)
        done = finish(session, hand, values, by=by, now=now, done_at=_when_done(done_at, now))
    _trace(session, hand, "tasks.complete", by=by, now=now, why="signed" if signed else "")
    idempotency.remember(session, key=key, command="tasks.complete", answer=_stored(done), by=by, now=now)
    return done


def accept(session: Session, *, task_id: UUID, by: Actor, now: datetime, key: str | None = None) -> CompletedTask:
    """Take a task. Taking an offer finishes it: the pathway goes on with the person who accepted.

    Raises TaskAlreadyTaken or TaskAlreadyCompleted when somebody was faster.
    """
    case = case_of_task(session, task_id=task_id, by=by, now=now, once=key)
    if (known := idempotency.answer_of(case.answered, "tasks.accept")) is not None:
        return _answered(known)
    hand = task_at_hand(session, case, task_id=task_id, now=now)
    check_may_do(hand, by=by, now=now)
    if hand.row["offer_round"] in OFFER_ROUNDS:
        done = finish(session, hand, accept_offer(session, hand, {}, by=by, now=now), by=by, now=now, done_at=None)
    else:
        take(session, hand, by=by, now=now)
        done = CompletedTask(case_id=hand.case.id, case_number=hand.case.number, next_tasks=(task_id,))
    _trace(session, hand, "tasks.accept", by=by, now=now)
    idempotency.remember(session, key=key, command="tasks.accept", answer=_stored(done), by=by, now=now)
    return done


def decline(
    session: Session,
    *,
    task_id: UUID,
    reason: str,
    comment: str = "",
    by: Actor,
    now: datetime,
    key: str | None = None,
) -> CompletedTask:
    """Say that one cannot. An offer goes on to the others and ends when nobody is left; other work is offered wider."""
    if reason not in policies.DECLINE_REASONS:
        raise InvalidRequest("Choisissez une raison de la liste.")
    case = case_of_task(session, task_id=task_id, by=by, now=now, once=key)
    if (known := idempotency.answer_of(case.answered, "tasks.decline")) is not None:
        return _answered(known)
    hand = task_at_hand(session, case, task_id=task_id, now=now)
    check_may_do(hand, by=by, now=now)
    if hand.row["offer_round"] in OFFER_ROUNDS:
        done = _decline_offer(session, hand, reason, comment, {}, by=by, now=now)
    else:
        decline_ordinary(session, hand, reason, comment, by=by, now=now)
        done = CompletedTask(case_id=hand.case.id, case_number=hand.case.number, next_tasks=())
    _trace(session, hand, "tasks.decline", by=by, now=now, why=reason)
    idempotency.remember(session, key=key, command="tasks.decline", answer=_stored(done), by=by, now=now)
    return done


def not_done(
    session: Session,
    *,
    task_id: UUID,
    reason: str,
    comment: str = "",
    by: Actor,
    now: datetime,
    key: str | None = None,
) -> CompletedTask:
    """Close a task without doing it (« déjà fait ailleurs », « plus nécessaire »…); the case goes on.

    The pathway sees no answers. If it cannot go on without them, InvalidRequest says so and nothing changes.
    """
    if reason not in policies.NOT_DONE_REASONS:
        raise InvalidRequest("Choisissez une raison de la liste.")
    case = case_of_task(session, task_id=task_id, by=by, now=now, once=key)
    if (known := idempotency.answer_of(case.answered, "tasks.not_done")) is not None:
        return _answered(known)
    hand = task_at_hand(session, case, task_id=task_id, now=now)
    if not policies.may_coordinate(by):
        check_may_do(hand, by=by, now=now)
    hand.row["not_done_reason"] = reason
    values: dict[str, Value] = {"comment": comment} if comment else {}
    done = finish(session, hand, values, by=by, now=now, done_at=None, state="not_done")
    if done.incident is not None:
        raise InvalidRequest(
            f"« {hand.row['name']} » ne peut pas être close sans réponses : la suite du parcours en a besoin."
        )
    _trace(session, hand, "tasks.not_done", by=by, now=now, why=reason)
    idempotency.remember(session, key=key, command="tasks.not_done", answer=_stored(done), by=by, now=now)
    return done


def finish(
    session: Session,
    hand: TaskAtHand,
    values: Mapping[str, Value],
    *,
    by: Actor,
    now: datetime,
    done_at: datetime | None,
    state: str = "completed",
) -> CompletedTask:
    """Run and write the completion of a task whose answers are already checked."""
    case, version, row = hand.case, hand.version, hand.row
    scope = row["scope"]
    facts = {**case.facts, scope: {**case.facts.get(scope, {}), **values}}
    outcome = runner.complete(
        version.program, case.control_state, token=row["token"], around=surroundings(case, version, now, facts)
    )
    attempted = {"verb": "complete", "token": row["token"], "task_id": str(row["id"]), "by": by.name, "state": state}
    settled = settle(session, case, version, outcome, facts=facts, attempted=attempted, now=now)
    stuck = outcome.incident is not None
    if not stuck:
        row.update(
            state=state, completed_at=now, completed_by_id=by.professional_id, completed_by=by.name[:200],
            done_at=done_at, owner_id=row["owner_id"] or by.professional_id,
        )  # fmt: skip
    elif row["owner_id"] is None and by.professional_id is not None:
        row.update(state="accepted", owner_id=by.professional_id, accepted_at=now)
    written = apply(
        session, case, version, settled,
        acting=Acting(
            kind="not_done" if state == "not_done" else "", element_id=row["element_id"], task=row, answers=values,
            scope=scope, form_key=row["form_key"], conflicting=_conflicts(hand, values),
            detail={"reason": row["not_done_reason"]} if state == "not_done" else {},
            mends=tuple(each["id"] for each in case.incidents if each["attempted"].get("token") == row["token"]),
        ),
        by=by, now=now,
    )  # fmt: skip
    sentence = None
    if written.incident is not None:
        sentence = f"Vos réponses sont enregistrées, mais le parcours n'a pas pu avancer. {written.incident}"
    return CompletedTask(case_id=case.id, case_number=case.number, next_tasks=written.opened, incident=sentence)


def _join_found(session: Session, hand: TaskAtHand, values: Mapping[str, Value], *, by: Actor, now: datetime) -> None:
    """A search by phone that found somebody lets them into the care circle."""
    if hand.row["offer_round"] != SEARCH or values.get("accepted") is not True or not values.get("accepted_by"):
        return
    role = hand.visible_facts().get("role_wanted")
    if hand.case.patient_id is not None and isinstance(role, str):
        join_found(
            session, patient_id=hand.case.patient_id, role=role, named=str(values["accepted_by"]), by=by, now=now
        )


def _answer_offer(
    session: Session, hand: TaskAtHand, values: Mapping[str, Value], *, by: Actor, now: datetime
) -> CompletedTask:
    """The form of an offer says yes or no."""
    if values.get("accepted") is True:
        return finish(session, hand, accept_offer(session, hand, values, by=by, now=now), by=by, now=now, done_at=None)
    reason = str(values.get("decline_reason") or "other")
    return _decline_offer(session, hand, reason, str(values.get("comment") or ""), values, by=by, now=now)


def _decline_offer(
    session: Session,
    hand: TaskAtHand,
    reason: str,
    comment: str,
    values: Mapping[str, Value],
    *,
    by: Actor,
    now: datetime,
) -> CompletedTask:
    left = decline_offer(session, hand, reason, comment, by=by, now=now)
    if left:
        return CompletedTask(case_id=hand.case.id, case_number=hand.case.number, next_tasks=())
    return finish(session, hand, {**values, "accepted": False}, by=by, now=now, done_at=None)


def _checked(hand: TaskAtHand, raw: Mapping[str, Any], *, by: Actor, now: datetime) -> dict[str, Value]:
    form = hand.version.form(hand.row["form_key"])
    if form is not None:
        return check_answers(
            form, raw, facts=hand.visible_facts(), now=now, calendar=hand.case.calendar, locale=by.locale
        )
    node = hand.version.program.nodes.get(hand.row["element_id"])
    work = None if node is None else node.work
    if work is None or work.decision_variable is None:
        return {}
    chosen = raw.get(work.decision_variable)
    if chosen not in {option.value for option in work.decides}:
        problem = "Choisissez une réponse de la liste."
        raise InvalidAnswers(problem, {work.decision_variable: problem})
    return {work.decision_variable: str(chosen)}


def _signed(hand: TaskAtHand, *, by: Actor, now: datetime) -> bool:
    """True when finishing the task signs. Raises ProofNeeded when who signs has to be proved again first."""
    form = hand.version.form(hand.row["form_key"])
    if form is None or not form.signed:
        return False
    policies.check_may_sign(by, what=hand.row["name"], now=now)
    return True


def _conflicts(hand: TaskAtHand, values: Mapping[str, Value]) -> frozenset[str]:
    """Answers that replace another value, written by another task since this one opened: the author had not seen it."""
    scope, opened = hand.row["scope"], hand.row["opened_at"]
    found = set()
    for name, value in values.items():
        origin = hand.case.fact_origins.get((scope, name))
        if origin is None or name in STANDARD_FIELDS or origin[1] in (None, hand.row["id"]):
            continue
        if origin[0] > opened and hand.case.facts[scope][name] != value:
            found.add(name)
    return frozenset(found)


def _when_done(done_at: datetime | None, now: datetime) -> datetime | None:
    """When the work was really done (a phone without network); never in the future."""
    if done_at is None:
        return None
    if done_at > now or (now - done_at).days > LONGEST_OFFLINE_DAYS:
        raise InvalidRequest("La date à laquelle le travail a été fait est dans le futur, ou trop ancienne.")
    return done_at


def _trace(session: Session, hand: TaskAtHand, action: str, *, by: Actor, now: datetime, why: str = "") -> None:
    trace.record(
        session, action=action, by=by, now=now, patient_id=hand.case.patient_id, case_id=hand.case.id,
        object_kind="task", object_id=hand.row["id"], why=why,
    )  # fmt: skip


def _stored(done: CompletedTask) -> dict[str, Any]:
    return {
        "case_id": str(done.case_id), "case_number": done.case_number,
        "next_tasks": [str(task) for task in done.next_tasks], "incident": done.incident,
    }  # fmt: skip


def _answered(known: Mapping[str, Any]) -> CompletedTask:
    return CompletedTask(
        case_id=UUID(known["case_id"]),
        case_number=known["case_number"],
        next_tasks=tuple(UUID(task) for task in known["next_tasks"]),
        incident=known["incident"],
    )
