"""One step of a case: the queue of what is ready, what was written and recorded, and what the step may still spend."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from SpiffWorkflow.util.task import TaskState

from engine.bpmn.incidents import NO_TYPES, Stopped, said, stopped
from engine.bpmn.model import ExpressionText, Node
from engine.bpmn.pruning import prune
from engine.bpmn.scope import compiled, compiled_script, scope_id, visible
from engine.bpmn.traversal import CaseTask, CaseWorkflow
from engine.calendars import Calendar
from engine.errors import Invalid
from engine.outcome import Effect, Event, FactWrite, Happened, Value

if TYPE_CHECKING:
    from engine.bpmn.program import Program

Facts = Mapping[str, Mapping[str, Value]]
"""Scope id → name → value; '' is the case."""

ALLOWANCE = 1_000
"""Engine steps a case may make without waiting. The longest honest run of the product's pathways is under 60."""
PER_INSTANCE = 20
HARD_LIMIT = 20_000
"""Engine steps, instances included: about half a second."""
MOST_INSTANCES = 4_000
PRUNE_EVERY = 256
READY, WAITING = TaskState.READY, TaskState.WAITING


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the host hands in: facts by scope, parameters of the version, the `case` context, the time and calendar."""

    facts: Facts = field(default_factory=dict)
    parameters: Mapping[str, Value] = field(default_factory=dict)
    case: Mapping[str, Value] = field(default_factory=dict)
    now: datetime
    calendar: Calendar


class Step:
    """Everything one call of the runner knows and does. Used once, by one thread."""

    def __init__(self, program: Program, around: Surroundings) -> None:
        self.program = program
        self.around = around
        self.now = around.now
        self.calendar = around.calendar
        self.queue: deque[CaseTask] = deque()
        self.events: list[Event] = []
        self.facts: list[FactWrite] = []
        self.effects: list[Effect] = []
        self.written: dict[str, dict[str, Value]] = {}
        self.outermost: Mapping[str, Value] = {"case": around.case, **around.parameters}
        self.spent = 0
        self.instances = 0
        self.allowance = ALLOWANCE
        self.workflow: CaseWorkflow

    # What a case reads and writes

    def view(self, task: CaseTask, extra: Mapping[str, Value] | None = None) -> Mapping[str, Any]:
        return visible(task, self.around.facts, self.written, self.outermost, extra)

    def evaluate(self, task: CaseTask, text: ExpressionText, extra: Mapping[str, Value] | None = None) -> Value:
        """The value of an expression at a token. An expression that cannot be evaluated stops the step."""
        node: Node = task.task_spec.node
        try:
            return compiled(text.text, text.dialect).evaluate(
                self.view(task, extra), now=self.now, calendar=self.calendar
            )
        except Invalid as error:
            raise self.broken(task, node, text, str(error), extra) from error

    def broken(
        self,
        task: CaseTask,
        node: Node | None,
        text: ExpressionText,
        why: str,
        extra: Mapping[str, Value] | None = None,
        code: str = "expression",
    ) -> Stopped:
        sentence = f"L'étape {said(node)} ne peut pas être calculée : {why}"
        types = self.types(task, text, extra)
        return stopped(code, node, sentence, expression=text.text, value_types=types)

    def types(
        self, task: CaseTask, text: ExpressionText, extra: Mapping[str, Value] | None = None
    ) -> Mapping[str, str]:
        """The kind of each value an expression reads (never the value); « absent » for a name nobody has written."""
        try:
            names = compiled(text.text, text.dialect).names
        except Invalid:
            return NO_TYPES
        view = self.view(task, extra)
        return {name: type(view[name]).__name__ if view.get(name) is not None else "absent" for name in sorted(names)}

    def run_script(self, task: CaseTask, text: str) -> None:
        """Run the assignments of a script task; what they write belongs to the innermost scope of the token."""
        node: Node = task.task_spec.node
        try:
            values = compiled_script(text).run(self.view(task), now=self.now, calendar=self.calendar)
        except Invalid as error:
            raise self.broken(task, node, ExpressionText(text), str(error)) from error
        for name, value in values.items():
            self.write(task, name, value)

    def write(self, task: CaseTask, name: str, value: Value, scope: str | None = None) -> None:
        """Write a fact into a scope (the token's innermost when none is named)."""
        where = scope_id(task) if scope is None else scope
        node = task.task_spec.node
        self.written.setdefault(where, {})[name] = value
        self.facts.append(FactWrite(name=name, value=value, element_id=node.origin or node.id, scope=where))

    # What happened

    def record(self, kind: Happened, task: CaseTask, detail: str = "") -> None:
        shown = task.task_spec.shown
        if shown is not None:
            self.events.append(Event(kind=kind, element_id=shown, token=task.token, detail=detail))

    def took(self, task: CaseTask, flow: str | None, detail: str = "") -> None:
        if flow:
            self.events.append(Event(kind=Happened.TOOK, element_id=flow, token=task.token, detail=detail))

    def effect(self, task: CaseTask, kind: str, parameters: Mapping[str, Value]) -> None:
        node = task.task_spec.node
        self.effects.append(Effect(kind=kind, element_id=node.origin or node.id, parameters=parameters))

    # What runs

    def ready(self, task: CaseTask) -> None:
        self.queue.append(task)

    def allow_instances(self, task: CaseTask, count: int) -> None:
        """Each instance of an activity brings its own allowance, up to a number of them in one step."""
        self.instances += count
        if self.instances > MOST_INSTANCES:
            node = task.task_spec.node
            sentence = f"{said(node)} ouvrirait plus de {MOST_INSTANCES} étapes d'un coup : ce sont plusieurs dossiers."
            raise stopped("instances", node, sentence)
        self.allowance = min(self.allowance + PER_INSTANCE * count, HARD_LIMIT)

    def run(self) -> None:
        """Run everything that needs nobody, until the case waits or ends."""
        while True:
            while self.queue:
                task = self.queue.popleft()
                if task._state != READY:
                    continue
                self._spend(task)
                task.run()
            if self.workflow.completed or not self._settle():
                return

    def _spend(self, task: CaseTask) -> None:
        self.spent += 1
        if self.spent > self.allowance:
            node = task.task_spec.node
            raise stopped(
                "budget",
                node,
                f"Le parcours a enchaîné {self.allowance} étapes automatiques sans attendre personne ; la dernière "
                f"est {said(node)} : il tourne sur lui-même. Ajoutez une attente ou une sortie à cette boucle.",
            )
        if self.spent % PRUNE_EVERY == 0:
            prune(self.workflow)

    def _settle(self) -> bool:
        """When nothing moves any more: conditions that have become true, and inclusive joins nobody can reach now."""
        moved = False
        for workflow in self.workflow.workflows():
            settling: Sequence[CaseTask] = [
                task for task in workflow.tasks.values() if task._state == WAITING and task.task_spec.settles
            ]
            for task in settling:
                if task._state == WAITING and task.task_spec.settle(task):
                    moved = True
        return moved
