"""A case runs as drawn: tasks, gateways, sub-processes, boundary events, calls, several instances."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from engine.bpmn import runner
from engine.bpmn.model import PathwayModel, Trigger
from engine.errors import InvalidMessage, StepNotOpen
from engine.outcome import Happened
from tests.engine.bpmn.build import (
    TERMINATE,
    after,
    at,
    boundary,
    call,
    catch,
    condition,
    each,
    end,
    error,
    escalation,
    every,
    exclusive,
    inclusive,
    message,
    parallel,
    pathway,
    race,
    scope,
    script,
    service,
    signal,
    start,
    sub,
    throw,
    user,
    while_,
)
from tests.engine.bpmn.playing import NOON, Played


def branches() -> PathwayModel:
    return pathway(
        scope(
            start(),
            user("a"),
            exclusive("g", "g>x"),
            parallel("f"),
            user("b"),
            user("c"),
            parallel("j"),
            user("d"),
            end(),
            user("x"),
            end("e2"),
            flows="s a g f b j d e; f c j; g x e2",
            conditions={"g>f": 'risk = "high"'},
        )
    )


def test_an_answer_chooses_the_branch_and_the_join_waits_for_both() -> None:
    case = Played(branches())
    case.do("a", risk="high")
    assert case.open == ["b", "c"]
    case.do("c")
    assert case.open == ["b"]
    assert [leaf.element_id for leaf in case.outcome.leaves] == ["j"]
    case.do("b", "d")
    assert case.done


def test_the_default_flow_is_taken_when_no_condition_is_true() -> None:
    case = Played(branches())
    case.do("a", risk="low")
    assert case.open == ["x"]


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


def test_an_interrupting_message_on_a_sub_process_ends_everything_in_it() -> None:
    deep = scope(start("ds"), user("deep"), end("de"), flows="ds deep de")
    inner = scope(
        start("is"), parallel("f"), sub("d", deep), user("i"), parallel("j"), end("ie"), flows="is f d j ie; f i j"
    )
    model = pathway(
        scope(
            start(),
            sub("p", inner),
            boundary("back", "p", message("readmission")),
            user("h"),
            end(),
            end("e2"),
            flows="s p e; back h e2",
        )
    )
    case = Played(model)
    assert case.open == ["deep", "i"]
    case.send("readmission", ward="A")
    assert case.open == ["h"]
    assert case.facts[""]["ward"] == "A"
    assert set(case.happened(Happened.CANCELLED)) == {"p", "d", "deep", "i"}
    case.do("h")
    assert case.done


def test_a_non_interrupting_message_opens_a_branch_each_time_it_comes() -> None:
    model = pathway(
        scope(
            start(),
            user("a"),
            boundary("m", "a", message("alert"), interrupting=False),
            user("h"),
            end(),
            end("e2"),
            flows="s a e; m h e2",
        )
    )
    case = Played(model)
    case.send("alert")
    case.send("alert")
    assert case.open == ["a", "h", "h"]
    case.do("a")
    assert case.open == ["h", "h"]
    assert case.heard == []
    assert not case.send("alert").delivered
    case.do("h", "h")
    assert case.done


def test_a_timer_on_a_task_fires_when_told_and_only_then() -> None:
    model = pathway(
        scope(
            start(),
            user("a"),
            boundary("late", "a", after("PT48H")),
            boundary("soon", "a", after("P1D"), interrupting=False),
            user("remind"),
            user("other"),
            end(),
            end("e2"),
            end("e3"),
            flows="s a e; late other e2; soon remind e3",
        )
    )
    case = Played(model)
    assert case.timers == {"late": NOON + timedelta(hours=48), "soon": NOON + timedelta(days=1)}
    carried = {timer.element_id: (timer.attached_to, timer.attached_token) for timer in case.outcome.timers}
    assert carried["late"] == ("a", case.token("a"))
    assert not case.wait(hours=1).delivered
    case.wait(hours=23)
    assert case.open == ["a", "remind"]
    assert list(case.timers) == ["late"]
    case.wait(hours=24)
    assert case.open == ["remind", "other"]
    assert case.timers == {}


def test_completing_a_task_forgets_its_timers() -> None:
    model = pathway(scope(start(), user("a"), boundary("t", "a", after("P1D")), user("b"), end(), flows="s a b e; t e"))
    case = Played(model)
    case.do("a")
    assert case.timers == {}
    assert case.open == ["b"]


def test_an_error_goes_to_the_nearest_scope_that_expects_it() -> None:
    inner = scope(
        start("is"),
        parallel("f"),
        user("i"),
        user("k"),
        end("bad", error("revise")),
        end("ie"),
        flows="is f i bad; f k ie",
    )
    outer = scope(start("os"), sub("p", inner), end("oe"), flows="os p oe")
    model = pathway(
        scope(
            start(),
            sub("o", outer),
            boundary("any", "o", error()),
            boundary("named", "o", error("revise")),
            user("h"),
            user("h2"),
            end(),
            flows="s o e; named h e; any h2 e",
        )
    )
    case = Played(model)
    case.do("i")
    assert case.open == ["h"]


def test_an_error_nobody_expects_is_an_incident() -> None:
    case = Played(pathway(scope(start(), user("a"), end("bad", error("x")), flows="s a bad")), strict=False)
    case.do("a")
    assert case.outcome.incident is not None
    assert case.outcome.incident.code == "error_uncaught"


def test_an_escalation_leaves_the_work_open_and_may_come_again() -> None:
    inner = scope(
        start("is"),
        exclusive("m"),
        user("i"),
        throw("up", escalation("lost")),
        exclusive("g", "g>m"),
        end("ie"),
        flows="is m i up g m; g ie",
        conditions={"g>ie": "stop"},
    )
    model = pathway(
        scope(
            start(),
            sub("p", inner),
            boundary("b", "p", escalation("lost"), interrupting=False),
            user("h"),
            end(),
            end("e2"),
            flows="s p e; b h e2",
        )
    )
    case = Played(model)
    case.do("i")
    case.do("i")
    assert case.open == ["i", "h", "h"]


def test_terminate_ends_its_scope_only() -> None:
    inner = scope(
        start("is"), parallel("f"), user("i"), user("k"), end("t", TERMINATE), end("ie"), flows="is f i t; f k ie"
    )
    case = Played(pathway(scope(start(), sub("p", inner), user("b"), end(), flows="s p b e")))
    case.do("i")
    assert case.open == ["b"]


def test_the_first_event_of_an_event_gateway_wins_and_each_timer_keeps_its_date() -> None:
    model = pathway(
        scope(
            start(),
            race("r"),
            catch("answer", message("answer")),
            catch("day", after("P1D")),
            catch("month", after("P30D")),
            user("a"),
            user("b"),
            user("c"),
            end(),
            flows="s r answer a e; r day b e; r month c e",
        )
    )
    case = Played(model)
    assert case.timers == {"day": NOON + timedelta(days=1), "month": NOON + timedelta(days=30) - timedelta(hours=1)}
    assert case.heard == ["answer"]
    case.wait(days=1)
    assert case.open == ["b"]
    assert case.timers == {}
    assert case.heard == []


def test_a_message_without_its_key_is_not_taken_and_a_blank_key_is_refused() -> None:
    model = pathway(
        scope(start(), catch("m", message("result", 'prescription + "-1"')), user("a"), end(), flows="s m a e")
    )
    case = Played(model, prescription="RX")
    assert case.outcome.subscriptions[0].correlation_key == "RX-1"
    assert not case.send("result", key="RX-2").delivered
    assert not case.send("result").delivered
    with pytest.raises(InvalidMessage, match="vide"):
        case.send("result", key="  ")
    assert case.send("result", key="RX-1").delivered
    assert case.open == ["a"]


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


def alerts(trigger: Trigger, *, interrupting: bool = False) -> PathwayModel:
    handler = scope(start("hs", trigger, interrupting=interrupting), user("h"), end("he"), flows="hs h he")
    return pathway(scope(start(), user("a"), end(), sub("on", handler, on_event=True), flows="s a e"))


def test_an_event_sub_process_starts_each_time_and_keeps_its_payload_to_itself() -> None:
    case = Played(alerts(message("alert")))
    case.send("alert", level="red")
    case.send("alert", level="blue")
    assert case.open == ["a", "h", "h"]
    assert [task.locals.get("level") for task in case.outcome.tasks] == [None, "red", "blue"]
    assert case.outcome.tasks[1].scope != case.outcome.tasks[2].scope
    assert "level" not in case.facts[""]
    case.do("a")
    assert case.open == ["h", "h"]
    case.send("alert")
    assert case.open == ["h", "h", "h"]
    case.do("h", "h", "h")
    assert case.done
    assert case.happened(Happened.CAUGHT) == ["hs", "hs", "hs"]


def test_an_interrupting_event_sub_process_ends_the_rest_of_its_scope() -> None:
    case = Played(alerts(message("death"), interrupting=True))
    case.send("death")
    assert case.open == ["h"]
    case.do("h")
    assert case.done


def test_an_event_sub_process_works_at_any_depth_and_by_timer() -> None:
    handler = scope(start("hs", every("R2/P1D"), interrupting=False), user("h"), end("he"), flows="hs h he")
    inner = scope(start("is"), user("i"), end("ie"), sub("on", handler, on_event=True), flows="is i ie")
    case = Played(pathway(scope(start(), sub("p", inner), user("b"), end(), flows="s p b e")))
    assert case.outcome.timers[0].element_id == "hs"
    assert case.outcome.timers[0].attached_to == "on"
    assert case.outcome.timers[0].cycles_left == 1
    case.wait(days=1)
    case.wait(days=1)
    assert case.open == ["i", "h", "h"]
    assert case.timers == {}
    case.do("i", "h", "h")
    assert case.open == ["b"]


def test_interrupting_handlers_end_the_other_handlers_too() -> None:
    side = scope(start("ms", message("alert"), interrupting=False), user("m"), end("me"), flows="ms m me")
    stop = scope(start("ks", message("death")), user("k"), end("ke"), flows="ks k ke")
    model = pathway(
        scope(start(), user("a"), end(), sub("on", side, on_event=True), sub("off", stop, on_event=True), flows="s a e")
    )
    case = Played(model)
    case.send("alert")
    case.send("death")
    assert case.open == ["k"]


def test_a_repeated_reminder_fires_once_after_an_interruption_and_says_what_it_missed() -> None:
    model = pathway(
        scope(
            start(),
            user("a"),
            boundary("r", "a", every("R/P7D"), interrupting=False),
            service("n", "notify", to="home_nurse", template="= a_name"),
            end(),
            end("e2"),
            flows="s a e; r n e2",
        )
    )
    case = Played(model, a_name="reminder")
    case.wait(days=7)
    assert [effect.parameters for effect in case.outcome.effects] == [{"to": "home_nurse", "template": "reminder"}]
    case.wait(days=30)
    assert len(case.outcome.effects) == 1
    assert "3 échéance(s) manquée(s)" in [e.detail for e in case.events if e.kind is Happened.FIRED][-1]
    assert case.timers["r"].date().isoformat() == "2026-04-13"


def test_a_condition_is_looked_at_again_when_facts_change() -> None:
    model = pathway(
        scope(
            start(),
            parallel("f"),
            catch("c", condition("ready = true")),
            user("x"),
            user("a"),
            end(),
            end("e2"),
            flows="s f c a e; f x e2",
        )
    )
    case = Played(model)
    assert case.open == ["x"]
    assert [leaf.kind for leaf in case.outcome.leaves] == ["condition"]
    case.do("x", ready=True)
    assert case.open == ["a"]
    other = Played(case.program)
    other.change(ready=True)
    assert other.open == ["x", "a"]


def test_a_non_interrupting_condition_fires_each_time_it_becomes_true() -> None:
    model = pathway(
        scope(
            start(),
            user("a"),
            boundary("c", "a", condition("pain > 5"), interrupting=False),
            user("h"),
            end(),
            end("e2"),
            flows="s a e; c h e2",
        )
    )
    case = Played(model, pain=Decimal(2))
    case.change(pain=Decimal(7))
    case.change(pain=Decimal(8))
    assert case.open == ["a", "h"]
    case.change(pain=Decimal(1))
    case.change(pain=Decimal(9))
    assert case.open == ["a", "h", "h"]


def test_a_signal_reaches_every_wait_of_the_case_and_leaves_for_the_others() -> None:
    model = pathway(
        scope(
            start(),
            parallel("f"),
            catch("c1", signal("go")),
            catch("c2", signal("go")),
            user("x"),
            end("e3", signal("go")),
            user("a"),
            user("b"),
            end(),
            flows="s f c1 a e; f c2 b e; f x e3",
        )
    )
    case = Played(model)
    case.do("x")
    assert case.open == ["a", "b"]
    assert [(effect.kind, effect.parameters) for effect in case.outcome.effects] == [("send_signal", {"signal": "go"})]


def test_a_due_date_of_the_model_is_settled_when_the_task_opens() -> None:
    model = pathway(scope(start(), user("a", due="WD2", opens="PT1H", assignee="chosen"), end(), flows="s a e"))
    case = Played(model, chosen="10001")
    task = case.outcome.tasks[0]
    assert task.due_at == NOON + timedelta(days=2)
    assert task.opens_at == NOON + timedelta(hours=1)
    assert task.assignee == "10001"


def test_a_timer_at_a_date_of_the_case_waits_for_that_date() -> None:
    case = Played(
        pathway(scope(start(), catch("t", at("visit")), user("a"), end(), flows="s t a e")), visit="2026-03-10"
    )
    assert case.timers["t"].isoformat() == "2026-03-09T23:00:00+00:00"


def test_a_course_is_changed_by_hand_into_a_sub_process() -> None:
    inner = scope(start("is"), user("i1"), user("i2"), end("ie"), flows="is i1 i2 ie")
    model = pathway(
        scope(
            start(),
            user("a"),
            sub("p", inner),
            boundary("t", "p", after("P1D")),
            user("b"),
            end(),
            flows="s a p b e; t b",
        )
    )
    case = Played(model)
    case.move(["a"], ["i2"])
    assert case.open == ["i2"]
    assert list(case.timers) == ["t"]
    case.do("i2")
    assert case.open == ["b"]
    assert case.timers == {}
    case.move(["b"], ["a"])
    case.do("a", "i1")
    case.move(["i2"], ["b"])
    assert case.open == ["b"]
    assert case.timers == {}
    case.do("b")
    assert case.done


def test_a_move_that_leaves_nothing_open_changes_nothing() -> None:
    case = Played(branches(), strict=False)
    before = case.state
    case.move(["a"], [])
    assert case.outcome.incident is not None
    assert case.state == before


def test_a_cancelled_case_is_over() -> None:
    inner = scope(start("is"), user("i"), end("ie"), flows="is i ie")
    case = Played(pathway(scope(start(), sub("p", inner), end(), flows="s p e")))
    case.cancel()
    assert case.done
    assert set(case.happened(Happened.CANCELLED)) == {"p", "i"}


def test_an_earlier_state_is_restored_without_ever_repeating_a_token() -> None:
    case = Played(branches())
    earlier, first = case.state, case.token("a")
    case.do("a", risk="high")
    used = {task.token for task in case.outcome.tasks}
    back = runner.restore(case.program, case.state, earlier=earlier, around=case.around)
    assert [task.token for task in back.tasks] == [first]
    again = runner.complete(case.program, back.state, token=first, around=case.around)
    assert not {task.token for task in again.tasks} & used
