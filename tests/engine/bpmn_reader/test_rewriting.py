"""What is drawn in shorthand is spelled out, with the same meaning, and said so."""

from __future__ import annotations

import pytest

from engine.bpmn.model import MultiInstance, NodeKind, StandardLoop, TriggerKind
from engine.bpmn.reader import model_digest, read
from tests.engine.bpmn_reader.drawing import (
    AFTER,
    BEFORE,
    after,
    bpmn,
    codes,
    kinds,
    model_of,
    node,
    one_step,
    read_one,
)

CHOICE = BEFORE + (
    '<{gateway} id="x" name="{name}"/>'
    '<sequenceFlow id="yes" name="oui" sourceRef="x" targetRef="a">{condition}</sequenceFlow>'
    '<sequenceFlow id="no" name="non" sourceRef="x" targetRef="b"/>'
    '<task id="a" name="A"/><task id="b" name="B"/>'
)


def choice(gateway: str = "exclusiveGateway", name: str = "Urgent ?", condition: str = "") -> bytes:
    """A gateway with two named flows, the first with a condition when given."""
    written = f"<conditionExpression>{condition}</conditionExpression>" if condition else ""
    return bpmn(CHOICE.format(gateway=gateway, name=name, condition=written))


def test_a_gateway_without_conditions_becomes_a_decision_whose_options_are_the_flows() -> None:
    result = read_one(choice())

    assert result.model is not None
    task = node(result.model, "x_decide")
    assert task.name == "Décider : Urgent ?"
    assert task.origin == "x"
    assert task.work is not None
    assert [(one.value, one.label) for one in task.work.decides] == [("yes", "oui"), ("no", "non")]
    conditions = [flow.condition.text for flow in result.model.main_process.scope.flows.values() if flow.condition]
    assert conditions == ['= decision_x = "yes"', '= decision_x = "no"']
    field = result.model.forms[task.work.form_key or ""]["sections"][0]["fields"][0]
    assert (field["name"], field["type"], [one["value"] for one in field["options"]]) == (
        "decision_x",
        "code",
        ["yes", "no"],
    )
    assert "RD-064" in codes(result)


def test_prose_on_a_flow_is_a_decision_of_a_person() -> None:
    model = model_of(choice(condition="le patient est d'accord"))

    assert "x_decide" in model.main_process.scope.nodes


@pytest.mark.parametrize(("first", "second"), [("Yes", "No"), ("accepted", "refused"), ("oui", "")])
def test_single_words_on_the_flows_that_nothing_writes_are_labels_for_a_reader(first: str, second: str) -> None:
    def written(word: str) -> str:
        return f"<conditionExpression>{word}</conditionExpression>" if word else ""

    drawn = choice(condition="@").replace(b"<conditionExpression>@</conditionExpression>", written(first).encode())
    flow = b'<sequenceFlow id="no" name="non" sourceRef="x" targetRef="b"'
    drawn = drawn.replace(flow + b"/>", flow + b">" + written(second).encode() + b"</sequenceFlow>")

    result = read_one(drawn)

    assert result.model is not None
    assert "x_decide" in result.model.main_process.scope.nodes
    assert "DT-101" not in codes(result)


@pytest.mark.parametrize(
    ("gateway", "first", "second", "asked"),
    [
        ("exclusiveGateway", "${urgent}", "${!urgent}", True),
        ("exclusiveGateway", "${urgent}", "${alone}", False),
        ("exclusiveGateway", "${risk == 'a'}", "${risk == 'b'}", True),
        ("exclusiveGateway", "${risk == 'a' &amp;&amp; risk == 'b'}", "${risk == 'b'}", False),
        ("inclusiveGateway", "${urgent}", "${alone}", False),
        ("inclusiveGateway", "${urgent || !alone}", "${alone}", True),
    ],
)
def test_names_that_nothing_provides_are_asked_where_every_answer_leads_on_else_the_way_is_asked(
    gateway: str, first: str, second: str, asked: bool
) -> None:
    flow = '<sequenceFlow id="no" name="non" sourceRef="x" targetRef="b"'
    written = f"{flow}><conditionExpression>{second}</conditionExpression></sequenceFlow>"

    model = model_of(choice(gateway, condition=first).replace(f"{flow}/>".encode(), written.encode()))

    assert ("x_ask" in model.main_process.scope.nodes) is asked
    assert ("x_decide" in model.main_process.scope.nodes) is not asked


def test_a_single_word_that_a_form_writes_stays_a_condition() -> None:
    field = '<extensionElements><camunda:formData><camunda:formField id="yes" type="boolean"/></camunda:formData>'
    inside = BEFORE + f'<userTask id="x">{field}</extensionElements></userTask><exclusiveGateway id="g" default="h"/>'
    inside += '<sequenceFlow id="f2" sourceRef="x" targetRef="g"/><sequenceFlow id="h" sourceRef="g" targetRef="b"/>'
    inside += '<sequenceFlow id="i" sourceRef="g" targetRef="a"><conditionExpression>yes</conditionExpression>'

    model = model_of(bpmn(inside + '</sequenceFlow><task id="a"/><task id="b"/>', dialect="camunda"))

    assert "g_decide" not in model.main_process.scope.nodes


def test_a_usable_condition_is_kept_and_the_bare_flow_becomes_the_default() -> None:
    result = read_one(choice(condition="${age >= 75}"))

    assert result.model is not None
    assert node(result.model, "x").default_flow == "no"
    assert "RD-063" in codes(result)


def test_a_name_that_nothing_provides_is_asked_just_before_it_is_needed() -> None:
    result = read_one(choice(condition='${risk == "high"}'))

    assert result.model is not None
    asked = node(result.model, "x_ask")
    assert asked.work is not None
    field = result.model.forms[asked.work.form_key or ""]["sections"][0]["fields"][0]
    assert (field["name"], field["type"]) == ("risk", "code")
    assert after(result.model, "x_ask") == ["x"]
    assert "DT-101" in codes(result)


def test_an_inclusive_gateway_without_conditions_lets_several_branches_be_chosen() -> None:
    model = model_of(choice("inclusiveGateway"))

    work = node(model, "x_decide").work
    assert work is not None
    assert model.forms[work.form_key or ""]["sections"][0]["fields"][0]["type"] == "codes"


def test_several_flows_out_of_a_task_are_a_parallel_split() -> None:
    inside = BEFORE + '<task id="x" name="X"/><task id="a"/><task id="b"/>'
    inside += '<sequenceFlow id="g" sourceRef="x" targetRef="a"/><sequenceFlow id="h" sourceRef="x" targetRef="b"/>'

    result = read_one(bpmn(inside))

    assert result.model is not None
    assert kinds(result.model)["x_split"] is NodeKind.PARALLEL
    assert sorted(after(result.model, "x_split")) == ["a", "b"]
    assert "RD-053" in codes(result)


def test_flows_without_an_id_are_not_lost() -> None:
    model = model_of(one_step('<userTask id="x" name="Appeler"/>').replace(b'id="f1" ', b"").replace(b'id="f2" ', b""))

    assert after(model, "s") == ["x"]
    assert after(model, "x") == ["e"]


def test_links_are_joined_by_a_flow() -> None:
    inside = BEFORE + '<intermediateThrowEvent id="x"><linkEventDefinition name="A"/></intermediateThrowEvent>'
    inside += '<intermediateCatchEvent id="y"><linkEventDefinition name="A"/></intermediateCatchEvent>'
    inside += '<sequenceFlow id="f2" sourceRef="y" targetRef="e"/><endEvent id="e"/>'

    model = model_of(bpmn(inside))

    assert after(model, "x") == ["y"]


@pytest.mark.parametrize(
    ("throw", "catch"),
    [
        ('<linkEventDefinition id="l" name="A"><target>m</target>', '<linkEventDefinition id="m" name="B">'),
        ('<linkEventDefinition id="l" name="A">', '<linkEventDefinition id="m" name="B"><source>l</source>'),
        ('<linkEventDefinition id="l"><target>m</target>', '<linkEventDefinition id="m">'),
    ],
    ids=["by its target", "by its source", "without names"],
)
def test_links_are_joined_by_what_they_refer_to(throw: str, catch: str) -> None:
    inside = BEFORE + f'<intermediateThrowEvent id="x">{throw}</linkEventDefinition></intermediateThrowEvent>'
    inside += f'<intermediateCatchEvent id="y">{catch}</linkEventDefinition></intermediateCatchEvent>'
    inside += '<sequenceFlow id="f2" sourceRef="y" targetRef="e"/><endEvent id="e"/>'

    model = model_of(bpmn(inside))

    assert after(model, "x") == ["y"]


def test_a_start_and_an_end_are_added_where_none_is_drawn() -> None:
    result = read_one(bpmn('<task id="a" name="Seule"/>'))

    assert result.model is not None
    assert after(result.model, "start") == ["a"]
    assert after(result.model, "a") == ["end"]
    assert {"RD-081", "RD-084"} <= codes(result)


def test_several_plain_starts_are_alternatives_that_a_person_chooses() -> None:
    inside = '<startEvent id="s1" name="Par le médecin"/><startEvent id="s2" name="Par le patient"/><task id="a"/>'
    inside += '<sequenceFlow id="g" sourceRef="s1" targetRef="a"/><sequenceFlow id="h" sourceRef="s2" targetRef="a"/>'

    model = model_of(bpmn(inside))

    work = node(model, "start_decide").work
    assert work is not None
    assert [one.label for one in work.decides] == ["Par le médecin", "Par le patient"]


def test_starts_that_meet_in_a_parallel_join_begin_together() -> None:
    inside = '<startEvent id="s1"/><startEvent id="s2"/><parallelGateway id="j"/>'
    inside += '<sequenceFlow id="g" sourceRef="s1" targetRef="j"/><sequenceFlow id="h" sourceRef="s2" targetRef="j"/>'

    assert kinds(model_of(bpmn(inside)))["start_split"] is NodeKind.PARALLEL


def test_a_service_task_without_automation_is_confirmed_by_a_person() -> None:
    result = read_one(one_step('<serviceTask id="x" name="Envoyer la convocation"/>'))

    assert result.model is not None
    assert node(result.model, "x").kind is NodeKind.USER_TASK
    assert node(result.model, "x").name == "Confirmer que : Envoyer la convocation"
    assert "RD-010" in codes(result)


def test_the_error_of_a_confirmed_task_is_reported_by_the_person() -> None:
    step = '<serviceTask id="x" name="Réserver"/><boundaryEvent id="b" name="Complet" attachedToRef="x">'
    step += '<errorEventDefinition/></boundaryEvent><sequenceFlow id="f3" sourceRef="b" targetRef="o"/><task id="o"/>'

    model = model_of(one_step(step))

    work = node(model, "x").work
    assert work is not None
    assert [one.label for one in work.decides] == ["C’est fait", "Complet"]
    assert after(model, "b") == ["o"]


def test_a_multi_instance_without_a_number_asks_how_many() -> None:
    model = model_of(one_step('<task id="x" name="Visiter"><multiInstanceLoopCharacteristics/></task>'))

    loop = node(model, "x").loop
    assert isinstance(loop, MultiInstance)
    assert loop.cardinality is not None
    assert loop.cardinality.text == "= count_x"
    assert after(model, "x_count") == ["x"]


def test_a_bare_loop_marker_asks_whether_once_more() -> None:
    model = model_of(one_step('<task id="x" name="Essayer"><standardLoopCharacteristics/></task>'))

    assert node(model, "x_again").name == "Décider : refaire « Essayer » ?"
    assert set(after(model, "x_again_choice")) == {"e", "x_again_merge"}


def test_a_loop_without_a_maximum_is_bounded() -> None:
    marker = "<standardLoopCharacteristics><loopCondition>2 > 1</loopCondition></standardLoopCharacteristics>"
    step = f'<task id="x">{marker}</task>'

    loop = node(model_of(one_step(step)), "x").loop
    assert isinstance(loop, StandardLoop)
    assert loop.maximum == 100


def test_an_event_without_a_trigger_is_triggered_by_hand() -> None:
    result = read_one(one_step('<intermediateCatchEvent id="x" name="Réponse reçue"/>'))

    assert result.model is not None
    trigger = node(result.model, "x").trigger
    assert (trigger.kind, trigger.name) == (TriggerKind.MESSAGE, "Réponse reçue")
    assert "RD-020" in codes(result)


def test_a_multiple_catch_is_the_first_of_several_events() -> None:
    step = '<intermediateCatchEvent id="x"><messageEventDefinition/><timerEventDefinition>'
    step += "<timeDuration>PT48H</timeDuration></timerEventDefinition></intermediateCatchEvent>"

    model = model_of(one_step(step))

    assert kinds(model)["x_split"] is NodeKind.EVENT_BASED
    assert sorted(after(model, "x_split")) == ["x", "x_timer"]


def test_an_error_nobody_catches_stops_what_is_around() -> None:
    step = '<subProcess id="x" name="Phase"><startEvent id="is"/><sequenceFlow id="i" sourceRef="is" targetRef="ie"/>'
    step += '<endEvent id="ie" name="Refus"><errorEventDefinition/></endEvent></subProcess>'

    result = read_one(one_step(step))

    assert result.model is not None
    assert node(result.model, "x_error").attached_to == "x"
    assert {"RD-086", "RD-087"} <= codes(result)


def test_compensation_runs_the_handler_of_what_was_completed() -> None:
    step = '<task id="x" name="Réserver"/>'
    step += '<boundaryEvent id="b" attachedToRef="x"><compensateEventDefinition/></boundaryEvent>'
    step += '<task id="h" name="Annuler" isForCompensation="true"/><association id="l" sourceRef="b" targetRef="h"/>'
    end = '<sequenceFlow id="f2" sourceRef="x" targetRef="e"/><endEvent id="e"><compensateEventDefinition/></endEvent>'

    model = model_of(bpmn(BEFORE + step + end))

    guard = model.main_process.scope.flows
    tests = [flow.condition.text for flow in guard.values() if flow.condition is not None]
    assert tests == ['= list contains(case.completed_steps, "x")']
    assert node(model, "h_e").name == "Annuler"
    assert "b" not in model.main_process.scope.nodes


def test_the_activities_of_an_ad_hoc_sub_process_are_chosen_one_after_the_other() -> None:
    inside = '<task id="a" name="Appeler"/><task id="b" name="Écrire"/>'
    step = f'<adHocSubProcess id="x" name="Au besoin">{inside}</adHocSubProcess>'

    body = node(model_of(one_step(step)), "x").body
    assert body is not None
    work = body.nodes["x_decide"].work
    assert work is not None
    assert [one.label for one in work.decides] == ["Appeler", "Écrire", "C’est terminé"]


def test_a_lane_gives_its_role_and_white_space_does_not_lose_it() -> None:
    lanes = '<laneSet id="l"><lane id="l1" name="home_nurse"><flowNodeRef>\n  x\n </flowNodeRef></lane></laneSet>'

    work = node(model_of(bpmn(lanes + BEFORE + '<task id="x"/>' + AFTER)), "x").work
    assert work is not None
    assert work.roles == ("home_nurse",)


def test_an_unknown_group_is_listed_until_it_is_mapped() -> None:
    lanes = '<laneSet id="l"><lane id="l1" name="Infirmière libérale"><flowNodeRef>x</flowNodeRef></lane></laneSet>'
    data = bpmn(lanes + BEFORE + '<task id="x"/>' + AFTER)

    unmapped = read({"a.bpmn": data})
    mapped = read({"a.bpmn": data}, roles={"infirmière libérale": "home_nurse"})

    assert "AF-101" in codes(unmapped)
    assert "AF-101" not in codes(mapped)
    assert mapped.model is not None
    work = node(mapped.model, "x").work
    assert work is not None
    assert work.roles == ("home_nurse",)


def test_names_lose_what_cannot_be_seen() -> None:
    model = model_of(one_step('<userTask id="x" name="Dose&#10;\u200b10 mg"/>'))

    assert node(model, "x").name == "Dose 10 mg"


def test_the_digest_follows_the_meaning_and_not_the_layout() -> None:
    data = one_step('<userTask id="x" name="Appeler"/>')

    assert model_digest(model_of(data)) == model_digest(model_of(data.replace(b"<process", b"\n\n  <process")))
    assert model_digest(model_of(data)) != model_digest(model_of(data.replace(b"Appeler", b"Rappeler")))
