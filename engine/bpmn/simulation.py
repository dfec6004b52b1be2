"""Playing a pathway without anybody: random answers, awaited messages sent, a virtual clock, until it ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from random import Random
from typing import Any

from engine.bpmn import runner
from engine.bpmn.program import Program
from engine.bpmn.random_answers import Answers, start_forms, unwritten_names
from engine.bpmn.step import Surroundings
from engine.calendars import Calendar
from engine.outcome import FactWrite, Happened, Incident, OpenTask, Outcome, PendingTimer, Subscription, Value

MAX_STEPS = 2_000
TRACE_LENGTH = 5_000
MESSAGES_EACH = 2
"""A message that opens work beside the main flow is sent at most so often, unless nothing else can happen."""


class Ended(StrEnum):
    """How a run ended. `stuck` is the one that must never be seen on a checked pathway."""

    COMPLETED = "completed"
    INCIDENT = "incident"
    STUCK = "stuck"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """One thing the driver did, on the virtual clock."""

    number: int
    at: datetime
    action: str
    """start, complete, timer, message or recheck."""
    element_id: str
    name: str
    wrote: tuple[str, ...] = ()
    """Names of the facts given; never their values."""

    def to_json(self) -> dict[str, Any]:
        """The step as it is printed."""
        return {
            "number": self.number,
            "at": self.at.isoformat(timespec="minutes"),
            "action": self.action,
            "element_id": self.element_id,
            "name": self.name,
            "wrote": list(self.wrote),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationResult:
    """How it went. `outcome` is the fact of that name, `visited` the elements a token reached, `taken` the flows."""

    seed: int
    ended: Ended
    steps: int
    outcome: str | None
    trace: tuple[Played, ...]
    reason: str = ""
    element_id: str | None = None
    """Where it stopped, when it did not complete."""
    visited: frozenset[str] = frozenset()
    taken: frozenset[str] = frozenset()

    def to_json(self) -> dict[str, Any]:
        """One JSON object."""
        return {
            "seed": self.seed,
            "ended": self.ended.value,
            "steps": self.steps,
            "outcome": self.outcome,
            "reason": self.reason,
            "element_id": self.element_id,
            "trace": [one.to_json() for one in self.trace],
        }


@dataclass(slots=True, eq=False)
class _Play:
    """One run under way."""

    program: Program
    seed: int
    now: datetime
    calendar: Calendar
    parameters: Mapping[str, Value]
    facts: dict[str, dict[str, Value]] = field(default_factory=lambda: {"": {}})
    completed: list[str] = field(default_factory=list)
    sent: Counter[str] = field(default_factory=Counter)
    trace: list[Played] = field(default_factory=list)
    visited: set[str] = field(default_factory=set)
    taken: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.answers = Answers(self.program.model, self.random)
        self.opened_at = self.now
        self.unwritten = unwritten_names(self.program.model, self.answers.reads) - set(self.parameters)

    random: Random = field(init=False)
    answers: Answers = field(init=False)
    opened_at: datetime = field(init=False)
    unwritten: set[str] = field(init=False)

    def around(self, outcome: Outcome | None) -> Surroundings:
        open_steps = [task.element_id for task in outcome.tasks] if outcome is not None else []
        case: dict[str, Value] = {
            "number": "SIM-1",
            "opened_at": self.opened_at,
            "completed_steps": list(self.completed),
            "open_steps": open_steps,
        }
        return Surroundings(
            facts=self.facts, parameters=self.parameters, case=case, now=self.now, calendar=self.calendar
        )

    def keep(self, outcome: Outcome) -> None:
        for fact in outcome.facts:
            self.write(fact)
        for event in outcome.events:
            if event.kind is Happened.COMPLETED:
                self.completed.append(event.element_id)
            (self.taken if event.kind is Happened.TOOK else self.visited).add(event.element_id)

    def write(self, fact: FactWrite) -> None:
        self.facts.setdefault(fact.scope, {})[fact.name] = fact.value

    def note(self, action: str, element_id: str, name: str, wrote: Mapping[str, Value] | None = None) -> None:
        if len(self.trace) < TRACE_LENGTH:
            number = len(self.trace) + 1
            self.trace.append(
                Played(
                    number=number,
                    at=self.now,
                    action=action,
                    element_id=element_id,
                    name=name,
                    wrote=tuple(sorted(wrote or ())),
                )
            )


def simulate(
    program: Program,
    *,
    seed: int,
    now: datetime,
    calendar: Calendar,
    parameters: Mapping[str, Value] | None = None,
    facts: Mapping[str, Value] | None = None,
    max_steps: int = MAX_STEPS,
) -> SimulationResult:
    """Play one case from its start. The same program, seed and `now` give the same run.

    `facts` are those the case opens with; forms that no task uses (a start form) are answered too.
    """
    play = _Play(program, seed, now, calendar, parameters or {})
    for form in start_forms(program.model):
        play.facts[""].update(play.answers.form(form, now))
    play.facts[""].update(facts or {})
    outcome = runner.start(program, play.around(None))
    play.note("start", program.model.main, program.model.main_process.name)
    steps = 0
    while outcome.incident is None and not outcome.completed and steps < max_steps:
        play.keep(outcome)
        steps += 1
        after = _act(play, outcome)
        if after is None:
            return _result(play, Ended.STUCK, steps, *_why_stuck(outcome))
        outcome = after
    if outcome.incident is not None:
        return _result(play, Ended.INCIDENT, steps, _said(outcome.incident), outcome.incident.element_id)
    play.keep(outcome)
    if not outcome.completed:
        return _result(play, Ended.STUCK, steps, f"Toujours en cours après {steps} étapes.", None)
    return _result(play, Ended.COMPLETED, steps, "", None)


def _result(play: _Play, ended: Ended, steps: int, reason: str, element_id: str | None) -> SimulationResult:
    outcome = play.facts[""].get("outcome")
    return SimulationResult(
        seed=play.seed,
        ended=ended,
        steps=steps,
        outcome=outcome if isinstance(outcome, str) else None,
        trace=tuple(play.trace),
        reason=reason,
        element_id=element_id,
        visited=frozenset(play.visited),
        taken=frozenset(play.taken),
    )


def _said(incident: Incident) -> str:
    return f"{incident.code} : {incident.sentence}"


def _act(play: _Play, outcome: Outcome) -> Outcome | None:
    """Do one thing that is possible now; None when nothing is."""
    choices: list[tuple[int, OpenTask | PendingTimer | Subscription]] = [(100, task) for task in outcome.tasks]
    timers = sorted(outcome.timers, key=lambda timer: timer.due_at)
    if timers:
        choices.append((20 if outcome.tasks else 60, timers[0]))
    fresh = [one for one in outcome.subscriptions if play.sent[one.element_id] < MESSAGES_EACH]
    choices += [(30 if one.attached_to is None else 4, one) for one in fresh]
    if not choices:
        choices += [(1, one) for one in outcome.subscriptions]
    if not choices:
        return _recheck(play, outcome)
    chosen = play.random.choices([one for _, one in choices], weights=[weight for weight, _ in choices])[0]
    match chosen:
        case OpenTask():
            return _complete(play, outcome, chosen)
        case PendingTimer():
            return _fire(play, outcome, chosen)
        case Subscription():
            return _send(play, outcome, chosen)


def _complete(play: _Play, outcome: Outcome, task: OpenTask) -> Outcome:
    play.now += timedelta(minutes=play.random.randint(5, 600))
    form = play.program.model.forms.get(task.form_key or "")
    answers = play.answers.form(form, play.now)
    for name, value in answers.items():
        play.write(FactWrite(name=name, value=value, element_id=task.element_id, scope=task.scope))
    play.note("complete", task.element_id, task.name, answers)
    return runner.complete(play.program, outcome.state, token=task.token, around=play.around(outcome))


def _fire(play: _Play, outcome: Outcome, timer: PendingTimer) -> Outcome:
    play.now = max(play.now, timer.due_at)
    play.note("timer", timer.element_id, timer.name)
    return runner.tick(play.program, outcome.state, tokens=[timer.token], around=play.around(outcome))


def _send(play: _Play, outcome: Outcome, wait: Subscription) -> Outcome:
    play.now += timedelta(minutes=play.random.randint(1, 300))
    play.sent[wait.element_id] += 1
    payload = {name: play.answers.guess(name, play.now) for name in sorted(play.unwritten)}
    play.note("message", wait.element_id, wait.message or wait.name, payload)
    return runner.signal(
        play.program,
        outcome.state,
        message=wait.message or wait.name,
        payload=payload,
        around=play.around(outcome),
        correlation_key=wait.correlation_key,
    )


def _recheck(play: _Play, outcome: Outcome) -> Outcome | None:
    """Only conditions are awaited: give the facts they read other values, and look again."""
    waiting = [leaf for leaf in outcome.leaves if leaf.element_id in play.program.nodes]
    names = sorted(name for leaf in waiting for name in _condition_names(play, leaf.element_id))
    if not names or play.sent["recheck"] > 20:
        return None
    play.sent["recheck"] += 1
    given = {name: play.answers.guess(name, play.now) for name in names}
    play.facts[""].update(given)
    play.note("recheck", waiting[0].element_id, waiting[0].name, given)
    return runner.recheck(play.program, outcome.state, around=play.around(outcome))


def _condition_names(play: _Play, element_id: str) -> list[str]:
    expression = play.program.nodes[element_id].trigger.expression
    return [name for name in play.answers.compared if expression is not None and name in expression.text]


def _why_stuck(outcome: Outcome) -> tuple[str, str | None]:
    if outcome.leaves:
        leaf = outcome.leaves[0]
        return f"Plus rien ne peut se produire : « {leaf.name or leaf.element_id} » attend toujours.", leaf.element_id
    return "Plus rien ne peut se produire et le dossier n’est pas terminé.", None


def parameter_values(parameters: object) -> dict[str, Value]:
    """Values of a `parameters.json` (`{"parameters": [{name, type, value}]}`): numbers as Decimal, the rest as is."""
    listed = parameters.get("parameters") if isinstance(parameters, Mapping) else None
    found: dict[str, Value] = {}
    for one in listed if isinstance(listed, list) else []:
        if isinstance(one, Mapping) and isinstance(one.get("name"), str):
            value = one.get("value")
            number = isinstance(value, int | float) and not isinstance(value, bool)
            found[one["name"]] = Decimal(str(value)) if number else value
    return found
