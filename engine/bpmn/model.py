"""The normalised model of a pathway: what every dialect is read into, what is checked and what is run.

Every element keeps its place in the designer's file. Names are those of BPMN 2.0.2 (OMG formal/2013-12-09).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True)
class Place:
    """Where an element stands: file name, line and column, both counted from 1 (0: unknown)."""

    file: str = ""
    line: int = 0
    column: int = 0


NOWHERE = Place()


class NodeKind(StrEnum):
    """What a flow node does when a token arrives."""

    START = "start"
    END = "end"
    USER_TASK = "user_task"
    SCRIPT_TASK = "script_task"
    SERVICE_TASK = "service_task"
    RECEIVE_TASK = "receive_task"
    DECISION_TASK = "decision_task"
    CALL_ACTIVITY = "call_activity"
    SUB_PROCESS = "sub_process"
    EXCLUSIVE = "exclusive"
    PARALLEL = "parallel"
    INCLUSIVE = "inclusive"
    EVENT_BASED = "event_based"
    CATCH = "catch"
    THROW = "throw"
    BOUNDARY = "boundary"


ACTIVITIES = frozenset(
    {
        NodeKind.USER_TASK,
        NodeKind.SCRIPT_TASK,
        NodeKind.SERVICE_TASK,
        NodeKind.RECEIVE_TASK,
        NodeKind.DECISION_TASK,
        NodeKind.CALL_ACTIVITY,
        NodeKind.SUB_PROCESS,
    }
)
"""Kinds that a boundary event may be attached to."""


class TriggerKind(StrEnum):
    """What an event waits for, or throws."""

    NONE = "none"
    MESSAGE = "message"
    SIGNAL = "signal"
    TIMER = "timer"
    ERROR = "error"
    ESCALATION = "escalation"
    CONDITIONAL = "conditional"
    TERMINATE = "terminate"
    CANCEL = "cancel"
    LINK = "link"
    COMPENSATION = "compensation"


class TimerKind(StrEnum):
    """BPMN's three ways of saying when."""

    DATE = "date"
    DURATION = "duration"
    CYCLE = "cycle"


@dataclass(frozen=True, slots=True)
class ExpressionText:
    """A text to evaluate, as written, and its spelling (`feel`, `juel`, `plain`, or None: find out)."""

    text: str
    dialect: str | None = None
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """An event definition. `name` is the message, signal, link name, or the error or escalation code (None: any)."""

    kind: TriggerKind = TriggerKind.NONE
    name: str | None = None
    timer: TimerKind | None = None
    expression: ExpressionText | None = None
    """The time of a timer, or the condition of a conditional event."""
    correlation: ExpressionText | None = None
    """The key a message must carry; None: the message is addressed to the case itself."""
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One `name = expression` of a mapping (call activity input or output)."""

    name: str
    expression: ExpressionText


@dataclass(frozen=True, slots=True, kw_only=True)
class HumanWork:
    """Who does a task, with which form, by when. Texts beginning with `=` are expressions."""

    roles: tuple[str, ...] = ()
    """Role codes, the responsible one first. Empty: nobody, which the checker reports."""
    role_expression: ExpressionText | None = None
    form_key: str | None = None
    form_key_expression: ExpressionText | None = None
    due: ExpressionText | None = None
    opens: ExpressionText | None = None
    escalation: str = "standard"
    offer: str | None = None
    """Offer round: usual, pool, neighbours or search; None: ordinary work."""
    priority: str = "normal"
    assignee: ExpressionText | None = None
    decides: tuple[DecisionOption, ...] = ()
    """Options of a « Décider : … » task, made from a gateway without usable conditions."""
    decision_variable: str | None = None


@dataclass(frozen=True, slots=True)
class DecisionOption:
    """One branch a person may choose."""

    value: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAction:
    """What an automated task asks the host to do: `notify`, `start_pathway`, `send_message`, `send_document`,
    `stop_notifications` or `set_outcome`, with its parameters as written."""

    kind: str
    parameters: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class MultiInstance:
    """One activity per item of a collection, or `cardinality` times."""

    parallel: bool
    cardinality: ExpressionText | None = None
    collection: ExpressionText | None = None
    item: str | None = None
    """Name under which an instance sees its item (and `loopCounter` its number, from 1)."""
    completion: ExpressionText | None = None
    """Evaluated in the scope of the instance that has just finished; true stops the others."""
    output_collection: str | None = None
    """Case fact that receives one value per instance, in the order of the items."""
    output_element: ExpressionText | None = None
    """What an instance adds to it; None: a context of its item and everything written in its scope."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardLoop:
    """Repeat while `condition` holds, at most `maximum` times."""

    condition: ExpressionText | None
    maximum: int | None
    test_before: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One flow node. Only the fields of its kind are set."""

    id: str
    kind: NodeKind
    name: str = ""
    place: Place = NOWHERE
    origin: str | None = None
    """Id of the designer's element this one was made from; None: the designer drew it."""
    bpmn_type: str = ""
    """The BPMN element name as drawn (userTask, exclusiveGateway…), for messages."""
    documentation: str = ""
    trigger: Trigger = Trigger()
    attached_to: str | None = None
    interrupting: bool = True
    default_flow: str | None = None
    loop: MultiInstance | StandardLoop | None = None
    work: HumanWork | None = None
    action: ServiceAction | None = None
    script: str | None = None
    script_dialect: str | None = None
    decision: str | None = None
    called: str | None = None
    inputs: tuple[Assignment, ...] = ()
    outputs: tuple[Assignment, ...] = ()
    body: Scope | None = None
    event_sub_process: bool = False
    responsible: str | None = None
    """Role that answers for a wait on a message or signal."""
    expected: ExpressionText | None = None
    """When a message or signal should have arrived."""
    extensions: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A sequence flow."""

    id: str
    source: str
    target: str
    name: str = ""
    condition: ExpressionText | None = None
    place: Place = NOWHERE
    origin: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The inside of a process or sub-process: nodes and flows in the order of the file."""

    nodes: Mapping[str, Node]
    flows: Mapping[str, Flow]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A lane as drawn: documentation of who does what, and the role of tasks that name none."""

    id: str
    name: str
    role: str | None
    nodes: tuple[str, ...]
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process; a pathway has exactly one main process, the others are called by it."""

    id: str
    name: str
    scope: Scope
    lanes: tuple[Lane, ...] = ()
    documentation: str = ""
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True, kw_only=True)
class PathwayModel:
    """Everything read from the files of one pathway version."""

    processes: Mapping[str, Process]
    main: str
    dialect: str = "plain"
    forms: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """Form definitions found inside the BPMN or beside it (JSON values), by form key."""
    decisions: Mapping[str, bytes] = field(default_factory=lambda: MappingProxyType({}))
    """DMN files that came with the pathway, by decision key."""
    start_form: str | None = None
    """Key of the form that the drawing puts on its start: what is asked when a case is opened."""
    starters: tuple[str, ...] = ()
    """Roles that the drawing names as those who open cases; empty: it does not say."""

    @property
    def main_process(self) -> Process:
        """The process a case starts in."""
        return self.processes[self.main]
