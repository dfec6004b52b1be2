"""The drawings whose steps are measured: two tasks, two branches, a discharge of a month, a loop without end."""

from __future__ import annotations

from engine.bpmn.model import PathwayModel
from tests.engine.bpmn.build import (
    after,
    boundary,
    catch,
    each,
    end,
    exclusive,
    message,
    parallel,
    pathway,
    scope,
    start,
    sub,
    user,
)


def small() -> PathwayModel:
    return pathway(scope(start(), user("a"), user("b"), end(), flows="s a b e"))


def workload_w() -> PathwayModel:
    """start → A → exclusive → B ∥ C → join → D."""
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
            end("x"),
            flows="s a g f b j d e; f c j; g x",
            conditions={"g>f": "go"},
        )
    )


def discharge() -> PathwayModel:
    """A hospital discharge of 36 nodes: two parallel blocks, a sub-process, instances, timers, a message, 30 days."""
    preparing = scope(
        start("ps"),
        parallel("pf"),
        user("reconcile"),
        user("letter"),
        user("equipment"),
        parallel("pj"),
        user("checklist"),
        end("pe"),
        flows="ps pf reconcile pj checklist pe; pf letter pj; pf equipment pj",
    )
    return pathway(
        scope(
            start(),
            user("declare"),
            user("consent"),
            exclusive("agree", "agree>refused"),
            end("refused"),
            parallel("f1"),
            user("plan"),
            boundary("plan_late", "plan", after('"P2D"'), interrupting=False),
            user("remind_plan"),
            end("reminded"),
            sub("prepare", preparing),
            boundary("prepare_late", "prepare", after('"P5D"'), interrupting=False),
            user("coordinator"),
            end("coordinated"),
            user("visits", loop=each(times="3")),
            parallel("j1"),
            catch("left", message("discharge")),
            parallel("f2"),
            user("call_d3"),
            user("nurse_visit"),
            boundary("visit_late", "nurse_visit", after('"P2D"')),
            user("other_nurse"),
            exclusive("m2"),
            user("gp_visit"),
            parallel("j2"),
            catch("month", after('"P30D"')),
            user("review"),
            end(),
            flows="s declare consent agree f1 plan j1 left f2 call_d3 j2 month review e; agree refused; plan_late "
            "remind_plan reminded; f1 prepare j1; prepare_late coordinator coordinated; f1 visits j1; "
            "f2 nurse_visit m2 j2; visit_late other_nurse m2; f2 gp_visit j2",
            conditions={"agree>f1": "go"},
        )
    )


def followup() -> PathwayModel:
    return pathway(
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
