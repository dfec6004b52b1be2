"""What every element does when a token arrives, runs and leaves; where a branch and a scope end.

Each class is SpiffWorkflow's, with `Element` in front of it: no data is copied, nothing is predicted, children are made
when their parent completes, and what happens is recorded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.bpmn_task_spec import BpmnTaskSpec
from SpiffWorkflow.bpmn.specs.control import BpmnStartTask, _EndJoin
from SpiffWorkflow.bpmn.specs.mixins.none_task import NoneTask
from SpiffWorkflow.specs import WorkflowSpec
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.model import Node
from engine.bpmn.step import Step
from engine.bpmn.traversal import CaseTask
from engine.outcome import Happened

FUTURE, WAITING, READY, STARTED = TaskState.FUTURE, TaskState.WAITING, TaskState.READY, TaskState.STARTED


class Element(BpmnTaskSpec):
    """A flow node. `shown` is the id it has in the history; None for a node the designer did not draw."""

    node: Node | None = None
    shown: str | None = None
    taken: Mapping[str, str | None]
    """Name of the next spec → id of the flow that leads there, as drawn."""
    targets: tuple[Any, ...] = ()
    instances: Any = None
    """The multi-instance or loop this is the activity of."""
    settles = False
    guarded = False
    """Has boundary events."""
    lasting = False
    """Its events outlast it, as long as something runs beside it (our wrapper of event sub-processes)."""
    attached = False
    """Is a boundary event."""

    def step(self, task: CaseTask) -> Step:
        return task.workflow.top_workflow.step

    def _predict(self, my_task: CaseTask, *_: Any, **__: Any) -> None:
        """Nothing is predicted: children are made when their parent completes."""

    def _update(self, my_task: CaseTask) -> None:
        if self._update_hook(my_task):
            my_task._ready()

    def _update_hook(self, my_task: CaseTask) -> bool | None:
        self.step(my_task).record(Happened.ENTERED, my_task)
        return True

    def _on_ready(self, my_task: CaseTask) -> None:
        if not self.manual:
            self.step(my_task).ready(my_task)

    def _run(self, my_task: CaseTask) -> bool | None:
        return self._run_hook(my_task)

    def _run_hook(self, my_task: CaseTask) -> bool | None:
        return True

    def _on_cancel(self, my_task: CaseTask) -> None:
        self.step(my_task).record(Happened.CANCELLED, my_task)

    def _on_complete(self, my_task: CaseTask) -> None:
        self.step(my_task).record(Happened.COMPLETED, my_task, my_task.internal_data.get("said", ""))
        if self.instances is not None:
            self.instances.instance_completed(my_task.parent, my_task)
            return
        if self.guarded and not self.lasting:
            close_events(my_task.parent)
        self.follow(my_task)

    def chosen(self, task: CaseTask) -> tuple[Any, ...]:
        """The specs a token goes on to."""
        return self.targets

    def follow(self, task: CaseTask) -> None:
        """Send tokens on: all are made before any is looked at, so that an end sees its siblings."""
        step = self.step(task)
        children = []
        for spec in self.chosen(task):
            children.append(task._add_child(spec, FUTURE))
            step.took(task, self.taken.get(spec.name), task.internal_data.get("why", ""))
        for child in children:
            if child._state == FUTURE:
                child.task_spec._update(child)

    def settle(self, task: CaseTask) -> bool:
        """For elements with `settles`: nothing else moves, does a waiting token go on now?"""
        return False

    def holds(self, child: CaseTask) -> bool:
        """Does an open child read this task once it is finished? (see `pruning`)"""
        return False


def close_events(split: CaseTask) -> None:
    """The activity is over: its boundary events wait no more."""
    for child in split.children:
        if child._state == WAITING and child.task_spec.attached:
            child.cancel()


class Passing(Element, NoneTask):
    """A node where nothing happens: a start, a merge, an event that neither waits nor throws."""

    def __init__(self, spec: Any, name: str) -> None:
        super().__init__(spec, name)
        self.manual = False


class CaseStart(Element, BpmnStartTask):
    """Where a (sub-)workflow hangs; never runs, its tokens are put below it."""


class CaseEnd(Element, _EndJoin):
    """Where every branch of a scope ends. The last one to arrive closes the scope; nobody waits here."""

    def _update_hook(self, my_task: CaseTask) -> bool | None:
        workflow = my_task.workflow
        my_task.remove()
        close_if_over(workflow)
        return None


def open_tasks(workflow: Any) -> Iterator[CaseTask]:
    """Tokens of one workflow that are not finished."""
    return (task for task in workflow.tasks.values() if not task.finished)


def close_if_over(workflow: Any) -> None:
    """Close a scope in which no token is left; the waits of its event sub-processes do not hold it open."""
    if not workflow.completed and all(task.task_spec.attached for task in open_tasks(workflow)):
        close(workflow)


def close(workflow: Any) -> None:
    """The scope is over: the case has ended, or the activity around the scope goes on."""
    workflow.completed = True
    around: CaseTask | None = workflow.parent_task
    if around is not None:
        del workflow.top_workflow.subprocesses[around.id]
        around.task_spec.body_completed(around, workflow)


class CaseSpec(BpmnProcessSpec):
    """The specification of one scope: a process or the inside of a sub-process."""

    def __init__(self, name: str) -> None:
        WorkflowSpec.__init__(self, name=name)
        self.svg = self.io_specification = None
        self.data_objects: dict[str, Any] = {}
        self.data_stores: dict[str, Any] = {}
        self.correlation_keys: dict[str, Any] = {}
        self.bpmn_start_events: list[Any] = []
        self.start = CaseStart(self, "Start")
        self.end = CaseEnd(self, f"{name}.EndJoin")
        self.wrapped = False
        """Made by us around a scope with event sub-processes: ending the scope ends this one too."""
        self.entries: tuple[Any, ...] = ()
        self.names: tuple[str, ...] = ()
        self.codes: Mapping[str, int] = {}
        """Name of an element's spec → the number it has in stored states."""
        self.by_code: Mapping[int, str] = {}
