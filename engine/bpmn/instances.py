"""Activities that happen several times: one per item, side by side or in turn, or as long as a condition holds.

The activity holds only what its open instances need: a finished instance leaves its number and, when an output is
collected, its value. Kept in the activity's internal data: `n` instances, `d` finished, `a` started, `items` still to
come (in turn only), `o` outputs by instance number.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import ParallelMultiInstanceTask, StandardLoopTask

from engine.bpmn.elements import FUTURE, READY, STARTED, Element
from engine.bpmn.gateways import truth
from engine.bpmn.incidents import said, stopped
from engine.bpmn.model import ExpressionText, MultiInstance, Node, StandardLoop
from engine.bpmn.traversal import CaseTask
from engine.outcome import Happened, Value

MAXIMUM = 2_000
"""Instances of one activity; also the longest list of the expression language. A campaign is many cases, not one."""


class Instances(Element, ParallelMultiInstanceTask):
    """A multi-instance activity, parallel or in turn."""

    node: Node
    loop: MultiInstance
    activity: Any

    def __init__(self, spec: Any, name: str, node: Node, loop: MultiInstance) -> None:
        super().__init__(spec, name, f"{name} [child]")
        self.node = node
        self.loop = loop

    def _update_hook(self, my_task: CaseTask) -> bool | None:
        step = self.step(my_task)
        items = self._items(my_task)
        step.record(Happened.ENTERED, my_task)
        my_task.internal_data.update(n=len(items), d=0, a=0)
        if not items:
            return True
        my_task._set_state(STARTED)
        step.allow_instances(my_task, len(items))
        if self.loop.parallel:
            for child in [self._instance(my_task, item) for item in items]:
                child.task_spec._update(child)
        else:
            my_task.internal_data["items"] = items[1:]
            child = self._instance(my_task, items[0])
            child.task_spec._update(child)
        return None

    def _items(self, task: CaseTask) -> list[Value]:
        step = self.step(task)
        text = self.loop.collection or self.loop.cardinality
        assert text is not None  # `unsupported` refuses a multi-instance without either
        value = step.evaluate(task, text)
        if self.loop.collection is not None:
            if value is None:
                return []
            if not isinstance(value, list):
                raise step.broken(task, self.node, text, "une liste est attendue.", code="instances")
            items = value
        else:
            if not isinstance(value, Decimal) or value != int(value) or value < 0:
                raise step.broken(task, self.node, text, "un nombre entier est attendu.", code="instances")
            items = [None] * min(int(value), MAXIMUM + 1)
        if len(items) > MAXIMUM:
            sentence = f"{said(self.node)} devrait s'ouvrir plus de {MAXIMUM} fois dans un même dossier."
            raise stopped("instances", self.node, sentence, expression=text.text)
        return items

    def _instance(self, task: CaseTask, item: Value) -> CaseTask:
        data = task.internal_data
        data["a"] += 1
        child = task._add_child(self.activity, FUTURE)
        child.triggered = True
        names: dict[str, Value] = {"loopCounter": Decimal(data["a"])}
        if self.loop.item is not None and self.loop.collection is not None:
            names[self.loop.item] = item
        child.internal_data["i"] = names
        return child

    def instance_completed(self, task: CaseTask, child: CaseTask) -> None:
        """Collect the instance, then go on: to the next, or out."""
        step = self.step(task)
        data = task.internal_data
        data["d"] += 1
        if self.loop.output_collection is not None:
            number = int(child.internal_data["i"]["loopCounter"])
            data.setdefault("o", {})[number] = self._output(child)
        enough = self.loop.completion is not None and self._enough(child, self.loop.completion, data)
        child.remove()
        if enough or data["d"] == data["n"]:
            for other in task.children:
                other.cancel()
            data.pop("items", None)
            task._set_state(READY)
            step.ready(task)
        elif not self.loop.parallel:
            following = self._instance(task, data["items"].pop(0))
            following.task_spec._update(following)

    def _output(self, child: CaseTask) -> Value:
        step = self.step(child)
        if self.loop.output_element is not None:
            return step.evaluate(child, self.loop.output_element)
        names = dict(child.internal_data["i"])
        names.pop("loopCounter")
        return {**names, **step.around.facts.get(child.token, {}), **step.written.get(child.token, {})}

    def _enough(self, child: CaseTask, text: ExpressionText, data: dict[str, Any]) -> bool:
        """The completion condition, seen from the instance that has just finished, with BPMN's counters."""
        total, done, started = data["n"], data["d"], data["a"]
        counters: dict[str, Value] = {
            "nrOfInstances": Decimal(total),
            "numberOfInstances": Decimal(total),
            "nrOfCompletedInstances": Decimal(done),
            "numberOfCompletedInstances": Decimal(done),
            "nrOfActiveInstances": Decimal(started - done),
            "numberOfActiveInstances": Decimal(started - done),
            "nrOfTerminatedInstances": Decimal(0),
            "numberOfTerminatedInstances": Decimal(0),
        }
        step = self.step(child)
        answer = step.evaluate(child, text, counters)
        if answer is not None and not isinstance(answer, bool):
            raise step.broken(
                child, self.node, text, "la condition d'arrêt doit répondre vrai ou faux.", code="condition"
            )
        return answer is True

    def _run_hook(self, my_task: CaseTask) -> bool | None:
        name = self.loop.output_collection
        if name is not None:
            outputs = my_task.internal_data.pop("o", {})
            self.step(my_task).write(my_task, name, [outputs[number] for number in sorted(outputs)])
        return True

    def _on_complete(self, my_task: CaseTask) -> None:
        my_task.internal_data["said"] = f"{my_task.internal_data['d']}/{my_task.internal_data['n']}"
        super()._on_complete(my_task)


class Repeat(Element, StandardLoopTask):
    """A standard loop: the activity again, as long as the condition holds, at most `maximum` times."""

    node: Node
    loop: StandardLoop
    activity: Any

    def __init__(self, spec: Any, name: str, node: Node, loop: StandardLoop) -> None:
        super().__init__(spec, name, f"{name} [child]", loop.maximum, None, loop.test_before)
        self.node = node
        self.loop = loop

    def _update_hook(self, my_task: CaseTask) -> bool | None:
        my_task.internal_data.update(d=0)
        self.step(my_task).record(Happened.ENTERED, my_task)
        if self.loop.test_before and not self._again(my_task, my_task):
            return True
        my_task._set_state(STARTED)
        self._turn(my_task)
        return None

    def _again(self, task: CaseTask, seen_from: CaseTask) -> bool:
        done = task.internal_data["d"]
        if self.loop.maximum is not None and done >= self.loop.maximum:
            return False
        if self.loop.condition is None:
            return self.loop.maximum is not None
        return truth(self, seen_from, self.loop.condition, [])

    def _turn(self, task: CaseTask) -> None:
        child = task._add_child(self.activity, FUTURE)
        child.triggered = True
        child.internal_data["k"] = {"loopCounter": Decimal(task.internal_data["d"] + 1)}
        child.task_spec._update(child)

    def instance_completed(self, task: CaseTask, child: CaseTask) -> None:
        """After each turn: once more, or out."""
        task.internal_data["d"] += 1
        again = self._again(task, child)
        child.remove()
        if again:
            self._turn(task)
        else:
            task._set_state(READY)
            self.step(task).ready(task)
