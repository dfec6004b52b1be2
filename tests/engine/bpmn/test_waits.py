"""What a wait says of itself: where a timer leads."""

from __future__ import annotations

from engine.outcome import PendingTimer
from tests.engine.bpmn.build import after, boundary, end, exclusive, pathway, scope, start, user
from tests.engine.bpmn.playing import Played


def timers_of(case: Played) -> dict[str, PendingTimer]:
    return {timer.element_id: timer for timer in case.outcome.timers}


def test_a_timer_says_the_activity_it_leads_to_even_one_with_timers_of_its_own() -> None:
    case = Played(
        pathway(
            scope(
                start(),
                user("a"),
                boundary("soon", "a", after('"P1D"'), interrupting=False),
                boundary("late", "a", after('"P2D"')),
                user("remind"),
                user("other"),
                boundary("never", "other", after('"P9D"')),
                end(),
                end("e2"),
                end("e3"),
                end("e4"),
                flows="s a e; soon remind e2; late other e3; never e4",
            )
        )
    )

    leads = {element: timer.leads_to for element, timer in timers_of(case).items()}
    assert leads == {"soon": "remind", "late": "other"}


def test_a_timer_that_leads_to_a_gateway_leads_to_no_activity() -> None:
    case = Played(
        pathway(
            scope(
                start(),
                user("a"),
                boundary("late", "a", after('"P2D"')),
                exclusive("g", "g>e2"),
                end(),
                end("e2"),
                end("e3"),
                flows="s a e; late g e2; g e3",
                conditions={"g>e3": "urgent"},
            )
        )
    )

    assert timers_of(case)["late"].leads_to == ""
