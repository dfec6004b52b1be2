"""Offers: accepting one lets the professional into the care circle; declining leaves it to the others."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.actor import Actor
from engine.at_hand import TaskAtHand
from engine.commands.patients import add_to_circle
from engine.eligibility import somebody_can
from engine.errors import NotAllowed
from engine.models import Task, TaskOffer
from engine.outcome import Value
from engine.projection import tables
from engine.projection.history import history_row
from engine.sealing import key_of


def accept_offer(
    session: Session, hand: TaskAtHand, values: Mapping[str, Value], *, by: Actor, now: datetime
) -> dict[str, Value]:
    """The facts of an acceptance: who, and when. The professional joins the patient's care circle."""
    if by.professional_id is None:
        raise NotAllowed("Seul·e un·e professionnel·le peut accepter une prise en charge.")
    record_answer(session, hand, "accepted", None, "", by=by, now=now)
    if hand.case.patient_id is not None:
        usual = not any(member.role == hand.row["role"] and member.usual for member in hand.case.circle)
        add_to_circle(
            session, patient_id=hand.case.patient_id, role=hand.row["role"], professional_id=by.professional_id,
            usual=usual, source="offer", by=by, now=now,
        )  # fmt: skip
    person = str(by.professional_id)
    return {**values, "accepted": True, "accepted_by": person, "assignee": person, "accepted_at": now}


def decline_offer(session: Session, hand: TaskAtHand, reason: str, comment: str, *, by: Actor, now: datetime) -> bool:
    """Record a refusal. True when somebody else may still say yes."""
    record_answer(session, hand, "declined", reason, comment, by=by, now=now)
    today = hand.case.calendar.today(now)
    left = (
        session.connection()
        .execute(select(Task.id).where(Task.id == hand.row["id"], somebody_can(today=today)))
        .first()
    )
    if left is not None:
        touch(session, hand, "declined", {"reason": reason}, by=by, now=now)
    return left is not None


def record_answer(
    session: Session,
    hand: TaskAtHand,
    answer: str,
    reason: str | None,
    comment: str,
    *,
    by: Actor,
    now: datetime,
) -> None:
    """What one professional answered; the last answer counts."""
    if by.professional_id is None:
        return
    row: dict[str, Any] = {
        "task_id": hand.row["id"], "professional_id": by.professional_id, "territory_id": by.territory_id,
        "offered_at": hand.row["opened_at"], "answer": answer, "answered_at": now, "reason": reason,
        "comment": key_of(session, "case", hand.case.id, by.territory_id).owns(comment),
    }  # fmt: skip
    tables.upsert(session.connection(), TaskOffer.__table__, [row])  # type: ignore[arg-type]


def touch(
    session: Session, hand: TaskAtHand, kind: str, detail: Mapping[str, Any], *, by: Actor, now: datetime
) -> None:
    """The case moved without the engine: its version grows, its history says what happened."""
    connection = session.connection()
    connection.execute(tables.TOUCH_CASE, {"case": hand.case.id, "before": hand.case.version, "now": now})
    row = history_row(
        hand.case, kind, now, element_id=hand.row["element_id"], name=hand.row["name"], by=by,
        task_id=hand.row["id"], detail=detail,
    )  # fmt: skip
    tables.add(connection, tables.HISTORY, [row])
