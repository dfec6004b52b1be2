"""One test per kind of finding outside control flow: what is wrong, and that the right thing is left alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from engine.bpmn.checker import Absence, Holder, check
from engine.bpmn.findings import Finding, Severity
from engine.bpmn.model import (
    ExpressionText,
    HumanWork,
    Lane,
    MultiInstance,
    NodeKind,
    PathwayModel,
    Process,
    Scope,
    TimerKind,
    Trigger,
    TriggerKind,
)
from tests.engine.bpmn_checker.drawings import codes, of_scope, scope, with_node


def with_conditions(drawn: Scope, **texts: str) -> Scope:
    """Conditions by the target of their flow."""
    flows = {
        key: replace(flow, condition=ExpressionText(texts[flow.target])) if flow.target in texts else flow
        for key, flow in drawn.flows.items()
    }
    return Scope(nodes=drawn.nodes, flows=flows)


def field(name: str, kind: str = "bool", **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "label": {"fr": name}, "required": True, **more}


def form(*fields: dict[str, Any]) -> dict[str, Any]:
    return {"key": "f", "title": {"fr": "F"}, "sections": [{"fields": list(fields)}]}


def asked(drawn: Scope, task: str = "u0", roles: tuple[str, ...] = ("gp",)) -> Scope:
    return with_node(drawn, task, work=HumanWork(roles=roles, form_key="f"))


CHOICE = scope("s > u0 > x1 > u1 > e", "x1 > u2 > e")
LEVELS = [{"value": "low", "label": {"fr": "b"}}, {"value": "high", "label": {"fr": "h"}}]


def chosen(fields: dict[str, Any], one: str, other: str, **more: Any) -> set[str]:
    model = of_scope(with_conditions(asked(CHOICE), u1=one, u2=other))
    return codes(check(model, forms={"f": form(fields)}, **more))


@pytest.mark.parametrize(
    ("fields", "one", "other", "expected"),
    [
        (field("ok"), "ok", "not(ok)", set()),
        (field("ok"), "ok", "ok = true", {"DT-010", "DT-013"}),
        (field("ok", required=False), "ok", "not(ok)", {"DT-010"}),
        (field("age", "int"), "age < 75", "age > 75", {"DT-010"}),
        (field("age", "int"), "age < 75", "age >= 75", set()),
        (field("age", "int"), "age <= 75", "age >= 75", {"DT-013"}),
        (field("level", "code", options=LEVELS), 'level = "low"', 'level = "high"', set()),
        (field("level", "code", options=LEVELS), 'level = "low"', 'level = "urgent"', {"DT-005", "DT-010", "DT-014"}),
        (field("when", "date"), "when < today()", "when > today()", {"DT-011"}),
        (field("age", "int"), "age + 1", "age < 3", {"EX-022"}),
        (field("age", "int"), 'age = "old"', 'age != "old"', {"EX-021"}),
        (field("ok"), "ok and", "not(ok)", {"EX-020"}),
        (field("ok"), "missing_name", "not(missing_name)", {"DT-001", "DT-011"}),
    ],
)
def test_conditions_are_tried_on_all_values(fields: dict[str, Any], one: str, other: str, expected: set[str]) -> None:
    found = chosen(fields, one, other)

    assert {code for code in found if code[:2] in ("DT", "EX")} >= expected
    assert bool({code for code in found if code[:2] in ("DT", "EX")}) == bool(expected)


def test_an_answer_left_empty_is_a_warning_and_a_missing_answer_an_error() -> None:
    def severity(required: bool, other: str) -> Severity:
        model = of_scope(with_conditions(asked(CHOICE), u1="ok", u2=other))
        found = check(model, forms={"f": form(field("ok", required=required))})
        return next(one.severity for one in found if one.code == "DT-010")

    assert severity(False, "not(ok)") is Severity.WARNING
    assert severity(True, "ok and ok") is Severity.ERROR


WIDER = HumanWork(roles=("gp",), form_key="wider")
WIDER_FORM = {
    **form(field("level", "code", options=[*LEVELS, {"value": "none", "label": {"fr": "a"}}])),
    "key": "wider",
}


@pytest.mark.parametrize(("required", "found"), [(True, set()), (False, {"DT-010"})])
def test_a_choice_right_after_the_answer_counts_only_what_may_be_answered_there(
    required: bool, found: set[str]
) -> None:
    again = with_node(asked(scope("s > u3 > u0 > x1 > u1 > e", "x1 > u2 > e")), "u3", work=WIDER)
    forms = {"f": form(field("level", "code", options=LEVELS, required=required)), "wider": WIDER_FORM}

    told = check(of_scope(with_conditions(again, u1='level = "low"', u2='level = "high"')), forms=forms)

    assert codes(told, "DT-010") == found


def test_parameters_are_known_values() -> None:
    model = of_scope(with_conditions(CHOICE, u1="strict", u2="not(strict)"))

    assert codes(check(model, parameters={"strict": True}), "DT") == {"DT-014"}
    assert "DT-001" in codes(check(model))


def test_a_name_read_before_it_is_written_is_told_with_the_way_there() -> None:
    drawn = with_conditions(scope("s > x1 > u1 > u0 > e", "x1 > u2 > e"), u1="ok", u2="not(ok)")

    found = [one for one in check(of_scope(asked(drawn)), forms={"f": form(field("ok"))}) if one.code == "DT-002"]

    assert [step.element_id for step in found[0].trace] == ["s", "x1"]
    assert found[0].severity is Severity.WARNING


def test_a_parallel_branch_has_written_once_it_is_joined() -> None:
    drawn = scope("s > p1 > u0 > p2 > x1 > u1 > e", "p1 > u3 > p2", "x1 > u2 > e")
    model = of_scope(asked(with_conditions(drawn, u1="ok", u2="not(ok)")))

    assert "DT-002" not in codes(check(model, forms={"f": form(field("ok"))}))


def test_a_computed_name_nobody_reads_and_two_types_for_one_name_are_told() -> None:
    drawn = with_node(scope("s > u0 > c1 > e"), "c1", script='ok = 3\nunused = "x"')

    assert codes(check(of_scope(asked(drawn)), forms={"f": form(field("ok"))})) >= {"DT-003", "DT-004"}


def test_scripts_and_decisions_that_cannot_run_are_errors() -> None:
    broken = with_node(scope("s > c1 > e"), "c1", script="import os")
    empty = with_node(scope("s > c1 > e"), "c1", script="  ")
    absent = with_node(scope("s > c1 > e"), "c1", kind=NodeKind.DECISION_TASK, script=None, decision="risk")

    assert "EX-023" in codes(check(of_scope(broken)))
    assert "EX-024" in codes(check(of_scope(empty)))
    assert "EX-030" in codes(check(of_scope(absent)))
    assert "EX-031" in codes(check(of_scope(absent), decisions={"risk": b"<no dmn/>"}))


def test_a_flow_without_a_condition_becomes_the_default_in_one_click() -> None:
    found = check(of_scope(with_conditions(asked(CHOICE), u1="ok")), forms={"f": form(field("ok"))})

    finding = next(one for one in found if one.code == "DT-012")
    assert finding.fix is not None
    assert (finding.fix.element_id, finding.fix.parameters) == ("x1", (("flow", "x1-u2"),))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (field("a", "code"), "FM-021"),
        (field("a", "colour"), "FM-021"),
        (field("a", "int", min=5, max=3), "FM-023"),
        (field("a", required_if="nobody_knows = 1"), "FM-022"),
    ],
)
def test_faulty_forms_are_told(fields: dict[str, Any], expected: str) -> None:
    assert expected in codes(check(of_scope(asked(scope("s > u0 > e"))), forms={"f": form(fields)}))


def test_an_absent_form_is_an_error() -> None:
    assert "FM-020" in codes(check(of_scope(asked(scope("s > u0 > e")))))


NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("P3D", TimerKind.DURATION, None),
        ("WD5", TimerKind.DURATION, None),
        ("= discharge_delay", TimerKind.DURATION, None),
        ("3 jours", TimerKind.DURATION, "TM-020"),
        ("-P1D", TimerKind.DURATION, "TM-020"),
        ("PT0S", TimerKind.DURATION, "TM-021"),
        ("PT5S", TimerKind.DURATION, "TM-021"),
        ("P20Y", TimerKind.DURATION, "TM-021"),
        ("R/PT0S", TimerKind.CYCLE, "TM-020"),
        ("R3/PT10H", TimerKind.CYCLE, None),
        ("2020-01-01T08:00:00Z", TimerKind.DATE, "TM-022"),
        ("2030-01-01T08:00:00", TimerKind.DATE, "TM-023"),
        ("2030-13-01", TimerKind.DATE, "TM-020"),
        ("", TimerKind.DURATION, "TM-026"),
    ],
)
def test_times_are_read_and_weighed(text: str, kind: TimerKind, expected: str | None) -> None:
    trigger = Trigger(kind=TriggerKind.TIMER, timer=kind, expression=ExpressionText(text))
    model = of_scope(with_node(scope("s > k1 > e"), "k1", trigger=trigger))

    assert codes(check(model, parameters={"discharge_delay": "P1D"}, now=NOW), "TM") == (
        {expected} if expected else set()
    )


def test_a_task_that_opens_after_it_is_due_and_a_race_always_lost_are_told() -> None:
    work = HumanWork(roles=("gp",), due=ExpressionText("P1D"), opens=ExpressionText("P2D"))
    late = of_scope(with_node(scope("s > u1 > e"), "u1", work=work))
    race = of_scope(scope("s > g1 > k1 > u1 > e", "g1 > k2 > u2 > e"))

    assert "TM-024" in codes(check(late))
    assert "TM-027" in codes(check(race))


def message(name: str | None = "alert", key: str | None = None) -> Trigger:
    return Trigger(kind=TriggerKind.MESSAGE, name=name, correlation=ExpressionText(key) if key is not None else None)


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        (message(), "AF-007"),
        (message(name=""), "MS-001"),
        (message(key='""'), "MS-004"),
        (message(key='"everybody"'), "MS-005"),
    ],
)
def test_messages_must_be_named_addressed_and_answered_for(trigger: Trigger, expected: str) -> None:
    assert expected in codes(check(of_scope(with_node(scope("s > k1 > e"), "k1", trigger=trigger))))


def test_declared_and_awaited_messages_must_be_the_same() -> None:
    model = of_scope(with_node(scope("s > k1 > e"), "k1", trigger=message()))

    assert codes(check(model, messages={"other": {}}), "MS") == {"MS-002", "MS-003"}
    assert codes(check(model, messages={"alert": {}}), "MS") == set()


def test_one_message_awaited_in_two_branches_at_once_is_ambiguous() -> None:
    beside = with_node(scope("s > p1 > k1 > p2 > e", "p1 > k2 > p2"), "k1", trigger=message())
    after = with_node(scope("s > k1 > k2 > e"), "k1", trigger=message())

    assert "MS-006" in codes(check(of_scope(with_node(beside, "k2", trigger=message()))))
    assert "MS-006" not in codes(check(of_scope(with_node(after, "k2", trigger=message()))))


@dataclass
class People:
    """A small territory."""

    people: Sequence[Holder] = ()
    roles: frozenset[str] = frozenset({"gp", "home_nurse"})
    sectors: frozenset[str] = frozenset({"Plaine", "Causse"})
    today: date = date(2026, 6, 1)

    def holders(self, role: str) -> Sequence[Holder]:
        return [one for one in self.people if one.role == role]


AUGUST = Absence(first_day=date(2026, 8, 1), last_day=date(2026, 8, 31))
TASK = of_scope(scope("s > u1 > e"))


def nurse(name: str, **more: Any) -> Holder:
    return Holder(professional=name, role="home_nurse", **more)


@pytest.mark.parametrize(
    ("people", "expected"),
    [
        ([], {"AF-003"}),
        ([nurse("a")], {"AF-004"}),
        ([nurse("a"), nurse("b")], set()),
        ([nurse("a", absences=(AUGUST,)), nurse("b", absences=(AUGUST,))], {"AF-005"}),
        ([nurse("a", absences=(AUGUST,)), nurse("b", absences=(replace(AUGUST, substituted=True),))], set()),
        ([nurse("a", sectors=frozenset({"Plaine"})), nurse("b", sectors=frozenset({"Plaine"}))], {"AF-006"}),
        ([nurse("a", valid_to=date(2026, 5, 1))], {"AF-003"}),
    ],
)
def test_who_can_do_this_task(people: list[Holder], expected: set[str]) -> None:
    assert codes(check(TASK, directory=People(people)), "AF") == expected


def test_nobody_in_august_is_said_in_words() -> None:
    found = check(TASK, directory=People([nurse("a", absences=(AUGUST,)), nurse("b", absences=(AUGUST,))]))

    assert (
        "Personne du rôle « infirmier·e à domicile » en août 2026"
        in next(one for one in found if one.code == "AF-005").message
    )


def test_a_task_for_no_role_or_an_unknown_role_is_refused_where_there_is_a_directory() -> None:
    nobody = of_scope(with_node(scope("s > u1 > e"), "u1", work=HumanWork()))
    unknown = of_scope(with_node(scope("s > u1 > e"), "u1", work=HumanWork(roles=("wizard",))))

    def severities(found: Sequence[Finding], code: str) -> list[Severity]:
        return [one.severity for one in found if one.code == code]

    assert severities(check(nobody, directory=People()), "AF-001") == [Severity.ERROR]
    assert severities(check(nobody), "AF-001") == [Severity.WARNING]
    assert severities(check(unknown, directory=People()), "AF-002") == [Severity.ERROR]


def test_care_data_shown_outside_care_and_a_title_that_tells_are_warnings() -> None:
    shown = asked(scope("s > u0 > e"), roles=("social_worker",))
    forms = {
        "f": form(field("wound", audience="clinical"), field("nir", "str"), field("weight", "dec", loinc="29463-7"))
    }

    found = check(of_scope(shown), forms=forms, title="Suivi du VIH en ville")

    assert codes(found, "PV") == {"PV-001", "PV-002", "PV-003", "PV-004"}
    assert all(one.severity is Severity.WARNING for one in found if one.family == "PV")


def test_names_size_and_lanes_are_looked_at() -> None:
    drawn = scope(" > ".join(["s", *(f"u{number}" for number in range(60)), "x1", "e"]), "x1 > e2", "u3 > x1")
    for name, text in {"u1": "", "u2": "A" * 70, "u3": "Même nom", "u4": "même nom"}.items():
        drawn = with_node(drawn, name, name=text)
    lane = Lane(id="l", name="Médecin", role="gp", nodes=("u5",))
    model = PathwayModel(processes={"p": Process(id="p", name="P", scope=drawn, lanes=(lane,))}, main="p")

    assert codes(check(model), "RB") >= {"RB-001", "RB-002", "RB-003", "RB-004", "RB-005", "RB-006", "RB-007", "RB-008"}


def test_facts_of_the_instances_of_a_multi_instance_stay_inside_it() -> None:
    drawn = with_conditions(asked(CHOICE), u1="ok", u2="not(ok)")
    many = MultiInstance(parallel=True, cardinality=ExpressionText("3"), output_collection="answers")
    model = of_scope(with_node(drawn, "u0", loop=many))

    assert "DT-001" in codes(check(model, forms={"f": form(field("ok"))}))


def test_what_the_reader_has_said_is_not_said_again() -> None:
    absent = of_scope(asked(scope("s > u0 > e")))
    said = replace(next(one for one in check(absent) if one.code == "FM-020"), code="FM-001")

    assert "FM-020" not in codes(check(absent, read=[said]))
