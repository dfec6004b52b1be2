"""The open tokens of a case put down in another version of its pathway, one by one, each with its number and its data.

Scopes with event sub-processes run inside wrappers of our own (`rewrite`): a version may have wrappers that another has
not. So a drawn scope is a stack of levels, and each token is put down on the level where its element now stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from SpiffWorkflow.util.task import TaskState

from engine.bpmn.activities import Call, HumanTask, SubProcess, open_workflow
from engine.bpmn.drawn_scopes import BETWEEN, Levels, drawn_id, flow_into, role_of
from engine.bpmn.elements import FUTURE, STARTED, Element, open_tasks
from engine.bpmn.events import Catch, EventGateway, Split
from engine.bpmn.gateways import Inclusive, Join, consume, first_arrivals
from engine.bpmn.incidents import said
from engine.bpmn.instances import Instances, Repeat
from engine.bpmn.model import TriggerKind
from engine.bpmn.program import Program
from engine.bpmn.rewrite import SILENT
from engine.bpmn.state import empty
from engine.bpmn.step import Step
from engine.bpmn.times import instant, microseconds
from engine.bpmn.traversal import CaseTask, CaseWorkflow

Key = tuple[str, str]


class CannotRehome(Exception):
    """The case cannot be put down in the new version; the message is a sentence that says why."""


class Unmapped(Exception):
    """Open elements that stand for nothing in the new version."""

    def __init__(self, found: Mapping[str, str]) -> None:
        super().__init__(*found)
        self.elements = tuple(found)
        self.names = tuple(found.values())


@dataclass(slots=True)
class Rehomed:
    """A case under its new version, before it runs on."""

    workflow: CaseWorkflow
    dropped: list[tuple[str, str]] = field(default_factory=list)
    """Element and token of each step that was closed on the way."""

    def marking(self) -> frozenset[str]:
        """Where the case is, as the explorer says it: elements at work, and flows whose token waits at a join."""
        found = set()
        for inside in self.workflow.workflows():
            for task in open_tasks(inside):
                spec = task.task_spec
                if isinstance(spec, Join | Inclusive) and "f" in task.internal_data:
                    found.add(flow_into(spec, task.internal_data["f"]))
                elif (drawn := drawn_id(spec)) and not spec.attached and not spec.node.event_sub_process:
                    found.add(drawn)
        return frozenset(found)


def rehome(
    before: CaseWorkflow,
    program: Program,
    step: Step,
    *,
    pairs: Mapping[Key, Key],
    closed: frozenset[Key],
    restart_timers: bool,
) -> Rehomed:
    """Every open token of `before` in `program`. Raises Unmapped, CannotRehome, or Stopped for a time or a key that
    cannot be computed."""
    after = empty(program, step)
    after.last_number = before.last_number
    move = _Move(before, step, pairs, closed, restart_timers, Rehomed(after))
    move.scope(before, after, before.spec.name)
    if move.unmapped:
        raise Unmapped(move.unmapped)
    order = {number: place for place, number in enumerate(before.subprocesses)}
    after.subprocesses = dict(sorted(after.subprocesses.items(), key=lambda each: order.get(each[0], len(order))))
    move.set_off()
    return move.done


def _otherwise_repeated(spec: Element) -> CannotRehome:
    return CannotRehome(f"{said(spec.node)} ne se répète plus de la même façon, et elle est ouverte.")


class _Move:
    """One case on its way from one version to another."""

    def __init__(
        self,
        before: CaseWorkflow,
        step: Step,
        pairs: Mapping[Key, Key],
        closed: frozenset[Key],
        restart_timers: bool,
        done: Rehomed,
    ) -> None:
        self.before = before
        self.step = step
        self.pairs = pairs
        self.known = {target[1] for target in pairs.values()}
        self.closed = closed
        self.restart_timers = restart_timers
        self.done = done
        self.unmapped: dict[str, str] = {}
        self.placed: dict[int, CaseTask] = {}
        """Number of an old task → its new one."""
        self.fresh: list[CaseTask] = []
        """Events to be opened once everything is in place."""
        self.passing: list[CaseTask] = []
        """Tokens at a join that no longer joins anything."""

    def scope(self, old: Any, new: Any, process: str) -> None:
        """Put down what is open in one drawn scope."""
        levels = Levels(new)
        tokens: list[CaseTask] = []
        plumbing: dict[str, CaseTask] = {}
        inside: Any = old
        while inside is not None:
            following = None
            for number in sorted(inside.tasks):
                task = inside.tasks[number]
                if not number or (task.finished and not isinstance(task.task_spec, Split | EventGateway)):
                    continue
                if task.task_spec.node.origin == SILENT:
                    plumbing[task.task_spec.name] = task
                    if not task.finished:
                        following = self.before.subprocesses.get(number)
                else:
                    tokens.append(task)
            inside = following
        lost: set[int] = set()
        waits = [task for task in tokens if task.task_spec.attached]
        self._keep_guards(levels, plumbing, waits, process)
        for task in tokens:
            if not task.task_spec.attached and not isinstance(task.task_spec, Split):
                self._token(task, levels, plumbing, waits, lost, process)

    def _target(self, task: CaseTask, levels: Levels, process: str) -> tuple[int, Element] | None:
        """The level and element where a token now belongs."""
        drawn = drawn_id(task.task_spec)
        pair = None if drawn is None else self.pairs.get((process, drawn))
        return None if pair is None else levels.homes.get((pair[1], role_of(task.task_spec)))

    def _token(
        self,
        task: CaseTask,
        levels: Levels,
        plumbing: Mapping[str, CaseTask],
        waits: list[CaseTask],
        lost: set[int],
        process: str,
    ) -> None:
        if task._parent in lost:
            lost.add(task.id)
            self._drop(task)
            return
        home = self._target(task, levels, process)
        if home is None:
            if (process, drawn_id(task.task_spec) or "") in self.pairs:
                raise _otherwise_repeated(task.task_spec)
            if not self._may_go(task, process):
                self._refuse(task)
            lost.add(task.id)
            self._drop(task)
            return
        depth, spec = home
        self._check(task.task_spec, spec)
        workflow = self._level(levels, depth, plumbing)
        if isinstance(spec, Join | Inclusive):
            self._arrival(task, spec, workflow, process)
            return
        above = self._above(task, spec, workflow, waits, levels, process)
        made = self._put(task, spec, above)
        if type(spec) in (SubProcess, Call):
            inner = self.before.subprocesses[task.id]
            within = inner.spec.name if isinstance(task.task_spec, Call) else process
            self.scope(inner, open_workflow(spec, made), within)
            if not any(open_tasks(self.done.workflow.subprocesses[made.id])) and not self.unmapped:
                raise CannotRehome(f"{said(spec.node)} resterait sans rien d'ouvert à l'intérieur.")

    def _may_go(self, task: CaseTask, process: str) -> bool:
        """May a token without a place be dropped? When somebody said so, or when it waits beside others."""
        if (process, drawn_id(task.task_spec) or "") in self.closed:
            return True
        if isinstance(task.task_spec, EventGateway):
            return False
        parent = task.parent
        return parent is not None and isinstance(parent.task_spec, EventGateway) and parent.id in self.placed

    def _refuse(self, task: CaseTask) -> None:
        node = task.task_spec.node
        self.unmapped[drawn_id(task.task_spec) or task.task_spec.name] = node.name or node.id

    def _drop(self, task: CaseTask) -> None:
        if task.task_spec.shown is not None and not task.finished:
            self.done.dropped.append((task.task_spec.shown, task.token))
        inner = self.before.subprocesses.get(task.id)
        if inner is not None:
            for each in open_tasks(inner):
                self._drop(each)

    def _check(self, old: Element, new: Element) -> None:
        """A repeated step stays repeated, in the same way."""
        loop = new.instances if new.instances is not None else new
        was = old.instances if old.instances is not None else old
        same = isinstance(was, Instances | Repeat) == isinstance(loop, Instances | Repeat) and (
            not isinstance(was, Instances) or (isinstance(loop, Instances) and was.loop.parallel == loop.loop.parallel)
        )
        if not same:
            raise _otherwise_repeated(new)

    def _level(self, levels: Levels, depth: int, plumbing: Mapping[str, CaseTask]) -> Any:
        """The running level of a scope, its wrappers opened on the way."""
        while len(levels.open) <= depth:
            outer = levels.open[-1]
            wrapper = levels.wrappers[len(levels.open) - 1]
            split = self._guard(levels, len(levels.open) - 1, plumbing)
            known = plumbing.get(wrapper.name)
            holder = CaseTask(outer, wrapper, split, STARTED, number=known.id if known else self._number())
            levels.open.append(open_workflow(wrapper, holder))
        return levels.open[depth]

    def _guard(self, levels: Levels, place: int, plumbing: Mapping[str, CaseTask]) -> CaseTask:
        """The split of a wrapper, with the waits of its event sub-processes; opened if the old version had none."""
        outer, wrapper = levels.open[place], levels.wrappers[place]
        spec: Any = outer.spec.task_specs[wrapper._inputs[0]]
        known = plumbing.get(spec.name)
        for task in outer.tasks.values():
            if task.task_spec is spec:
                return task
        split = CaseTask(
            outer, spec, outer.task_tree, TaskState.COMPLETED, number=known.id if known else self._number()
        )
        return self._open_missing(split)

    def _keep_guards(
        self, levels: Levels, plumbing: Mapping[str, CaseTask], waits: list[CaseTask], process: str
    ) -> None:
        """Waits of event sub-processes that outlast the flow they guarded."""
        for wait in [wait for wait in waits if wait.task_spec.opens_handler]:
            home = self._target(wait, levels, process)
            if home is None:
                continue
            depth, spec = home
            workflow = self._level(levels, depth, plumbing)
            split_spec: Any = workflow.spec.task_specs[spec._inputs[0]]
            split = next((task for task in workflow.tasks.values() if task.task_spec is split_spec), None)
            if split is None:
                known = plumbing.get(split_spec.name)
                number = known.id if known else self._number()
                split = CaseTask(workflow, split_spec, workflow.task_tree, TaskState.COMPLETED, number=number)
            self._put(wait, spec, split)
        for place in range(len(levels.open)):
            outer = levels.open[place]
            for task in list(outer.tasks.values()):
                if isinstance(task.task_spec, Split) and drawn_id(task.task_spec) is None:
                    self._open_missing(task)

    def _above(
        self, task: CaseTask, spec: Element, workflow: Any, waits: list[CaseTask], levels: Levels, process: str
    ) -> CaseTask:
        """What a token hangs from: its activity, its split, its event gateway, or the start."""
        parent = task.parent
        if spec.instances is not None:
            return self.placed[parent.id]
        root: CaseTask = workflow.task_tree
        entries = [workflow.spec.task_specs[name] for name in spec._inputs]
        entry = next((each for each in entries if isinstance(each, Split | EventGateway)), None)
        if isinstance(parent.task_spec, EventGateway) and parent.id in self.placed:
            return self.placed[parent.id]
        if entry is None or (isinstance(entry, EventGateway) and len(entries) > 1):
            return root
        known = parent if type(parent.task_spec) is type(entry) else None
        number = known.id if known else self._number()
        above = CaseTask(workflow, entry, root, TaskState.COMPLETED, number=number)
        for wait in waits:
            if known is not None and wait.parent is known:
                home = self._target(wait, levels, process)
                if home is not None and home[1] in entry.targets:
                    self._put(wait, home[1], above)
        if isinstance(entry, Split):
            self._open_missing(above)
        else:
            self._open_others(above, spec)
        return above

    def _open_missing(self, split: CaseTask) -> CaseTask:
        """Open the events that the old version did not have; one it had that waits no more has fired."""
        there = {child.task_spec for child in split.children}
        for event in split.task_spec.targets[0 if isinstance(split.task_spec, EventGateway) else 1 :]:
            if event not in there and drawn_id(event) not in self.known:
                self.fresh.append(split._add_child(event, FUTURE))
        return split

    def _open_others(self, gateway: CaseTask, spec: Element) -> None:
        for target in gateway.task_spec.targets:
            if target is not spec:
                self.fresh.append(gateway._add_child(target, FUTURE))

    def _put(self, task: CaseTask, spec: Element, above: CaseTask) -> CaseTask:
        made = CaseTask(above.workflow, spec, above, task._state, number=task.id)
        made.triggered = task.triggered
        made.internal_data = dict(task.internal_data)
        self.placed[task.id] = made
        if isinstance(spec, Catch):
            self._again(made, task.task_spec)
        elif isinstance(spec, HumanTask):
            self._work(made, spec)
        elif isinstance(spec, Call) and (
            new := [each for each in spec.node.inputs if each.name not in made.internal_data["c"]]
        ):
            inputs = {each.name: self.step.evaluate(made, each.expression) for each in new}
            made.internal_data["c"] = {**made.internal_data["c"], **inputs}
        elif isinstance(spec, EventGateway):
            self._open_missing(made)
        return made

    def _again(self, made: CaseTask, old: Any) -> None:
        """A wait keeps its date and its key, unless they mean nothing any more."""
        spec: Any = made.task_spec
        data = made.internal_data
        trigger = spec.trigger
        if trigger.kind is TriggerKind.TIMER and (self.restart_timers or trigger.timer is not old.trigger.timer):
            for name in ("due", "cy", "n", "at"):
                data.pop(name, None)
            spec.wait(made)
        elif trigger.kind is TriggerKind.MESSAGE and (trigger.correlation is None) == ("key" in data):
            data.pop("key", None)
            spec.wait(made)

    def _work(self, made: CaseTask, spec: HumanTask) -> None:
        """Who and with which form as the new version says; by when as was promised, if a date was."""
        data, work = made.internal_data, spec.node.work
        if work is None:
            return
        for key, text in (
            ("assignee", work.assignee), ("form", work.form_key_expression), ("role", work.role_expression),
        ):  # fmt: skip
            if text is None:
                data.pop(key, None)
            elif key not in data:
                data[key] = spec._word(made, text)
        for key, moment in (("due", work.due), ("opens", work.opens)):
            if moment is not None and key not in data and (when := instant(self.step, made, moment)) is not None:
                data[key] = microseconds(when)

    def _arrival(self, task: CaseTask, join: Element, workflow: Any, process: str) -> None:
        """A token that waits at a join. One whose branch is gone is not waited for any more."""
        if len(join._inputs) < 2:
            made = CaseTask(workflow, join, workflow.task_tree, FUTURE, number=task.id)
            self.passing.append(made)
            return
        old = task.task_spec
        source: Element = old._wf_spec.task_specs[old._inputs[task.internal_data["f"]]]
        number = next((place for place in self._same_source(source, join, process)), None)
        if number is None:
            self._drop(task)
            return
        made = CaseTask(workflow, join, workflow.task_tree, task._state, number=task.id)
        made.internal_data = {**task.internal_data, "f": number}

    def _same_source(self, source: Element, join: Element, process: str) -> Iterator[int]:
        drawn = source.node.origin or source.node.id if source.node is not None else ""
        pair = self.pairs.get((process, drawn))
        for place, name in enumerate(join._inputs):
            other: Element = join._wf_spec.task_specs[name]
            node = other.node
            between = name == source.name and name.endswith(BETWEEN)
            if between or (pair is not None and node is not None and (node.origin or node.id) == pair[1]):
                yield place

    def _number(self) -> int:
        return self.done.workflow.next_number()

    def set_off(self) -> None:
        """Open what is new, and let joins go on that wait for nobody any more."""
        for task in self.fresh:
            task.task_spec._update(task)
        for task in self.passing:
            task.task_spec._update(task)
        for inside in self.done.workflow.workflows():
            for spec in inside.spec.task_specs.values():
                if isinstance(spec, Join) and len(spec._inputs) > 1:
                    while len(arrived := first_arrivals(spec, inside)) == len(spec._inputs):
                        consume(spec, list(arrived.values()))
