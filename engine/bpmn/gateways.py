"""Gateways: exclusive, parallel and inclusive. No prediction, no stale tokens: a join looks at who waits at it.

SpiffWorkflow's joins read every task of their kind ever made, so that a parallel join in a loop fires after one branch,
and its inclusive join fires early behind nested choices. These hold tokens, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from SpiffWorkflow.bpmn.specs.mixins.exclusive_gateway import ExclusiveGateway
from SpiffWorkflow.bpmn.specs.mixins.inclusive_gateway import InclusiveGateway
from SpiffWorkflow.bpmn.specs.mixins.parallel_gateway import ParallelGateway

from engine.bpmn.elements import WAITING, Element, open_tasks
from engine.bpmn.incidents import said, stopped
from engine.bpmn.model import ExpressionText
from engine.bpmn.traversal import CaseTask
from engine.outcome import Happened


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
