"""What is drawn beside the pathway (other pools, choreographies, lanes of events) never refuses it."""

from __future__ import annotations

from engine.bpmn.model import TriggerKind
from engine.bpmn.reader import read
from tests.engine.bpmn_reader.drawing import AFTER, BEFORE, bpmn, codes, errors, node, one_step, read_one

PARTNER = (
    '<process id="partner"><startEvent id="ps"/><sequenceFlow id="pf" sourceRef="ps" targetRef="px"/>'
    '<intermediateCatchEvent id="px"><timerEventDefinition><timeDuration>3 jours</timeDuration></timerEventDefinition>'
    "</intermediateCatchEvent></process>"
)


def test_what_cannot_run_in_the_pool_of_a_partner_refuses_nothing() -> None:
    result = read_one(one_step('<userTask id="x"/><userTask id="y"/>', around=PARTNER))

    assert result.model is not None
    assert result.model.main == "p"
    assert "RD-101" in codes(result)


def test_what_cannot_run_in_a_process_that_the_pathway_calls_refuses_it() -> None:
    step = '<callActivity id="x" calledElement="partner"/><userTask id="y"/>'

    refused = errors(read_one(one_step(step, around=PARTNER)))

    assert [(one.code, one.element_id) for one in refused] == [("TM-001", "px")]


def test_a_choreography_beside_a_process_is_kept_as_a_drawing() -> None:
    drawn = '<choreography id="c" name="Échanges"><choreographyTask id="ct"/></choreography>'

    result = read_one(one_step('<userTask id="x"/>', around=drawn))

    assert result.model is not None
    assert [one.element_id for one in result.findings if one.code == "RD-102"] == ["c"]


def test_an_event_in_two_lanes_does_not_matter_for_nobody_does_it() -> None:
    lanes = "".join(f'<lane id="{one}" name="{one}"><flowNodeRef>s</flowNodeRef></lane>' for one in ("gp", "nurse"))

    result = read_one(bpmn(f"<laneSet>{lanes}</laneSet>" + BEFORE + '<userTask id="x"/>' + AFTER))

    assert result.model is not None
    assert "AF-103" not in codes(result)


def test_a_process_may_name_the_interface_it_offers() -> None:
    inside = "<supportedInterfaceRef>i</supportedInterfaceRef>" + BEFORE + '<userTask id="x"/>' + AFTER

    assert read_one(bpmn(inside)).model is not None


def test_an_event_sub_process_whose_time_nothing_gives_is_started_by_a_person() -> None:
    for time in ("${delay}", "${clock.delay()}", "0 0 8 * * ?"):
        kind = "timeCycle" if "*" in time else "timeDuration"
        handler = (
            f'<subProcess id="h" triggeredByEvent="true"><startEvent id="hs"><timerEventDefinition><{kind}>{time}'
            f'</{kind}></timerEventDefinition></startEvent><sequenceFlow id="hf" sourceRef="hs" targetRef="hx"/>'
            '<userTask id="hx"/></subProcess>'
        )

        result = read({"essai.bpmn": one_step('<userTask id="x"/>' + handler)})

        assert result.model is not None, errors(result)
        body = node(result.model, "h").body
        assert body is not None
        assert body.nodes["hs"].trigger.kind is TriggerKind.MESSAGE
        assert "RD-020" in codes(result)
