"""Values that cross from the BPMN room to the rest of the engine: what one step did, and what now waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

Value = Any
"""A value of the expression language (None, bool, Decimal, str, date, time, datetime, durations, list, dict)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTask:
    """A person's task that is open now. `token` identifies it within its case for as long as it is open."""

    token: str
    element_id: str
    name: str
    roles: tuple[str, ...]
    form_key: str | None
    documentation: str = ""
    due_at: datetime | None = None
    opens_at: datetime | None = None
    escalation: str = "standard"
    offer: str | None = None
    priority: str = "normal"
    assignee: str | None = None
    locals: Mapping[str, Value] = field(default_factory=dict)
    """Local variables of the branch: multi-instance item, message payload, call activity inputs."""
    scope: str = ""
    """Identifies the sub-process or multi-instance item whose local facts the task sees; '' is the case."""


class WaitKind(StrEnum):
    """What an open leaf of a case waits for."""

    HUMAN = "human"
    OFFER = "offer"
    TIMER = "timer"
    MESSAGE = "message"
    SIGNAL = "signal"
    CONDITION = "condition"
    JOIN = "join"
    INCIDENT = "incident"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingTimer:
    """A timer the host must keep: due once, told to the engine by `runner.tick`."""

    token: str
    element_id: str
    name: str
    due_at: datetime
    attached_to: str | None = None
    """Element whose boundary carries the timer; None: the case itself waits for it."""
    attached_token: str | None = None
    interrupting: bool = True
    cycles_left: int | None = None
    """Further firings of a repeated timer after this one; None: it fires once."""
    leads_to: str = ""
    """Name of the activity that follows; empty when what follows is no activity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A message or signal that would be accepted now."""

    token: str
    element_id: str
    name: str
    kind: WaitKind
    correlation_key: str | None = None
    attached_to: str | None = None
    """Element whose boundary carries it; None: the case itself waits for it (an intermediate catch)."""
    responsible: str | None = None
    expected_at: datetime | None = None
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """An open leaf that is neither a task nor a timer nor a subscription of its own (a join, a condition)."""

    token: str
    element_id: str
    name: str
    kind: WaitKind


@dataclass(frozen=True, slots=True, kw_only=True)
class FactWrite:
    """A fact written by a script, a decision, a mapping or a message."""

    name: str
    value: Value
    element_id: str
    scope: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """Something the host must do because of this step (`notify`, `start_pathway`, `send_message`, `send_document`,
    `stop_notifications`); written to the outbox in the step's transaction, never done by the engine."""

    kind: str
    element_id: str
    parameters: Mapping[str, Value] = field(default_factory=dict)


class Happened(StrEnum):
    """What the case history records about an element."""

    ENTERED = "entered"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    FIRED = "fired"
    CAUGHT = "caught"
    TOOK = "took"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened during the step, in order. `element_id` names a node, or a flow for TOOK."""

    kind: Happened
    element_id: str
    token: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Why a step could not go on. The state is the one before the step; values themselves are never included."""

    code: str
    element_id: str
    sentence: str
    expression: str = ""
    value_types: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one step did. With `incident` set nothing else happened and `state` is the state before the step."""

    state: bytes
    tasks: tuple[OpenTask, ...] = ()
    timers: tuple[PendingTimer, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    leaves: tuple[Leaf, ...] = ()
    facts: tuple[FactWrite, ...] = ()
    effects: tuple[Effect, ...] = ()
    events: tuple[Event, ...] = ()
    completed: bool = False
    delivered: bool = True
    """False when a message found nobody waiting for it (the host keeps it until its wait opens)."""
    incident: Incident | None = None
