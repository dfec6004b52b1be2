"""The rows of a case that goes over to another version: what people see of the steps that stay open, and the way back.

The steps keep their tokens; `apply` then writes what the move itself opened and closed. What is changed here is kept
beside the job (`Before`), so that the case can be put back exactly as it was, as long as nobody has moved it since.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Table, and_, delete, func, insert, select, update
from sqlalchemy.orm import Session

from engine.assignment import Audience, first_audience, look_around
from engine.library import Version
from engine.outcome import OpenTask, Outcome
from engine.projection import tables, tasks
from engine.projection.kept_rows import kept, read_back
from engine.projection.loading import LoadedCase
from engine.projection.waits import expected_of
from engine.sealing import key_of

FROM_MODEL = (
    "element_id", "name", "why", "role", "other_roles", "form_key", "offer_round", "offered_until", "priority",
    "escalation", "opens_at", "due_at",
)  # fmt: skip
"""Columns of a task that say what the model says."""
WHO = ("role", "other_roles", "offer_round")
NOBODY = Audience(kind="territory")
Before = dict[str, Any]


def rehome_rows(
    session: Session,
    case: LoadedCase,
    version: Version,
    before: Outcome,
    after: Outcome,
    *,
    mapping: Mapping[str, str | None],
    now: datetime,
) -> None:
    """Write what changes for steps that stay open, in the tables and in `case`, which is then of the new version."""
    connection = session.connection()
    _tasks(session, case, version, before, after, now)
    _timers(connection, case, before, after)
    _subscriptions(connection, case, before, after)
    names = [mapping.get(element) or element for element in case.completed_steps]
    case.completed_steps = list(dict.fromkeys(names))
    case.version_id = version.id
    connection.execute(update(tables.CASE).where(tables.CASE.c.id == case.id).values(pathway_version_id=version.id))


def _tasks(
    session: Session, case: LoadedCase, version: Version, before: Outcome, after: Outcome, now: datetime
) -> None:
    was = {task.token: task for task in before.tasks}
    for task in after.tasks:
        row, old = case.tasks.get(task.token), was.get(task.token)
        if row is None or old is None:
            continue
        then, new = tasks.task_row(case, old, NOBODY, now), tasks.task_row(case, task, NOBODY, now)
        changed = {name: new[name] for name in FROM_MODEL if new[name] != then[name]}
        if row["priority_reason"]:
            changed.pop("priority", None)
        if row["state"] == "offered" and (any(name in changed for name in WHO) or old.assignee != task.assignee):
            changed |= _audience(session, case, task, now)
        if changed:
            row.update(changed)
            session.connection().execute(update(tables.TASK).where(tables.TASK.c.id == row["id"]).values(changed))
            _alarm(session.connection(), case, version, task, row, changed, now)


def _audience(session: Session, case: LoadedCase, task: OpenTask, now: datetime) -> dict[str, Any]:
    """Whom a step that nobody has taken is offered to from now on."""
    found = first_audience(case, task, look_around(session, case, [task], now))
    wait = case.waits[task.token]
    wait.update(responsible_name=found.name, responsible_id=found.professional_id)
    session.connection().execute(
        update(tables.WAIT)
        .where(tables.WAIT.c.id == wait["id"])
        .values(responsible_name=found.name, responsible_id=found.professional_id)
    )
    return {
        "audience": found.kind,
        "audience_professional_id": found.professional_id,
        "audience_organization_id": found.organization_id,
        "audience_sector_ids": list(found.sector_ids),
    }


def _alarm(
    connection: Connection,
    case: LoadedCase,
    version: Version,
    task: OpenTask,
    row: Mapping[str, Any],
    changed: Mapping[str, Any],
    now: datetime,
) -> None:
    """The next reminder of a step: renamed with it, or the first of another ladder."""
    alarm = next((timer for timer in case.timers if timer["task_id"] == row["id"]), None)
    if "escalation" in changed:
        if alarm is not None:
            tables.drop(connection, tables.TIMER, [alarm["id"]])
            case.timers.remove(alarm)
        new = tasks.next_alarm(case, version, row, 0, expected_of(case, version, task, row["opened_at"]))
        if new is not None:
            tables.add(connection, tables.TIMER, [new])
            case.timers.append(new)
    elif alarm is not None:
        _change_timer(connection, alarm, {"element_id": row["element_id"], "name": row["name"]})


def _timers(connection: Connection, case: LoadedCase, before: Outcome, after: Outcome) -> None:
    was = {timer.token: timer for timer in before.timers}
    rows = {row["token"]: row for row in case.timers if row["kind"] == "step"}
    for timer in after.timers:
        row, old = rows.get(timer.token), was.get(timer.token)
        if row is None or old is None:
            continue
        values: dict[str, Any] = {"element_id": timer.element_id, "name": timer.name[:300]}
        if timer.due_at != old.due_at:  # one shifted by a pause stays shifted
            values["due_at"] = timer.due_at
        _change_timer(connection, row, values)


def _change_timer(connection: Connection, row: dict[str, Any], values: Mapping[str, Any]) -> None:
    changed = {name: value for name, value in values.items() if row[name] != value}
    if changed:
        row.update(changed)
        connection.execute(
            update(tables.TIMER).where(tables.TIMER.c.id == row["id"]).values({**changed, "claimed_until": None})
        )


def _subscriptions(connection: Connection, case: LoadedCase, before: Outcome, after: Outcome) -> None:
    """A wait for another message, or under another key, is another subscription."""
    now_open = {each.token: each for each in after.subscriptions}
    for old in before.subscriptions:
        new = now_open.get(old.token)
        if new is not None and replace(new, name=old.name, expected_at=None) != replace(old, expected_at=None):
            connection.execute(
                delete(tables.SUBSCRIPTION).where(
                    and_(tables.SUBSCRIPTION.c.case_id == case.id, tables.SUBSCRIPTION.c.token == old.token)
                )
            )
            case.subscriptions = [row for row in case.subscriptions if row["token"] != old.token]


def keep_before(session: Session, case: LoadedCase, now: datetime) -> Before:
    """Everything the move may change, read before it. The control state is kept as a row of `case_state`."""
    connection = session.connection()
    tables.upsert(
        connection,
        tables.STATE,
        [{"case_id": case.id, "version": case.version, "territory_id": case.territory_id, "kept_at": now,
          "control_state": case.control_state}],
    )  # fmt: skip
    row = connection.execute(select(tables.CASE).where(tables.CASE.c.id == case.id)).mappings().one()
    names = ("pathway_version_id", "completed_steps", "state", "outcome", "closed_at", "held_at", "last_touch_at")
    facts = connection.execute(
        select(tables.FACT.c.id).where(tables.FACT.c.case_id == case.id, tables.FACT.c.closed_at.is_(None),
                                       tables.FACT.c.superseded_at.is_(None))
    ).scalars()  # fmt: skip
    return {
        "version": case.version,
        "case": kept(tables.CASE, {name: row[name] for name in names}),
        "tasks": [kept(tables.TASK, _without_answers(row)) for row in case.tasks.values()],
        **{table.name: _rows(connection, table, case) for table in WHOLE},
        "facts": list(facts),
        "last_fact": _last(connection, tables.FACT, case.id),
        "last_letter": _last(connection, tables.OUTBOX, case.id),
    }


WHOLE: Sequence[Table] = (tables.WAIT, tables.TIMER, tables.SUBSCRIPTION)
"""Tables whose rows of a case are put back as a whole."""


def _without_answers(row: Mapping[str, Any]) -> dict[str, Any]:
    """Local variables and reasons say something of the patient, and never change."""
    return {name: value for name, value in row.items() if name not in ("locals", "priority_reason")}


def _rows(connection: Connection, table: Table, case: LoadedCase) -> list[dict[str, Any]]:
    return [
        kept(table, dict(row)) for row in connection.execute(select(table).where(table.c.case_id == case.id)).mappings()
    ]


def _last(connection: Connection, table: Table, case_id: UUID) -> int:
    last: int = connection.execute(
        select(func.coalesce(func.max(table.c.id), 0)).where(table.c.case_id == case_id)
    ).scalar_one()
    return last


def put_back(session: Session, case: LoadedCase, before: Before, *, now: datetime) -> None:
    """The case as it was. What the move opened stays as a closed trace; letters not sent yet are stopped."""
    connection = session.connection()
    known = [read_back(tables.TASK, row) for row in before["tasks"]]
    known_ids = {row["id"] for row in known}
    for row in case.tasks.values():
        if row["id"] not in known_ids:  # its token may be used again
            connection.execute(
                update(tables.TASK)
                .where(tables.TASK.c.id == row["id"])
                .values(state="cancelled", token=f"x{row['id'].hex}")
            )
    for row in known:
        connection.execute(update(tables.TASK).where(tables.TASK.c.id == row["id"]).values(row))
    for table in WHOLE:
        connection.execute(delete(table).where(table.c.case_id == case.id))
        rows = [read_back(table, row) for row in before[table.name]]
        if rows:
            connection.execute(insert(table), rows)
    _facts_back(connection, case.id, before, now)
    connection.execute(
        update(tables.OUTBOX)
        .where(tables.OUTBOX.c.case_id == case.id, tables.OUTBOX.c.id > before["last_letter"],
               tables.OUTBOX.c.state == "waiting")
        .values(state="stopped", problem="migration annulée")
    )  # fmt: skip
    state = connection.execute(
        select(tables.STATE.c.control_state).where(
            tables.STATE.c.case_id == case.id, tables.STATE.c.version == before["version"]
        )
    ).scalar_one()
    connection.execute(
        update(tables.CASE)
        .where(tables.CASE.c.id == case.id)
        .values(
            {
                **read_back(tables.CASE, before["case"]),
                "control_state": key_of(connection, "case", case.id, case.territory_id).owns(state),
                "version": case.version + 1,
            }
        )
    )


def _facts_back(connection: Connection, case_id: UUID, before: Before, now: datetime) -> None:
    fact = tables.FACT.c
    connection.execute(
        update(tables.FACT)
        .where(fact.case_id == case_id, fact.id > before["last_fact"])
        .values(superseded_at=func.coalesce(fact.superseded_at, now), closed_at=now)
    )
    if before["facts"]:
        connection.execute(
            update(tables.FACT).where(fact.id.in_(before["facts"])).values(superseded_at=None, closed_at=None)
        )
