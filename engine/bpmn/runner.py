"""The door of the room: start, complete, signal, tick. State in, `Outcome` out; nothing else is read or written.

Every function is pure and may be called from any thread: the same state, facts and time give the same outcome, tokens
included. A step that cannot go on gives the state it was handed, and an incident; it is never half done.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

from engine.bpmn.elements import FUTURE, READY, WAITING, close, close_if_over, open_tasks
from engine.bpmn.events import deliver, fire_timer, waiting_for
from engine.bpmn.incidents import Stopped, stopped
from engine.bpmn.model import TriggerKind
from engine.bpmn.moving import move_tokens
from engine.bpmn.program import Program, build_program, program_for
from engine.bpmn.state import Unreadable, decode, empty, encode
from engine.bpmn.step import Facts, Step, Surroundings
from engine.bpmn.traversal import CaseTask, CaseWorkflow
from engine.bpmn.unsupported import unsupported
from engine.bpmn.waits import waits_of
from engine.errors import InvalidMessage, StepNotOpen
from engine.outcome import Outcome, Value, WaitKind

__all__ = [
    "Facts",
    "Program",
    "StepNotOpen",
    "Surroundings",
    "build_program",
    "cancel",
    "complete",
    "inspect",
    "move",
    "program_for",
    "recheck",
    "restore",
    "signal",
    "start",
    "tick",
    "unsupported",
]

for _name in ("spiff", "spiff.task", "spiff.workflow"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)  # they would put task data into every record

NOTHING_OPEN = "Il ne resterait rien d'ouvert dans ce dossier qui puisse avancer : ouvrez au moins une étape."
NO_FACTS: Mapping[str, Value] = {}


def start(program: Program, around: Surroundings, *, start_event: str | None = None) -> Outcome:
    """Open a case and run it to its first waits.

    `start_event` names the start event that was triggered; without it the plain one, or the first, is taken.
    """
    step = Step(program, around)

    def begin() -> bool:
        workflow = empty(program, step)
        entries = program.main.entries
        if start_event is not None and (named := program.main.task_specs.get(start_event)) is not None:
            entries = (named,)
        for entry in entries:
            child = workflow.task_tree._add_child(entry, FUTURE)
            entry._update(child)
        return True

    return _step(step, b"", begin)


def complete(program: Program, state: bytes, *, token: str, around: Surroundings) -> Outcome:
    """Complete a person's task; its answers are already in `around.facts`, in the task's scope."""

    def act(workflow: CaseWorkflow) -> bool:
        task = workflow.find(token)
        if task is None or task._state != READY or not task.task_spec.manual:
            raise StepNotOpen("Cette étape n'est plus ouverte : le dossier a avancé depuis l'affichage de la page.")
        task.run()
        return True

    return _on_case(program, state, around, act)


def signal(
    program: Program,
    state: bytes,
    *,
    message: str,
    payload: Mapping[str, Value] = NO_FACTS,
    around: Surroundings,
    correlation_key: str | None = None,
) -> Outcome:
    """Deliver a message or a signal to every wait it matches. `delivered` is False when there is none.

    A wait with a correlation key takes only a message that carries it. Raises InvalidMessage for a blank key.
    """
    if correlation_key is not None and not correlation_key.strip():
        raise InvalidMessage("La clé de correspondance du message est vide : il pourrait atteindre un autre dossier.")

    def act(workflow: CaseWorkflow) -> bool:
        waits = [
            task
            for task in waiting_for(workflow, message, TriggerKind.MESSAGE, TriggerKind.SIGNAL)
            if task.internal_data.get("key") in (None, correlation_key)
        ]
        return deliver(waits, payload, message)

    return _on_case(program, state, around, act)


def tick(program: Program, state: bytes, *, tokens: Sequence[str], around: Surroundings) -> Outcome:
    """Fire timers the host says are due, the earliest first. Tokens no longer open are passed over (a sweep may be
    late); `delivered` is False when none was open."""

    def act(workflow: CaseWorkflow) -> bool:
        due: list[CaseTask] = []
        for token in dict.fromkeys(tokens):
            task = workflow.find(token)
            if task is not None and task._state == WAITING and "due" in task.internal_data:
                due.append(task)
        fired = False
        for task in sorted(due, key=lambda task: (task.internal_data["due"], task.id)):
            if task._state == WAITING and task.id in task.workflow.tasks:
                fire_timer(task)
                fired = True
        return fired

    return _on_case(program, state, around, act)


def recheck(program: Program, state: bytes, *, around: Surroundings) -> Outcome:
    """Look again at conditional events, after facts have changed outside a step."""
    return _on_case(program, state, around, lambda workflow: True)


def inspect(program: Program, state: bytes, *, around: Surroundings) -> Outcome:
    """What is open now. Nothing moves, and the state given back is the one handed in."""
    step = Step(program, around)
    try:
        workflow = decode(program, state, step)
    except Unreadable as error:
        return _unreadable(state, error)
    return _outcome(step, workflow, state, delivered=True)


def cancel(program: Program, state: bytes, *, around: Surroundings) -> Outcome:
    """Close everything that is open; the case is over."""

    def act(workflow: CaseWorkflow) -> bool:
        for task in list(open_tasks(workflow)):
            task.cancel()
        close(workflow)
        return True

    return _on_case(program, state, around, act)


def move(program: Program, state: bytes, *, close: Sequence[str], open: Sequence[str], around: Surroundings) -> Outcome:
    """« Modifier le cours »: close some tokens, open some elements. Nothing is carried over from one to the other.

    Raises StepNotOpen for a token that is not open. An element that cannot be opened, or a case left with nothing open,
    is an incident and changes nothing.
    """

    def act(workflow: CaseWorkflow) -> bool:
        move_tokens(workflow, close, open)
        close_if_over(workflow)
        if workflow.completed:
            raise stopped("nothing_open", None, NOTHING_OPEN)
        return True

    outcome = _on_case(program, state, around, act)
    moves_on = outcome.incident or outcome.completed or outcome.tasks or outcome.timers or outcome.subscriptions
    if not moves_on and all(leaf.kind is WaitKind.JOIN for leaf in outcome.leaves):
        return Outcome(state=state, incident=stopped("nothing_open", None, NOTHING_OPEN).incident)
    return outcome


def restore(program: Program, state: bytes, *, earlier: bytes, around: Surroundings) -> Outcome:
    """Go back to an earlier state of the same case. Tokens opened from now on never repeat one used since."""
    step = Step(program, around)
    try:
        used = decode(program, state, Step(program, around)).last_number
        workflow = decode(program, earlier, step)
    except Unreadable as error:
        return _unreadable(state, error)
    workflow.last_number = max(used, workflow.last_number)
    return _outcome(step, workflow, encode(program, workflow), delivered=True)


def _on_case(program: Program, state: bytes, around: Surroundings, act: Callable[[CaseWorkflow], bool]) -> Outcome:
    step = Step(program, around)
    try:
        workflow = decode(program, state, step)
    except Unreadable as error:
        return _unreadable(state, error)
    return _step(step, state, lambda: act(workflow))


def _step(step: Step, state: bytes, act: Callable[[], bool]) -> Outcome:
    try:
        delivered = act()
        workflow = step.workflow
        if delivered:
            step.run()
            state = encode(step.program, workflow)
        return _outcome(step, workflow, state, delivered=delivered)
    except Stopped as stop:
        return Outcome(state=state, incident=stop.incident)


def _outcome(step: Step, workflow: CaseWorkflow, state: bytes, *, delivered: bool) -> Outcome:
    waits = waits_of(step.program, workflow)
    return Outcome(
        state=state,
        tasks=tuple(waits.tasks),
        timers=tuple(waits.timers),
        subscriptions=tuple(waits.subscriptions),
        leaves=tuple(waits.leaves),
        facts=tuple(step.facts),
        effects=tuple(step.effects),
        events=tuple(step.events),
        completed=workflow.completed,
        delivered=delivered,
    )


def _unreadable(state: bytes, error: Unreadable) -> Outcome:
    logging.getLogger(__name__).error("unreadable case state: %s", error)
    return Outcome(
        state=state,
        incident=stopped(
            "unreadable_state",
            None,
            "L'avancement de ce dossier ne peut pas être relu. Rien n'a été modifié ; prévenez l'équipe technique.",
        ).incident,
    )
