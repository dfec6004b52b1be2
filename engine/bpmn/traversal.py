"""The task tree of a case: SpiffWorkflow's own, without its walks over finished work.

SpiffWorkflow 3.2.0 looks for what is ready, and refreshes what waits, by walking the whole tree after every task, to a
depth of 1,000; it predicts the tree ahead, which explodes over consecutive parallel blocks; and it copies data from
task to task. A case needs none of the three: what becomes ready is put in a queue, a join looks at what arrived when
something arrives, children are made when their parent completes, and facts live outside the tree.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

if TYPE_CHECKING:
    from engine.bpmn.step import Step

FINISHED = TaskState.FINISHED_MASK
ROOT = 0
"""Number of the start task of every (sub-)workflow; tokens are numbered from 1 in the whole case."""
NOBODY = -1
"""Parent of a start task."""


class CaseTask(Task):
    """A token. Its id is a number counted in the case, so that a step gives the same tokens each time it is tried."""

    def __init__(
        self,
        workflow: Any,
        task_spec: Any,
        parent: CaseTask | None = None,
        state: int = TaskState.FUTURE,
        *,
        number: int,
    ) -> None:
        self.id: int = number
        self.workflow = workflow
        self._parent: int = NOBODY if parent is None else parent.id
        self._children: list[int] = []
        self._state = state
        self.triggered = False
        self.task_spec = task_spec
        self.thread_id = 0
        self.data: dict[str, Any] = {}
        self.internal_data: dict[str, Any] = {}
        self.last_state_change = 0.0
        workflow.tasks[number] = self
        if parent is not None:
            parent._children.append(number)

    @property
    def token(self) -> str:
        """The token as the host knows it."""
        return str(self.id)

    @property
    def finished(self) -> bool:
        return bool(self._state & FINISHED)

    def _add_child(self, task_spec: Any, state: int = TaskState.FUTURE) -> CaseTask:
        return CaseTask(self.workflow, task_spec, self, state, number=self.workflow.top_workflow.next_number())

    def _set_state(self, value: int) -> None:
        self._state = value

    def complete(self) -> None:
        """Mark complete and go on, unless what just ran has ended the scope this task was in."""
        if self._state != TaskState.CANCELLED:
            super().complete()

    def cancel(self) -> None:
        """Cancel this token and what it holds; finished work below it is left alone."""
        if self._state & FINISHED:
            return
        self._state = TaskState.CANCELLED
        for child in self.children:
            child.cancel()
        self.task_spec._on_cancel(self)

    def remove(self) -> None:
        """Forget the token: it was consumed by a join, or merged into its activity."""
        self._state = TaskState.CANCELLED
        del self.workflow.tasks[self.id]
        parent = self.workflow.tasks.get(self._parent)
        if parent is not None:
            parent._children.remove(self.id)


def _tasks_below(first: CaseTask, matches: Any) -> Iterator[CaseTask]:
    stack = [first]
    while stack:
        task = stack.pop()
        stack.extend(reversed(task.children))
        if matches(task):
            yield task


class CaseWorkflow(BpmnWorkflow):
    """The tokens of a case, its sub-workflows included."""

    step: Step

    def __init__(self, spec: Any, subprocess_specs: Any, step: Step) -> None:
        super().__init__(spec, subprocess_specs, script_engine=step, deserializing=True)
        self.step = step
        self.last_number = 0
        self.depth_limit = 40
        self.parent_task = None
        self.task_tree = CaseTask(self, spec.start, state=TaskState.COMPLETED, number=ROOT)

    def next_number(self) -> int:
        self.last_number += 1
        return self.last_number

    def workflows(self) -> list[Any]:
        """The case's own workflow, then every running sub-workflow, outermost first."""
        return [self, *self.subprocesses.values()]

    def find(self, token: str) -> CaseTask | None:
        """The task of a token, wherever it stands in the case."""
        if not token.isascii() or not token.isdigit() or token.startswith("0"):
            return None
        number = int(token)
        for workflow in self.workflows():
            task: CaseTask | None = workflow.tasks.get(number)
            if task is not None:
                return task
        return None

    def get_tasks_iterator(self, first_task: CaseTask | None = None, state: int = TaskState.ANY_MASK, **_: Any) -> Any:
        return _tasks_below(first_task or self.task_tree, lambda task: task._state & state)

    def update_waiting_tasks(self) -> None:
        """Nothing to refresh: joins look when a token arrives, events when they are told."""

    def _task_completed_notify(self, task: CaseTask) -> None:
        """Completion is decided where a branch ends (`CaseEnd`), not by the name of a task."""


class CaseSubWorkflow(BpmnSubWorkflow):
    """The inside of a running sub-process, call activity or event sub-process."""

    def __init__(self, spec: Any, parent_task: CaseTask) -> None:
        self.parent_task = parent_task
        super().__init__(spec, parent_task.id, parent_task.workflow.top_workflow, deserializing=True)
        self.task_tree = CaseTask(self, spec.start, state=TaskState.COMPLETED, number=ROOT)
        self.top_workflow.subprocesses[parent_task.id] = self

    @property
    def parent_workflow(self) -> Any:
        return self.parent_task.workflow

    def _calculate_depth(self) -> int:
        return int(self.parent_task.workflow.depth) + 1

    get_tasks_iterator = CaseWorkflow.get_tasks_iterator
    update_waiting_tasks = CaseWorkflow.update_waiting_tasks
    _task_completed_notify = CaseWorkflow._task_completed_notify
