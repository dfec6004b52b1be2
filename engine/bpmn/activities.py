"""Activities: work for a person, scripts, decisions, automated actions, sub-processes and calls."""

from __future__ import annotations

from typing import Any

from SpiffWorkflow.bpmn.specs.mixins.script_task import ScriptTask
from SpiffWorkflow.bpmn.specs.mixins.service_task import ServiceTask
from SpiffWorkflow.bpmn.specs.mixins.subworkflow_task import CallActivity, SubWorkflowTask
from SpiffWorkflow.bpmn.specs.mixins.user_task import UserTask

from engine.bpmn.decided import decide
from engine.bpmn.elements import FUTURE, READY, STARTED, CaseSpec, Element, close_if_over, open_tasks
from engine.bpmn.incidents import said, stopped
from engine.bpmn.model import ExpressionText, Node, ServiceAction
from engine.bpmn.scope import compiled, expression_of, is_expression, scope_id
from engine.bpmn.times import instant, microseconds
from engine.bpmn.traversal import CaseSubWorkflow, CaseTask
from engine.errors import Invalid
from engine.outcome import Happened, Value


class HumanTask(Element, UserTask):
    """A person's task. Who, by when and with which form are settled when it opens, and kept."""

    node: Node

    def _update_hook(self, my_task: CaseTask) -> bool | None:
        step = self.step(my_task)
        work = self.node.work
        if work is not None:
            data = my_task.internal_data
            for key, moment in (("due", work.due), ("opens", work.opens)):
                if moment is not None and (when := instant(step, my_task, moment)) is not None:
                    data[key] = microseconds(when)
            for key, text in (
                ("assignee", work.assignee),
                ("form", work.form_key_expression),
                ("role", work.role_expression),
            ):
                if text is not None:
                    data[key] = self._word(my_task, text)
        return super()._update_hook(my_task)

    def _word(self, task: CaseTask, text: ExpressionText) -> Value:
        value = self.step(task).evaluate(task, text)
        return value if isinstance(value, list) or value is None else str(value)


class ScriptStep(Element, ScriptTask):
    """Assignments: `name = expression`, one a line."""

    node: Node

    def __init__(self, spec: Any, name: str, script: str) -> None:
        super().__init__(spec, name, script=script)

    def _run_hook(self, my_task: CaseTask) -> bool | None:
        self.step(my_task).run_script(my_task, self.script)
        return True


class DecisionStep(Element, ServiceTask):
    """A decision table; its outputs become facts."""

    node: Node

    def _run_hook(self, my_task: CaseTask) -> bool | None:
        step = self.step(my_task)
        key = self.node.decision or ""
        try:
            values = decide(step.program.model, key, step.view(my_task), now=step.now, calendar=step.calendar)
        except Invalid as error:
            raise step.broken(my_task, self.node, ExpressionText(""), str(error), code="decision") from error
        for name, value in values.items():
            step.write(my_task, name, value)
        return True


class ServiceStep(Element, ServiceTask):
    """An automated action: the host does it, after the step, from its outbox."""

    node: Node

    def _run_hook(self, my_task: CaseTask) -> bool | None:
        if self.node.action is not None:
            perform(self, my_task, self.node.action)
        return True


def perform(spec: Element, task: CaseTask, action: ServiceAction) -> None:
    """Ask the host for an action. `set_outcome` needs no host: it writes the fact `outcome`."""
    step = spec.step(task)
    values = {name: parameter(spec, task, text) for name, text in action.parameters.items()}
    if action.kind == "set_outcome":
        step.write(task, "outcome", values.get("outcome", next(iter(values.values()), None)), scope="")
    else:
        step.effect(task, action.kind, values)


def parameter(spec: Element, task: CaseTask, text: str) -> Value:
    """A parameter as written, or the value of the expression it is."""
    return spec.step(task).evaluate(task, expression_of(text)) if is_expression(text) else text


class SubProcess(Element, SubWorkflowTask):
    """An embedded sub-process, or the body of an event sub-process (which opens a scope for its payload)."""

    node: Node
    body: CaseSpec

    def __init__(self, spec: Any, name: str, body: CaseSpec) -> None:
        super().__init__(spec, name, subworkflow_spec=body.name)
        self.body = body

    def _update_hook(self, my_task: CaseTask) -> bool | None:
        step = self.step(my_task)
        step.record(Happened.ENTERED, my_task)
        my_task._set_state(STARTED)
        if self.node.event_sub_process:
            my_task.internal_data["e"] = my_task.parent.internal_data.get("e", {})
        self.open_body(my_task)
        return None

    def open_body(self, task: CaseTask) -> Any:
        """Start the inside of the activity."""
        inside = open_workflow(self, task)
        for entry in self.body.entries:
            inside.task_tree._add_child(entry, FUTURE)
        for child in inside.task_tree.children:
            child.task_spec._update(child)
        if not self.body.entries:
            close_if_over(inside)
        return inside

    def body_completed(self, task: CaseTask, inside: Any) -> None:
        """The inside is over: the activity completes in its turn."""
        task._set_state(READY)
        self.step(task).ready(task)

    def _on_cancel(self, my_task: CaseTask) -> None:
        inside = my_task.workflow.top_workflow.subprocesses.pop(my_task.id, None)
        if inside is not None:
            inside.completed = True
            for task in list(open_tasks(inside)):
                task.cancel()
        super()._on_cancel(my_task)


def open_workflow(spec: SubProcess | Call, task: CaseTask) -> Any:
    """The running inside of an activity. Stops the step when activities are nested beyond what a pathway can mean."""
    top = task.workflow.top_workflow
    if task.workflow.depth >= top.depth_limit:
        raise stopped(
            "depth",
            spec.node,
            f"{said(spec.node)} s'ouvre à plus de {top.depth_limit} niveaux : un sous-parcours s'appelle lui-même.",
        )
    return CaseSubWorkflow(spec.body, task)


class Call(SubProcess, CallActivity):
    """A call activity: a wall with doors. It sees its inputs, and gives back its outputs."""

    def _update_hook(self, my_task: CaseTask) -> bool | None:
        step = self.step(my_task)
        inputs = {each.name: step.evaluate(my_task, each.expression) for each in self.node.inputs}
        step.record(Happened.ENTERED, my_task)
        my_task._set_state(STARTED)
        my_task.internal_data["c"] = inputs
        self.open_body(my_task)
        return None

    def body_completed(self, task: CaseTask, inside: Any) -> None:
        step = self.step(task)
        scope = scope_id(task)
        view = step.view(inside.task_tree)
        for each in self.node.outputs:
            text = each.expression
            try:
                value = compiled(text.text, text.dialect).evaluate(view, now=step.now, calendar=step.calendar)
            except Invalid as error:
                raise step.broken(task, self.node, text, str(error)) from error
            step.write(task, each.name, value, scope=scope)
        task.internal_data.pop("c", None)
        super().body_completed(task, inside)
