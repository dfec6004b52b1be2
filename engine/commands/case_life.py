"""The life of a case outside its pathway: held, resumed, cancelled, mended, its course changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import case as sql_case
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from engine import idempotency, policies, trace
from engine.actor import Actor
from engine.at_hand import case_at_hand
from engine.bpmn import runner
from engine.course import payload_values, settle, surroundings
from engine.errors import Conflict, InvalidRequest
from engine.library import Version
from engine.outcome import FactWrite, Outcome, Value
from engine.projection import tables
from engine.projection.acting import Acting
from engine.projection.history import history_row
from engine.projection.loading import LoadedCase
from engine.projection.waits import DEFAULT_HOLD_REVIEW, default_delay, wait_row
from engine.projection.writing import apply

SUSPENDED_TOKEN = "suspended"


@dataclass(frozen=True, slots=True, kw_only=True)
class DueWhileHeld:
    """A timer of the pathway that fell due while the case was on hold. It fires at the next sweep, unless shifted."""

    timer_id: UUID
    name: str
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """Whether the step went through this time; if not, why."""

    mended: bool
    sentence: str


def cancel(session: Session, *, case_id: UUID, reason: str, by: Actor, now: datetime, key: str | None = None) -> None:
    """Close a case before its end. Everything open is cancelled; nothing is erased."""
    case, version = case_at_hand(session, case_id=case_id, by=by, now=now)
    if idempotency.known_answer(session, key=key, command="cases.cancel", by=by) is not None:
        return
    policies.check_may_close(by, case.organization_id)
    policies.check_case_open(case.state, case.number)
    _check_reason(reason)
    end_as(session, case, version, ending="cancelled", kind="cancelled", reason=reason, by=by, now=now)
    _trace(session, case, "cases.cancel", by, now)
    idempotency.remember(session, key=key, command="cases.cancel", answer={}, by=by, now=now)


def end_as(
    session: Session, case: LoadedCase, version: Version, *, ending: str, kind: str, reason: str, by: Actor,
    now: datetime,
) -> None:  # fmt: skip
    """Close a locked case with this outcome, whatever is open in it."""
    outcome = runner.cancel(version.program, case.control_state, around=surroundings(case, version, now))
    if outcome.incident is not None:  # a state nobody can read any more must still be closable
        outcome = Outcome(state=case.control_state, completed=True)
    fact = FactWrite(name="outcome", value=ending, element_id="")
    outcome = replace(outcome, facts=(*outcome.facts, fact), completed=True)
    settled = settle(session, case, version, outcome, facts=case.facts, attempted={}, now=now)
    acting = Acting(kind=kind, detail={"reason": reason[:300]}, mends=tuple(row["id"] for row in case.incidents))
    apply(session, case, version, settled, acting=acting, by=by, now=now)
    session.connection().execute(delete(tables.WAIT).where(tables.WAIT.c.case_id == case.id))


def hold(
    session: Session,
    *,
    case_id: UUID,
    reason: str,
    until: datetime | None = None,
    by: Actor,
    now: datetime,
    key: str | None = None,
) -> None:
    """Suspend a case: its clocks stop, nobody is reminded. The coordination sees it again at `until` (default P14D)."""
    case, version = case_at_hand(session, case_id=case_id, by=by, now=now)
    if idempotency.known_answer(session, key=key, command="cases.hold", by=by) is not None:
        return
    policies.check_may_close(by, case.organization_id)
    policies.check_case_running(case.state, case.number)
    _check_reason(reason)
    if until is not None and until <= now:
        raise InvalidRequest("La date de reprise doit être dans le futur.")
    review = until or case.calendar.due(default_delay(version, "default_hold_review", DEFAULT_HOLD_REVIEW), now)
    connection = session.connection()
    _move_state(session, case, "on_hold", now, now)
    connection.execute(
        update(tables.TIMER)
        .where(tables.TIMER.c.case_id == case_id, tables.TIMER.c.held_at.is_(None))
        .values(held_at=now)
    )
    wait = wait_row(
        case, token=SUSPENDED_TOKEN, kind="suspended", element_id="", element_name="Dossier suspendu", now=now,
        expected_at=review, responsible_role="coordinator",
    )  # fmt: skip
    tables.upsert(
        connection, tables.WAIT, [{**wait, "id": uuid4(), "case_id": case.id, "territory_id": case.territory_id}]
    )
    _tell(session, case, "held", {"reason": reason[:300]}, by, now)
    _trace(session, case, "cases.hold", by, now)
    idempotency.remember(session, key=key, command="cases.hold", answer={}, by=by, now=now)


def resume(
    session: Session,
    *,
    case_id: UUID,
    reason: str = "",
    shift: Sequence[UUID] = (),
    by: Actor,
    now: datetime,
    key: str | None = None,
) -> tuple[DueWhileHeld, ...]:
    """Take a suspended case up again. Reminders and expected dates move by the length of the pause.

    Timers of the pathway keep their date; those that fell due meanwhile are listed and fire at the next sweep, but for
    those named in `shift`, which move too.
    """
    case, _ = case_at_hand(session, case_id=case_id, by=by, now=now)
    if idempotency.known_answer(session, key=key, command="cases.resume", by=by) is not None:
        return ()
    policies.check_may_close(by, case.organization_id)
    policies.check_case_open(case.state, case.number)
    if case.state != "on_hold" or case.held_at is None:
        raise Conflict(f"Le dossier {case.number} n'est pas suspendu.")
    pause = now - case.held_at
    connection = session.connection()
    due = tuple(
        DueWhileHeld(timer_id=row["id"], name=row["name"], due_at=row["due_at"])
        for row in case.timers
        if row["kind"] == "step" and row["due_at"] <= now and row["id"] not in shift
    )
    moved = [row for row in case.timers if row["kind"] == "escalation" or row["id"] in shift]
    if moved:
        later = sql_case({row["id"]: row["due_at"] + pause for row in moved}, value=tables.TIMER.c.id)
        connection.execute(
            update(tables.TIMER).where(tables.TIMER.c.id.in_([row["id"] for row in moved])).values(due_at=later)
        )
    connection.execute(
        update(tables.TIMER).where(tables.TIMER.c.case_id == case_id).values(held_at=None, claimed_until=None)
    )
    for wait in case.waits.values():
        if wait["task_id"] is not None:
            next_at = None if wait["next_at"] is None else wait["next_at"] + pause
            connection.execute(
                update(tables.WAIT)
                .where(tables.WAIT.c.id == wait["id"])
                .values(
                    expected_at=wait["expected_at"] + pause,
                    at_risk_at=wait["at_risk_at"] + pause,
                    next_at=next_at,
                    last_touch_at=now,
                )
            )
    connection.execute(
        delete(tables.WAIT).where(tables.WAIT.c.case_id == case_id, tables.WAIT.c.token == SUSPENDED_TOKEN)
    )
    _move_state(session, case, "active", None, now)
    _tell(session, case, "resumed", {"reason": reason[:300], "pause_seconds": int(pause.total_seconds())}, by, now)
    _trace(session, case, "cases.resume", by, now)
    idempotency.remember(session, key=key, command="cases.resume", answer={}, by=by, now=now)
    return due


def retry(
    session: Session,
    *,
    case_id: UUID,
    incident_id: UUID | None = None,
    reason: str = "",
    by: Actor,
    now: datetime,
    key: str | None = None,
) -> Mended:
    """Try again the step that stopped, once its cause is mended. Without `incident_id`: the oldest open incident."""
    policies.check_may_steer(by)
    case, version = case_at_hand(session, case_id=case_id, by=by, now=now)
    if (known := idempotency.known_answer(session, key=key, command="cases.retry", by=by)) is not None:
        return Mended(mended=known["mended"], sentence=known["sentence"])
    policies.check_case_running(case.state, case.number)
    oldest_first = sorted(case.incidents, key=lambda row: row["opened_at"])
    incident = next((row for row in oldest_first if incident_id in (None, row["id"])), None)
    if incident is None:
        raise Conflict("Cet incident est déjà résolu.")
    outcome, facts, acting = _again(case, version, incident, now)
    settled = settle(session, case, version, outcome, facts=facts, attempted=incident["attempted"], now=now)
    written = apply(session, case, version, settled, acting=acting, by=by, now=now)
    mended = Mended(mended=outcome.incident is None, sentence=written.incident or "Le dossier a repris son cours.")
    _trace(session, case, "cases.retry", by, now)
    answer = {"mended": mended.mended, "sentence": mended.sentence}
    idempotency.remember(session, key=key, command="cases.retry", answer=answer, by=by, now=now)
    return mended


def move(
    session: Session,
    *,
    case_id: UUID,
    close: Sequence[str],
    open: Sequence[str],
    reason: str,
    by: Actor,
    now: datetime,
    key: str | None = None,
) -> None:
    """« Modifier le cours »: close open steps (tokens) and open others (element ids).

    Raises InvalidRequest when the case could not go on like that; nothing changes then.
    """
    policies.check_may_steer(by)
    case, version = case_at_hand(session, case_id=case_id, by=by, now=now)
    if idempotency.known_answer(session, key=key, command="cases.move", by=by) is not None:
        return
    policies.check_case_running(case.state, case.number)
    _check_reason(reason)
    outcome = runner.move(
        version.program, case.control_state, close=close, open=open, around=surroundings(case, version, now)
    )
    if outcome.incident is not None:
        raise InvalidRequest(outcome.incident.sentence)
    settled = settle(session, case, version, outcome, facts=case.facts, attempted={"verb": "move"}, now=now)
    acting = Acting(
        kind="moved", detail={"reason": reason[:300], "closed": list(close), "opened": list(open)},
        mends=tuple(row["id"] for row in case.incidents),
    )  # fmt: skip
    apply(session, case, version, settled, acting=acting, by=by, now=now)
    _trace(session, case, "cases.move", by, now)
    idempotency.remember(session, key=key, command="cases.move", answer={}, by=by, now=now)


def _again(
    case: LoadedCase, version: Version, incident: Mapping[str, Any], now: datetime
) -> tuple[Outcome, Mapping[str, Mapping[str, Value]], Acting]:
    """Run the attempted step once more."""
    attempted = incident["attempted"]
    around = surroundings(case, version, now)
    mends = (incident["id"],)
    match attempted.get("verb"):
        case "complete" if attempted["token"] in case.tasks:
            row = dict(case.tasks[attempted["token"]])
            answers: dict[str, Value] = {} if "by" in attempted else {"accepted": False}
            scope = row["scope"]
            facts = {**case.facts, scope: {**case.facts.get(scope, {}), **answers}}
            outcome = runner.complete(
                version.program, case.control_state, token=row["token"], around=surroundings(case, version, now, facts)
            )
            if outcome.incident is None:
                row.update(
                    state=attempted.get("state", "completed"), completed_at=now, completed_by_id=row["owner_id"],
                    completed_by=attempted.get("by", "Parcours"),
                )  # fmt: skip
            acting = Acting(
                kind="retried", element_id=row["element_id"], task=row, answers=answers, scope=scope, mends=mends
            )
            return outcome, facts, acting
        case "tick":
            outcome = runner.tick(version.program, case.control_state, tokens=[attempted["token"]], around=around)
        case "signal":
            message = next((row for row in case.early if str(row["id"]) == attempted.get("early")), None)
            if message is None:
                raise Conflict("Le message en cause a expiré : renvoyez-le.")
            outcome = runner.signal(
                version.program, case.control_state, message=message["name"], around=around,
                payload=payload_values(message["payload"]), correlation_key=message["correlation_key"],
            )  # fmt: skip
            if outcome.incident is None:
                case.early = [row for row in case.early if row["id"] != message["id"]]
        case _:
            outcome = runner.recheck(version.program, case.control_state, around=around)
    return outcome, case.facts, Acting(kind="retried", element_id=incident["element_id"] or None, mends=mends)


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise InvalidRequest("Dites pourquoi : la raison reste dans l'histoire du dossier.")


def _move_state(session: Session, case: LoadedCase, state: str, held_at: datetime | None, now: datetime) -> None:
    session.connection().execute(
        update(tables.CASE)
        .where(tables.CASE.c.id == case.id)
        .values(state=state, held_at=held_at, version=case.version + 1, last_touch_at=now)
    )


def _tell(session: Session, case: LoadedCase, kind: str, detail: Mapping[str, Any], by: Actor, now: datetime) -> None:
    tables.add(session.connection(), tables.HISTORY, [history_row(case, kind, now, by=by, detail=detail)])


def _trace(session: Session, case: LoadedCase, action: str, by: Actor, now: datetime) -> None:
    # the reason people typed stays in the history, which can be erased; the trace cannot
    trace.record(
        session, action=action, by=by, now=now, patient_id=case.patient_id, case_id=case.id, object_kind="case",
        object_id=case.id,
    )  # fmt: skip
