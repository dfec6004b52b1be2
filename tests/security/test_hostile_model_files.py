"""Hostile model files: Python in any of the places where an engine evaluates text stays text, or is refused.

The limits of files, structures and expressions are in `tests/engine/bpmn_reader/test_xml.py`,
`tests/engine/bpmn/test_hostile.py` and `tests/engine/expressions/test_hostile.py`.
"""

from __future__ import annotations

from html import escape
from pathlib import Path

import pytest

from engine.bpmn.reader import read
from engine.commands import pathways, tasks
from engine.errors import ParcoursError
from engine.models import Task
from tests.engine.bpmn_reader.drawing import FIXTURES, bpmn, one_step
from tests.engine.commands.world import World
from tests.security.test_state_import import nothing_evaluated

TIMER = (
    '<userTask id="x" name="u"/><boundaryEvent id="b" attachedToRef="x"><timerEventDefinition id="t">{}'
    '</timerEventDefinition></boundaryEvent><endEvent id="e2"/><sequenceFlow id="f3" sourceRef="b" targetRef="e2"/>'
)
LOOP = (
    '<userTask id="x" name="u"><multiInstanceLoopCharacteristics id="m">{}</multiInstanceLoopCharacteristics>'
    "</userTask>"
)
SPIFF = '<userTask id="x" name="u"><extensionElements>{}</extensionElements></userTask>'
PLACES = {
    "script": '<scriptTask id="x" name="s" scriptFormat="python"><script>{evil}</script></scriptTask>',
    "timeDate": TIMER.format("<timeDate>{evil}</timeDate>"),
    "timeDuration": TIMER.format("<timeDuration>{evil}</timeDuration>"),
    "timeCycle": TIMER.format("<timeCycle>{evil}</timeCycle>"),
    "loopCardinality": LOOP.format("<loopCardinality>{evil}</loopCardinality>"),
    "completionCondition": LOOP.format(
        "<loopCardinality>2</loopCardinality><completionCondition>{evil}</completionCondition>"
    ),
    "loopCondition": '<userTask id="x" name="u"><standardLoopCharacteristics id="m"><loopCondition>{evil}'
    "</loopCondition></standardLoopCharacteristics></userTask>",
    "conditional event": '<intermediateCatchEvent id="x" name="c"><conditionalEventDefinition id="c"><condition>{evil}'
    "</condition></conditionalEventDefinition></intermediateCatchEvent>",
    "preScript": SPIFF.format("<spiffworkflow:preScript>{evil}</spiffworkflow:preScript>"),
    "postScript": SPIFF.format("<spiffworkflow:postScript>{evil}</spiffworkflow:postScript>"),
    "ad hoc": '<adHocSubProcess id="x" name="a"><userTask id="i" name="i"/><completionCondition>{evil}'
    "</completionCondition></adHocSubProcess>",
    "service": '<serviceTask id="x" name="s"><extensionElements><spiffworkflow:serviceTaskOperator id="o">'
    '<spiffworkflow:parameters><spiffworkflow:parameter id="p" value="{evil}"/></spiffworkflow:parameters>'
    "</spiffworkflow:serviceTaskOperator></extensionElements></serviceTask>",
    "name": '<userTask id="x" name="{evil}"/>',
    "called element": '<callActivity id="x" name="c" calledElement="{evil}"/>',
}
CONDITION = (
    '<startEvent id="s"/><exclusiveGateway id="g" name="Choix" default="f3"/><endEvent id="e"/><endEvent id="e2"/>'
    '<sequenceFlow id="f1" sourceRef="s" targetRef="g"/><sequenceFlow id="f2" name="a" sourceRef="g" targetRef="e">'
    "<conditionExpression>{evil}</conditionExpression></sequenceFlow>"
    '<sequenceFlow id="f3" name="b" sourceRef="g" targetRef="e2"/>'
)
SPELLINGS = ("{}", "= {}", "${{{}}}", "#{{{}}}")


def _drawn(place: str, evil: str) -> bytes:
    if place == "condition":
        return bpmn(CONDITION.format(evil=escape(evil)))
    return one_step(PLACES[place].format(evil=escape(evil)), dialect="spiffworkflow")


@pytest.mark.parametrize("place", [*PLACES, "condition"])
def test_python_in_a_model_is_never_evaluated(
    place: str, tmp_path: Path, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    proof = tmp_path / "executed"
    for number, spelling in enumerate(SPELLINGS):
        evil = spelling.format(f"__import__('os').mkdir('{proof}')")
        content = _drawn(place, evil).replace(b'<process id="p"', f'<process id="p{number}"'.encode())
        files = {"a.bpmn": content, "roles.json": b'{"": "home_nurse"}'}
        with nothing_evaluated():
            read(files)
            pathways.check(files)
        try:
            world.publish(files)
            case_id = world.start(f"p{number}")
            for task in world.rows(Task, case_id=case_id):
                world.do(tasks.complete, task_id=task.id, answers={})
            world.advance(days=2)
        except ParcoursError as refusal:
            assert str(refusal)
        assert not proof.exists(), spelling


@pytest.mark.parametrize("path", sorted((FIXTURES / "refused").iterdir()), ids=lambda path: path.stem)
def test_what_is_refused_is_refused_without_evaluating_anything(path: Path) -> None:
    with nothing_evaluated():
        result = read({path.name: path.read_bytes()})

    assert result.model is None and result.findings


@pytest.mark.parametrize("reference", ['x"] | //*["', "x' or '1'='1", "]]>", "//bpmn:message[@id='x']", "*"])
def test_an_id_that_is_a_query_finds_nothing(reference: str) -> None:
    step = f'<receiveTask id="x" name="r" messageRef="{escape(reference)}"/>'

    result = read({"a.bpmn": one_step(step)})

    assert result.findings
