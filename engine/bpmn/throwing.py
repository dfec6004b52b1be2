"""Events that throw, and who catches: an error or escalation goes up from scope to scope, a signal to every wait."""

from __future__ import annotations

from typing import Any

from SpiffWorkflow.bpmn.specs.event_definitions import NoneEventDefinition
from SpiffWorkflow.bpmn.specs.mixins.events.end_event import EndEvent
from SpiffWorkflow.bpmn.specs.mixins.events.intermediate_event import IntermediateThrowEvent
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.activities import perform
from engine.bpmn.elements import WAITING, Element, close, open_tasks
from engine.bpmn.events import deliver, waiting_for
from engine.bpmn.incidents import said, stopped
from engine.bpmn.model import Node, TriggerKind
from engine.bpmn.traversal import CaseTask
from engine.outcome import Happened


class Throw(Element, IntermediateThrowEvent):
    """An intermediate throw event."""

    node: Node

    def __init__(self, spec: Any, name: str, node: Node) -> None:
        super().__init__(spec, name, event_definition=NoneEventDefinition())
        self.node = node

    def _run_hook(self, my_task: CaseTask) -> bool | None:
        throw(self, my_task)
        return True


class Finish(Element, EndEvent):
    """An end event: it throws what it has to throw, then its branch ends."""

    node: Node

    def __init__(self, spec: Any, name: str, node: Node) -> None:
        super().__init__(spec, name, event_definition=NoneEventDefinition())
        self.node = node

    def _run_hook(self, my_task: CaseTask) -> bool | None:
        if self.node.trigger.kind is TriggerKind.TERMINATE:
            terminate(my_task)
        else:
            throw(self, my_task)
        return True

    def _on_complete(self, my_task: CaseTask) -> None:
        Element._on_complete(self, my_task)


def terminate(task: CaseTask) -> None:
    """End the scope at once, with everything open in it."""
    step = task.task_spec.step(task)
    step.record(Happened.COMPLETED, task)
    workflow = task.workflow
    while workflow.spec.wrapped:
        workflow = workflow.parent_task.workflow
    task._state = TaskState.CANCELLED
    for other in list(open_tasks(workflow)):
        other.cancel()
    close(workflow)


def throw(spec: Throw | Finish, task: CaseTask) -> None:
    """Throw what the event throws."""
    trigger = spec.node.trigger
    step = spec.step(task)
    match trigger.kind:
        case TriggerKind.MESSAGE if spec.node.action is None:
            step.effect(task, "send_message", {"message": trigger.name})
        case TriggerKind.SIGNAL:
            name = trigger.name or ""
            step.effect(task, "send_signal", {"signal": name})
            deliver(waiting_for(task.workflow.top_workflow, name, TriggerKind.SIGNAL), {}, f"signal {name}")
        case TriggerKind.ESCALATION:
            if (event := catcher(task, TriggerKind.ESCALATION, trigger.name)) is not None:
                event.task_spec.fire(event, Happened.CAUGHT)
        case TriggerKind.ERROR:
            event = catcher(task, TriggerKind.ERROR, trigger.name)
            if event is None:
                code = f" ({trigger.name})" if trigger.name else ""
                raise stopped(
                    "error_uncaught", spec.node, f"L'erreur{code} levée par {said(spec.node)} n'est prévue nulle part."
                )
            step.record(Happened.COMPLETED, task)
            task._state = TaskState.CANCELLED  # its scope is about to be; it has said what it had to say
            event.task_spec.fire(event, Happened.CAUGHT)
    if spec.node.action is not None:
        perform(spec, task, spec.node.action)


def catcher(task: CaseTask, kind: TriggerKind, code: str | None) -> CaseTask | None:
    """The boundary event that catches an error or escalation: of the nearest scope, the one for this code first."""
    around: CaseTask | None = task.workflow.parent_task
    while around is not None:
        activity = around.parent if around.task_spec.instances is not None else around
        if activity.task_spec.guarded:
            waiting = [
                event
                for event in activity.parent.children
                if event.task_spec.attached and event._state == WAITING and event.task_spec.trigger.kind is kind
            ]
            for named in (code, None):
                for event in waiting:
                    if event.task_spec.trigger.name == named:
                        return event
        around = around.workflow.parent_task
    return None
