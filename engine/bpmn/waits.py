"""What a case waits for now, read from its live tokens."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from SpiffWorkflow.util.task import TaskState

from engine.bpmn.activities import HumanTask
from engine.bpmn.events import Boundary, Catch, Split
from engine.bpmn.gateways import Inclusive, Join
from engine.bpmn.model import ACTIVITIES, HumanWork, Node, TriggerKind
from engine.bpmn.program import Program
from engine.bpmn.scope import Frames, frames, locals_in, written_scope
from engine.bpmn.times import cycles_left, moment
from engine.bpmn.traversal import CaseTask, CaseWorkflow
from engine.outcome import Leaf, OpenTask, PendingTimer, Subscription, Value, WaitKind

NO_WORK = HumanWork()
_ASKED = re.compile(r"\{([A-Za-z_]\w*(?:\.\w+)*)\}")


@dataclass(slots=True)
class Waits:
    """Everything open, in reading order then in order of opening."""

    tasks: list[OpenTask] = field(default_factory=list)
    timers: list[PendingTimer] = field(default_factory=list)
    subscriptions: list[Subscription] = field(default_factory=list)
    leaves: list[Leaf] = field(default_factory=list)


def waits_of(program: Program, workflow: CaseWorkflow) -> Waits:
    """The open tasks, timers, subscriptions and leaves of a case."""
    found = Waits()
    if workflow.completed:
        return found
    last = len(program.reading_order)
    open_now: list[tuple[int, int, CaseTask]] = []
    for each in workflow.workflows():
        for task in each.tasks.values():
            spec = task.task_spec
            if (task._state == TaskState.WAITING) or (task._state == TaskState.READY and spec.manual):
                open_now.append((program.reading_order.get(spec.shown or "", last), task.id, task))
    open_now.sort(key=lambda entry: entry[:2])
    seen_joins: set[tuple[int, str]] = set()
    for _, _, task in open_now:
        _add(found, task, seen_joins)
    return found


def _add(found: Waits, task: CaseTask, seen_joins: set[tuple[int, str]]) -> None:
    spec = task.task_spec
    if isinstance(spec, HumanTask):
        found.tasks.append(_task(task, spec.node))
    elif isinstance(spec, Join | Inclusive) and spec.node is not None:
        place = (id(task.workflow), spec.name)
        if place not in seen_joins:
            seen_joins.add(place)
            found.leaves.append(_leaf(task, spec.node, WaitKind.JOIN))
    elif isinstance(spec, Catch):
        match spec.trigger.kind:
            case TriggerKind.TIMER:
                found.timers.append(_timer(task, spec))
            case TriggerKind.MESSAGE:
                found.subscriptions.append(_subscription(task, spec, WaitKind.MESSAGE))
            case TriggerKind.SIGNAL:
                found.subscriptions.append(_subscription(task, spec, WaitKind.SIGNAL))
            case TriggerKind.CONDITIONAL:
                found.leaves.append(_leaf(task, spec.node, WaitKind.CONDITION))


def _moment(data: Mapping[str, Any], key: str) -> datetime | None:
    return moment(data[key]) if key in data else None


def _task(task: CaseTask, node: Node) -> OpenTask:
    work = node.work or NO_WORK
    data = task.internal_data
    named = data.get("role")
    around, open_to_case = frames(task)
    roles = tuple(named) if isinstance(named, list) else (named,) if named else work.roles
    return OpenTask(
        token=task.token,
        element_id=node.origin or node.id,
        name=_filled(node.name, around),
        roles=roles,
        form_key=data.get("form") or work.form_key,
        documentation=node.documentation,
        due_at=_moment(data, "due"),
        opens_at=_moment(data, "opens"),
        escalation=work.escalation,
        offer=work.offer,
        priority=work.priority,
        assignee=data.get("assignee"),
        locals=locals_in(around),
        scope=written_scope(task, around, open_to_case),
    )


def _filled(name: str, around: Frames) -> str:
    """The name with the local values it asks for: « Rattraper : {step.label} »."""
    if "{" not in name:
        return name
    names = locals_in(around)

    def said(asked: re.Match[str]) -> str:
        value: Value = names
        for part in asked[1].split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        return "…" if value is None else str(value)

    return _ASKED.sub(said, name)


def _attached(task: CaseTask, spec: Catch) -> tuple[str | None, str | None]:
    """The drawn element that carries a boundary event, and its token. An event sub-process carries its own start."""
    if not isinstance(spec, Boundary):
        return None, None
    activity = next((each for each in task.parent.children if not each.task_spec.attached), None)
    token = None if activity is None else activity.token
    if spec.opens_handler:
        return spec.targets[0].node.id, None
    return (spec.node.attached_to, token)


def _timer(task: CaseTask, spec: Catch) -> PendingTimer:
    data = task.internal_data
    node = spec.node
    element, token = _attached(task, spec)
    repeats = isinstance(spec, Boundary) and not node.interrupting
    return PendingTimer(
        token=task.token,
        element_id=node.origin or node.id,
        name=node.name,
        due_at=moment(data["due"]),
        attached_to=element,
        attached_token=token,
        interrupting=node.interrupting if isinstance(spec, Boundary) else True,
        cycles_left=cycles_left(data["cy"], data["n"]) if repeats and "cy" in data else None,
        leads_to=_following_activity(spec),
    )


def _following_activity(spec: Catch) -> str:
    """The name of the activity behind the only way out; the split of its own boundary events stands before it."""
    if len(spec.targets) != 1:
        return ""
    next_spec = spec.targets[0]
    following: Node | None = (next_spec.targets[0] if isinstance(next_spec, Split) else next_spec).node
    return following.name if following is not None and following.kind in ACTIVITIES else ""


def _subscription(task: CaseTask, spec: Catch, kind: WaitKind) -> Subscription:
    data = task.internal_data
    node = spec.node
    return Subscription(
        token=task.token,
        element_id=node.origin or node.id,
        name=node.name,
        kind=kind,
        correlation_key=data.get("key"),
        attached_to=_attached(task, spec)[0],
        responsible=node.responsible,
        expected_at=_moment(data, "exp"),
        message=spec.trigger.name or "",
    )


def _leaf(task: CaseTask, node: Node, kind: WaitKind) -> Leaf:
    return Leaf(token=task.token, element_id=node.origin or node.id, name=node.name, kind=kind)
