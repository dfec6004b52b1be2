"""Where a scope begins and ends: one way in, an end after what leads nowhere, errors that reach the outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from engine.bpmn.model import DecisionOption, ExpressionText, NodeKind, Trigger, TriggerKind
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


def settle_ends(reading: Reading, scope: DraftScope) -> None:
    """An end event after every node that leads nowhere."""
    for node in list(scope.nodes.values()):
        if node.kind is NodeKind.END and scope.outgoing(node):
            node.kind = NodeKind.THROW
            reading.journal.warning(
                "RD-083",
                node,
                f"Une flèche part de la fin « {node.shown} » : ce n’est pas une fin, le parcours continue.",
                f"A flow leaves the end event “{node.shown}”: it is not an end, the pathway goes on.",
            )
    loose = [node for node in scope.nodes.values() if _leads_nowhere(scope, node)]
    ends = [node for node in scope.nodes.values() if node.kind is NodeKind.END]
    if not loose and ends:
        return
    end = scope.add("end", NodeKind.END, of=None)
    end.place, end.origin = (loose[0].place, loose[0].id) if loose else (end.place, None)
    for node in loose:
        scope.connect(node, end)
        reading.journal.info(
            "RD-084",
            node,
            f"Rien ne suit « {node.shown} » : une fin est ajoutée.",
            f"Nothing follows “{node.shown}”: an end event is added.",
        )


def _leads_nowhere(scope: DraftScope, node: DraftNode) -> bool:
    return (
        node.kind is not NodeKind.END
        and not node.event_sub_process
        and not node.compensates
        and not scope.outgoing(node)
    )


def settle_cancels(reading: Reading, scope: DraftScope) -> None:
    """A transaction's cancel end and cancel boundary are an error of their own, with the same effect."""
    for owner in list(scope.nodes.values()):
        if owner.body is None:
            continue
        code = f"cancel:{owner.id}"
        caught = [one for one in scope.boundaries(owner) if one.trigger.kind is TriggerKind.CANCEL]
        for boundary in caught:
            boundary.trigger = Trigger(kind=TriggerKind.ERROR, name=code, place=boundary.place)
        for _, node in owner.body.walk():
            if node.trigger.kind is TriggerKind.CANCEL and node.kind is NodeKind.END:
                kind = TriggerKind.ERROR if caught else TriggerKind.TERMINATE
                node.trigger = Trigger(kind=kind, name=code if caught else None, place=node.place)
                reading.journal.info(
                    "RD-085",
                    node,
                    f"L’annulation « {node.shown} » est lue comme une erreur qui arrête « {owner.shown} ».",
                    f"The cancel event “{node.shown}” is read as an error that stops “{owner.shown}”.",
                )


def catch_escaping_errors(reading: Reading, top: DraftScope, called: Mapping[str, DraftScope]) -> None:
    """An error that no one catches around a sub-process or call stops the scope around it, and so on outwards.

    `called` are the insides of processes that may be called, themselves already settled.
    """
    for scope, owner in reversed(list(top.walk())):
        body = owner.body if owner.called is None else called.get(owner.called)
        if body is None or owner.event_sub_process:
            continue
        for code in _escaping(body):
            if any(_catches(one, code) for one in scope.boundaries(owner)):
                continue
            boundary = scope.add(f"{owner.id}_error", NodeKind.BOUNDARY, of=owner)
            boundary.attached_to = owner.id
            boundary.trigger = Trigger(kind=TriggerKind.ERROR, name=code, place=owner.place)
            end = scope.add(f"{owner.id}_error_end", NodeKind.END, of=owner, name=code or "")
            end.trigger = Trigger(kind=TriggerKind.ERROR, name=code, place=owner.place)
            scope.connect(boundary, end)
            reading.journal.warning(
                "RD-086",
                owner,
                f"Personne ne rattrape l’erreur « {code or '?'} » de « {owner.shown} » : elle arrête aussi ce qui"
                " l’entoure.",
                f"Nobody catches the error “{code or '?'}” of “{owner.shown}”: it stops what is around it too.",
            )


def end_on_errors(reading: Reading, top: DraftScope) -> None:
    """An error that reaches the top of the pathway ends the case: nothing is left that could catch it."""
    escaping = _escaping(top)
    for node in top.nodes.values():
        if node.kind is NodeKind.END and node.trigger.kind is TriggerKind.ERROR and node.trigger.name in escaping:
            code = node.trigger.name or node.shown
            node.trigger = Trigger(kind=TriggerKind.TERMINATE, place=node.place)
            reading.journal.warning(
                "RD-087",
                node,
                f"L’erreur « {code} » n’est rattrapée nulle part : elle arrête tout le parcours.",
                f"The error “{code}” is caught nowhere: it ends the whole pathway.",
            )


def _escaping(body: DraftScope) -> list[str | None]:
    """Codes of the errors thrown directly in the scope that none of its event sub-processes catches."""
    handlers = [
        start
        for node in body.nodes.values()
        if node.event_sub_process and node.body is not None
        for start in node.body.nodes.values()
        if start.kind is NodeKind.START
    ]
    thrown: list[str | None] = []
    for node in body.nodes.values():
        if node.kind is NodeKind.END and node.trigger.kind is TriggerKind.ERROR:
            caught = any(_catches(start, node.trigger.name) for start in handlers)
            if not caught and node.trigger.name not in thrown:
                thrown.append(node.trigger.name)
    return thrown


def _catches(node: DraftNode, code: str | None) -> bool:
    return node.trigger.kind is TriggerKind.ERROR and node.trigger.name in (None, code)
