"""Why a case waits: what, who, since when, expected when, what happens by itself next; in sentences people can use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from engine.actor import Actor
from engine.errors import CaseNotFound
from engine.french_times import length_text, moment_text
from engine.models import (
    OPEN_CASE_STATES,
    Case,
    IncidentRow,
    Pathway,
    PathwayVersion,
    Task,
    TerritoryRow,
    WaitRecord,
)
from engine.queries.health import Health, wait_rank
from engine.roles import role_label

CLOSED = {
    "completed": "Le parcours est terminé.",
    "cancelled": "Le dossier a été clos avant la fin.",
    "readmitted": "Le patient a été réhospitalisé : le parcours s'est arrêté.",
    "deceased": "Le patient est décédé : tout s'est arrêté.",
    "oriented": "Le patient a été orienté vers un établissement.",
    "refused": "Le patient n'a pas souhaité continuer.",
    "lost": "Le patient a été perdu de vue.",
    "closed": "Le dossier est clos.",
}

EXPECTED = {"message": "attendu", "signal": "attendu", "join": "attendues"}
"""As `_what` names them: le message, les branches; everything else is feminine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """One thing the case waits for. Moments as data, and the same as texts."""

    kind: str
    element_id: str
    what: str
    who: str
    health: str
    health_label: str
    since: datetime
    since_text: str
    expected_at: datetime
    expected_text: str
    next_at: datetime | None
    next_text: str
    sentence: str
    task_id: UUID | None
    role: str = ""
    """Code of the role that answers for it."""
    message: str | None = None
    """Name of the message that would be accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseWhy:
    """Everything a case waits for, the most pressing first."""

    case_id: UUID
    number: str
    title: str
    state: str
    health: str
    health_label: str
    sentence: str
    waits: tuple[Wait, ...]


def why_case(
    session: Session,
    *,
    case_number: str | None = None,
    case_id: UUID | None = None,
    now: datetime,
    by: Actor | None = None,
) -> CaseWhy:
    """Why the case waits. `by` limits the search to their territory; who may see the case is the page's question.

    Raises CaseNotFound.
    """
    wanted = [Case.id == case_id] if case_id is not None else [Case.number == (case_number or "").strip().upper()]
    if by is not None:
        wanted.append(Case.territory_id == by.territory_id)
    row = session.execute(
        select(Case.id, Case.number, Case.state, Case.held_at, Pathway.title, TerritoryRow.time_zone)
        .join(PathwayVersion, PathwayVersion.id == Case.pathway_version_id)
        .join(Pathway, Pathway.id == PathwayVersion.pathway_id)
        .join(TerritoryRow, TerritoryRow.id == Case.territory_id)
        .where(*wanted)
        .limit(1)
    ).one_or_none()
    if row is None:
        raise CaseNotFound(f"Aucun dossier ne porte le numéro {case_number or ''}.".replace(" .", "."))
    zone = ZoneInfo(row.time_zone)
    waits = _waits(session, row.id, zone, now) if row.state in OPEN_CASE_STATES else ()
    return CaseWhy(
        case_id=row.id,
        number=row.number,
        title=str(row.title.get("fr", "")),
        state=row.state,
        health=_worst(row.state, waits).code,
        health_label=_worst(row.state, waits).label,
        sentence=_case_sentence(row, waits, zone, now),
        waits=waits,
    )


def _waits(session: Session, case_id: UUID, zone: ZoneInfo, now: datetime) -> tuple[Wait, ...]:
    today = now.astimezone(zone).date()
    rows = session.execute(
        select(WaitRecord, Task, wait_rank(now=now, today=today).label("rank"))
        .join(Case, Case.id == WaitRecord.case_id)
        .outerjoin(Task, Task.id == WaitRecord.task_id)
        .where(WaitRecord.case_id == case_id)
    ).all()
    incidents = {
        f"incident:{incident.id}": incident.sentence
        for incident in session.execute(
            select(IncidentRow).where(IncidentRow.case_id == case_id, IncidentRow.resolved_at.is_(None))
        ).scalars()
    }
    ordered = sorted(rows, key=lambda row: (-row.rank, row.WaitRecord.expected_at, row.WaitRecord.element_id))
    return tuple(
        describe(row.WaitRecord, row.Task, Health(row.rank), zone, now, incidents.get(row.WaitRecord.token, ""))
        for row in ordered
    )


def describe(
    wait: WaitRecord, task: Task | None, health: Health, zone: ZoneInfo, now: datetime, incident: str = ""
) -> Wait:
    """One wait record in words."""
    what, who = _what(wait, task, health, incident), _who(wait, task, health)
    since, expected = moment_text(wait.since, zone, now), _expected(wait, zone, now)
    next_ = "rien : il faut que quelqu'un agisse"
    if wait.next_at is not None and wait.next_at > now:
        next_ = f"{wait.next_what}, {moment_text(wait.next_at, zone, now)}"
    elif wait.next_at is not None:
        next_ = f"{wait.next_what}, d'un instant à l'autre"
    sentence = f"{what}, depuis {since} ; {expected}"
    if wait.next_at is not None and wait.kind != "timer":
        sentence += f" ; à défaut, {next_}"
    return Wait(
        kind=wait.kind,
        element_id=wait.element_id,
        what=what,
        who=who,
        health=health.code,
        health_label=health.label,
        since=wait.since,
        since_text=since,
        expected_at=wait.expected_at,
        expected_text=expected,
        next_at=wait.next_at,
        next_text=next_,
        sentence=f"{sentence}.",
        task_id=wait.task_id,
        role=wait.responsible_role,
        message=wait.message_name,
    )


def _what(wait: WaitRecord, task: Task | None, health: Health, incident: str) -> str:
    name = f"« {wait.element_name} »"
    match wait.kind:
        case "human" | "offer" if task is not None and task.state == "accepted":
            return f"{name}, prise par {wait.responsible_name or role_label(wait.responsible_role)}"
        case "human" | "offer" if health is Health.ORPHAN:
            return f"{name}, que personne ne peut prendre aujourd'hui ({role_label(wait.responsible_role)})"
        case "human" | "offer":
            return f"{name}, proposée à {wait.responsible_name or _team(wait, task)}"
        case "timer":
            return f"l'échéance {name}"
        case "message" | "signal":
            return f"le message {name}"
        case "condition":
            return f"la condition {name}"
        case "join":
            return f"les autres branches avant {name}"
        case "incident":
            return f"une intervention : {incident or name}".rstrip(".")
        case _:
            return "la reprise du dossier, suspendu"


def _team(wait: WaitRecord, task: Task | None) -> str:
    where = {"organization": " du service", "sector": " du secteur", "territory": " du territoire"}
    place = "" if task is None else where.get(task.audience, "")
    return f"l'équipe « {role_label(wait.responsible_role)} »{place}"


def _who(wait: WaitRecord, task: Task | None, health: Health) -> str:
    if health is Health.ORPHAN:
        return f"personne aujourd'hui ; à régler par la coordination ({role_label(wait.responsible_role)})"
    return wait.responsible_name or (_team(wait, task) if task is not None else role_label(wait.responsible_role))


def _expected(wait: WaitRecord, zone: ZoneInfo, now: datetime) -> str:
    moment = moment_text(wait.expected_at, zone, now)
    if wait.kind == "timer":
        return f"prévue {moment}"
    expected = EXPECTED.get(wait.kind, "attendue")
    if wait.expected_at < now:
        return f"{expected} {moment}, en retard de {length_text(now - wait.expected_at)}"
    return f"{expected} avant {moment.removeprefix('le ')}"


def _worst(state: str, waits: tuple[Wait, ...]) -> Health:
    if state not in OPEN_CASE_STATES:
        return Health.HEALTHY
    return max((Health[wait.health.upper()] for wait in waits), default=Health.BROKEN)


def _case_sentence(row: Row[Any], waits: tuple[Wait, ...], zone: ZoneInfo, now: datetime) -> str:
    if row.state not in OPEN_CASE_STATES:
        return CLOSED.get(row.state, CLOSED["closed"])
    if row.state == "on_hold" and row.held_at is not None:
        return f"Suspendu depuis {moment_text(row.held_at, zone, now)} : les délais sont arrêtés."
    if not waits:
        return "Rien n'est ouvert dans ce dossier : c'est une anomalie. Prévenez la coordination."
    others = len(waits) - 1
    more = "" if not others else f" Et {others} autre{'s' if others > 1 else ''} attente{'s' if others > 1 else ''}."
    return f"Attend {waits[0].sentence}{more}"
