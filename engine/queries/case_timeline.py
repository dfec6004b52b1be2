"""« Fil »: what happened in a case and what is planned, in one list that people can read.

Steps of people, messages, deadlines and acts of the coordination are told; what the engine does between them
(computations, gateways) is told only when asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from engine.bpmn.model import NodeKind
from engine.expressions import from_json
from engine.library import version_of
from engine.models import CaseFact, CaseHistory, Outbox, Professional, Task, Timer, WaitRecord
from engine.queries.case_page import CaseHead
from engine.queries.diagrams import nodes_of

PAGE_SIZE = 60
TOLD_BY_COMMANDS = (
    "opened", "declined", "accepted", "delegated", "reassigned", "released", "postponed", "reminded", "escalated",
    "message", "message_kept", "held", "resumed", "moved", "retried", "incident", "not_done", "timer_late",
    "migrated", "migration_undone", "rectified",
)  # fmt: skip
TOLD_BY_ESCALATIONS = ("task_reminder", "task_late", "task_escalated")
"""Notices that an escalation line already tells."""
FIRED = ("fired",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One line. `kind` chooses the words: a kind of `case_history`, or `notified`."""

    kind: str
    at: datetime
    what: str
    who: str
    comment: str
    detail: dict[str, Any]
    automatic: bool
    late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """Something that happens by itself unless people act before."""

    at: datetime
    what: str
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """One page, newest first. `before` asks for the next one."""

    happened: Sequence[Happening]
    planned: Sequence[Planned]
    before: int | None


def timeline(session: Session, *, head: CaseHead, before: int | None = None, everything: bool = False) -> Timeline:
    """What happened, newest first. With `everything`, the engine's own steps too."""
    version = version_of(session, head.version_id)
    main = {node.id for node in nodes_of(version.program.model.main_process.scope)}
    people = [
        node.id
        for node in version.program.nodes.values()
        if node.name and (node.kind is NodeKind.USER_TASK or (node.kind is NodeKind.END and node.id in main))
    ]
    told = or_(
        CaseHistory.kind.in_(TOLD_BY_COMMANDS),
        and_(CaseHistory.kind == "cancelled", CaseHistory.element_id.is_(None)),
        and_(CaseHistory.kind == "completed", CaseHistory.element_id.in_(people)),
        and_(CaseHistory.kind.in_(FIRED), CaseHistory.element_name != ""),
    )
    rows = session.execute(
        select(CaseHistory, CaseFact.value, Task.name, Task.state, Task.due_at)
        .outerjoin(Task, Task.id == CaseHistory.task_id)
        .outerjoin(
            CaseFact,
            and_(CaseFact.task_id == CaseHistory.task_id, CaseFact.name == "comment", CaseHistory.kind == "completed"),
        )
        .where(
            CaseHistory.case_id == head.id,
            CaseHistory.visible.is_(True),
            *([] if everything else [told]),
            *([CaseHistory.id < before] if before is not None else []),
        )
        .order_by(CaseHistory.id.desc())
        .limit(PAGE_SIZE + 1)
    ).all()
    labels = {one["name"]: one.get("label") for one in version.description.get("messages_in", ())}
    shown = [_happening(row, labels, head.reads_comments) for row in rows[:PAGE_SIZE]]
    oldest = rows[min(len(rows), PAGE_SIZE) - 1][0].at if rows else None
    if oldest is not None:
        newest = rows[0][0].at if before is not None else None
        words = version.description.get("notifications", {})
        notices = _notices(session, head, oldest, newest, everything, words)
        shown = sorted([*shown, *notices], key=lambda one: one.at, reverse=True)
    return Timeline(
        happened=tuple(shown),
        planned=_planned(session, head) if before is None and head.open else (),
        before=rows[PAGE_SIZE - 1][0].id if len(rows) > PAGE_SIZE else None,
    )


def _happening(row: Any, labels: Mapping[str, Any], reads_comments: bool) -> Happening:
    event, comment, task_name, state, due_at = row
    label = labels.get(str((event.detail or {}).get("message", "")))
    kind = event.kind
    if kind == "completed" and state == "not_done":
        kind = "not_done"
    if kind == "cancelled" and event.element_id is None:
        kind = "case_cancelled"
    return Happening(
        kind=kind,
        at=event.at,
        what=task_name or event.element_name,
        who=event.actor,
        comment=str(from_json(comment) or "") if comment is not None and reads_comments else "",
        detail={**event.detail, **({"label": label} if label else {})},
        automatic=event.actor == "" and event.kind != "opened",
        late=event.kind in ("incident", "timer_late")
        or (event.kind == "escalated" and event.detail.get("do") != "remind")
        or (event.kind == "completed" and due_at is not None and event.at > due_at),
    )


def _notices(
    session: Session,
    head: CaseHead,
    oldest: datetime,
    newest: datetime | None,
    everything: bool,
    words: Mapping[str, Any],
) -> Sequence[Happening]:
    """Notices sent, one line per template and moment, whoever they went to."""
    rows = session.execute(
        select(
            Outbox.template, Outbox.created_at, func.count(), func.max(Professional.family_name), func.max(Outbox.state)
        )
        .outerjoin(Professional, Professional.id == Outbox.recipient_id)
        .where(
            Outbox.case_id == head.id,
            Outbox.created_at >= oldest,
            Outbox.channel.in_(("email", "secure_mail")),
            *([Outbox.created_at <= newest] if newest is not None else []),
            *([] if everything else [Outbox.template.not_in(TOLD_BY_ESCALATIONS)]),
        )
        .group_by(Outbox.template, Outbox.created_at)
        .order_by(Outbox.created_at.desc())
        .limit(PAGE_SIZE)
    ).all()
    return tuple(
        Happening(
            kind="notified",
            at=at,
            what=template,
            who=name or "",
            comment="",
            detail={"count": count, "state": state, "label": words.get(template)},
            automatic=True,
            late=False,
        )
        for template, at, count, name, state in rows
    )


def _planned(session: Session, head: CaseHead) -> Sequence[Planned]:
    rows = session.execute(
        select(Timer.due_at, Timer.kind, Timer.name, Timer.element_id, WaitRecord.next_what, WaitRecord.next_at)
        .outerjoin(WaitRecord, and_(WaitRecord.task_id == Timer.task_id, WaitRecord.case_id == Timer.case_id))
        .where(Timer.case_id == head.id, Timer.held_at.is_(None))
        .order_by(Timer.due_at, Timer.id)
        .limit(12)
    )
    found = []
    named_after = version_of(session, head.version_id).program.named_after
    for due_at, kind, name, element_id, what, next_at in rows:
        if kind == "escalation":
            found.append(Planned(at=due_at, what=(what if next_at == due_at else "relance") or "", about=name))
        else:
            follows = named_after.get(element_id, "")
            found.append(Planned(at=due_at, what=name if follows else "", about=follows or name))
    return tuple(found)
