"""Compensation: handlers of what was completed run where it is thrown; never thrown, they are set aside."""

from __future__ import annotations

from dataclasses import replace

from engine.bpmn.model import ExpressionText, NodeKind, TriggerKind
from engine.bpmn.reader.draft import NO_TRIGGER, DraftNode, DraftScope
from engine.bpmn.reader.namespaces import is_bpmn
from engine.bpmn.reader.reading import Reading, Source
from engine.bpmn.xml import Element

_THROWS = (NodeKind.THROW, NodeKind.END)


def settle_compensation(reading: Reading, source: Source, process: Element, top: DraftScope) -> None:
    """Rewrite compensation in the whole process."""
    handlers = _handlers(source, process, top)
    places = {node.id: scope for scope, node in top.walk()}
    throws = [
        (scope, node)
        for scope, node in top.walk()
        if node.kind in _THROWS and node.trigger.kind is TriggerKind.COMPENSATION
    ]
    copies = {handler.id: replace(handler) for _, handler in handlers}
    _set_aside(reading, top, told=not throws)
    for scope, node in throws:
        wanted = [
            (activity, copies[handler.id])
            for activity, handler in handlers
            if node.trigger.name in (None, activity.id) and _visible(scope, places, activity)
        ]
        node.trigger = NO_TRIGGER
        if not wanted:
            reading.journal.warning(
                "RD-070",
                node,
                f"« {node.shown} » demande une annulation que rien ne prépare : l’étape est traversée.",
                f"“{node.shown}” asks for a compensation that nothing provides: it is passed through.",
            )
            continue
        for activity, handler in reversed(wanted):  # what was done last is undone first
            _undo(scope, node, activity, handler)
        reading.journal.info(
            "RD-071",
            node,
            f"« {node.shown} » annule ce qui a été fait : "
            + ", ".join(f"« {handler.shown} » si « {activity.shown} » est terminée" for activity, handler in wanted)
            + ".",
            f"“{node.shown}” undoes what was completed: " + ", ".join(handler.shown for _, handler in wanted) + ".",
        )


def _handlers(source: Source, process: Element, top: DraftScope) -> list[tuple[DraftNode, DraftNode]]:
    nodes = {node.id: node for _, node in top.walk()}
    found = []
    for association in process.walk():
        if not is_bpmn(association, "association"):
            continue
        boundary = nodes.get(source.known(association.get("sourceRef")))
        handler = nodes.get(source.known(association.get("targetRef")))
        if boundary is not None and handler is not None and boundary.trigger.kind is TriggerKind.COMPENSATION:
            activity = nodes.get(boundary.attached_to or "")
            if activity is not None and handler.kind is not NodeKind.SUB_PROCESS:
                found.append((activity, handler))
    return found


def _visible(scope: DraftScope, places: dict[str, DraftScope], activity: DraftNode) -> bool:
    """Whether the throw stands beside the activity, or in an event sub-process beside it."""
    home = places[activity.id]
    return home is scope or any(node.event_sub_process and node.body is scope for node in home.nodes.values())


def _set_aside(reading: Reading, top: DraftScope, *, told: bool) -> None:
    for scope, node in list(top.walk()):
        catches = node.kind is NodeKind.BOUNDARY and node.trigger.kind is TriggerKind.COMPENSATION
        if node.event_sub_process and node.body is not None:
            starts = [one for one in node.body.nodes.values() if one.kind is NodeKind.START]
            catches = any(one.trigger.kind is TriggerKind.COMPENSATION for one in starts)
        if node.id not in scope.nodes or not (catches or node.compensates):
            continue
        if told:
            reading.journal.warning(
                "RD-072",
                node,
                f"Aucune annulation n’est demandée dans ce parcours : « {node.shown} » ne servira jamais et est mise"
                " de côté.",
                f"No compensation is thrown in this pathway: “{node.shown}” is never used and is set aside.",
            )
        scope.remove(node)


def _undo(scope: DraftScope, throw: DraftNode, activity: DraftNode, handler: DraftNode) -> None:
    """`if the activity was completed: handler`, put before the throw."""
    choice = scope.add(f"{handler.id}_{throw.id}_if", NodeKind.EXCLUSIVE, of=throw)
    merge = scope.add(f"{handler.id}_{throw.id}_on", NodeKind.EXCLUSIVE, of=throw)
    copy = replace(handler, id=scope.ids.fresh(f"{handler.id}_{throw.id}"), origin=handler.id, compensates=False)
    scope.nodes[copy.id] = copy
    following = scope.incoming(throw)
    for flow in following:
        flow.target = choice.id
    run = scope.connect(choice, copy)
    run.condition = ExpressionText(f'= list contains(case.completed_steps, "{activity.id}")', "feel", throw.place)
    scope.connect(copy, merge)
    choice.default_flow = scope.connect(choice, merge).id
    scope.connect(merge, throw)
