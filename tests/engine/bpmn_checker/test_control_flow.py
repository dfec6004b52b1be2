"""What playing a pathway shows, fault by fault."""

from __future__ import annotations

import pytest

from engine.bpmn.checker import check
from engine.bpmn.findings import Finding, Severity
from engine.bpmn.model import PathwayModel
from tests.engine.bpmn_checker.drawings import codes, pathway, scope


def flow_findings(model: PathwayModel) -> list[Finding]:
    return [one for one in check(model) if one.family == "CF"]


def one(model: PathwayModel, code: str) -> Finding:
    found = [finding for finding in flow_findings(model) if finding.code == code]
    assert len(found) == 1, [finding.message for finding in flow_findings(model)]
    return found[0]


def test_join_that_waits_for_a_branch_a_choice_left_out_is_found_with_its_path_and_mend() -> None:
    model = pathway("s > x > u1 > p > u3 > e", "x > u2 > p")

    found = one(model, "CF-001")

    assert found.severity is Severity.ERROR
    assert (found.element_id, found.line, found.file) == ("p", 1, "drawn.bpmn")
    assert "le choix fait à « x »" in found.message
    assert [step.element_id for step in found.trace] in (["s", "x", "u1"], ["s", "x", "u2"])
    assert found.fix is not None and found.fix.parameters == (("type", "exclusiveGateway"),)
    assert codes(flow_findings(model)) == {"CF-001"}


def test_parallel_branches_that_meet_without_a_join_do_the_rest_twice() -> None:
    model = pathway("s > p > u1 > x > u3 > e", "p > u2 > x")

    found = one(model, "CF-002")

    assert found.element_id == "x"
    assert "Faire u3" in found.message
    assert found.fix is not None and found.fix.parameters == (("type", "parallelGateway"),)


def test_parallel_branches_may_meet_where_nothing_is_left_to_do() -> None:
    assert flow_findings(pathway("s > p > u1 > x > e", "p > u2 > x")) == []


def test_branches_that_meet_at_a_task_without_a_gateway_are_found_too() -> None:
    assert one(pathway("s > p > u1 > u3 > e", "p > u2 > u3"), "CF-002").element_id == "u3"


def test_loop_without_a_way_out_is_found() -> None:
    model = pathway("s > x1 > u1 > x2 > u2 > x1", "x2 > u3 > x1")

    found = one(model, "CF-003")

    assert found.severity is Severity.ERROR
    assert set(found.related) | {found.element_id} >= {"u1", "u2", "u3"}


def test_two_endless_loops_are_two_findings() -> None:
    model = pathway("s > x > x1 > u1 > x1", "x > x2 > u2 > x2", "x > e")

    assert [found.element_id for found in flow_findings(model) if found.code == "CF-003"] == ["u1", "u2"]


def test_unreachable_task_is_named_once_with_what_follows_it() -> None:
    found = one(pathway("s > u1 > e", "u2 > u3 > e"), "CF-004")

    assert (found.element_id, found.related, found.severity) == ("u2", ("u3",), Severity.WARNING)


def test_task_that_nothing_follows_is_given_an_end() -> None:
    found = one(pathway("s > u1"), "CF-005")

    assert found.fix is not None and found.fix.kind == "add_end"


def test_loop_without_a_wait_is_an_error_unless_a_script_changes_the_way_out() -> None:
    assert one(pathway("s > x1 > c1 > x2 > x1", "x2 > e"), "CF-006").severity is Severity.ERROR


def test_branches_that_go_back_without_a_join_multiply() -> None:
    model = pathway("s > x1 > p > u1 > x1", "p > u2 > x2 > x1", "x2 > e")

    assert "CF-007" in codes(flow_findings(model))


def test_branch_opened_at_every_turn_is_a_warning() -> None:
    model = pathway("s > x1 > p > u1 > e1", "p > k1 > x2 > x1", "x2 > e2")

    assert one(model, "CF-008").severity is Severity.WARNING


def test_branch_of_a_non_interrupting_event_that_joins_the_course_is_a_warning() -> None:
    found = one(pathway("s > u1 > x > u2 > e", "n_u1 > u3 > x"), "CF-023")

    assert found.severity is Severity.WARNING
    assert found.trace[-1].element_id in ("u1", "u3")


def test_reminders_beside_a_task_in_a_loop_are_sound() -> None:
    assert flow_findings(pathway("s > x1 > u1 > x2 > x1", "x2 > e", "n_u1 > u2 > e2", "n_u1 > u2")) == []


def test_interrupting_event_may_join_the_course() -> None:
    assert flow_findings(pathway("s > u1 > x > u2 > e", "b_u1 > u3 > x")) == []


def test_join_that_needs_an_event_to_happen_is_found() -> None:
    assert "dépend de l’évènement" in one(pathway("s > u1 > p > u2 > e", "n_u1 > u3 > p"), "CF-001").message


@pytest.mark.parametrize("join", ["x", "p"])
def test_inclusive_split_needs_an_inclusive_join(join: str) -> None:
    assert flow_findings(pathway("s > i1 > u1 > i2 > u3 > e", "i1 > u2 > i2")) == []

    found = flow_findings(pathway(f"s > i1 > u1 > {join} > u3 > e", f"i1 > u2 > {join}"))

    assert codes(found) == {"CF-002" if join == "x" else "CF-001"}
    assert found[0].fix is not None and found[0].fix.parameters == (("type", "inclusiveGateway"),)


def test_terminate_ends_what_waits_at_a_join() -> None:
    assert flow_findings(pathway("s > p1 > u1 > t", "p1 > u2 > p2 > u3 > e", "x > p2", "p1 > u4 > x")) == []


def test_fault_inside_a_sub_process_is_found_there_and_the_outside_is_still_checked() -> None:
    inside = scope("s2 > x > u1 > p > e2", "x > u2 > p")
    model = pathway("s > sp > p5 > u5 > x6 > u7 > e", "p5 > u6 > x6", inner={"sp": inside})

    assert {(found.code, found.element_id) for found in flow_findings(model)} == {("CF-001", "p"), ("CF-002", "x6")}


def test_phase_that_only_an_event_ends_is_sound() -> None:
    inside = scope("s2 > x1 > u1 > x1")
    model = pathway("s > sp > e", "b_sp > u2 > e2", inner={"sp": inside})

    assert all(found.severity is not Severity.ERROR for found in flow_findings(model))


def test_error_of_a_sub_process_must_be_caught() -> None:
    model = pathway("s > sp > e", inner={"sp": scope("s2 > u1 > x > r", "x > e2")})

    assert one(model, "CF-013").element_id == "r"


def test_every_fault_is_found_in_one_pass() -> None:
    model = pathway(
        "s > x1 > u1 > p1 > u2 > p2 > u3 > x3 > u5 > e",
        "x1 > u4 > p1",
        "p2 > u6 > x3",
        "u9 > u10",
    )

    assert codes(flow_findings(model)) >= {"CF-001", "CF-004", "CF-005"}
