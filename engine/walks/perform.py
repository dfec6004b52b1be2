"""Playing one walk on a stage: each line is done by somebody who may do it, and each expectation is checked.

A walk never stops at the first disappointment of an expectation; it stops when a line cannot be played at all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.actor import Actor, system_actor
from engine.calendars import Calendar
from engine.commands import cases, messages, tasks
from engine.commands.outbox import Letter
from engine.db import Database
from engine.eligibility import may_do
from engine.errors import InvalidAnswers, ParcoursError
from engine.expressions import compile_expression, from_json, to_json
from engine.models import OPEN_TASK_STATES, CaseHistory, Professional, ProfessionalRole, Task
from engine.queries.actors import actor_of, holders_of
from engine.starting import version_starting
from engine.territory_calendar import territory_calendar
from engine.walks.clock import live_until
from engine.walks.expectations import disappointment
from engine.walks.people import Settled
from engine.walks.script import Act, Advance, Expect, InvalidWalk, Send, Walk
from engine.walks.stage import Stage, copy_of

_OFFSET = re.compile(r"\+?(\d+)(min|h|d|w)\Z")
_UNITS = {"min": "minutes", "h": "hours", "d": "days", "w": "weeks"}
FIRST_PATIENT = "josette"
_ELEMENT = re.compile(r"(?P<id>[\w.-]+?)(?:\[(?P<which>[\w.-]+)\])?\Z")


@dataclass(frozen=True, slots=True)
class Failure:
    """A line that did not go as the walk says."""

    line: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Performance:
    """How a walk went: its failures, and the ids of the elements and flows that it went through."""

    name: str
    title: str
    failures: tuple[Failure, ...]
    visited: frozenset[str]
    steps: int


@dataclass(slots=True, kw_only=True)
class _Scene:
    database: Database
    settled: Settled
    pathway_key: str
    answers: Mapping[str, Mapping[str, Any]]
    patient: str
    calendar: Calendar
    now: datetime
    case_id: UUID | None = None
    letters: list[Letter] = field(default_factory=list)


def perform(walk: Walk, stage: Stage) -> Performance:
    """Play a walk from its first line to its last on a copy of the stage."""
    with copy_of(stage, time_zone=walk.zone, holidays=walk.holidays) as database:
        return perform_on(
            database,
            walk,
            settled=stage.settled,
            pathway_key=stage.pathway_key,
            answers=stage.answers,
            patient=FIRST_PATIENT,
        )


def perform_on(
    database: Database,
    walk: Walk,
    *,
    settled: Settled,
    pathway_key: str,
    answers: Mapping[str, Mapping[str, Any]],
    patient: str,
) -> Performance:
    """Play a walk for one patient of a territory that lives in `database`; what it writes stays there."""
    calendar = territory_calendar(walk.zone, walk.holidays)
    scene = _Scene(
        database=database,
        settled=settled,
        pathway_key=pathway_key,
        answers=answers,
        patient=patient,
        calendar=calendar,
        now=walk.start_at.replace(tzinfo=calendar.zone).astimezone(UTC),
    )
    failures: list[Failure] = []
    done = 0
    try:
        _start(scene, walk)
        for step in walk.steps:
            done += 1
            failures += _play(scene, step)
    except ParcoursError as problem:
        line = walk.steps[done - 1].line if done else 0
        failures.append(Failure(line, _in_words(problem)))
    return Performance(walk.name, walk.title, tuple(failures), _visited(scene), done)


def _play(scene: _Scene, step: Act | Send | Advance | Expect) -> list[Failure]:
    match step:
        case Expect():
            with scene.database.reading() as session:
                sentence = disappointment(
                    session, step, case_id=scene.case_id, letters=scene.letters, now=scene.now, calendar=scene.calendar
                )
            return [Failure(step.line, sentence)] if sentence else []
        case Advance():
            scene.letters.clear()
            _pass_time(scene, step.until or step.duration or "")
        case Send():
            scene.letters.clear()
            _pass_time(scene, step.after)
            _send(scene, step)
        case Act():
            scene.letters.clear()
            _pass_time(scene, step.after)
            _act(scene, step)
    _settle_down(scene)
    return []


def _start(scene: _Scene, walk: Walk) -> None:
    with scene.database.transaction() as session:
        by = _somebody(session, scene, walk.start_role)
        usual = scene.answers.get(_start_form(session, scene), {})
        facts = _values({**usual, **walk.start_facts}, scene)
        started = cases.start(
            session,
            pathway_key=scene.pathway_key,
            patient_id=scene.settled.patients[scene.patient],
            facts=facts,
            by=by,
            now=scene.now,
            key=None,
        )
        scene.case_id = started.id
    _settle_down(scene)


def _start_form(session: Session, scene: _Scene) -> str:
    version = version_starting(
        session, territory_id=scene.settled.territory_id, pathway_key=scene.pathway_key, organizations=(), now=scene.now
    )
    return version.start_form.key if version is not None and version.start_form else ""


def _act(scene: _Scene, act: Act) -> None:
    with scene.database.transaction() as session:
        task = _open_task(session, scene, act)
        by = _who_may(session, scene, act.role, task)
        if act.verb == "decline":
            _decline_all(session, scene, act, task, by)
            return
        form_key = task.form_key or ""
        answers = _values({**scene.answers.get(form_key, {}), **act.answers}, scene)
        match act.verb:
            case "accept":
                tasks.accept(session, task_id=task.id, by=by, now=scene.now, key=None)
            case "complete":
                tasks.complete(session, task_id=task.id, answers=answers, by=by, now=scene.now, key=None)
            case "postpone":
                until = datetime.fromisoformat(str(answers["until"])).astimezone(UTC)
                tasks.postpone(
                    session,
                    task_id=task.id,
                    until=until,
                    reason=str(answers.get("reason", "")),
                    by=by,
                    now=scene.now,
                    key=None,
                )
            case "delegate":
                to = _somebody(session, scene, str(answers["to"]), other_than=by.professional_id)
                tasks.delegate(session, task_id=task.id, to=_person(to), by=by, now=scene.now, key=None)
            case _:
                tasks.not_done(
                    session, task_id=task.id, reason=str(answers.get("reason", "other")), by=by, now=scene.now, key=None
                )


def _decline_all(session: Session, scene: _Scene, act: Act, task: Task, by: Actor) -> None:
    """In a walk, a refusal is the refusal of everybody who was asked (one line instead of many)."""
    reason = str(act.answers.get("decline_reason", act.answers.get("reason", "other")))
    while True:
        tasks.decline(session, task_id=task.id, reason=reason, comment="", by=by, now=scene.now, key=None)
        session.flush()
        session.expire_all()
        still = session.get(Task, task.id)
        if still is None or still.state not in OPEN_TASK_STATES or still.audience != task.audience:
            return
        following = _eligible(session, scene, act.role, still)
        if not following:
            return
        by = actor_of(session, professional_id=following[0], today=_today(scene), proved_at=scene.now)


def _open_task(session: Session, scene: _Scene, act: Act) -> Task:
    found = _ELEMENT.match(act.element)
    if found is None:
        raise InvalidWalk(f"« {act.element} » n'est pas un nom d'étape.")
    rows = (
        session.execute(
            select(Task)
            .where(Task.case_id == scene.case_id, Task.element_id == found["id"], Task.state.in_(OPEN_TASK_STATES))
            .order_by(Task.opened_at, Task.token)
        )
        .scalars()
        .all()
    )
    which = found["which"]
    if which and which.isdigit():
        rows = rows[int(which) - 1 : int(which)]
    elif which:
        rows = [row for row in rows if _names(row.locals, which)]
    if not rows:
        raise InvalidWalk(f"L'étape « {act.element} » n'est pas ouverte.")
    return rows[0]


def _names(local: Mapping[str, Any], which: str) -> bool:
    """True when a local value, or the `id` of a local item, is `which`."""
    for value in local.values():
        plain = from_json(value)
        if plain == which or (isinstance(plain, dict) and which in (plain.get("id"), plain.get("code"))):
            return True
    return False


def _who_may(session: Session, scene: _Scene, role: str, task: Task) -> Actor:
    people = _eligible(session, scene, role, task)
    if not people:
        raise InvalidWalk(f"Personne du rôle « {role} » ne peut faire « {task.name} » (étape {task.element_id}).")
    return actor_of(session, professional_id=people[0], today=_today(scene), proved_at=scene.now)


def _eligible(session: Session, scene: _Scene, role: str, task: Task) -> list[UUID]:
    rows = session.execute(
        select(Professional.id)
        .join(Task, Task.id == task.id)
        .where(
            Professional.id.in_(select(ProfessionalRole.professional_id).where(ProfessionalRole.role == role)),
            may_do(Professional.id, today=_today(scene)),
        )
        .order_by(Professional.family_name)
    )
    return list(rows.scalars())


def _somebody(session: Session, scene: _Scene, role: str, other_than: UUID | None = None) -> Actor:
    people = holders_of(session, territory_id=scene.settled.territory_id, role=role, today=_today(scene))
    for person in people:
        if person != other_than:
            return actor_of(session, professional_id=person, today=_today(scene), proved_at=scene.now)
    raise InvalidWalk(f"Personne n'a le rôle « {role} » dans le territoire fictif.")


def _person(actor: Actor) -> UUID:
    if actor.professional_id is None:
        raise InvalidWalk("Une tâche se transmet à un professionnel.")
    return actor.professional_id


def _send(scene: _Scene, send: Send) -> None:
    with scene.database.transaction() as session:
        messages.deliver(
            session,
            name=send.name,
            payload=_values(send.payload, scene),
            case_id=scene.case_id,
            correlation_key=send.key,
            by=system_actor(scene.settled.territory_id),
            now=scene.now,
            key=None,
        )


def _pass_time(scene: _Scene, when: str | None) -> None:
    if not when:
        return
    if offset := _OFFSET.match(when):
        target = scene.now + timedelta(**{_UNITS[offset[2]]: int(offset[1])})
    else:
        local = datetime.fromisoformat(when.replace(" ", "T"))
        target = local.replace(tzinfo=scene.calendar.zone).astimezone(UTC)
    if target < scene.now:
        raise InvalidWalk(f"« {when} » est déjà passé : un scénario n'avance que vers l'avenir.")
    live_until(scene.database, territory_id=scene.settled.territory_id, target=target, post=scene.letters.append)
    scene.now = target


def _settle_down(scene: _Scene) -> None:
    """Messages that the pathway sends to itself arrive before the next line."""
    live_until(scene.database, territory_id=scene.settled.territory_id, target=scene.now, post=scene.letters.append)


def _values(raw: Mapping[str, Any], scene: _Scene) -> dict[str, Any]:
    """Answers as a form would send them; texts that begin with `= ` are computed now."""
    return {name: _value(value, scene) for name, value in raw.items() if value is not None}


def _value(value: Any, scene: _Scene) -> Any:
    if isinstance(value, str) and value.startswith("= "):
        computed = compile_expression(value).evaluate({}, now=scene.now, calendar=scene.calendar)
        return computed.isoformat() if isinstance(computed, date | datetime) else to_json(computed)
    if isinstance(value, list):
        return [_value(item, scene) for item in value]
    if isinstance(value, dict):
        return {name: _value(item, scene) for name, item in value.items()}
    return value


def _today(scene: _Scene) -> Any:
    return scene.now.astimezone(scene.calendar.zone).date()


def _visited(scene: _Scene) -> frozenset[str]:
    with scene.database.reading() as session:
        rows = session.execute(select(CaseHistory.element_id).where(CaseHistory.case_id == scene.case_id).distinct())
        return frozenset(element for element in rows.scalars() if element)


def _in_words(problem: ParcoursError) -> str:
    if isinstance(problem, InvalidAnswers):
        return f"{problem} " + " ; ".join(f"{name} : {sentence}" for name, sentence in problem.problems.items())
    return str(problem)
