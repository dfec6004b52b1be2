"""A case runs as drawn: tasks, gateways, loops, sub-processes, calls, incidents."""

from __future__ import annotations

from decimal import Decimal

import pytest

from engine.bpmn import runner
from engine.errors import StepNotOpen
from engine.outcome import Happened
from tests.engine.bpmn.build import (
    call,
    end,
    exclusive,
    inclusive,
    parallel,
    pathway,
    scope,
    script,
    start,
    sub,
    user,
)
from tests.engine.bpmn.drawings import branches
from tests.engine.bpmn.playing import Played


def test_an_answer_chooses_the_branch_and_the_join_waits_for_both() -> None:
    case = Played(branches())
    case.do("a", risk="high")
    assert case.open == ["b", "c"]
    case.do("c")
    assert case.open == ["b"]
    assert [leaf.element_id for leaf in case.outcome.leaves] == ["j"]
    case.do("b", "d")
    assert case.done


def test_a_step_gives_the_same_outcome_each_time_it_is_tried() -> None:
    case = Played(branches())
    again = [runner.complete(case.program, case.state, token=case.token("a"), around=case.around) for _ in range(2)]
    assert again[0] == again[1]


def test_a_finished_task_cannot_be_completed_twice() -> None:
    case = Played(branches())
    token = case.token("a")
    case.do("a", risk="high")
    with pytest.raises(StepNotOpen):
        runner.complete(case.program, case.state, token=token, around=case.around)
    for wrong in ("", "0", "999", "zz", "-1"):
        with pytest.raises(StepNotOpen):
            runner.complete(case.program, case.state, token=wrong, around=case.around)


def test_a_gateway_that_lacks_an_answer_names_it_and_changes_nothing() -> None:
    model = pathway(
        scope(start(), user("a"), exclusive("g"), user("b"), end(), flows="s a g b e", conditions={"g>b": "score > 3"})
    )
    case = Played(model, strict=False)
    before = case.state
    case.do("a")
    incident = case.outcome.incident
    assert incident is not None
    assert incident.code == "no_branch"
    assert incident.element_id == "g"
    assert "score" in incident.sentence
    assert incident.value_types == {"score": "absent"}
    assert case.state == before


def test_a_retry_works_once_the_answer_is_there() -> None:
    model = pathway(
        scope(start(), user("a"), exclusive("g"), user("b"), end(), flows="s a g b e", conditions={"g>b": "score > 3"})
    )
    case = Played(model, strict=False)
    token = case.token("a")
    case.do("a")
    case.facts[""]["score"] = Decimal(4)
    outcome = runner.complete(case.program, case.state, token=token, around=case.around)
    assert [task.element_id for task in outcome.tasks] == ["b"]


def test_a_loop_around_a_parallel_block_joins_correctly_in_any_order() -> None:
    model = pathway(
        scope(
            start(),
            exclusive("m"),
            parallel("f"),
            user("a"),
            user("b"),
            parallel("j"),
            user("again"),
            exclusive("g", "g>e"),
            end(),
            flows="s m f a j again g m; f b j; g e",
            conditions={"g>m": "more"},
        )
    )
    case = Played(model)
    for turn in range(6):
        first, second = ("a", "b") if turn % 2 else ("b", "a")
        case.do(first)
        assert case.open == [second]
        case.do(second)
        assert case.open == ["again"]
        case.do("again", more=turn < 5)
    assert case.done


def test_a_loop_of_five_thousand_turns_runs_on_a_state_that_does_not_grow() -> None:
    model = pathway(
        scope(
            start(),
            exclusive("m"),
            user("a"),
            exclusive("g", "g>m"),
            end(),
            flows="s m a g m; g e",
            conditions={"g>e": "stop"},
        )
    )
    case = Played(model)
    sizes = set()
    for _ in range(5_000):
        case.events.clear()
        case.do("a")
        sizes.add(len(case.state))
    assert max(sizes) <= 40
    case.do("a", stop=True)
    assert case.done


def test_a_loop_that_waits_for_nobody_stops_as_an_incident() -> None:
    model = pathway(
        scope(
            start(),
            exclusive("m"),
            script("t", "n = 1"),
            exclusive("g", "g>m"),
            end(),
            flows="s m t g m; g e",
            conditions={"g>e": "false"},
        )
    )
    case = Played(model, strict=False)
    assert case.outcome.incident is not None
    assert case.outcome.incident.code == "budget"


def test_thirty_parallel_blocks_in_a_row_are_nothing() -> None:
    nodes, flows, before = [start()], [], "s"
    for block in range(30):
        names = [f"f{block}", f"a{block}", f"b{block}", f"c{block}", f"j{block}"]
        nodes += [parallel(names[0]), *(user(name) for name in names[1:4]), parallel(names[4])]
        flows += [f"{before} {names[0]}", *(f"{names[0]} {name} {names[4]}" for name in names[1:4])]
        before = names[4]
    case = Played(pathway(scope(*nodes, end(), flows="; ".join([*flows, f"{before} e"]))))
    for block in range(30):
        case.do(f"c{block}", f"a{block}", f"b{block}")
    assert case.done


def test_an_inclusive_join_waits_exactly_for_the_branches_taken() -> None:
    model = pathway(
        scope(
            start(),
            user("q"),
            inclusive("o", "o>c"),
            user("a"),
            exclusive("ax", "ax>a2"),
            user("a2"),
            user("a3"),
            user("b"),
            user("c"),
            inclusive("j"),
            user("z"),
            end(),
            flows="s q o a ax a2 j z e; ax a3 j; o b j; o c j",
            conditions={"o>a": "x > 1", "o>b": "x > 2", "ax>a3": "false"},
        )
    )
    case = Played(model)
    case.do("q", x=Decimal(3))
    assert case.open == ["a", "b"]
    case.do("b")
    assert case.open == ["a"]
    case.do("a")
    assert case.open == ["a2"]
    case.do("a2")
    assert case.open == ["z"]
    one = Played(model)
    one.do("q", x=Decimal(0))
    assert one.open == ["c"]
    one.do("c", "z")
    assert one.done


def test_a_sub_process_runs_inside_and_comes_back() -> None:
    inner = scope(start("is"), user("i1"), user("i2"), end("ie"), flows="is i1 i2 ie")
    case = Played(pathway(scope(start(), sub("p", inner), user("b"), end(), flows="s p b e")))
    case.do("i1")
    assert case.open == ["i2"]
    case.do("i2", "b")
    assert case.done
    assert case.happened(Happened.COMPLETED) == ["s", "is", "i1", "i2", "ie", "p", "b", "e"]


def test_a_call_sees_its_inputs_only_and_gives_back_its_outputs() -> None:
    piece = scope(
        start("cs"),
        script("t", "seen = patient_name\nhidden = secret\nnote = seen"),
        user("c"),
        end("ce"),
        flows="cs t c ce",
    )
    model = pathway(
        scope(
            start(),
            call("k", "piece", inputs={"patient_name": "who"}, outputs={"answer": "note", "got": "reply"}),
            user("b"),
            end(),
            flows="s k b e",
        ),
        piece=piece,
    )
    case = Played(model, who="Ada", secret="s")
    task = case.outcome.tasks[0]
    assert task.locals == {"patient_name": "Ada"}
    assert case.facts[task.scope] == {"seen": "Ada", "hidden": None, "note": "Ada"}
    case.do("c", reply=Decimal(3))
    assert case.facts[""]["answer"] == "Ada"
    assert case.facts[""]["got"] == Decimal(3)
    assert "note" not in case.facts[""]
