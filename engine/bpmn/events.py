"""Events that wait (message, signal, timer, condition) and how they fire; what is thrown is in `throwing`.

Ours, where SpiffWorkflow's fire once, share one date between two timers, or are dropped: a non-interrupting boundary
event stays open and each firing is a token of its own beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from SpiffWorkflow.bpmn.specs.control import BoundaryEventSplit
from SpiffWorkflow.bpmn.specs.event_definitions import NoneEventDefinition
from SpiffWorkflow.bpmn.specs.mixins.events.intermediate_event import (
    BoundaryEvent,
    EventBasedGateway,
    IntermediateCatchEvent,
)

from engine.bpmn.elements import FUTURE, WAITING, Element
from engine.bpmn.gateways import truth
from engine.bpmn.model import ExpressionText, Node, Trigger, TriggerKind
from engine.bpmn.times import Schedule, following, instant, microseconds, moment, schedule
from engine.bpmn.traversal import CaseTask
from engine.outcome import Happened, Value

TOLD = frozenset(
    {TriggerKind.MESSAGE, TriggerKind.SIGNAL, TriggerKind.TIMER, TriggerKind.ERROR, TriggerKind.ESCALATION}
)


class Catch(Element, IntermediateCatchEvent):
    """An intermediate catch event or a receive task. It waits until it is told, or until its condition is true."""

    node: Node
    trigger: Trigger

    def __init__(self, spec: Any, name: str, node: Node, **more: Any) -> None:
        super().__init__(spec, name, event_definition=NoneEventDefinition(), **more)
        self.node = node
        self.trigger = node.trigger
        self.settles = node.trigger.kind is TriggerKind.CONDITIONAL

    def _update_hook(self, my_task: CaseTask) -> bool | None:
        step = self.step(my_task)
        step.record(Happened.ENTERED, my_task)
        if self.trigger.kind not in TOLD and not self.settles:
            return True
        self.wait(my_task)
        return None

    def wait(self, task: CaseTask) -> None:
        """Settle what the wait needs to know: its date, its key, when it should be over."""
        step = self.step(task)
        data = task.internal_data
        task._set_state(WAITING)
        match self.trigger.kind:
            case TriggerKind.TIMER:
                keep_schedule(task, schedule(step, task, self.trigger))
                if "cy" in data:
                    data["at"] = microseconds(step.now)
            case TriggerKind.MESSAGE if self.trigger.correlation is not None:
                data["key"] = self._key(task, self.trigger.correlation)
        if self.node.expected is not None and (expected := instant(step, task, self.node.expected)) is not None:
            data["exp"] = microseconds(expected)

    def _key(self, task: CaseTask, text: ExpressionText) -> str:
        step = self.step(task)
        value = step.evaluate(task, text)
        key = "" if value is None else str(value).strip()
        if not key:
            raise step.broken(task, self.node, text, "la clé qui relie le message au dossier est vide.", code="key")
        return key

    def settle(self, task: CaseTask) -> bool:
        """Look at the condition again. It fires when it becomes true, not as long as it stays so."""
        text = self.trigger.expression
        assert text is not None  # `unsupported` refuses a conditional event without a condition
        now_true = truth(self, task, text, [])
        before = task.internal_data.get("on", False)
        if now_true != before:
            if now_true:
                task.internal_data["on"] = True
            else:
                task.internal_data.pop("on")
        if now_true and not before:
            self.fire(task, Happened.CAUGHT)
            return True
        return False

    def fire(
        self, task: CaseTask, kind: Happened, *, payload: Mapping[str, Value] | None = None, detail: str = ""
    ) -> None:
        """What it waited for has come: the token goes on."""
        step = self.step(task)
        if isinstance(task.parent.task_spec, EventGateway):
            for sibling in task.parent.children:
                if sibling is not task:
                    sibling.cancel()
        step.record(kind, task, detail)
        for name, value in (payload or {}).items():
            step.write(task, name, value)
        task._ready()

    def _on_complete(self, my_task: CaseTask) -> None:
        my_task.internal_data.pop("due", None)
        super()._on_complete(my_task)


def keep_schedule(task: CaseTask, plan: Schedule) -> None:
    task.internal_data["due"] = microseconds(plan.due)
    if plan.cycle is not None:
        task.internal_data.update(cy=plan.cycle, n=plan.number)


def plan_of(task: CaseTask) -> Schedule:
    data = task.internal_data
    return Schedule(moment(data["due"]), data.get("cy"), data.get("n", 1))


class Boundary(Catch, BoundaryEvent):
    """An event on an activity. Interrupting: it ends the activity. Not: each firing is a new token beside the wait."""

    attached = True
    opens_handler = False
    """Made from the start of an event sub-process: the payload goes to that sub-process, not to the facts around."""

    def __init__(self, spec: Any, name: str, node: Node) -> None:
        super().__init__(spec, name, node, cancel_activity=node.interrupting)

    def _update_hook(self, my_task: CaseTask) -> bool | None:
        self.wait(my_task)
        return None

    def _on_cancel(self, my_task: CaseTask) -> None:
        """A wait that is over is no news: what ended the activity is already recorded."""

    def fire(
        self, task: CaseTask, kind: Happened, *, payload: Mapping[str, Value] | None = None, detail: str = ""
    ) -> None:
        firing = task
        if self.node.interrupting:
            interrupt(task)
        elif self.trigger.kind is not TriggerKind.TIMER or "cy" in task.internal_data:
            firing = task.parent._add_child(self, FUTURE)
            firing.triggered = True
        step = self.step(task)
        step.record(kind, firing, detail)
        if self.opens_handler:
            firing.internal_data["e"] = dict(payload or {})
        else:
            for name, value in (payload or {}).items():
                step.write(firing, name, value)
        firing._ready()


def interrupt(event: CaseTask) -> None:
    """An interrupting event ends its activity, with all it holds, and the waits of its other events."""
    split = event.parent
    for sibling in split.children:
        spec = sibling.task_spec
        if sibling is not event and not sibling.finished and not (spec.attached and sibling.triggered):
            sibling.cancel()


class Split(Element, BoundaryEventSplit):
    """Opens an activity together with its boundary events."""

    def follow(self, task: CaseTask) -> None:
        events = [task._add_child(spec, FUTURE) for spec in self.targets[1:]]
        main = task._add_child(self.targets[0], FUTURE)
        for event in events:
            event.task_spec._update(event)
        main.task_spec._update(main)

    def holds(self, child: CaseTask) -> bool:
        return child.task_spec is self.targets[0] or (child.task_spec.attached and not child.triggered)


class EventGateway(Element, EventBasedGateway):
    """The first of several events wins. Each keeps its own date."""

    def __init__(self, spec: Any, name: str) -> None:
        super().__init__(spec, name, event_definition=NoneEventDefinition())

    def connect(self, child: Any) -> None:
        Element.connect(self, child)

    def _update_hook(self, my_task: CaseTask) -> bool | None:
        return Element._update_hook(self, my_task)

    def _run_hook(self, my_task: CaseTask) -> bool | None:
        return True

    def _on_cancel(self, my_task: CaseTask) -> None:
        Element._on_cancel(self, my_task)

    def holds(self, child: CaseTask) -> bool:
        return child._state == WAITING and isinstance(child.task_spec, Catch)


def waiting_for(top: Any, name: str, *kinds: TriggerKind) -> list[CaseTask]:
    """Waits for a message or signal, outermost first, then in the order they opened."""
    found: Iterator[CaseTask] = (
        task
        for workflow in top.workflows()
        for task in workflow.tasks.values()
        if task._state == WAITING and isinstance(task.task_spec, Catch)
        if task.task_spec.trigger.kind in kinds and task.task_spec.trigger.name == name
    )
    return sorted(found, key=lambda task: (task.workflow.depth, task.id))


def deliver(tasks: list[CaseTask], payload: Mapping[str, Value], detail: str) -> bool:
    """Tell each wait, unless one told before it has ended it. True when at least one was there."""
    told = False
    for task in tasks:
        if task._state == WAITING and task.id in task.workflow.tasks:
            task.task_spec.fire(task, Happened.CAUGHT, payload=payload, detail=detail)
            told = True
    return told


def fire_timer(task: CaseTask) -> None:
    """The host says a timer is due. A repeated one is planned again; turns missed are counted, not replayed."""
    spec = task.task_spec
    step = spec.step(task)
    plan = plan_of(task)
    detail = plan.due.isoformat()
    repeats = plan.cycle is not None and spec.attached and not spec.node.interrupting
    next_plan, missed = following(step, plan, moment(task.internal_data["at"])) if repeats else (None, 0)
    if missed:
        detail += f" ; {missed} échéance(s) manquée(s)"
    if next_plan is None:
        task.internal_data.pop("cy", None)
    else:
        keep_schedule(task, next_plan)
    spec.fire(task, Happened.FIRED, detail=detail)
