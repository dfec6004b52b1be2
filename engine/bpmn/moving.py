"""« Modifier le cours »: tokens closed and opened by decision of a person, against the current of the flows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from SpiffWorkflow.util.task import TaskState

from engine.bpmn.activities import SubProcess, open_workflow
from engine.bpmn.elements import FUTURE, STARTED, CaseSpec, Element, close_events, open_tasks
from engine.bpmn.events import Split
from engine.bpmn.gateways import Inclusive, Join
from engine.bpmn.incidents import stopped
from engine.bpmn.traversal import CaseTask, CaseWorkflow
from engine.errors import StepNotOpen
from engine.outcome import Happened


def move_tokens(workflow: CaseWorkflow, closed: Sequence[str], opened: Sequence[str]) -> None:
    """Close tokens, open elements, then close the sub-processes left empty."""
    chosen = []
    for token in closed:
        task = workflow.find(token)
        if task is None or task.finished:
            raise StepNotOpen("Une des étapes à fermer n'est plus ouverte : le dossier a avancé entre-temps.")
        chosen.append(task)
    for task in chosen:
        if not task.finished:  # closing its activity may have closed it already
            _close(task)
    touched = [task.workflow for task in chosen]
    for element_id in opened:
        _open(workflow, element_id)
    for inside in reversed(touched):
        _drop_if_empty(inside)


def _close(task: CaseTask) -> None:
    """Close a token, with the boundary events of its activity; an event of its own closes alone."""
    task.cancel()
    loop = task.parent
    if task.triggered and loop is not None and not loop.finished and task.task_spec.instances is not None:
        if all(child.finished for child in loop.children):
            _close(loop)
        elif "n" in loop.internal_data:
            loop.internal_data["n"] -= 1  # the activity waits for one instance less
    elif task.task_spec.guarded:
        close_events(task.parent)


def _drop_if_empty(inside: Any) -> None:
    """A sub-process whose last token was closed by hand is closed too; it does not complete."""
    around: CaseTask | None = inside.parent_task
    if around is not None and not inside.completed and not any(open_tasks(inside)):
        outer = around.workflow
        _close(around)
        _drop_if_empty(outer)


def _open(workflow: CaseWorkflow, element_id: str) -> None:
    spec, path = _find(workflow, element_id)
    inside: Any = workflow
    for around in path:
        inside = _running(inside, around) or _enter(inside, around)
    entry = _entry(spec)
    child = inside.task_tree._add_child(entry, FUTURE)
    step = workflow.step
    if isinstance(spec, Inclusive | Join):
        step.record(Happened.ENTERED, child)  # a join opened by hand does not wait for the others
        child._ready()
    else:
        entry._update(child)


def _find(workflow: CaseWorkflow, element_id: str) -> tuple[Element, list[SubProcess]]:
    """The element, and the activities to go through to reach it. Pieces called by a call activity cannot be entered."""
    top: CaseSpec = workflow.spec
    front: list[tuple[CaseSpec, list[SubProcess]]] = [(top, [])]
    while front:
        spec, path = front.pop(0)
        for element in spec.task_specs.values():
            if element.shown == element_id and element.instances is None and not element.attached:
                return element, path
            if type(element) is SubProcess and len(path) < workflow.depth_limit:
                front.append((element.body, [*path, element]))
    raise stopped(
        "cannot_open", None, f"L'étape « {element_id} » ne peut pas être ouverte directement dans ce parcours."
    )


def _running(inside: Any, around: SubProcess) -> Any:
    for task in open_tasks(inside):
        if task.task_spec is around:
            return inside.top_workflow.subprocesses.get(task.id)
    return None


def _enter(inside: Any, around: SubProcess) -> Any:
    """Open a sub-process without its start: only the element wanted in it will be open."""
    if around.instances is not None:
        raise stopped("cannot_open", around.node, "Une étape répétée ne peut être ouverte que depuis son début.")
    entry = _entry(around)
    holder = inside.task_tree._add_child(entry, FUTURE)
    if isinstance(entry, Split):
        holder._set_state(TaskState.COMPLETED)
        for event in entry.targets[1:]:
            event._update(holder._add_child(event, FUTURE))
        holder = holder._add_child(around, FUTURE)
    inside.top_workflow.step.record(Happened.ENTERED, holder)
    holder._set_state(STARTED)
    if around.node.event_sub_process:
        holder.internal_data["e"] = {}
    return open_workflow(around, holder)


def _entry(spec: Element) -> Element:
    """Where a token arrives at an element: at its split, when it has boundary events."""
    for name in spec._inputs:
        before: Element = spec._wf_spec.task_specs[name]
        if isinstance(before, Split):
            return before
    return spec
