"""`apply`, the one writer of a case: facts, tasks, waits, timers, subscriptions, history, outbox, in one transaction.

Only what changed is written. The database itself supersedes a fact when a newer one arrives, and removes the wait and
the timers of a task that closes (`engine.migrations`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, and_, delete, update
from sqlalchemy.orm import Session

from engine.actor import Actor
from engine.counted import is_counted
from engine.course import Settled, completed_elements
from engine.errors import CaseChanged
from engine.expressions import to_json
from engine.library import Version
from engine.outcome import Happened, Outcome, Value
from engine.projection import notices, tables, tasks
from engine.projection.acting import Acting
from engine.projection.history import history_of
from engine.projection.loading import LoadedCase
from engine.projection.waits import COORDINATOR, DEFAULT_INCIDENT_DELAY, machine_waits, wait_row
from engine.sealing import Readable, key_of

STANDARD_FIELDS = frozenset({"comment", "coordination_minutes", "channel", "attachment"})
"""On every form: two tasks writing them do not contradict each other, and blank ones are not worth a row."""
INCIDENT_TOKEN = "incident"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What the command may answer: the tasks opened by the step."""

    opened: tuple[UUID, ...]
    incident: str | None
    closed: bool


def apply(
    session: Session,
    case: LoadedCase,
    version: Version,
    settled: Settled,
    *,
    acting: Acting,
    by: Actor,
    now: datetime,
) -> Written:
    """Write one step of a case. Raises CaseChanged if another transaction moved it meanwhile."""
    connection = session.connection()
    outcome = settled.outcome
    stuck = settled.incident is not None and outcome.state == case.control_state
    if stuck:
        task_rows, waits, timers, opened = tasks.unchanged(case, acting.task, now)
    else:
        task_rows, waits, timers, opened = tasks.open_now(case, version, settled, acting.task, now)
        waits |= machine_waits(case, version, outcome, now)
    _mend(connection, case, settled, acting, by, now)
    incidents = _incident(case, settled, waits, outcome.completed, now)
    waits = {token: row for token, row in waits.items() if row["kind"] != "incident"}
    waits |= {row["token"]: row for row in _incident_waits(case, version, incidents, now)}
    closing = outcome.completed and settled.incident is None
    _write_case(connection, case, version, settled, acting, closing, now)
    _write_facts(connection, case, version, settled, acting, by, now)
    tables.upsert(connection, tables.TASK, task_rows)
    _write_waits(connection, case, {} if closing else waits, task_rows, now)
    _write_timers(connection, case, [] if closing else timers, task_rows)
    if not stuck:
        _write_subscriptions(connection, case, settled)
    if settled.early_delivered:
        tables.drop(connection, tables.EARLY, settled.early_delivered)
    tables.add(connection, tables.INCIDENT, incidents)
    tables.add(connection, tables.HISTORY, history_of(case, version, settled, acting, by, now))
    notices.write(session, case, version, settled, opened, now=now)
    return Written(
        opened=tuple(row["id"] for row in opened),
        incident=incidents[0]["sentence"] if incidents else None,
        closed=closing,
    )


def record_answers(
    session: Session, case: LoadedCase, version: Version, acting: Acting, *, by: Actor, now: datetime
) -> None:
    """Write the answers of `acting` to a case that is not running: nothing else moves."""
    settled = Settled(outcome=Outcome(state=case.control_state))
    _write_facts(session.connection(), case, version, settled, acting, by, now)
    tables.add(session.connection(), tables.HISTORY, history_of(case, version, settled, acting, by, now))


def _write_case(
    connection: Connection,
    case: LoadedCase,
    version: Version,
    settled: Settled,
    acting: Acting,
    closing: bool,
    now: datetime,
) -> None:
    state, ending = case.state, None
    if closing:
        ending = str(_final_fact(case, settled, acting, "outcome") or "completed")
        state = case_state(version, ending)
    elif case.state == "draft":
        state = "active"
    changed = connection.execute(
        tables.UPDATE_CASE,
        {
            "case": case.id,
            "before": case.version,
            "new_state": state,
            "new_outcome": ending,
            "new_closed_at": now if closing else None,
            "new_held_at": None if closing else case.held_at,
            "new_last_touch_at": now,
            "new_version": case.version + 1,
            "new_completed_steps": completed_elements(case, settled.outcome),
            "new_control_state": key_of(connection, "case", case.id, case.territory_id).owns(settled.outcome.state),
        },
    )
    if changed.rowcount != 1:
        raise CaseChanged("Le dossier vient de changer. Rechargez la page et recommencez.")


def case_state(version: Version, ending: str) -> str:
    """The state of a case that ended so: what the pathway says, else the outcome itself, else `closed`."""
    for known in version.description.get("outcomes", ()):
        if known.get("value") == ending:
            return str(known.get("case_state", "closed"))
    named = ("completed", "cancelled", "readmitted", "deceased", "oriented", "refused", "lost")
    return ending if ending in named else "closed"


def _final_fact(case: LoadedCase, settled: Settled, acting: Acting, name: str) -> Value:
    for fact in reversed(settled.outcome.facts):
        if fact.name == name and fact.scope == "":
            return fact.value
    if name in acting.answers and acting.scope == "":
        return acting.answers[name]
    return case.facts[""].get(name)


def _write_facts(
    connection: Connection,
    case: LoadedCase,
    version: Version,
    settled: Settled,
    acting: Acting,
    by: Actor,
    now: datetime,
) -> None:
    rows = [
        _fact(case, version, acting.scope, name, value, now, by=by.name, by_id=by.professional_id, role=by.acting_as,
              task_id=None if acting.task is None else acting.task["id"], form_key=acting.form_key,
              element_id=acting.element_id, conflicting=name in acting.conflicting)
        for name, value in acting.answers.items()
        if value is not None or name not in STANDARD_FIELDS or name in case.facts.get(acting.scope, {})
    ]  # fmt: skip
    last = {(fact.scope, fact.name): fact for fact in settled.outcome.facts}
    for (scope, name), fact in last.items():
        answered = scope == acting.scope and name in acting.answers
        before = acting.answers[name] if answered else case.facts.get(scope, {}).get(name, _ABSENT)
        if before is _ABSENT or before != fact.value or type(before) is not type(fact.value):
            rows.append(_fact(case, version, scope, name, fact.value, now, element_id=fact.element_id))
    tables.add(connection, tables.FACT, rows)
    scopes = {scope for scope in case.facts if scope} | {row["scope"] for row in rows if row["scope"]}
    if scopes:
        over = (Happened.COMPLETED, Happened.CANCELLED)
        ended = {event.token for event in settled.outcome.events if event.kind in over} & scopes
        if ended:
            connection.execute(
                update(tables.FACT)
                .where(
                    tables.FACT.c.case_id == case.id, tables.FACT.c.scope.in_(ended), tables.FACT.c.closed_at.is_(None)
                )
                .values(closed_at=now)
            )


_ABSENT = object()


def _fact(
    case: LoadedCase,
    version: Version,
    scope: str,
    name: str,
    value: Value,
    now: datetime,
    *,
    by: str = "Parcours",
    by_id: UUID | None = None,
    role: str | None = None,
    task_id: UUID | None = None,
    form_key: str | None = None,
    element_id: str | None = None,
    conflicting: bool = False,
) -> dict[str, Any]:
    said = to_json(value)
    return {
        "territory_id": case.territory_id, "case_id": case.id, "scope": scope, "name": name,
        "value": Readable(said) if is_counted(name, form_key, version.forms) else said,
        "recorded_at": now, "recorded_by": by[:200], "recorded_by_id": by_id, "role": role, "task_id": task_id,
        "form_key": form_key, "element_id": element_id, "superseded_at": None, "closed_at": None,
        "conflicting": conflicting,
    }  # fmt: skip


def _write_waits(
    connection: Connection,
    case: LoadedCase,
    waits: dict[str, dict[str, Any]],
    task_rows: Sequence[Mapping[str, Any]],
    now: datetime,
) -> None:
    closed = {row["id"] for row in task_rows if row["state"] not in ("offered", "accepted")}
    changed = []
    for token, row in waits.items():
        known = case.waits.get(token)
        if known is None or any(known[name] != value for name, value in row.items()):
            wait_id = uuid4() if known is None else known["id"]
            changed.append({**row, "id": wait_id, "case_id": case.id, "territory_id": case.territory_id})
    tables.upsert(connection, tables.WAIT, changed)
    gone = [row["id"] for token, row in case.waits.items() if token not in waits and row["task_id"] not in closed]
    tables.drop(connection, tables.WAIT, gone)


def _write_timers(
    connection: Connection,
    case: LoadedCase,
    timers: Sequence[dict[str, Any]],
    task_rows: Sequence[Mapping[str, Any]],
) -> None:
    closed = {row["id"] for row in task_rows if row["state"] not in ("offered", "accepted")}
    known = {(row["kind"], row["token"], row["step"]): row for row in case.timers}
    wanted = {(row["kind"], row["token"], row["step"]): row for row in timers}
    # A timer shifted by a pause is later than the engine believes: only a later firing replaces it.
    changed = [row for key, row in wanted.items() if key not in known or known[key]["due_at"] < row["due_at"]]
    tables.upsert(connection, tables.TIMER, changed)
    gone = [row["id"] for key, row in known.items() if key not in wanted and row["task_id"] not in closed]
    tables.drop(connection, tables.TIMER, gone)


def _write_subscriptions(connection: Connection, case: LoadedCase, settled: Settled) -> None:
    wanted = {} if settled.outcome.completed else {
        (each.token, each.message or each.name): each for each in settled.outcome.subscriptions
    }  # fmt: skip
    known = {(row["token"], row["name"]) for row in case.subscriptions}
    tables.add(
        connection,
        tables.SUBSCRIPTION,
        [
            {
                "case_id": case.id, "token": token, "name": name, "territory_id": case.territory_id,
                "kind": str(each.kind), "element_id": each.element_id, "correlation_key": each.correlation_key,
            }
            for (token, name), each in wanted.items()
            if (token, name) not in known
        ],
    )  # fmt: skip
    gone = {token for token, name in known if (token, name) not in wanted}
    if gone:
        connection.execute(
            delete(tables.SUBSCRIPTION).where(
                and_(tables.SUBSCRIPTION.c.case_id == case.id, tables.SUBSCRIPTION.c.token.in_(gone))
            )
        )


def _mend(connection: Connection, case: LoadedCase, settled: Settled, acting: Acting, by: Actor, now: datetime) -> None:
    """Close the incidents this step mends; the case no longer has them. A step that stops again renews its own."""
    if not acting.mends:
        return
    connection.execute(
        update(tables.INCIDENT)
        .where(tables.INCIDENT.c.id.in_(acting.mends))
        .values(resolved_at=now, resolved_by=by.name[:200])
    )
    case.incidents = [row for row in case.incidents if row["id"] not in acting.mends]


def _incident(
    case: LoadedCase, settled: Settled, waits: Mapping[str, Any], completed: bool, now: datetime
) -> list[dict[str, Any]]:
    """The incident of this step, or the one of a case that would wait for nothing: that must never be silent."""
    found = settled.incident
    if found is None and not completed and not waits:
        return [
            _incident_row(
                case, "nothing_open", "",
                "Rien n'est ouvert dans ce dossier, qui n'est pourtant pas terminé : ouvrez une étape ou clôturez-le.",
                {}, now,
            )
        ]  # fmt: skip
    if found is None:
        return []
    row = _incident_row(case, found.code, found.element_id, found.sentence, settled.attempted, now)
    return [{**row, "expression": found.expression, "value_types": dict(found.value_types)}]


def _incident_row(
    case: LoadedCase, code: str, element_id: str, sentence: str, attempted: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    return {
        "id": uuid4(), "territory_id": case.territory_id, "case_id": case.id, "code": code[:40],
        "element_id": element_id[:120], "sentence": sentence, "expression": "", "value_types": {},
        "attempted": dict(attempted), "opened_at": now, "resolved_at": None, "resolved_by": None,
    }  # fmt: skip


def _incident_waits(
    case: LoadedCase, version: Version, new: Sequence[Mapping[str, Any]], now: datetime
) -> list[dict[str, Any]]:
    """One wait per open incident, until it is mended."""
    return [
        wait_row(
            case, token=f"{INCIDENT_TOKEN}:{row['id']}", kind="incident", element_id=row["element_id"],
            element_name=version.element_name(row["element_id"]) if row["element_id"] else "Dossier", now=now,
            expected_at=case.calendar.due(DEFAULT_INCIDENT_DELAY, row["opened_at"]), responsible_role=COORDINATOR,
        )
        for row in (*case.incidents, *new)
    ]  # fmt: skip
