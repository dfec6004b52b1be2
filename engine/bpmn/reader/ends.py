"""Where a scope ends: an end after what leads nowhere, cancels and errors that reach the outside."""

from __future__ import annotations

from collections.abc import Mapping

from engine.bpmn.model import NodeKind, Trigger, TriggerKind
from engine.bpmn.reader.draft import DraftNode, DraftScope
from engine.bpmn.reader.reading import Reading


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
            boundary.interrupting = True
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


def settle_stray_cancels(reading: Reading, top: DraftScope) -> None:
    """Cancel events outside any transaction: an end stops everything around it, a boundary can never fire."""
    for scope, node in list(top.walk()):
        if node.trigger.kind is not TriggerKind.CANCEL:
            continue
        if node.kind is NodeKind.END:
            node.trigger = Trigger(kind=TriggerKind.TERMINATE, place=node.place)
        else:
            scope.remove(node)
        reading.journal.warning(
            "RD-088",
            node,
            f"L’annulation « {node.shown} » n’est pas dans une transaction : "
            + ("elle arrête tout." if node.kind is NodeKind.END else "elle ne se produira jamais et est retirée."),
            f"The cancel event “{node.shown}” is outside any transaction: "
            + ("it stops everything." if node.kind is NodeKind.END else "it can never happen and is removed."),
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
