"""What a file says of people and of its start: who opens cases, what is asked then, who does what by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.bpmn.findings import Finding, Severity
from engine.bpmn.reader import NOBODY, ReadResult, read
from tests.engine.bpmn_reader.corpus import COMPLETED, fate_of
from tests.engine.bpmn_reader.drawing import FIXTURES, node

EXPORTS = FIXTURES.parent / "exports"


def export(folder: str, **roles: str) -> ReadResult:
    """The files of one modeller, read with these roles."""
    files = {path.name: path.read_bytes() for path in sorted((EXPORTS / folder).iterdir())}
    return read(files, roles=roles)


@pytest.mark.parametrize("drawing", sorted(EXPORTS.rglob("*.bpmn")), ids=lambda path: path.parent.name)
def test_every_export_is_played_to_its_end(drawing: Path) -> None:
    fate = fate_of(drawing, range(5))

    assert fate.verdict == COMPLETED, fate.said


def about_people(result: ReadResult) -> list[Finding]:
    return [one for one in result.findings if one.code == "AF-102"]


def test_a_person_named_as_the_only_one_must_be_given_a_role() -> None:
    read_so_far = export("camunda7")

    assert read_so_far.unmapped["marie"] == ("Activity_1prepar",)
    assert read_so_far.unmapped[NOBODY] == ("Activity_3courri",)
    assert [one.severity for one in about_people(read_so_far)] == [Severity.WARNING]


def test_the_role_given_to_a_person_does_the_task_whatever_the_capitals() -> None:
    result = export("camunda7", Marie="hospital_nurse")

    assert result.model is not None
    work = node(result.model, "Activity_1prepar").work
    assert work is not None and work.roles == ("hospital_nurse",)
    assert "marie" not in result.unmapped
    assert not about_people(result)


def test_a_person_named_beside_a_group_needs_no_role() -> None:
    source = (EXPORTS / "camunda7" / "retour_prothese_hanche.bpmn").read_text()
    both = source.replace('camunda:assignee="marie"', 'camunda:assignee="marie" camunda:candidateGroups="home_nurse"')

    result = read({"a.bpmn": both.encode()})

    assert "marie" not in result.unmapped
    assert [one.severity for one in about_people(result)] == [Severity.INFO]


def test_the_form_of_the_start_is_what_opening_a_case_asks() -> None:
    model = export("camunda7").draft

    assert model is not None
    fields = model.forms[model.start_form or ""]["sections"][0]["fields"]
    assert [(one["name"], one["type"], one["required"]) for one in fields] == [
        ("date_intervention", "date", True),
        ("cote", "code", True),
    ]


def test_starter_groups_say_who_opens_cases_once_they_have_a_role() -> None:
    unmapped, mapped = export("camunda7"), export("camunda7", **{"service-orthopedie": "hospital_nurse"})

    assert "service-orthopedie" in unmapped.unmapped
    assert mapped.draft is not None and mapped.draft.starters == ("hospital_nurse",)


def test_units_dates_and_explanations_of_form_js_are_kept() -> None:
    model = export("camunda8").draft

    assert model is not None
    form = model.forms["signes-alerte-ic"]
    fields = {one["name"]: one for one in form["sections"][0]["fields"]}
    assert form["intro"]["fr"] == "Signes d’alerte. À relever au domicile, patient debout depuis cinq minutes."
    assert fields["poids_du_jour"]["unit"] == "kg"
    assert fields["date_visite"]["label"]["fr"] == "Date de la visite"
    assert fields["signes"]["help"]["fr"] == "Cocher tout ce qui est présent."


def test_a_decision_at_the_very_start_is_taken_by_those_who_act_after_it() -> None:
    drawn = """<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:parcours="urn:parcours:bpmn:1">
      <process id="p" name="P" isExecutable="true"><startEvent id="s"/><exclusiveGateway id="g" name="Où ?"/>
      <userTask id="a" name="Visiter" parcours:role="home_nurse"/><endEvent id="e"/><endEvent id="f"/>
      <sequenceFlow id="f1" sourceRef="s" targetRef="g"/><sequenceFlow id="f2" sourceRef="g" targetRef="e"/>
      <sequenceFlow id="f3" sourceRef="g" targetRef="a"/><sequenceFlow id="f4" sourceRef="a" targetRef="f"/>
      </process></definitions>"""

    model = read({"a.bpmn": drawn.encode()}).draft

    assert model is not None
    decision = node(model, "g_decide")
    assert decision.work is not None and decision.work.roles == ("home_nurse",)
