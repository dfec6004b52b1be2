"""What every element does when a token arrives, runs and leaves; gateways; where a branch ends.

Each class is SpiffWorkflow's, with `Element` in front of it: no data is copied, nothing is predicted, children are made
when their parent completes, and what happens is recorded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.bpmn_task_spec import BpmnTaskSpec
from SpiffWorkflow.bpmn.specs.control import BpmnStartTask, _EndJoin
from SpiffWorkflow.bpmn.specs.mixins.exclusive_gateway import ExclusiveGateway
from SpiffWorkflow.bpmn.specs.mixins.inclusive_gateway import InclusiveGateway
from SpiffWorkflow.bpmn.specs.mixins.none_task import NoneTask
from SpiffWorkflow.bpmn.specs.mixins.parallel_gateway import ParallelGateway
from SpiffWorkflow.specs import WorkflowSpec
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.incidents import said, stopped
from engine.bpmn.model import ExpressionText, Node
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
        if self.guarded:
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
    """Close a scope in which no token is left."""
    if not workflow.completed and not any(open_tasks(workflow)):
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
        self.ordinals: Mapping[str, int] = {}


class Choice(Element, ExclusiveGateway):
    """An exclusive gateway: the first condition that is true, in the order of the file, else the default flow."""

    conditions: tuple[tuple[ExpressionText, Any], ...] = ()
    default: Any = None

    def _run_hook(self, my_task: CaseTask) -> bool | None:
        unknown: list[ExpressionText] = []
        for text, spec in self.conditions:
            answer = truth(self, my_task, text, unknown)
            if answer:
                my_task.internal_data["to"] = spec.name
                return True
        if self.default is None:
            raise no_branch(self, my_task, unknown)
        my_task.internal_data["to"] = self.default.name
        my_task.internal_data["why"] = by_default(self, my_task, unknown)
        return True

    def chosen(self, task: CaseTask) -> tuple[Any, ...]:
        return (self._wf_spec.task_specs[task.internal_data["to"]],)


def truth(spec: Element, task: CaseTask, text: ExpressionText, unknown: list[ExpressionText]) -> bool:
    """A condition's answer. An unknown one (null) counts as not true; what is not yes or no stops the step."""
    step = spec.step(task)
    answer = step.evaluate(task, text)
    if answer is None:
        unknown.append(text)
    elif not isinstance(answer, bool):
        raise step.broken(task, spec.node, text, "la condition doit répondre vrai ou faux.", code="condition")
    return answer is True


def missing(spec: Element, task: CaseTask, unknown: list[ExpressionText]) -> list[str]:
    """Names that unknown conditions read and nobody has written."""
    step = spec.step(task)
    names = {name for text in unknown for name, type_ in step.types(task, text).items() if type_ == "absent"}
    return sorted(names)


def by_default(spec: Element, task: CaseTask, unknown: list[ExpressionText]) -> str:
    names = missing(spec, task, unknown)
    return f"par défaut, sans connaître : {', '.join(names)}" if names else "par défaut"


def no_branch(spec: Element, task: CaseTask, unknown: list[ExpressionText]) -> Exception:
    """The incident of a gateway none of whose flows can be taken."""
    names = missing(spec, task, unknown)
    why = (
        f"il manque une réponse pour choisir ({', '.join(names)})"
        if names
        else "aucune de ses conditions n'est vraie et il n'a pas de branche par défaut"
    )
    sentence = f"Le parcours ne sait pas où aller après {said(spec.node)} : {why}."
    first = unknown[0] if unknown else None
    types = {} if first is None else spec.step(task).types(task, first)
    return stopped("no_branch", spec.node, sentence, expression=first.text if first else "", value_types=types)


class Join(Element, ParallelGateway):
    """A parallel gateway: one token from each incoming flow, then one on each outgoing. Extra tokens wait."""

    def _update_hook(self, my_task: CaseTask) -> bool | None:
        if len(self._inputs) < 2:
            return super()._update_hook(my_task)
        arrive(self, my_task)
        arrived = first_arrivals(self, my_task.workflow)
        if len(arrived) == len(self._inputs):
            consume(self, list(arrived.values()))
        return None


def arrive(spec: Element, task: CaseTask) -> None:
    """A token waits at a join, remembering the flow it came by."""
    came_from = task.parent.task_spec.name
    task.internal_data["f"] = spec._inputs.index(came_from) if came_from in spec._inputs else 0
    task._set_state(WAITING)
    if not any(other is not task for other in waiting_at(spec, task.workflow)):
        spec.step(task).record(Happened.ENTERED, task)


def waiting_at(spec: Element, workflow: Any) -> Iterator[CaseTask]:
    return (task for task in workflow.tasks.values() if task.task_spec is spec and task._state == WAITING)


def first_arrivals(spec: Element, workflow: Any) -> dict[int, CaseTask]:
    """Incoming flow (by its place) → the token that has waited longest on it."""
    arrived: dict[int, CaseTask] = {}
    for task in sorted(waiting_at(spec, workflow), key=lambda task: task.id):
        arrived.setdefault(task.internal_data["f"], task)
    return arrived


def consume(spec: Element, tokens: list[CaseTask]) -> None:
    """Several tokens become one, which goes on."""
    first, *others = sorted(tokens, key=lambda task: task.id)
    for task in others:
        task.remove()
    first._ready()


class Inclusive(Element, InclusiveGateway):
    """An inclusive gateway. Leaving: every flow whose condition is true. Entering (BPMN 2.0.2, §13.4.3): it goes on
    when no other token can still reach one of its empty incoming flows without passing through it."""

    settles = True
    conditions: tuple[tuple[ExpressionText, Any], ...] = ()
    always: tuple[Any, ...] = ()
    default: Any = None
    upstream: tuple[frozenset[str], ...] = ()
    """For each incoming flow, the specs from which it can be reached without passing here."""

    def _update_hook(self, my_task: CaseTask) -> bool | None:
        if len(self._inputs) < 2:
            return super()._update_hook(my_task)
        arrive(self, my_task)
        return None

    def settle(self, task: CaseTask) -> bool:
        """Nothing moves any more: can the join go on?"""
        arrived = first_arrivals(self, task.workflow)
        empty = frozenset().union(*(self.upstream[i] for i in range(len(self._inputs)) if i not in arrived))
        filled = frozenset().union(*(self.upstream[i] for i in arrived))
        for other in open_tasks(task.workflow):
            spec = other.task_spec
            if spec is not self and not spec.attached and spec.name in empty and spec.name not in filled:
                return False
        consume(self, list(arrived.values()))
        return True

    def _run_hook(self, my_task: CaseTask) -> bool | None:
        unknown: list[ExpressionText] = []
        names = [spec.name for text, spec in self.conditions if truth(self, my_task, text, unknown)]
        names += [spec.name for spec in self.always]
        if not names:
            if self.default is None:
                raise no_branch(self, my_task, unknown)
            names = [self.default.name]
            my_task.internal_data["why"] = by_default(self, my_task, unknown)
        my_task.internal_data["to"] = names
        return True

    def chosen(self, task: CaseTask) -> tuple[Any, ...]:
        return tuple(self._wf_spec.task_specs[name] for name in task.internal_data["to"])
