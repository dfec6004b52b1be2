"""The right to have one's data put right: an answer corrected with its reason, the former value kept beside it.

Conditions that wait on the answer look at it again; steps already done stay done, and the history says what changed.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from engine import idempotency, policies, trace
from engine.actor import Actor
from engine.answers import asked_alone, present_answer
from engine.at_hand import case_at_hand
from engine.bpmn import runner
from engine.course import Settled, settle, surroundings
from engine.errors import InvalidRequest
from engine.forms import check_answers
from engine.library import Version
from engine.outcome import Outcome, Value
from engine.projection.acting import Acting
from engine.projection.loading import LoadedCase
from engine.projection.writing import apply, record_answers

RUNNING = "active"


def rectify(
    session: Session,
    *,
    case_id: UUID,
    name: str,
    raw: Any,
    why: str,
    by: Actor,
    now: datetime,
    key: str | None = None,
) -> None:
    """Replace the present value of an answer of the case. `raw` is what a form sends for it.

    Raises NotFound when there is no such answer or the reader's role may not read it, NotAllowed for somebody who is
    neither its author nor of the coordination, InvalidAnswers for a value that cannot be, InvalidRequest without a
    reason or a change.
    """
    if idempotency.known_answer(session, key=key, command="rectify", by=by) is not None:
        return
    case, version = case_at_hand(session, case_id=case_id, by=by, now=now)
    fact, form = present_answer(session, version, case_id=case_id, name=name, by=by)
    policies.check_may_rectify(by, fact.recorded_by_id)
    if not why.strip():
        raise InvalidRequest("Dites pourquoi : la raison reste dans l'histoire du dossier.")
    alone = asked_alone(form, name)
    answers = check_answers(
        alone, {name: raw}, facts=case.facts[""], now=now, calendar=case.calendar, locale=by.locale
    )  # fmt: skip
    if answers.get(name) == case.facts[""].get(name):
        raise InvalidRequest("La valeur est la même : rien n'est à rectifier.")
    acting = Acting(
        kind="rectified", element_id=fact.element_id, answers=answers, form_key=form.key,
        detail={"reason": why.strip()[:300], "field": name, "form": form.key},
    )  # fmt: skip
    if case.state == RUNNING:
        _on_running(session, case, version, acting, by, now)
    else:
        record_answers(session, case, version, acting, by=by, now=now)
    trace.record(
        session, action="cases.rectify", by=by, now=now, patient_id=case.patient_id, case_id=case.id,
        object_kind="case_fact", object_id=name, detail={"field": name, "form": form.key},
    )  # fmt: skip
    idempotency.remember(session, key=key, command="rectify", answer={}, by=by, now=now)


def _on_running(session: Session, case: LoadedCase, version: Version, acting: Acting, by: Actor, now: datetime) -> None:
    own: dict[str, Value] = {**case.facts[""], **acting.answers}
    facts = {**case.facts, "": own}
    around = surroundings(case, version, now, facts)
    outcome: Outcome = runner.recheck(version.program, case.control_state, around=around)
    settled: Settled = settle(session, case, version, outcome, facts=facts, attempted={"verb": "recheck"}, now=now)
    apply(session, case, version, settled, acting=acting, by=by, now=now)
