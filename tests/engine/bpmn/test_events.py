"""Messages, timers, errors, escalations, conditions and event sub-processes, as often as they come."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from engine.bpmn.model import PathwayModel, Trigger
from engine.errors import InvalidMessage
from engine.outcome import Happened
from tests.engine.bpmn.build import (
    TERMINATE,
    after,
    at,
    boundary,
    catch,
    condition,
    end,
    error,
    escalation,
    every,
    exclusive,
    message,
    parallel,
    pathway,
    race,
    scope,
    service,
    signal,
    start,
    sub,
    throw,
    user,
)
from tests.engine.bpmn.drawings import branches
from tests.engine.bpmn.playing import NOON, Played


def test_the_default_flow_is_taken_when_no_condition_is_true() -> None:
    case = Played(branches())
    case.do("a", risk="low")
    assert case.open == ["x"]


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
