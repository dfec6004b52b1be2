"""The inside of a process or sub-process as drawn: its nodes, its flows, and what each element says of itself."""

from __future__ import annotations

from engine.bpmn.model import ExpressionText, NodeKind
from engine.bpmn.reader import activities, events, loops, texts
from engine.bpmn.reader.draft import DraftFlow, DraftNode, DraftScope
from engine.bpmn.reader.namespaces import (
    CONTAINERS,
    EVENTS,
    FLOW_NODES,
    GATEWAYS,
    TASKS,
    child,
    children,
    clean_name,
    is_bpmn,
    parcours,
    text_of,
)
from engine.bpmn.reader.reading import Named, Reading, Source
from engine.bpmn.xml import Element

_EVENT_KINDS = {
    "startEvent": NodeKind.START,
    "endEvent": NodeKind.END,
    "intermediateCatchEvent": NodeKind.CATCH,
    "intermediateThrowEvent": NodeKind.THROW,
    "boundaryEvent": NodeKind.BOUNDARY,
}
_GATEWAY_KINDS = {
    "exclusiveGateway": NodeKind.EXCLUSIVE,
    "inclusiveGateway": NodeKind.INCLUSIVE,
    "complexGateway": NodeKind.INCLUSIVE,
    "parallelGateway": NodeKind.PARALLEL,
    "eventBasedGateway": NodeKind.EVENT_BASED,
}
_DRAWN_ONLY = frozenset(["dataObjectReference", "dataStoreReference"])
_BESIDE_THE_FLOW = frozenset({
    "documentation", "extensionElements", "auditing", "monitoring", "property", "laneSet", "sequenceFlow",
    "association", "group", "textAnnotation", "resourceRole", "performer", "humanPerformer", "potentialOwner",
    "correlationSubscription", "supports", "ioSpecification", "ioBinding", "supportedInterfaceRef", "incoming",
    "outgoing", "dataObject",
    "dataInputAssociation", "dataOutputAssociation", "loopCharacteristics", "multiInstanceLoopCharacteristics",
    "standardLoopCharacteristics", "completionCondition", "category", "artifact",
})  # fmt: skip
"""What the standard (BPMN 2.0.2, tables 8.45, 10.3, 10.20) lets stand in a process besides flow nodes and data."""


def read_scope(reading: Reading, source: Source, container: Element) -> DraftScope:
    """Nodes and flows inside `container`, sub-processes included."""
    scope = DraftScope(reading.ids)
    for element in container.children:
        if is_bpmn(element) and element.name in FLOW_NODES:
            node = _node(reading, source, element)
            scope.nodes[node.id] = node
        elif is_bpmn(element) and element.name in _DRAWN_ONLY:
            _note_data(reading, element)
        elif is_bpmn(element) and element.name not in _BESIDE_THE_FLOW:
            _refuse_unknown(reading, element)
    return scope


def _refuse_unknown(reading: Reading, element: Element) -> None:
    called = clean_name(element.get("name")) or element.get("id") or element.name
    reading.journal.error(
        "NS-013",
        Named(element.get("id") or element.name, element.name, called, element.place),
        f"« {called} » est un élément « {element.name} », qui n’existe pas dans un processus BPMN 2.0 : mettez à sa "
        "place une tâche, un événement ou une branche du standard.",
        f"“{called}” is a “{element.name}”, which does not exist in a BPMN 2.0 process: use a task, an event or a "
        "gateway of the standard instead.",
    )


def _note_data(reading: Reading, element: Element) -> None:
    name = clean_name(element.get("name")) or element.get("id") or ""
    reading.journal.info(
        "RD-001",
        element,
        f"La donnée dessinée « {name} » est gardée comme documentation.",
        f"The drawn data “{name}” is kept as documentation.",
    )


def _node(reading: Reading, source: Source, element: Element) -> DraftNode:
    node = DraftNode(
        id=source.known(element.get("id")),
        kind=NodeKind.USER_TASK,
        name=clean_name(element.get("name")),
        place=element.place,
        bpmn_type=element.name,
        documentation=activities.documentation_of(element),
        element=element,
        default_flow=source.known(element.get("default")) or None,
    )
    if parcours(element, "scope") == "case":
        node.extensions["scope"] = "case"
    if element.name in TASKS:
        activities.read_activity(reading, source, node, element)
        loops.read_loop(reading, source, node, element)
    elif element.name in EVENTS:
        _read_event(reading, source, node, element)
    elif element.name in GATEWAYS:
        node.kind = _GATEWAY_KINDS[element.name]
    else:
        assert element.name in CONTAINERS
        _read_container(reading, source, node, element)
    return node


def _read_event(reading: Reading, source: Source, node: DraftNode, element: Element) -> None:
    node.kind = _EVENT_KINDS[element.name]
    if node.kind is NodeKind.BOUNDARY:
        node.attached_to = source.known(element.get("attachedToRef"))
        node.interrupting = element.get("cancelActivity") != "false"
    elif node.kind is NodeKind.START:
        node.interrupting = element.get("isInterrupting") != "false"
    events.read_triggers(reading, source, node, element)
    node.responsible = parcours(element, "responsible")
    expected = parcours(element, "expected")
    if expected:
        node.expected = texts.expression(expected, node.place, source=source.dialect)


def _read_container(reading: Reading, source: Source, node: DraftNode, element: Element) -> None:
    node.compensates = element.get("isForCompensation") == "true"
    node.event_sub_process = element.get("triggeredByEvent") == "true"
    if not any(is_bpmn(one) and one.name in FLOW_NODES for one in element.children):
        if node.event_sub_process:
            reading.journal.warning(
                "RD-002",
                node,
                f"Le sous-processus événementiel « {node.shown} » est vide : il est ignoré.",
                f"The event sub-process “{node.shown}” is empty: it is ignored.",
            )
            return
        activities.confirm(
            reading, source, node, element, "est replié et n’a pas de contenu", "is collapsed, without content"
        )
        loops.read_loop(reading, source, node, element)
        return
    node.kind = NodeKind.SUB_PROCESS
    node.ad_hoc = element.name in ("adHocSubProcess", "adhocSubProcess")
    if element.name == "transaction":
        reading.journal.info(
            "RD-003",
            node,
            f"La transaction « {node.shown} » est lue comme un sous-processus.",
            f"The transaction “{node.shown}” is read as a sub-process.",
        )
    node.body = read_scope(reading, source, element)
    loops.read_loop(reading, source, node, element)


def read_flows(reading: Reading, source: Source, process: Element, top: DraftScope) -> None:
    """Put every sequence flow of the process into the scope where both its ends stand, wherever the file wrote it."""
    scopes = {node.id: scope for scope, node in top.walk()}
    for element in process.walk():
        if not is_bpmn(element, "sequenceFlow"):
            continue
        from_id, to_id = source.known(element.get("sourceRef")), source.known(element.get("targetRef"))
        flow = DraftFlow(
            id=source.known(element.get("id")),
            source=from_id,
            target=to_id,
            name=clean_name(element.get("name")),
            condition=_condition(source, element),
            place=element.place,
        )
        start, end = scopes.get(from_id), scopes.get(to_id)
        if start is None or end is None:
            missing = from_id if start is None else to_id
            reading.journal.error(
                "XML-012",
                element,
                f"La flèche « {flow.name or flow.id} » ne relie pas deux étapes de ce processus : « {missing or '?'}"
                " » n’existe"
                " pas.",
                f"The flow “{flow.name or flow.id}” does not join two steps of this process: “{missing or '?'}” does"
                " not exist.",
            )
        elif start is not end:
            reading.journal.error(
                "XML-013",
                element,
                f"La flèche « {flow.name or flow.id} » traverse le bord d’un sous-processus : reliez-la au"
                " sous-processus"
                " lui-même.",
                f"The flow “{flow.name or flow.id}” crosses the border of a sub-process: join it to the sub-process"
                " itself.",
                related=(from_id, to_id),
            )
        else:
            start.flows[flow.id] = flow


def _condition(source: Source, element: Element) -> ExpressionText | None:
    holder = child(element, "conditionExpression")
    text = text_of(holder)
    if holder is None or not text:
        return None
    return texts.expression(text, holder.place, source=source.dialect, language=holder.get("language") or "")


def count_nodes(container: Element) -> int:
    """Number of flow nodes inside, however deep."""
    return sum(1 for element in container.walk() if is_bpmn(element) and element.name in FLOW_NODES)


def lane_sets(container: Element) -> list[Element]:
    """Lane sets of a process."""
    return list(children(container, "laneSet"))
