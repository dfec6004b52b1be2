"""Where a scope begins: one way in, added where none is drawn, asked for where several are."""

from __future__ import annotations

from dataclasses import replace

from engine.bpmn.model import DecisionOption, ExpressionText, NodeKind, TriggerKind
from engine.bpmn.reader import events
from engine.bpmn.reader.draft import NO_TRIGGER, DraftNode, DraftScope
from engine.bpmn.reader.forms import both
from engine.bpmn.reader.reading import About, Reading
from engine.bpmn.reader.structure import question_form, variable_name


def settle_starts(reading: Reading, scope: DraftScope, owner: DraftNode | None, about: About) -> None:
    """One none start event; typed ones beside it only at the top of a process. `owner` is None at the top."""
    starts = [node for node in scope.nodes.values() if node.kind is NodeKind.START]
    for node in starts:
        for flow in scope.incoming(node):
            reading.journal.error(
                "NS-040",
                flow,
                f"Une flèche arrive sur le départ « {node.shown} » : un départ ne fait que commencer.",
                f"A flow reaches the start event “{node.shown}”: a start only begins.",
            )
    if owner is not None and owner.event_sub_process:
        _event_start(reading, owner, starts)
        return
    if owner is not None:
        _untype(reading, starts)
    if not starts:
        _add_start(reading, scope, about)
        return
    plain = [node for node in starts if node.trigger.kind is TriggerKind.NONE]
    if len(plain) > 1:
        _choose_start(reading, scope, plain)


def plain_start(scope: DraftScope) -> DraftNode | None:
    """The start by which a person opens a case."""
    plain = (node for node in scope.nodes.values() if node.kind is NodeKind.START)
    return next((node for node in plain if node.trigger.kind is TriggerKind.NONE), None)


def _event_start(reading: Reading, owner: DraftNode, starts: list[DraftNode]) -> None:
    if len(starts) != 1:
        reading.journal.error(
            "NS-041",
            owner,
            f"Le sous-processus événementiel « {owner.shown} » a {len(starts)} départs : il en faut exactement un.",
            f"The event sub-process “{owner.shown}” has {len(starts)} start events: exactly one is needed.",
        )
    elif starts[0].trigger.kind is TriggerKind.NONE:
        start = starts[0]
        name = start.name or owner.name or start.id
        start.trigger = replace(events.by_hand(reading, start, "n’a pas de déclencheur", "has no trigger"), name=name)


def _untype(reading: Reading, starts: list[DraftNode]) -> None:
    for node in starts:
        if node.trigger.kind is not TriggerKind.NONE:
            reading.journal.warning(
                "RD-080",
                node,
                f"Le départ « {node.shown} » d’un sous-processus ordinaire n’attend rien : son déclencheur est ignoré.",
                f"The start event “{node.shown}” of an ordinary sub-process waits for nothing: its trigger is ignored.",
            )
            node.trigger = NO_TRIGGER


def _add_start(reading: Reading, scope: DraftScope, about: About) -> None:
    """BPMN starts everything that nothing leads to."""
    first = [
        node
        for node in scope.nodes.values()
        if not scope.incoming(node)
        and node.kind is not NodeKind.BOUNDARY
        and not node.event_sub_process
        and not node.compensates
    ]
    if not first:
        reading.journal.error(
            "NS-042",
            about,
            "Rien ne dit où ce processus commence : ajoutez un événement de départ.",
            "Nothing says where this process begins: add a start event.",
        )
        return
    start = scope.add("start", NodeKind.START, of=None)
    start.place = first[0].place
    start.origin = first[0].id
    after = start
    if len(first) > 1:
        after = scope.add("start_split", NodeKind.PARALLEL, of=first[0])
        scope.connect(start, after)
    for node in first:
        scope.connect(after, node)
    names = ", ".join(f"« {node.shown} »" for node in first[:5])
    reading.journal.info(
        "RD-081",
        first[0],
        f"Aucun départ n’est dessiné : un départ est ajouté avant {names}.",
        f"No start event is drawn: one is added before {names}.",
    )


def _choose_start(reading: Reading, scope: DraftScope, starts: list[DraftNode]) -> None:
    """Several plain starts are so many ways to begin: whoever opens the case says which."""
    start = scope.add("start", NodeKind.START, of=starts[0])
    if _meet_in_a_join(scope, starts):
        _start_together(reading, scope, start, starts)
        return
    task = scope.add("start_decide", NodeKind.USER_TASK, of=starts[0], name="Décider : par où commence ce parcours ?")
    choice = scope.add("start_choice", NodeKind.EXCLUSIVE, of=starts[0])
    variable = variable_name("decision", start.id)
    options = []
    for node in starts:
        following = next((scope.nodes[flow.target].name for flow in scope.outgoing(node)), "")
        options.append(DecisionOption(node.id, node.name or (f"vers « {following} »" if following else node.id)))
    field: dict[str, object] = {
        "name": variable,
        "type": "code",
        "required": True,
        "label": {"fr": "Par où commencer ?", "en": "Where to begin?"},
        "options": [{"value": option.value, "label": both(option.label)} for option in options],
    }
    task.work = replace(
        question_form(reading, task, [field], like=None), decides=tuple(options), decision_variable=variable
    )
    scope.connect(start, task)
    scope.connect(task, choice)
    for node in starts:
        node.kind = NodeKind.THROW
        flow = scope.connect(choice, node)
        flow.condition = ExpressionText(f'= {variable} = "{node.id}"', "feel", node.place)
    reading.journal.warning(
        "RD-082",
        starts[1],
        f"{len(starts)} départs sont dessinés : une personne dira par lequel le dossier commence.",
        f"{len(starts)} start events are drawn: a person says by which one the case begins.",
        related=[node.id for node in starts],
    )


def _meet_in_a_join(scope: DraftScope, starts: list[DraftNode]) -> bool:
    """Whether some parallel join needs branches that no single start reaches."""
    reached = {start.id: _flows_after(scope, start) for start in starts}
    for node in scope.nodes.values():
        needed = {flow.id for flow in scope.incoming(node)}
        joins = node.kind is NodeKind.PARALLEL and len(needed) > 1 and needed <= set().union(*reached.values())
        if joins and not any(needed <= flows for flows in reached.values()):
            return True
    return False


def _flows_after(scope: DraftScope, start: DraftNode) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        node = waiting.pop()
        for one in (node, *scope.boundaries(node)):
            for flow in scope.outgoing(one):
                if flow.id not in found:
                    found.add(flow.id)
                    waiting.append(scope.nodes[flow.target])
    return found


def _start_together(reading: Reading, scope: DraftScope, start: DraftNode, starts: list[DraftNode]) -> None:
    split = scope.add("start_split", NodeKind.PARALLEL, of=starts[0])
    scope.connect(start, split)
    for node in starts:
        node.kind = NodeKind.THROW
        scope.connect(split, node)
    reading.journal.warning(
        "RD-089",
        starts[1],
        f"{len(starts)} départs se rejoignent dans une jonction parallèle : le dossier part de tous à la fois.",
        f"{len(starts)} start events meet in a parallel join: the case begins at all of them.",
        related=[node.id for node in starts],
    )
