"""What a step of the engine costs, next to SpiffWorkflow used as it comes, in one run on one machine.

`naive` is SpiffWorkflow with its own parser, serializer and script engine, answers in task data (1 kB a form), the
whole case read and written at each step. Both sides repeat the same step from the same stored state; the best of
several rounds counts, rounds interleaved. Only ratios and sizes are targets: absolute times move with the machine.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

from SpiffWorkflow.bpmn import BpmnEvent, BpmnWorkflow
from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.specs.event_definitions.message import MessageEventDefinition
from SpiffWorkflow.util.task import TaskState

from engine.bpmn import runner
from engine.bpmn.model import PathwayModel
from engine.calendars import calendar_of
from engine.outcome import Outcome
from tests.bench.drawings import discharge, followup, small, workload_w
from tests.engine.bpmn.build import each, end, pathway, scope, start, user
from tests.engine.bpmn.stock import LONG_AGO, to_bpmn

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FORM = {f"field_{number}": "réponse " * 6 for number in range(20)}
"""What one form leaves in the task data of the naive side: about 1 kB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One measured value and its bound: `at_least` says on which side of the limit it must stay."""

    name: str
    value: float
    limit: float
    at_least: bool = False

    @property
    def ok(self) -> bool:
        return self.value >= self.limit if self.at_least else self.value <= self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table: CPU of a step in milliseconds, bytes stored after it."""

    name: str
    ours_ms: float
    naive_ms: float | None
    ours_bytes: int
    naive_bytes: int | None


class Ours:
    """A case of ours, moved by hand; `step` times one move from the state it stands at."""

    def __init__(self, model: PathwayModel) -> None:
        self.program = runner.build_program(model)
        facts = {"": {"go": True, "stop": False, **FORM}}
        self.around = runner.Surroundings(facts=facts, now=NOW, calendar=calendar_of("metropole"))
        self.outcome = self.begin()

    def begin(self) -> Outcome:
        return runner.start(self.program, self.around)

    def token(self, name: str) -> str:
        waiting: tuple[Any, ...] = (*self.outcome.tasks, *self.outcome.timers)
        return next(each.token for each in waiting if each.element_id == name)

    def move(self, name: str) -> Callable[[], Any]:
        """The move as something to repeat: complete a task, fire a timer (`@name`), send a message (`!name`)."""
        state, program, around = self.outcome.state, self.program, self.around
        if name.startswith("!"):
            return lambda: runner.signal(program, state, message=name[1:], around=around)
        token = self.token(name.lstrip("@"))
        if name.startswith("@"):
            return lambda: runner.tick(program, state, tokens=[token], around=around)
        return lambda: runner.complete(program, state, token=token, around=around)

    def go(self, *names: str) -> None:
        for name in names:
            self.outcome = self.move(name)()
            assert self.outcome.incident is None, self.outcome.incident

    @property
    def size(self) -> int:
        return len(self.outcome.state)


class Naive:
    """The same case in SpiffWorkflow as it comes."""

    serializer = BpmnWorkflowSerializer()

    def __init__(self, model: PathwayModel) -> None:
        self.xml, self.main = to_bpmn(model), model.main
        self.state = self.begin()

    def begin(self) -> str:
        parser = BpmnParser()
        parser.add_bpmn_io(BytesIO(self.xml))
        workflow = BpmnWorkflow(parser.get_spec(self.main), parser.get_subprocess_specs(self.main))
        workflow.do_engine_steps()
        return str(self.serializer.serialize_json(workflow))

    def move(self, name: str) -> Callable[[], Any]:
        state = self.state
        return lambda: self._act(state, name)

    def _act(self, state: str, name: str) -> str:
        workflow = self.serializer.deserialize_json(state)
        if name.startswith("!"):
            workflow.send_event(BpmnEvent(MessageEventDefinition(name[1:]), {}))
        elif name.startswith("@"):
            task = self._named(workflow.get_tasks(state=TaskState.WAITING), name[1:])
            task._set_internal_data(event_value=LONG_AGO)
            workflow.refresh_timers()
        else:
            task = self._named(workflow.get_tasks(state=TaskState.READY), name)
            task.data.update({"go": True, "stop": False, f"form_{name}": FORM})
            task.run()
        workflow.do_engine_steps()
        return str(self.serializer.serialize_json(workflow))

    @staticmethod
    def _named(tasks: list[Any], name: str) -> Any:
        return next(task for task in tasks if task.task_spec.name.removesuffix(" [child]") == name)

    def go(self, *names: str) -> None:
        for name in names:
            self.state = self._act(self.state, name)

    @property
    def size(self) -> int:
        return len(self.state)


def cpu(*actions: Callable[[], Any], rounds: int) -> list[float]:
    """Milliseconds of CPU of each action, the best of interleaved rounds."""
    best = [float("inf")] * len(actions)
    gc.collect()
    for _ in range(rounds):
        for place, action in enumerate(actions):
            begun = time.process_time()
            repeats = 0
            while (spent := time.process_time() - begun) < 0.01 or repeats < 2:
                action()
                repeats += 1
            best[place] = min(best[place], spent * 1000 / repeats)
    return best


STOPS: tuple[tuple[str, Callable[[], PathwayModel], tuple[str, ...], str], ...] = (
    ("small: complete", small, (), "a"),
    ("W: complete A", workload_w, (), "a"),
    ("W: complete the join", workload_w, ("a", "b"), "c"),
    ("discharge: in the block", discharge, ("declare", "consent"), "plan"),
    ("discharge: timer", discharge, ("declare", "consent"), "@plan_late"),
    (
        "discharge: message",
        discharge,
        ("declare", "consent", "plan", "visits", "visits", "visits", "reconcile", "letter", "equipment", "checklist"),
        "!discharge",
    ),
    (
        "discharge: late",
        discharge,
        (
            *(
                "declare",
                "consent",
                "plan",
                "visits",
                "visits",
                "visits",
                "reconcile",
                "letter",
                "equipment",
                "checklist",
            ),
            *("!discharge", "call_d3", "nurse_visit", "gp_visit"),
        ),
        "@month",
    ),
)


def figures(quick: bool) -> tuple[list[Figure], list[Target]]:
    """The table, and the targets read from it."""
    rounds = 3 if quick else 9
    table: list[Figure] = []
    for name, model in (("small: start", small), ("discharge: start", discharge)):
        ours, naive = Ours(model()), Naive(model())
        mine, theirs = cpu(ours.begin, naive.begin, rounds=rounds)
        table.append(_figure(name, mine, theirs, ours, naive))
    for name, model, before, move in STOPS:
        ours, naive = Ours(model()), Naive(model())
        ours.go(*before)
        naive.go(*before)
        mine, theirs = cpu(ours.move(move), naive.move(move), rounds=rounds)
        table.append(_figure(name, mine, theirs, ours, naive))
    loop, targets = _loop(rounds, quick)
    table += loop
    ratio = {figure.name: figure.naive_ms / figure.ours_ms for figure in table if figure.naive_ms is not None}
    biggest = max(figure.ours_bytes for figure in table if figure.name.startswith("discharge"))
    found = [
        _at_least("step CPU against stock, in the discharge's parallel block", ratio["discharge: in the block"], 4),
        _at_least("step CPU against stock, late in the discharge", ratio["discharge: late"], 7),
        _at_least("step CPU against stock, loop of 100 turns", ratio["loop: turn 100"], 20),
        *targets,
        Target(name="bytes of a discharge, at its largest", value=biggest, limit=4096),
        *_instances(rounds),
    ]
    return table, found


def _figure(name: str, mine: float, theirs: float | None, ours: Ours, naive: Naive | None) -> Figure:
    return Figure(
        name=name,
        ours_ms=mine,
        naive_ms=theirs,
        ours_bytes=ours.size,
        naive_bytes=None if naive is None else naive.size,
    )


def _at_least(name: str, value: float, limit: float) -> Target:
    return Target(name=name, value=value, limit=limit, at_least=True)


def _loop(rounds: int, quick: bool) -> tuple[list[Figure], list[Target]]:
    stages: dict[int, tuple[Callable[[], Any], Ours]] = {}
    ours = Ours(followup())
    done = 0
    for turns in (10, 100, 1000):
        ours.go(*["a"] * (turns - done))
        done = turns
        still = Ours(followup())
        still.outcome = ours.outcome
        stages[turns] = (ours.move("a"), still)
    costs = cpu(*(stages[turns][0] for turns in (10, 100, 1000)), rounds=rounds * 3)
    naive = Naive(followup())
    table, done = [], 0
    for turns, mine in zip((10, 100, 1000), costs, strict=True):
        theirs, stock = None, None
        if turns <= 100:  # stock stops for ever after 333 turns
            naive.go(*["a"] * (turns - done))
            done = turns
            theirs, stock = cpu(naive.move("a"), rounds=1 if quick else 3)[0], naive
        table.append(_figure(f"loop: turn {turns}", mine, theirs, stages[turns][1], stock))
    return table, [
        Target(name="growth of a step's CPU, 10 to 1,000 turns", value=costs[2] / costs[0], limit=1.15),
        Target(
            name="growth of the state, 10 to 1,000 turns", value=stages[1000][1].size / stages[10][1].size, limit=1.05
        ),
    ]


def _instances(rounds: int) -> list[Target]:
    """Opening many instances costs the same for each; completing one among 1,000 stays within a step's budget."""

    def many(count: int) -> Ours:
        return Ours(pathway(scope(start(), user("a", loop=each(times=str(count))), end(), flows="s a e")))

    hundred, thousand = many(100), many(1000)
    starts = cpu(
        lambda: runner.start(hundred.program, hundred.around),
        lambda: runner.start(thousand.program, thousand.around),
        rounds=rounds,
    )
    (one,) = cpu(thousand.move("a"), rounds=rounds)
    return [
        Target(
            name="opening an instance, among 1,000 against among 100",
            value=(starts[1] / 1000) / (starts[0] / 100),
            limit=1.15,
        ),
        Target(name="CPU to complete one of 1,000 open instances, µs per open instance", value=one, limit=8),
    ]


def measure(quick: bool) -> list[Target]:
    """The engine's targets; `quick` takes about fifteen seconds."""
    return figures(quick)[1]


def main() -> None:
    """Print the table and the targets."""
    table, targets = figures(quick=False)
    for figure in table:
        naive = "" if figure.naive_ms is None else f"{figure.naive_ms:9.2f} ms {figure.naive_bytes:>8} B"
        ratio = "" if figure.naive_ms is None else f"{figure.naive_ms / figure.ours_ms:6.1f}×"
        print(f"{figure.name:28} {figure.ours_ms:8.3f} ms {figure.ours_bytes:>6} B {naive} {ratio}")
    for target in targets:
        sign = "≥" if target.at_least else "≤"
        print(f"{'ok ' if target.ok else 'MISS'} {target.name}: {target.value:.2f} ({sign} {target.limit:g})")


if __name__ == "__main__":
    main()
