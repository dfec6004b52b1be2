"""What of a case's task tree may be forgotten: everything but open tokens and the few finished tasks they lean on.

What happened stands in the case history. Of the finished tasks SpiffWorkflow keeps, ours read only these:

* the split of an activity with boundary events, as long as the activity or one of its events is open: the event finds
  the activity there, and the activity the events it closes;
* an event-based gateway, as long as its events wait: the first closes the others.

A token that leans on nothing hangs from the start task, so the tree stays flat and no walk can grow with history.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from SpiffWorkflow.util.task import TaskState

if TYPE_CHECKING:
    from engine.bpmn.traversal import CaseTask, CaseWorkflow

FINISHED = TaskState.FINISHED_MASK


def leans_on_parent(task: CaseTask, parent: CaseTask) -> bool:
    """Must the parent of an open token be kept?"""
    if not parent._state & FINISHED:
        return True  # an instance, under its activity
    return bool(parent.task_spec.holds(task))


def prune(workflow: CaseWorkflow) -> int:
    """Forget what nothing reads any more, in every running workflow. Returns how many tasks were forgotten."""
    return sum(_prune_one(each) for each in workflow.workflows())


def _prune_one(workflow: Any) -> int:
    tasks: dict[int, CaseTask] = workflow.tasks
    root: CaseTask = workflow.task_tree
    keep = {root.id: root}
    for task in list(tasks.values()):
        if task._state & FINISHED:
            continue
        keep[task.id] = task
        parent = tasks[task._parent]
        if leans_on_parent(task, parent):
            keep[parent.id] = parent
        else:
            task._parent = root.id
    forgotten = len(tasks) - len(keep)
    for task in keep.values():
        task._children = []
        if task is not root and task._parent not in keep:
            task._parent = root.id
    for number, task in keep.items():
        if task is not root:
            keep[task._parent]._children.append(number)
    workflow.tasks = keep
    return forgotten
