"""Activities that happen several times: side by side, in turn, or while a condition holds."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from engine.outcome import Happened
from tests.engine.bpmn.build import (
    after,
    boundary,
    each,
    end,
    exclusive,
    pathway,
    scope,
    start,
    sub,
    user,
    while_,
)
from tests.engine.bpmn.playing import Played


def test_parallel_instances_see_their_item_and_give_their_outputs_in_order() -> None:
    loop = each("people", item="person", output_collection="results")
    model = pathway(scope(start(), user("a", loop=loop), user("b"), end(), flows="s a b e"))
    case = Played(model, people=["x", "y", "z"])
    assert [task.locals["person"] for task in case.outcome.tasks] == ["x", "y", "z"]
    assert len({task.scope for task in case.outcome.tasks}) == 3
    for person in ("z", "x", "y"):
        token = next(task.token for task in case.outcome.tasks if task.locals["person"] == person)
        case.do_token(token, mark=person * 2)
    assert case.open == ["b"]
    assert case.facts[""]["results"] == [
        {"person": "x", "mark": "xx"},
        {"person": "y", "mark": "yy"},
        {"person": "z", "mark": "zz"},
    ]


def test_instances_in_turn_stop_when_the_condition_says_so() -> None:
    loop = each(times="5", parallel=False, until="nrOfCompletedInstances >= 2 or stop")
    case = Played(pathway(scope(start(), user("a", loop=loop), user("b"), end(), flows="s a b e")))
    case.do("a")
    assert case.open == ["a"]
    case.do("a")
    assert case.open == ["b"]


def test_the_last_instance_decides_whether_the_others_are_closed() -> None:
    loop = each("people", item="p", until="agreed")
    case = Played(
        pathway(scope(start(), user("a", loop=loop), user("b"), end(), flows="s a b e")), people=["x", "y", "z"]
    )
    case.do_token(case.token("a", 1), agreed=True)
    assert case.open == ["b"]
    assert case.happened(Happened.CANCELLED) == ["a", "a"]


def test_nobody_in_the_list_passes_at_once() -> None:
    case = Played(pathway(scope(start(), user("a", loop=each("people")), user("b"), end(), flows="s a b e")), people=[])
    assert case.open == ["b"]


def test_instances_of_a_sub_process_keep_their_own_facts_and_timers() -> None:
    inner = scope(
        start("is"),
        user("i"),
        boundary("t", "i", after("P1D")),
        user("k"),
        end("ie"),
        flows="is i ie; t k ie",
    )
    loop = each("people", item="p")
    case = Played(
        pathway(scope(start(), sub("q", inner, loop=loop), user("b"), end(), flows="s q b e")), people=["x", "y"]
    )
    assert [task.locals["p"] for task in case.outcome.tasks] == ["x", "y"]
    case.do_token(case.token("i"), seen=True)
    case.wait(days=1)
    assert case.open == ["k"]
    assert case.outcome.tasks[0].locals["p"] == "y"
    case.do("k")
    assert case.open == ["b"]
    assert "seen" not in case.facts[""]


def test_a_multi_instance_inside_a_loop_starts_afresh_each_turn() -> None:
    model = pathway(
        scope(
            start(),
            exclusive("m"),
            user("a", loop=each("people", item="p", output_collection="out", output_element="p")),
            user("q"),
            exclusive("g", "g>m"),
            end(),
            flows="s m a q g m; g e",
            conditions={"g>e": "stop"},
        )
    )
    case = Played(model, people=["x", "y"])
    for people in (["x", "y"], ["z"]):
        case.do(*["a"] * len(people))
        assert case.facts[""]["out"] == people
        case.do("q", stop=people == ["z"], people=["z"])
    assert case.done


def test_a_standard_loop_turns_while_its_condition_holds() -> None:
    case = Played(
        pathway(scope(start(), user("a", loop=while_("not(ok)", 3)), user("b"), end(), flows="s a b e")), ok=False
    )
    case.do("a")
    assert case.outcome.tasks[0].locals == {"loopCounter": Decimal(2)}
    case.do("a", ok=True)
    assert case.open == ["b"]
    most = Played(case.program, ok=False)
    most.do("a", "a", "a")
    assert most.open == ["b"]
    never = Played(
        pathway(scope(start(), user("a", loop=while_("not(ok)", before=True)), user("b"), end(), flows="s a b e")),
        ok=True,
    )
    assert never.open == ["b"]


def test_a_name_may_ask_for_a_local_value() -> None:
    loop = each("steps", item="step")
    asked = replace(user("a", loop=loop), name="Rattraper : {step.label} ({step.nothing})")
    case = Played(
        pathway(scope(start(), asked, end(), flows="s a e")), steps=[{"label": "lettre"}, {"label": "rendez-vous"}]
    )
    assert [task.name for task in case.outcome.tasks] == ["Rattraper : lettre (…)", "Rattraper : rendez-vous (…)"]
