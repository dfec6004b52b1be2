"""The course of one step: the engine runs, then whatever needs nobody is settled at once.

After a step, an offer that opens with nobody to ask is answered « personne » by the engine itself, and a message that
came early, or that the case sends to itself, is delivered to the wait that is open. Each is one more run; the outcomes
are joined into one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from engine.assignment import OFFER_ROUNDS, Audience, Surrounds, first_audience, look_around
from engine.bpmn import runner
from engine.bpmn.step import Surroundings
from engine.expressions import from_json
from engine.library import Version
from engine.outcome import Effect, FactWrite, Happened, Incident, OpenTask, Outcome, Value
from engine.projection.loading import LoadedCase

MOST_RUNS = 50


@dataclass(slots=True, kw_only=True)
class Settled:
    """What the whole step did, ready to be written."""

    outcome: Outcome
    audiences: dict[str, Audience] = field(default_factory=dict)
    """By token, for tasks that this step opened."""
    surrounds: Surrounds | None = None
    early_delivered: list[UUID] = field(default_factory=list)
    incident: Incident | None = None
    attempted: Mapping[str, object] = field(default_factory=dict)
    """The run that stopped with `incident`, to be tried again."""


def surroundings(
    case: LoadedCase, version: Version, now: datetime, facts: Mapping[str, Mapping[str, Value]] | None = None
) -> Surroundings:
    """What the engine may read during a run."""
    context: dict[str, Value] = {
        "number": case.number,
        "opened_at": case.opened_at,
        "completed_steps": list(case.completed_steps),
        "open_steps": [task["element_id"] for task in case.tasks.values()],
    }
    return Surroundings(
        facts=case.facts if facts is None else facts,
        parameters=version.parameters,
        case=context,
        now=now,
        calendar=case.calendar,
    )


def settle(
    session: Session,
    case: LoadedCase,
    version: Version,
    outcome: Outcome,
    *,
    facts: Mapping[str, Mapping[str, Value]],
    attempted: Mapping[str, object],
    now: datetime,
) -> Settled:
    """Join to `outcome` everything that follows from it without anybody. `facts` are those the first run read."""
    if outcome.incident is not None:
        return Settled(outcome=outcome, incident=outcome.incident, attempted=attempted)
    known = {scope: dict(names) for scope, names in facts.items()}
    _learn(known, outcome.facts)
    settled = Settled(outcome=outcome)
    early = [message for message in case.early if message["expires_at"] > now]
    kept: list[Effect] = []
    for _ in range(MOST_RUNS):
        _find_audiences(session, case, settled, now)
        following = _next_run(case, version, settled, known, early, kept, now)
        if following is None:
            break
        if following.incident is not None:
            settled.incident = following.incident
            break
        _learn(known, following.facts)
        settled.outcome = joined(settled.outcome, following)
    return settled


def _learn(known: dict[str, dict[str, Value]], facts: tuple[FactWrite, ...]) -> None:
    for fact in facts:
        known.setdefault(fact.scope, {})[fact.name] = fact.value


def joined(first: Outcome, second: Outcome) -> Outcome:
    """One outcome for two runs in a row."""
    return replace(
        second,
        facts=first.facts + second.facts,
        effects=first.effects + second.effects,
        events=first.events + second.events,
        delivered=first.delivered,
    )


def _find_audiences(session: Session, case: LoadedCase, settled: Settled, now: datetime) -> None:
    opened = [
        task for task in settled.outcome.tasks if task.token not in case.tasks and task.token not in settled.audiences
    ]
    if opened:
        settled.surrounds = look_around(session, case, opened, now)
        for task in opened:
            settled.audiences[task.token] = first_audience(case, task, settled.surrounds)


def _next_run(
    case: LoadedCase,
    version: Version,
    settled: Settled,
    known: dict[str, dict[str, Value]],
    early: list[dict[str, object]],
    kept: list[Effect],
    now: datetime,
) -> Outcome | None:
    """One more run, or None when the case really waits. Notes in `settled` what was tried."""
    around = surroundings(case, version, now, known)
    unanswerable = next((task for task in settled.outcome.tasks if _nobody_to_ask(task, settled)), None)
    if unanswerable is not None:
        settled.attempted = {"verb": "complete", "token": unanswerable.token}
        answer = FactWrite(name="accepted", value=False, element_id=unanswerable.element_id, scope=unanswerable.scope)
        _learn(known, (answer,))
        outcome = runner.complete(
            version.program,
            settled.outcome.state,
            token=unanswerable.token,
            around=surroundings(case, version, now, known),
        )
        return replace(outcome, facts=(answer, *outcome.facts))
    for effect in settled.outcome.effects:
        if effect.kind == "send_message" and effect.parameters.get("to") == "case" and effect not in kept:
            kept.append(effect)
            outcome = runner.signal(
                version.program, settled.outcome.state, message=str(effect.parameters.get("message")),
                payload=effect_payload(effect), around=around,
            )  # fmt: skip
            if outcome.incident is None and outcome.delivered:
                settled.outcome = replace(
                    settled.outcome, effects=tuple(each for each in settled.outcome.effects if each is not effect)
                )
                return outcome
    for message in early:
        if _awaited(message, settled.outcome):
            early.remove(message)
            outcome = runner.signal(
                version.program,
                settled.outcome.state,
                message=str(message["name"]),
                payload=payload_values(message["payload"]),
                around=around,
                correlation_key=message["correlation_key"],  # type: ignore[arg-type]
            )
            if outcome.incident is not None or outcome.delivered:
                settled.attempted = {"verb": "signal", "early": str(message["id"])}
                if outcome.incident is None:
                    settled.early_delivered.append(message["id"])  # type: ignore[arg-type]
                return outcome
    return None


def effect_payload(effect: Effect) -> Mapping[str, Value]:
    """What a message sent by the pathway carries."""
    payload = effect.parameters.get("payload")
    return dict(payload) if isinstance(payload, Mapping) else {}


def payload_values(stored: object) -> dict[str, Value]:
    """The payload of a stored message."""
    return {str(name): from_json(value) for name, value in stored.items()} if isinstance(stored, Mapping) else {}


def _nobody_to_ask(task: OpenTask, settled: Settled) -> bool:
    audience = settled.audiences.get(task.token)
    return task.offer in OFFER_ROUNDS and audience is not None and not audience.anybody


def _awaited(message: Mapping[str, object], outcome: Outcome) -> bool:
    return any(
        wait.message == message["name"] and wait.correlation_key in (None, message["correlation_key"])
        for wait in outcome.subscriptions
    )


def completed_elements(case: LoadedCase, outcome: Outcome) -> list[str]:
    """Elements completed at least once, this step included."""
    known = dict.fromkeys(case.completed_steps)
    known.update(dict.fromkeys(event.element_id for event in outcome.events if event.kind is Happened.COMPLETED))
    return list(known)
