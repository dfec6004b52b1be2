"""The pathways of the product, walked at random with their own sample answers.

Pruned and unpruned runs are equal, nothing is silently stuck, and a state stays small.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest

from engine.bpmn import runner, state, step
from engine.bpmn.reader import read
from engine.bpmn.runner import Program
from engine.calendars import calendar_of
from engine.expressions import ExpressionError, compile_expression
from tests.engine.bpmn.playing import NOON, Played

PATHWAYS = Path(__file__).parents[3] / "pathways"
KEYS = sorted(path.parent.name for path in PATHWAYS.glob("*/pathway.bpmn"))
STEPS = 70
METROPOLE = calendar_of("metropole")


@cache
def program_of(key: str) -> Program:
    folders = [PATHWAYS / key, *(PATHWAYS / "shared").glob("*/")]
    paths = [path for folder in folders for path in folder.rglob("*") if path.suffix in (".bpmn", ".dmn", ".json")]
    model = read({str(path): path.read_bytes() for path in paths}, main=key).model
    assert model is not None
    assert runner.unsupported(model) == []
    return runner.build_program(model)


@cache
def answers_of(key: str) -> Mapping[str, Any]:
    path = PATHWAYS / key / "walks" / "answers.json"
    return dict(json.loads(path.read_text())) if path.exists() else {}


def parameters_of(key: str) -> dict[str, Any]:
    """Parameters of the pathway and of the shared pieces it calls."""
    found: dict[str, Any] = {}
    for path in (*(PATHWAYS / "shared").glob("*/parameters.json"), PATHWAYS / key / "parameters.json"):
        if path.exists():
            found |= {each["name"]: each["value"] for each in json.loads(path.read_text())["parameters"]}
    return found


class Walked(Played):
    """A case of one of our pathways, with the answers its walks give."""

    def __init__(self, key: str, *, strict: bool = True) -> None:
        self.key = key
        self.parameters_used = parameters_of(key)
        self.answers = answers_of(key)
        first: Mapping[str, Any] = next(iter(self.answers.values()), {})
        super().__init__(program_of(key), strict=strict, **self._values(first, NOON))

    @property
    def around(self) -> runner.Surroundings:
        return runner.Surroundings(
            facts=self.facts,
            parameters=self.parameters_used,
            case={"number": "T-1", "opened_at": NOON, "completed_steps": [], "open_steps": []},
            now=self.now,
            calendar=self.calendar,
        )

    def _values(self, answers: Mapping[str, Any], now: Any) -> dict[str, Any]:
        found = {}
        for name, value in answers.items():
            if isinstance(value, str) and value.startswith("="):
                scope = {**self.parameters_used, "case": {}}
                value = compile_expression(value).evaluate(scope, now=now, calendar=METROPOLE)
            found[name] = value
        return found

    def move_at_random(self, random: Random) -> None:
        doable = ["do"] * 6 * bool(self.open) + ["ring"] * 2 * bool(self.timers) + ["tell"] * bool(self.heard)
        match random.choice(doable):
            case "do":
                task = random.choice(self.outcome.tasks)
                try:
                    values = self._values(self.answers.get(task.element_id, {}), self.now)
                except ExpressionError:
                    values = {}
                self.facts[""].update(values)
                self.do_token(task.token, **values)
            case "ring":
                timer = min(self.outcome.timers, key=lambda timer: (timer.due_at, int(timer.token)))
                self.now = max(self.now, timer.due_at)
                self._after(runner.tick(self.program, self.state, tokens=[timer.token], around=self.around))
            case "tell":
                self.send(random.choice(self.heard))


@pytest.mark.parametrize("key", KEYS)
def test_a_pathway_runs_the_same_pruned_and_unpruned(key: str) -> None:
    incidents: Counter[str] = Counter()
    for seed in range(12):
        pruned, whole = Walked(key, strict=False), Walked(key, strict=False)
        random, again = Random(seed), Random(seed)
        for _ in range(STEPS):
            if pruned.done or pruned.outcome.incident is not None:
                break
            pruned.move_at_random(random)
            with pytest.MonkeyPatch.context() as patch:
                for module in (state, step):
                    patch.setattr(module, "prune", lambda workflow: 0)
                whole.move_at_random(again)
            assert pruned.outcome.incident == whole.outcome.incident
            assert pruned.outcome.tasks == whole.outcome.tasks
            assert pruned.outcome.timers == whole.outcome.timers
            assert pruned.outcome.subscriptions == whole.outcome.subscriptions
            assert pruned.outcome.events == whole.outcome.events
            assert len(pruned.state) <= 4096
        if pruned.outcome.incident is not None:
            incidents[pruned.outcome.incident.element_id] += 1
        else:
            incidents["none"] += 1
    assert incidents["none"] > 0, incidents
