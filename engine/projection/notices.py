"""Outgoing notices of a step: what the pathway asked for, and offers made to people. Rows only; a sweep sends them.

A notice carries a reference (« T-8F3K ») and a template, never a name or a pathway's title.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Date, Select, Uuid, and_, bindparam, or_, select, update
from sqlalchemy.orm import Session, aliased

from engine.assignment import OFFER_ROUNDS
from engine.course import Settled
from engine.eligibility import holds_role_now, may_take, present, within
from engine.expressions import to_json
from engine.library import Version
from engine.models import Absence, Professional, ProfessionalRole, Task
from engine.outcome import Effect
from engine.projection import tables
from engine.projection.loading import LoadedCase
from engine.roles import ORGANIZATION_ROLES, TERRITORY_ROLES

TEMPLATES = {"remind": "task_reminder", "late": "task_late", "escalate": "task_escalated"}


def reference(row_id: UUID) -> str:
    """« T-8F3K »: what people quote on the phone; derived from the id, not a secret."""
    return f"T-{base64.b32encode(row_id.bytes[:3]).decode()[:4]}"


def write(
    session: Session,
    case: LoadedCase,
    version: Version,
    settled: Settled,
    opened: Sequence[Mapping[str, Any]],
    *,
    now: datetime,
) -> None:
    """The outbox rows of one step."""
    rows: list[dict[str, Any]] = []
    for effect in settled.outcome.effects:
        if effect.kind == "stop_notifications":
            rows.clear()
            _stop(session, case)
        else:
            rows += _effect_rows(session, case, effect, now)
    for task in opened:
        if task["audience"] == "professional":
            rows.append(row_to_person(case, task["audience_professional_id"], "task_offered", now, task_id=task["id"]))
        elif task["offer_round"] in OFFER_ROUNDS:
            rows += audience_rows(session, case, task["id"], "task_offered", now)
    tables.add(session.connection(), tables.OUTBOX, rows)


def _effect_rows(session: Session, case: LoadedCase, effect: Effect, now: datetime) -> list[dict[str, Any]]:
    parameters = {name: to_json(value) for name, value in effect.parameters.items()}
    match effect.kind:
        case "notify":
            people = recipients(session, case, codes(effect.parameters.get("to")), now)
            template = str(effect.parameters.get("template") or "information")
            return [row_to_person(case, person, template, now) for person in people]
        case "start_pathway":
            row = _row(case, "pathway", "start_pathway", {**parameters, "element_id": effect.element_id}, now)
            at = effect.parameters.get("at")  # a proposal made again later: the pathway opens on that day
            return [{**row, "not_before": max(at, now)} if isinstance(at, datetime) else row]
        case "send_message" | "send_signal":
            return [_row(case, "message", effect.kind, {**parameters, "element_id": effect.element_id}, now)]
        case _:
            return [_row(case, "secure_mail", effect.kind, {"reference": reference(case.id)}, now)]


def codes(text: object) -> tuple[str, ...]:
    """`home_nurse, gp` as role codes."""
    if isinstance(text, list):
        return tuple(str(each).strip() for each in text)
    return tuple(code for part in str(text or "").split(",") if (code := part.strip()))


def recipients(session: Session, case: LoadedCase, roles: Iterable[str], now: datetime) -> list[UUID]:
    """Professionals to tell: members of the circle in these roles, holders in the case's ward or its whole hospital,
    and the territory's coordination for its own. Other roles outside the circle are not told: they must not know."""
    wanted = tuple(roles)
    people = [member.professional_id for role in wanted for member in case.circle if member.role == role]
    elsewhere = [role for role in wanted if role in ORGANIZATION_ROLES | TERRITORY_ROLES]
    if elsewhere:
        people += session.connection().execute(
            _holders_statement(),
            {
                "ward": case.organization_id, "territory": case.territory_id, "roles": elsewhere,
                "today": case.calendar.today(now),
            },
        ).scalars().all()  # fmt: skip
    return list(dict.fromkeys(people))


@lru_cache(maxsize=1)
def _holders_statement() -> Select[Any]:
    role, person = aliased(ProfessionalRole), aliased(Professional)
    today = cast(date, bindparam("today", type_=Date()))
    ward = bindparam("ward", type_=Uuid())
    around_the_ward = or_(within(role.organization_id, ward), within(ward, role.organization_id))
    in_hospital = and_(role.role.in_(ORGANIZATION_ROLES), around_the_ward)
    return (
        select(person.id)
        .join(role, role.professional_id == person.id)
        .where(
            role.territory_id == bindparam("territory", type_=Uuid()),
            role.role.in_(bindparam("roles", expanding=True)),
            holds_role_now(role, today),
            present(person, today),
            or_(role.role.in_(TERRITORY_ROLES), in_hospital),
        )
        .order_by(person.id)
    )


def row_to_person(
    case: LoadedCase, person: UUID, template: str, now: datetime, *, task_id: UUID | None = None, level: int = 0
) -> dict[str, Any]:
    """One e-mail to one professional."""
    parameters = {"reference": reference(task_id or case.id), "level": level}
    return _row(case, "email", template, parameters, now, recipient_id=person, task_id=task_id)


def tell_audience(session: Session, case: LoadedCase, task_id: UUID, template: str, now: datetime) -> None:
    """One e-mail to everybody who may take the task."""
    tables.add(session.connection(), tables.OUTBOX, audience_rows(session, case, task_id, template, now))


def audience_rows(
    session: Session, case: LoadedCase, task_id: UUID, template: str, now: datetime
) -> list[dict[str, Any]]:
    """The same, as rows of the outbox."""
    people = (
        session.connection()
        .execute(
            _audience_statement(),
            {"task": task_id, "territory": case.territory_id, "today": case.calendar.today(now)},
        )
        .scalars()
    )
    return [row_to_person(case, person, template, now, task_id=task_id) for person in people]


@lru_cache(maxsize=1)
def _audience_statement() -> Select[Any]:
    """Built once: building it costs more than running it."""
    person = aliased(Professional)
    today = cast(date, bindparam("today", type_=Date()))
    return (
        select(person.id)
        .join(Task, Task.id == bindparam("task", type_=Uuid()))
        .where(person.territory_id == bindparam("territory", type_=Uuid()), may_take(person.id, today=today))
        .order_by(person.id)
    )


def _stop(session: Session, case: LoadedCase) -> None:
    session.connection().execute(
        update(tables.OUTBOX)
        .where(
            tables.OUTBOX.c.case_id == case.id, tables.OUTBOX.c.state == "waiting", tables.OUTBOX.c.channel == "email"
        )
        .values(state="stopped")
    )


def _row(
    case: LoadedCase,
    channel: str,
    template: str,
    parameters: Mapping[str, Any],
    now: datetime,
    *,
    recipient_id: UUID | None = None,
    task_id: UUID | None = None,
) -> dict[str, Any]:
    return {
        "territory_id": case.territory_id, "case_id": case.id, "task_id": task_id, "channel": channel,
        "recipient_id": recipient_id, "address": "", "template": template[:60], "parameters": dict(parameters),
        "created_at": now, "not_before": now, "state": "waiting", "attempts": 0, "claimed_until": None, "sent_at": None,
        "problem": "",
    }  # fmt: skip


def substitutes(session: Session, case: LoadedCase, professional_id: UUID, now: datetime) -> list[UUID]:
    """Who takes over from an absent professional today."""
    today = case.calendar.today(now)
    found = session.connection().execute(
        select(Absence.substitute_id).where(
            Absence.professional_id == professional_id,
            Absence.substitute_id.is_not(None),
            Absence.first_day <= today,
            Absence.last_day >= today,
        )
    )
    return [person for (person,) in found if person is not None]
