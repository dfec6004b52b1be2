"""Pools, lanes and message flows: which process is the pathway, who its lanes are, which messages cross."""

from __future__ import annotations

from dataclasses import replace

from engine.bpmn.model import HumanWork, Lane
from engine.bpmn.reader import activities
from engine.bpmn.reader.draft import DraftNode, DraftProcess, DraftScope
from engine.bpmn.reader.namespaces import children, clean_name, is_bpmn, local, parcours, text_of
from engine.bpmn.reader.people import NOBODY, is_expression
from engine.bpmn.reader.reading import Named, Reading, Source
from engine.bpmn.reader.scopes import count_nodes
from engine.bpmn.xml import Element


def read_message_flows(source: Source) -> None:
    """Give both ends of each message flow the same message name (its message, its name, or the name of its source)."""
    names = {element.get("id"): clean_name(element.get("name")) for element in source.root.walk() if element.get("id")}
    for flow in source.root.walk():
        if not is_bpmn(flow, "messageFlow"):
            continue
        message = source.definitions.get(local(flow.get("messageRef")))
        ends = [local(flow.get("sourceRef")), local(flow.get("targetRef"))]
        name = clean_name(message.get("name")) if message is not None else ""
        name = name or clean_name(flow.get("name")) or names.get(ends[0]) or names.get(ends[1]) or flow.get("id") or ""
        for end in ends:
            source.message_of.setdefault(source.known(end), name)


def pool_names(source: Source) -> dict[str, str]:
    """Process id → name of the participant drawn around it."""
    return {
        local(one.get("processRef")): clean_name(one.get("name"))
        for one in source.root.walk()
        if is_bpmn(one, "participant") and one.get("processRef")
    }


def note_black_boxes(reading: Reading, source: Source) -> None:
    """Pools without a process inside are the outside world."""
    described = {
        element.get("id") for element in source.root.walk() if is_bpmn(element, "process") and count_nodes(element)
    }
    for one in source.root.walk():
        if is_bpmn(one, "participant") and local(one.get("processRef")) not in described:
            name = clean_name(one.get("name")) or one.get("id") or ""
            reading.journal.info(
                "RD-100",
                one,
                f"Le couloir « {name} » est vide : c’est un partenaire extérieur, ses messages viennent du dehors.",
                f"The pool “{name}” is empty: it is an outside partner, its messages come from outside.",
            )


def choose_main(
    reading: Reading, processes: dict[str, DraftProcess], called: set[str], wanted: str | None
) -> DraftProcess | None:
    """The process that a case runs: the one asked for, else the executable one nobody calls, else the most detailed."""
    if wanted is not None and wanted in processes:
        return processes[wanted]
    candidates = [one for one in processes.values() if one.id not in called] or list(processes.values())
    candidates = [one for one in candidates if one.executable] or candidates
    if not candidates:
        return None
    main = max(candidates, key=lambda one: sum(1 for _ in one.scope.walk()))
    for other in processes.values():
        if other is not main and other.id not in called:
            reading.journal.warning(
                "RD-101",
                other.element,
                f"Le fichier décrit plusieurs processus : un dossier suit « {main.name or main.id} » ; «"
                f" {other.name or other.id} »"
                " est gardé comme dessin, ses messages viendront du dehors.",
                f"The file describes several processes: a case follows “{main.name or main.id}”;"
                f" “{other.name or other.id}” is kept"
                " as a drawing, its messages will come from outside.",
                related=[main.id, other.id],
            )
    return main


def read_lanes(reading: Reading, source: Source, process: DraftProcess) -> None:
    """Lanes of the process, and the role of each task that names none: its innermost lane, else the pool."""
    if not process.element.children:
        return
    owner_of: dict[str, list[tuple[int, Lane]]] = {}
    for lane_set in process.element.walk():
        if is_bpmn(lane_set, "laneSet", "childLaneSet") and not is_bpmn(lane_set.parent or lane_set, "lane"):
            for lane in children(lane_set, "lane"):
                _read_lane(reading, source, process, lane, 0, owner_of)
    _give_roles(reading, process, owner_of)


def _read_lane(
    reading: Reading,
    source: Source,
    process: DraftProcess,
    element: Element,
    depth: int,
    owner_of: dict[str, list[tuple[int, Lane]]],
) -> None:
    nodes = tuple(source.known(text_of(one)) for one in children(element, "flowNodeRef") if text_of(one))
    role = parcours(element, "role")
    name = clean_name(element.get("name"))
    lane = Lane(
        id=element.get("id") or "",
        name=name,
        role=role or reading.given(name) or name or None,
        nodes=nodes,
        place=element.place,
    )
    process.lanes.append(lane)
    for node in nodes:
        owner_of.setdefault(node, []).append((depth, lane))
    for inner in children(element, "childLaneSet", "laneSet"):
        for child in children(inner, "lane"):
            _read_lane(reading, source, process, child, depth + 1, owner_of)


def _give_roles(reading: Reading, process: DraftProcess, owner_of: dict[str, list[tuple[int, Lane]]]) -> None:
    around: dict[int, str | None] = {id(process.scope): None}
    for scope, node in process.scope.walk():
        if node.work is None and node.body is None:
            continue
        lane = _lane_of(reading, node.id, owner_of) or _lane_of(reading, node.origin or "", owner_of)
        role = (lane.role if lane is not None else None) or around.get(id(scope))
        if node.body is not None:
            around[id(node.body)] = role
        if node.work is None:
            continue
        role = role or (process.pool if not process.lanes else None)
        if role and not node.work.roles and node.work.role_expression is None and not is_expression(role):
            activities.lane_role(node, reading.role(role, node))
    for scope, node in process.scope.walk():
        if node.work is not None and node.work.decides and _is_nobodys(node):
            _give_to_those_after(scope, node)
        if _is_nobodys(node) and NOBODY in reading.roles:
            activities.lane_role(node, reading.roles[NOBODY])


def _is_nobodys(node: DraftNode) -> bool:
    work = node.work
    return work is not None and not (work.roles or work.role_expression or work.assignee)


def _give_to_those_after(scope: DraftScope, decision: DraftNode) -> None:
    """A decision that no lane and no task before it gives to anybody: whoever acts first after it decides."""
    ahead, seen = [decision], {decision.id}
    while ahead:
        for flow in scope.outgoing(ahead.pop(0)):
            node = scope.nodes[flow.target]
            if node.work is not None and node.work.roles:
                decision.work = replace(decision.work or HumanWork(), roles=node.work.roles)
                return
            if node.id not in seen:
                seen.add(node.id)
                ahead.append(node)


def _lane_of(reading: Reading, node_id: str, owner_of: dict[str, list[tuple[int, Lane]]]) -> Lane | None:
    owners = owner_of.get(node_id)
    if not owners:
        return None
    depth = max(level for level, _ in owners)
    deepest = {lane.id: lane for level, lane in owners if level == depth}
    if len(deepest) > 1:
        names = " et ".join(f"« {lane.name or lane.id} »" for lane in deepest.values())
        first = next(iter(deepest.values()))
        reading.journal.error(
            "AF-103",
            Named(first.id, "lane", first.name, first.place),
            f"L’étape « {node_id} » est dans plusieurs couloirs ({names}) : laissez-la dans un seul.",
            f"The step “{node_id}” stands in several lanes ({names}): leave it in one.",
            related=(node_id, *deepest),
        )
        owner_of[node_id] = owners[:1]
    return next(iter(deepest.values()))
