"""A case played in memory, as a host would: facts kept, every step from stored bytes, clock moved by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from engine.bpmn import runner
from engine.bpmn.model import PathwayModel
from engine.bpmn.runner import Program, Surroundings
from engine.calendars import Calendar, calendar_of
from engine.outcome import Event, Happened, Outcome

NOON = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)


class Played:
    """One case. Raises AssertionError on an incident, unless `strict` is off."""

    def __init__(
        self,
        model: PathwayModel | Program,
        *,
        now: datetime = NOON,
        calendar: Calendar | None = None,
        strict: bool = True,
        **facts: Any,
    ) -> None:
        self.program = model if isinstance(model, Program) else runner.build_program(model)
        self.now = now
        self.calendar = calendar or calendar_of("metropole")
        self.strict = strict
        self.facts: dict[str, dict[str, Any]] = {"": dict(facts)}
        self.parameters: dict[str, Any] = {}
        self.events: list[Event] = []
        self.outcome: Outcome
        self.state = b""
        self._after(runner.start(self.program, self.around))

    @property
    def around(self) -> Surroundings:
        return Surroundings(
            facts=self.facts, parameters=self.parameters, case={"number": "T-1"}, now=self.now, calendar=self.calendar
        )

    def _after(self, outcome: Outcome) -> Outcome:
        self.outcome = outcome
        self.state = outcome.state
        if self.strict:
            assert outcome.incident is None, outcome.incident
        for fact in outcome.facts:
            self.facts.setdefault(fact.scope, {})[fact.name] = fact.value
        self.events += outcome.events
        if not outcome.completed and outcome.incident is None:
            assert outcome.tasks or outcome.timers or outcome.subscriptions or outcome.leaves, "silently stuck"
        return outcome

    def token(self, element_id: str, place: int = 0) -> str:
        everything: tuple[Any, ...] = (
            *self.outcome.tasks,
            *self.outcome.timers,
            *self.outcome.subscriptions,
            *self.outcome.leaves,
        )
        found = [each.token for each in everything if each.element_id == element_id]
        assert len(found) > place, f"{element_id} is not open; open: {self.open}"
        return found[place]

    def do(self, *element_ids: str, **answers: Any) -> Outcome:
        """Complete tasks one after the other, each with the same answers."""
        for element_id in element_ids:
            self.do_token(self.token(element_id), **answers)
        return self.outcome

    def do_token(self, token: str, **answers: Any) -> Outcome:
        scope = next(task.scope for task in self.outcome.tasks if task.token == token)
        self.facts.setdefault(scope, {}).update(answers)
        return self._after(runner.complete(self.program, self.state, token=token, around=self.around))

    def tick(self, *element_ids: str) -> Outcome:
        tokens = [self.token(element_id) for element_id in element_ids]
        return self._after(runner.tick(self.program, self.state, tokens=tokens, around=self.around))

    def wait(self, **delay: float) -> Outcome:
        """Move the clock and fire what is due."""
        self.now += timedelta(**delay)
        tokens = [timer.token for timer in self.outcome.timers if timer.due_at <= self.now]
        return self._after(runner.tick(self.program, self.state, tokens=tokens, around=self.around))

    def send(self, message: str, key: str | None = None, **payload: Any) -> Outcome:
        return self._after(
            runner.signal(
                self.program, self.state, message=message, payload=payload, correlation_key=key, around=self.around
            )
        )

    def change(self, **facts: Any) -> Outcome:
        self.facts[""].update(facts)
        return self._after(runner.recheck(self.program, self.state, around=self.around))

    def move(self, close: list[str], open_: list[str]) -> Outcome:
        tokens = [self.token(each) for each in close]
        return self._after(runner.move(self.program, self.state, close=tokens, open=open_, around=self.around))

    def cancel(self) -> Outcome:
        return self._after(runner.cancel(self.program, self.state, around=self.around))

    @property
    def open(self) -> list[str]:
        return [task.element_id for task in self.outcome.tasks]

    @property
    def timers(self) -> Mapping[str, datetime]:
        return {timer.element_id: timer.due_at for timer in self.outcome.timers}

    @property
    def heard(self) -> list[str]:
        return [subscription.message for subscription in self.outcome.subscriptions]

    @property
    def done(self) -> bool:
        return self.outcome.completed

    def happened(self, kind: Happened) -> list[str]:
        return [event.element_id for event in self.events if event.kind is kind]
