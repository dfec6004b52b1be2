"""One running case looked at for another version of its pathway. The preview and the job both decide here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from engine.bpmn import runner
from engine.bpmn.migration import NOTHING_OPEN, MigrationPlan, MigrationVerdict, VerdictKind, migrate
from engine.course import Settled, settle, surroundings
from engine.library import Version
from engine.outcome import Leaf, OpenTask, Outcome, PendingTimer, Subscription
from engine.projection.loading import LoadedCase

ON_HOLD = "Ce dossier est suspendu : reprenez-le d'abord, ses délais en dépendent."
NOT_THERE = "Ce dossier n'est plus sur cette version."
OVER = "Ce dossier est clos."


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerChange:
    """A timer of the case before and after; None: it does not exist on that side."""

    name: str
    before: datetime | None
    after: datetime | None

    def to_json(self) -> dict[str, str | None]:
        """For the job's record."""
        return {
            "name": self.name,
            "before": None if self.before is None else self.before.isoformat(),
            "after": None if self.after is None else self.after.isoformat(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Considered:
    """A case, the verdict, and the step that would take it over (None when it cannot go)."""

    case: LoadedCase
    before: Outcome
    verdict: MigrationVerdict
    steps: tuple[str, ...] = ()
    opened: tuple[str, ...] = ()
    timers: tuple[TimerChange, ...] = ()
    settled: Settled | None = None


def consider(
    session: Session,
    case: LoadedCase,
    old: Version,
    new: Version,
    plan: MigrationPlan,
    restart_timers: bool,
    *,
    now: datetime,
) -> Considered:
    """Can this case go, and what would be open then? Reads only."""
    before = Outcome(state=case.control_state)
    if why := _kept_back(case, old):
        return Considered(case=case, before=before, verdict=_impossible(why))
    before = runner.inspect(old.program, case.control_state, around=surroundings(case, old, now))
    steps = _names(before)
    moved = migrate(plan, case.control_state, around=surroundings(case, new, now), restart_timers=restart_timers)
    if moved.outcome is None:
        return Considered(case=case, before=before, verdict=moved.verdict, steps=steps)
    settled = settle(session, case, new, moved.outcome, facts=case.facts, attempted={}, now=now)
    if settled.incident is not None or settled.outcome.completed:
        why = NOTHING_OPEN if settled.incident is None else settled.incident.sentence
        return Considered(case=case, before=before, verdict=_impossible(why), steps=steps)
    return Considered(
        case=case,
        before=before,
        verdict=moved.verdict,
        steps=steps,
        opened=_names(settled.outcome),
        timers=_timers(case, before, settled.outcome),
        settled=settled,
    )


def _kept_back(case: LoadedCase, old: Version) -> str:
    if case.version_id != old.id:
        return NOT_THERE
    if case.closed_at is not None:
        return OVER
    return ON_HOLD if case.state == "on_hold" else ""


def _impossible(sentence: str) -> MigrationVerdict:
    return MigrationVerdict(kind=VerdictKind.IMPOSSIBLE, sentence=sentence)


def _names(outcome: Outcome) -> tuple[str, ...]:
    """What is open, as people call it: tasks, then waits that are not on the border of a task."""
    timers = [each for each in outcome.timers if each.attached_to is None]
    messages = [each for each in outcome.subscriptions if each.attached_to is None]
    open_now: tuple[OpenTask | PendingTimer | Subscription | Leaf, ...] = (
        *outcome.tasks, *timers, *messages, *outcome.leaves,
    )  # fmt: skip
    return tuple(each.name or each.element_id for each in open_now)


def _timers(case: LoadedCase, before: Outcome, after: Outcome) -> tuple[TimerChange, ...]:
    shifted = {row["token"]: row["due_at"] for row in case.timers if row["kind"] == "step"}
    was = {timer.token: timer for timer in before.timers}
    now_open = {timer.token: timer for timer in after.timers}
    found = []
    for token in dict.fromkeys((*was, *now_open)):
        old, new = was.get(token), now_open.get(token)
        due = None if old is None else shifted.get(token, old.due_at)
        then = due if old is not None and new is not None and new.due_at == old.due_at else new and new.due_at
        named = new or old
        found.append(
            TimerChange(name="" if named is None else named.name or named.element_id, before=due, after=then or None)
        )
    return tuple(found)
