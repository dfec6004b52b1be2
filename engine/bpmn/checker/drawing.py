"""CF: what the drawing alone shows. Unreachable elements, dead ends, starts, events nobody throws or catches, calls."""

from __future__ import annotations

from collections.abc import Iterator

from engine.bpmn.checker.mends import add_end
from engine.bpmn.checker.subject import Corner, Subject, Words, about
from engine.bpmn.explorer import Surveyed
from engine.bpmn.findings import Finding, Severity
from engine.bpmn.model import Node, NodeKind, TriggerKind
from engine.bpmn.token_game import boundaries, catches, incoming, is_link, outgoing, start_nodes, successors
from engine.bpmn.token_net import THROWN

AFTER_EVENT_GATEWAY = frozenset(
    {TriggerKind.MESSAGE, TriggerKind.SIGNAL, TriggerKind.TIMER, TriggerKind.CONDITIONAL, TriggerKind.NONE}
)


def drawing(subject: Subject) -> Iterator[Finding]:
    """Everything that needs no playing."""
    for corner in subject.corners:
        yield from _starts(corner)
        yield from _loose_flows(corner)
        yield from _dead_ends(corner)
        yield from _boundaries(corner)
        yield from _event_gateways(corner)
    for surveyed in subject.surveyed.values():
        yield from _unreachable(surveyed)
    yield from _uncaught(subject)
    yield from _calls(subject)


def _starts(corner: Corner) -> Iterator[Finding]:
    """CF-011: several beginnings; CF-012: none; CF-022: one that nothing sets off."""
    owner = corner.owner or corner.process
    begun = [node for node in corner.scope.nodes.values() if node.kind is NodeKind.START]
    plain = [node for node in begun if node.trigger.kind is TriggerKind.NONE]
    if not start_nodes(corner.scope):
        yield about(owner, "CF-012")
    for extra in plain[1:]:
        yield about(extra, "CF-011", owner=owner, related=(plain[0].id,))
    if not isinstance(owner, Node):
        return
    if not owner.event_sub_process:
        waiting = Words(
            "le début d’un sous-processus ordinaire ne peut pas attendre d’évènement, en faire un début simple",
            "the start of an ordinary sub-process cannot wait for an event, make it a plain start",
        )
        for node in begun:
            if node.trigger.kind is not TriggerKind.NONE:
                yield about(owner, "CF-022", why=waiting, related=(node.id,))
    elif len(plain) == len(begun):
        idle = Words(
            "son début n’attend aucun évènement, lui donner un message, une échéance ou un signal",
            "its start waits for no event, give it a message, a timer or a signal",
        )
        yield about(owner, "CF-022", why=idle)


def _loose_flows(corner: Corner) -> Iterator[Finding]:
    """CF-020: a flow with an end that does not exist in its scope."""
    for flow in corner.scope.flows.values():
        for identifier in (flow.source, flow.target):
            if identifier not in corner.scope.nodes:
                yield about(flow, "CF-020", missing=identifier, related=(flow.source, flow.target))


def _dead_ends(corner: Corner) -> Iterator[Finding]:
    """CF-005: something that is no end and leads nowhere."""
    flows = outgoing(corner.scope)
    for node in corner.scope.nodes.values():
        if node.kind is NodeKind.END or node.event_sub_process or flows[node.id] or is_link(node, NodeKind.THROW):
            continue
        yield about(node, "CF-005", fix=add_end(node) if node.origin is None else None)


def _boundaries(corner: Corner) -> Iterator[Finding]:
    """CF-021: a boundary event without a trigger or without an activity."""
    for node in corner.scope.nodes.values():
        if node.kind is not NodeKind.BOUNDARY:
            continue
        if node.attached_to not in corner.scope.nodes:
            yield about(node, "CF-021", why=Words("n’est posé sur aucune tâche", "is attached to no activity"))
        elif node.trigger.kind is TriggerKind.NONE:
            yield about(node, "CF-021", why=Words("n’attend rien de précis", "waits for nothing in particular"))


def _event_gateways(corner: Corner) -> Iterator[Finding]:
    """CF-019: after an event-based gateway stand events, each reached from it alone."""
    flows_out, flows_in = outgoing(corner.scope), incoming(corner.scope)
    for node in corner.scope.nodes.values():
        if node.kind is not NodeKind.EVENT_BASED:
            continue
        for flow in flows_out[node.id]:
            target = corner.scope.nodes[flow.target]
            waits = target.kind is NodeKind.RECEIVE_TASK or (
                target.kind is NodeKind.CATCH and target.trigger.kind in AFTER_EVENT_GATEWAY
            )
            related = (node.id, flow.id)
            if not waits:
                why = Words("n’attend aucun évènement", "waits for no event")
                yield about(target, "CF-019", gateway=node, why=why, related=related)
            elif len(flows_in[target.id]) > 1:
                why = Words("reçoit aussi une autre flèche", "has another incoming flow too")
                yield about(target, "CF-019", gateway=node, why=why, related=related)


def _reached(surveyed: Surveyed) -> set[str]:
    """Nodes that some token can get to, a join counting as passed by any of its branches."""
    net = surveyed.net
    nodes = {identifier for identifier, _ in net.starts if identifier}
    seen: set[int] = set()
    pending = [token for _, tokens in net.starts for token in tokens]
    while pending:
        place = pending.pop()
        if place in seen:
            continue
        seen.add(place)
        node = net.target[place]
        nodes.add(node)
        moves = list(net.moves.get(place, ()))
        moves += [net.joins[node]] if node in net.joins else net.merges.get(node, [])
        for move in moves:
            nodes.add(move.node)
            pending.extend(move.gives)
    return nodes


def _unreachable(surveyed: Surveyed) -> Iterator[Finding]:
    """CF-004: never done; CF-014: an error or escalation that nothing throws. Only the first of a chain is named."""
    scope = surveyed.scope
    reached = _reached(surveyed)
    links = {node.id for node in scope.nodes.values() if is_link(node, NodeKind.CATCH)}
    lost = [
        node
        for node in scope.nodes.values()
        if node.id not in reached and not node.event_sub_process and node.id not in links
    ]
    names = {node.id for node in lost}
    following = successors(scope)
    before: dict[str, list[str]] = {node: [] for node in scope.nodes}
    for source, targets in following.items():
        for target in targets:
            before[target].append(source)
    told: set[str] = set()
    for node in lost:
        if node.id in told or (
            any(other in names and other not in told for other in before[node.id]) and _rooted(node.id, before, names)
        ):
            continue
        chain = _chain(node.id, following, names)
        told |= chain
        if node.kind is NodeKind.BOUNDARY and node.trigger.kind in THROWN and node.attached_to in reached:
            host = scope.nodes[node.attached_to or ""]
            yield about(node, "CF-014", what=_thrown(node), host=host, related=(host.id,))
            continue
        if node.kind is NodeKind.BOUNDARY and node.attached_to not in scope.nodes:
            continue
        if node.origin is not None:
            continue  # the reader's own end after a phase that only an event leaves
        related = tuple(other for other in scope.nodes if other in chain)
        yield about(node, "CF-004", related=related)


def _rooted(node: str, before: dict[str, list[str]], names: set[str]) -> bool:
    """Whether some unreachable element that nothing unreachable leads to stands before this one."""
    seen: set[str] = set()
    pending = [node]
    while pending:
        one = pending.pop()
        if one in seen:
            continue
        seen.add(one)
        earlier = [other for other in before[one] if other in names]
        if not earlier and one != node:
            return True
        pending.extend(earlier)
    return False


def _chain(node: str, following: dict[str, list[str]], names: set[str]) -> set[str]:
    seen: set[str] = set()
    pending = [node]
    while pending:
        one = pending.pop()
        if one in names and one not in seen:
            seen.add(one)
            pending.extend(following[one])
    return seen


def _thrown(node: Node) -> Words:
    """« L’erreur « E1 » », as a piece of a sentence."""
    code = f" « {node.trigger.name} »" if node.trigger.name else ""
    code_en = f" “{node.trigger.name}”" if node.trigger.name else ""
    if node.trigger.kind is TriggerKind.ERROR:
        return Words(f"L’erreur{code}", f"The error{code_en}")
    if node.trigger.kind is TriggerKind.CANCEL:
        return Words("L’annulation", "The cancellation")
    return Words(f"L’alerte (escalade){code}", f"The escalation{code_en}")


def _uncaught(subject: Subject) -> Iterator[Finding]:
    """CF-013: an error or escalation that nothing around it catches."""
    model = subject.model
    around = {(c.process.id, c.owner.id if c.owner else ""): c for c in subject.corners}
    for corner in subject.corners:
        for node in corner.scope.nodes.values():
            kind = node.trigger.kind
            if node.kind not in (NodeKind.END, NodeKind.THROW) or kind not in (
                TriggerKind.ERROR,
                TriggerKind.ESCALATION,
            ):
                continue
            top = corner.owner is None and corner.process.id == model.main
            if (top and kind is TriggerKind.ERROR) or _caught(subject, corner, node, around, frozenset()):
                continue
            severity = None if kind is TriggerKind.ERROR else Severity.WARNING
            yield about(node, "CF-013", severity=severity, what=_thrown(node))


def _caught(
    subject: Subject, corner: Corner, node: Node, around: dict[tuple[str, str], Corner], passed: frozenset[str]
) -> bool:
    """Whether what a node throws is caught here or further out, through every call."""
    raised = frozenset({(node.trigger.kind, node.trigger.name)})
    scope: Corner | None = corner
    while scope is not None:
        handlers = [one for one in scope.scope.nodes.values() if one.event_sub_process and one.body is not None]
        starts = [start for handler in handlers if handler.body is not None for start in start_nodes(handler.body)]
        if any(catches(start, raised) for start in starts):
            return True
        if scope.owner is None or scope.parent is None:
            break
        if any(catches(event, raised) for event in boundaries(scope.parent)[scope.owner.id]):
            return True
        parent = scope.parent
        scope = next((other for other in around.values() if other.scope is parent), None)
    process = corner.process.id
    if process == subject.model.main or process in passed:
        return False
    calls = [
        (outer, one)
        for outer in subject.corners
        for one in outer.scope.nodes.values()
        if one.kind is NodeKind.CALL_ACTIVITY and one.called == process
    ]
    return not calls or all(
        any(catches(event, raised) for event in boundaries(outer.scope)[call.id])
        or _caught(subject, outer, node, around, passed | {process})
        for outer, call in calls
    )


def _calls(subject: Subject) -> Iterator[Finding]:
    """CF-015: a call to nothing; CF-016: a process that calls itself."""
    processes = subject.model.processes
    calls: dict[str, list[Node]] = {name: [] for name in processes}
    for corner in subject.corners:
        for node in corner.scope.nodes.values():
            if node.kind is not NodeKind.CALL_ACTIVITY:
                continue
            if node.called in processes:
                calls[corner.process.id].append(node)
                continue
            what = Words("un parcours qui n’est pas nommé", "a process that is not named")
            if node.called:
                what = Words(
                    f"le parcours « {node.called} », qui n’est pas joint",
                    f"the process “{node.called}”, which was not uploaded",
                )
            yield about(node, "CF-015", what=what)
    for process, nodes in calls.items():
        for node in nodes:
            if process in _called_by(node.called or "", calls):
                yield about(node, "CF-016")


def _called_by(process: str, calls: dict[str, list[Node]]) -> set[str]:
    seen: set[str] = set()
    pending = [process]
    while pending:
        one = pending.pop()
        if one not in seen:
            seen.add(one)
            pending.extend(node.called or "" for node in calls.get(one, ()))
    return seen
