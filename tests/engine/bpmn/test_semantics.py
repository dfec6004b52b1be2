"""The reference page says what the engine does: every line of it is executed."""

from __future__ import annotations

import pytest

from engine.bpmn.model import NodeKind, PathwayModel
from tests.engine.bpmn.build import end, node, pathway, scope, start, user
from tests.engine.bpmn.element_lines import LINES
from tests.engine.bpmn.playing import Played
from tests.engine.bpmn.semantics import PAGE, Line, page


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.element)
def test_the_line_is_true(line: Line) -> None:
    line.check()


def test_the_page_is_the_one_the_lines_write() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(LINES), "run: python -m tests.engine.bpmn.element_lines"


DMN = b"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n">
<decision id="grade" name="grade"><decisionTable id="t" hitPolicy="FIRST">
<input id="i"><inputExpression id="ie" typeRef="number"><text>score</text></inputExpression></input>
<output id="o" name="level" typeRef="string"/>
<rule id="r1"><inputEntry id="c1"><text>&gt;= 7</text></inputEntry>
<outputEntry id="o1"><text>"high"</text></outputEntry></rule>
<rule id="r2"><inputEntry id="c2"><text>-</text></inputEntry>
<outputEntry id="o2"><text>"low"</text></outputEntry></rule>
</decisionTable></decision></definitions>"""


def decided(score: int) -> Played:
    step = node("k", NodeKind.DECISION_TASK, decision="grade")
    drawn = pathway(scope(start(), step, user("n"), end(), flows="s k n e"))
    model = PathwayModel(processes=drawn.processes, main=drawn.main, decisions={"grade": DMN})
    return Played(model, score=score)


def test_a_business_rule_task_writes_the_outputs_of_its_decision() -> None:
    assert decided(8).facts[""]["level"] == "high"
    assert decided(2).facts[""]["level"] == "low"
