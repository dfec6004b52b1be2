"""How a case stands, computed in SQL from its wait records: broken, deadlocked, orphan, silent, late, at risk, dormant.

`wait_rank` grades one wait record, `case_rank` a case: the worst of its waits; waiting for nothing is broken.
Definitions: an engine error, or nothing open (broken); only joins that no token can reach any more (deadlocked); work
nobody present today may do (orphan); a message that should have come (silent); work past its date (late); less than a
quarter of its delay left (at risk); untouched for two weeks though nothing is due (dormant).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import IntEnum
from typing import Any

from sqlalchemy import ColumnElement, Integer, and_, case, func, literal, or_, select
from sqlalchemy.orm import aliased

from engine.eligibility import somebody_can
from engine.models import Case, Task, WaitRecord

DORMANT_AFTER = timedelta(days=14)
TIMERS_STAND_STILL_AFTER = timedelta(hours=1)
"""A timer this late means that no sweep runs."""


class Health(IntEnum):
    """From well to worst; the number orders lists."""

    HEALTHY = 0
    DORMANT = 1
    AT_RISK = 2
    LATE = 3
    SILENT = 4
    ORPHAN = 5
    DEADLOCKED = 6
    BROKEN = 7

    @property
    def code(self) -> str:
        """`late`, for pages and JSON."""
        return self.name.lower()

    @property
    def label(self) -> str:
        """In French words, never by colour alone."""
        return LABELS[self]


LABELS = {
    Health.HEALTHY: "En ordre",
    Health.DORMANT: "Endormi",
    Health.AT_RISK: "À risque",
    Health.LATE: "En retard",
    Health.SILENT: "Silencieux",
    Health.ORPHAN: "Orphelin",
    Health.DEADLOCKED: "Impasse",
    Health.BROKEN: "Cassé",
}

HUMAN = ("human", "offer")
UNCERTAIN = ("message", "signal", "condition")


def wait_rank(*, now: datetime, today: date, wait: Any = WaitRecord, of: Any = Case) -> ColumnElement[int]:
    """The rank (see Health) of one wait record, in a statement that joins its case.

    While a case is on hold only its own review date counts.
    """
    task, other = aliased(Task), aliased(WaitRecord)
    nobody = (
        select(task.id)
        .where(task.id == wait.task_id, task.state.in_(("offered", "accepted")), ~somebody_can(today=today, task=task))
        .exists()
    )
    only_joins = ~select(other.id).where(other.case_id == wait.case_id, other.kind != "join").exists()
    human, over = wait.kind.in_(HUMAN), wait.expected_at < now
    grades = (
        (and_(of.state == "on_hold", wait.kind != "suspended"), Health.HEALTHY),
        (wait.kind == "incident", Health.BROKEN),
        (and_(wait.kind == "timer", wait.expected_at < now - TIMERS_STAND_STILL_AFTER), Health.BROKEN),
        (and_(wait.kind == "join", only_joins), Health.DEADLOCKED),
        (and_(human, nobody), Health.ORPHAN),
        (and_(wait.kind.in_(UNCERTAIN), over), Health.SILENT),
        (and_(or_(human, wait.kind == "suspended"), over), Health.LATE),
        (and_(human, wait.at_risk_at < now), Health.AT_RISK),
        (and_(human, wait.last_touch_at < now - DORMANT_AFTER), Health.DORMANT),
    )
    return case(*((condition, literal(int(rank), Integer)) for condition, rank in grades), else_=int(Health.HEALTHY))


def case_rank(*, now: datetime, today: date, of: Any = Case) -> ColumnElement[int]:
    """The rank of an open case, as a scalar subquery correlated with it."""
    wait = aliased(WaitRecord)
    worst = (
        select(func.max(wait_rank(now=now, today=today, wait=wait, of=of)))
        .where(wait.case_id == of.id)
        .correlate(of)
        .scalar_subquery()
    )
    return func.coalesce(worst, int(Health.BROKEN))
