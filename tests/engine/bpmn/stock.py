"""Stock SpiffWorkflow playing the same model: its own parser on BPMN written from the model, its own serializer between
all steps, nothing pruned. Only its script engine is ours, since its own would need Python in the model."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any, Protocol
from xml.sax.saxutils import escape, quoteattr

from SpiffWorkflow.bpmn import BpmnEvent, BpmnWorkflow
from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.specs.event_definitions.message import MessageEventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.timer import TimerEventDefinition
from SpiffWorkflow.bpmn.specs.mixins.events.event_types import CatchingEvent
from SpiffWorkflow.exceptions import SpiffWorkflowException
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.model import MultiInstance, Node, NodeKind, PathwayModel, Scope, TriggerKind

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
ELEMENTS = {
    NodeKind.START: "startEvent",
    NodeKind.END: "endEvent",
    NodeKind.USER_TASK: "userTask",
    NodeKind.SCRIPT_TASK: "scriptTask",
    NodeKind.SUB_PROCESS: "subProcess",
    NodeKind.EXCLUSIVE: "exclusiveGateway",
    NodeKind.PARALLEL: "parallelGateway",
    NodeKind.CATCH: "intermediateCatchEvent",
    NodeKind.BOUNDARY: "boundaryEvent",
}
LONG_AGO = "2020-01-01T00:00:00+00:00"


class Facts(Protocol):
    """Who evaluates."""

    def evaluate(self, text: str) -> Any: ...

    def run(self, text: str) -> None: ...


class FactEngine(PythonScriptEngine):  # type: ignore[misc]
    """Stock's script engine, reading and writing the facts with the language of the product."""

    def __init__(self, facts: Facts) -> None:
        super().__init__()
        self.facts = facts

    def evaluate(self, task: Any, expression: str, external_context: Any = None) -> Any:
        value = self.facts.evaluate(expression)
        return int(value) if expression.isdigit() else value

    def execute(self, task: Any, script: str, external_context: Any = None) -> bool:
        self.facts.run(script)
        return True


def to_bpmn(model: PathwayModel) -> bytes:
    """The model as a BPMN file of the plain kind."""
    body = _scope(model.main_process.scope)
    names = sorted(set(re.findall(r'messageRef="(\w+).message"', body)))
    messages = "".join(f'<message id="{name}.message" name="{name}"/>' for name in names)
    return (
        f'<definitions xmlns="{BPMN}" xmlns:xsi="{XSI}" targetNamespace="t">{messages}'
        f'<process id="{model.main}" isExecutable="true">{body}</process></definitions>'
    ).encode()


def _scope(scope: Scope) -> str:
    nodes = "".join(_node(node) for node in scope.nodes.values())
    flows = ""
    for flow in scope.flows.values():
        condition = ""
        if flow.condition is not None:
            written = escape(flow.condition.text)
            condition = f'<conditionExpression xsi:type="tFormalExpression">{written}</conditionExpression>'
        flows += (
            f"<sequenceFlow id={quoteattr(flow.id)} sourceRef={quoteattr(flow.source)} "
            f"targetRef={quoteattr(flow.target)}>{condition}</sequenceFlow>"
        )
    return nodes + flows


def _node(node: Node) -> str:
    name = ELEMENTS[node.kind]
    attributes = f"id={quoteattr(node.id)} name={quoteattr(node.name)}"
    if node.default_flow:
        attributes += f" default={quoteattr(node.default_flow)}"
    if node.attached_to:
        attributes += f' attachedToRef={quoteattr(node.attached_to)} cancelActivity="{str(node.interrupting).lower()}"'
    inside = "" if node.body is None else _scope(node.body)
    if node.script is not None:
        inside += f"<script>{escape(node.script)}</script>"
    if node.trigger.kind is TriggerKind.TIMER and node.trigger.expression is not None:
        inside += (
            f"<timerEventDefinition><timeDuration>{node.trigger.expression.text}</timeDuration></timerEventDefinition>"
        )
    elif node.trigger.kind is TriggerKind.MESSAGE:
        inside += f'<messageEventDefinition messageRef="{node.trigger.name}.message"/>'
    if isinstance(node.loop, MultiInstance) and node.loop.cardinality is not None:
        inside += (
            f'<multiInstanceLoopCharacteristics isSequential="{str(not node.loop.parallel).lower()}">'
            f"<loopCardinality>{node.loop.cardinality.text}</loopCardinality></multiInstanceLoopCharacteristics>"
        )
    return f"<{name} {attributes}>{inside}</{name}>"


class GaveUp(Exception):
    """Stock SpiffWorkflow raised an error of its own on a sound model (multi-instance after a boundary event, …)."""


@contextmanager
def giving_up() -> Iterator[None]:
    try:
        yield
    except SpiffWorkflowException as error:
        raise GaveUp from error


class StockCase:
    """One case played by stock SpiffWorkflow."""

    serializer = BpmnWorkflowSerializer()

    def __init__(self, model: PathwayModel, facts: Facts) -> None:
        parser = BpmnParser()
        parser.add_bpmn_io(BytesIO(to_bpmn(model)))
        self.engine = FactEngine(facts)
        self.workflow = BpmnWorkflow(
            parser.get_spec(model.main), parser.get_subprocess_specs(model.main), script_engine=self.engine
        )
        self._settle()

    def _settle(self) -> None:
        with giving_up():
            self.workflow.do_engine_steps()
        self.workflow = self.serializer.deserialize_json(self.serializer.serialize_json(self.workflow))
        self.workflow.script_engine = self.engine

    @staticmethod
    def _name(task: Any) -> str:
        return str(task.task_spec.name).removesuffix(" [child]")

    def _tasks(self) -> list[Any]:
        return [task for task in self.workflow.get_tasks(state=TaskState.READY) if task.task_spec.manual]

    def _events(self) -> list[Any]:
        waiting = self.workflow.get_tasks(state=TaskState.WAITING)
        return [task for task in waiting if isinstance(task.task_spec, CatchingEvent)]

    def open(self) -> Counter[str]:
        return Counter(self._name(task) for task in self._tasks())

    def waits(self) -> Counter[str]:
        return Counter(self._name(task) for task in self._events())

    @property
    def done(self) -> bool:
        return bool(self.workflow.completed)

    def complete(self, name: str) -> None:
        task = next(task for task in self._tasks() if self._name(task) == name)
        with giving_up():
            task.run()
        self._settle()

    def ring(self, name: str) -> None:
        task = next(task for task in self._events() if self._name(task) == name)
        assert isinstance(task.task_spec.event_definition, TimerEventDefinition)
        task._set_internal_data(event_value=LONG_AGO)
        with giving_up():
            self.workflow.refresh_timers()
        self._settle()

    def tell(self, name: str) -> None:
        with giving_up():
            self.workflow.send_event(BpmnEvent(MessageEventDefinition(name), {}))
        self._settle()
