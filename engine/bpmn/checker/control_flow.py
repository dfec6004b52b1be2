"""CF: what playing the pathway shows. Stuck joins, double runs, loops without a way out, what could not be proved."""

from __future__ import annotations

from collections.abc import Iterator

from engine.bpmn.checker.concurrency import Together, possible_meetings, together
from engine.bpmn.checker.graphs import gatekeepers, rounds
from engine.bpmn.checker.mends import other_gateway
from engine.bpmn.checker.subject import Subject, Words, about, called, listed, named, path_words
from engine.bpmn.exploration import Budget, Deadlock, Meeting, Trap, Verdict, explore
from engine.bpmn.explorer import Surveyed
from engine.bpmn.findings import Finding, Severity
from engine.bpmn.model import ACTIVITIES, Flow, Node, NodeKind, Process, TriggerKind
from engine.bpmn.token_game import EVERY_SUBSET, incoming, outgoing, reachable, start_nodes, successors

BY_PEOPLE = frozenset(
    {NodeKind.USER_TASK, NodeKind.RECEIVE_TASK, NodeKind.CALL_ACTIVITY, NodeKind.SUB_PROCESS, NodeKind.CATCH}
)
BY_MACHINE = frozenset({NodeKind.SCRIPT_TASK, NodeKind.SERVICE_TASK, NodeKind.DECISION_TASK, NodeKind.THROW})
STUCK = Words("tout blocage", "that a case gets stuck")
TWICE = Words("une double exécution", "that something is done twice")
CHOICES = frozenset({NodeKind.EXCLUSIVE, NodeKind.INCLUSIVE, NodeKind.EVENT_BASED})


def control_flow(subject: Subject, budget: Budget) -> Iterator[Finding]:
    """Everything exploration shows, scope by scope."""
    for surveyed in subject.surveyed.values():
        verdict, doubtful = _thorough(surveyed, budget)
        faulty = bool(verdict.deadlocks or verdict.meetings or verdict.traps)
        for deadlock in verdict.deadlocks:
            yield from _stuck(subject, surveyed, deadlock)
        for meeting in verdict.meetings:
            yield from _twice(subject, surveyed, meeting)
        for trap in verdict.traps:
            yield from _endless(subject, surveyed, trap)
        if not verdict.complete and not faulty:
            yield _unproved(surveyed.owner or surveyed.process, STUCK, verdict.markings)
        for node in doubtful:
            yield _unproved(surveyed.scope.nodes[node], TWICE, verdict.markings)
        if not verdict.complete:
            yield from (about(surveyed.scope.nodes[join], "CF-010") for join in _loose_joins(surveyed))
        yield from _too_wide(surveyed)


def _thorough(surveyed: Surveyed, budget: Budget) -> tuple[Verdict, list[str]]:
    """The verdict of a scope, and nodes of which neither "once" nor "twice" could be shown.

    Playing in one order is enough, but for two things: inclusive joins that a token can still reach by several ways,
    and meetings that the concurrency relation does not exclude. There every order is played, within the budget.
    """
    verdict = surveyed.verdict
    if not verdict.complete or any(_weight(surveyed, meeting.node) is not None for meeting in verdict.meetings):
        return verdict, []
    doubtful = {node for node, _ in possible_meetings(surveyed.net) if _weight(surveyed, node) is not None}
    loose = _loose_joins(surveyed)
    if not loose and not doubtful:
        return verdict, []
    whole = explore(surveyed.net, surveyed.net.starts, budget, reduced=False)
    if whole.complete or whole.meetings or whole.deadlocks:
        return whole, []
    order = surveyed.net.order
    named = sorted(doubtful, key=lambda node: order.get(node, 0))[:1] if not verdict.deadlocks else []
    return (whole, []) if loose else (verdict, named)


def _stuck(subject: Subject, surveyed: Surveyed, deadlock: Deadlock) -> Iterator[Finding]:
    """CF-001: a join waits for a branch that never comes; CF-017: an activity that never completes."""
    nodes = surveyed.scope.nodes
    path = path_words(subject, deadlock.trace)
    if not deadlock.waiting:
        held = [nodes[name] for name in deadlock.present if name in nodes]
        yield from (about(node, "CF-017", path=path, trace=deadlock.trace) for node in held[:1])
        return
    join = nodes[deadlock.waiting[0]]
    flows = [surveyed.scope.flows[flow] for flow in deadlock.missing]
    origins = [flow if flow.name else nodes[flow.source] for flow in flows]
    choice = _choice(surveyed, deadlock, join)
    yield about(
        join,
        "CF-001",
        count=len(incoming(surveyed.scope)[join.id]),
        lost=listed(origins, Words(" ou ", " or ")),
        why=_because(choice),
        path=path,
        related=(*(flow.id for flow in flows), choice.id if choice else "", *deadlock.waiting[1:]),
        trace=deadlock.trace,
        fix=other_gateway(surveyed, join, (NodeKind.EXCLUSIVE, NodeKind.INCLUSIVE, NodeKind.PARALLEL)),
    )


def _because(choice: Node | None) -> Words:
    if choice is None:
        return Words("elle n’est pas toujours ouverte", "it is not always opened")
    if choice.kind is NodeKind.BOUNDARY:
        return Words(
            f"elle dépend de l’évènement {called(choice)}", f"it depends on the event {named(choice)} happening or not"
        )
    return Words(
        f"le choix fait à {called(choice)} peut l’écarter", f"the choice made at {named(choice)} can leave it out"
    )


def _choice(surveyed: Surveyed, deadlock: Deadlock, join: Node) -> Node | None:
    """The last choice on the way from which the join can be reached."""
    following = successors(surveyed.scope)
    flows = outgoing(surveyed.scope)
    for step in reversed(deadlock.trace):
        node = surveyed.scope.nodes.get(step.element_id)
        if node is None:
            continue
        chosen = node.kind in CHOICES and len(flows[node.id]) > 1
        if (chosen or node.kind is NodeKind.BOUNDARY) and join.id in reachable(following, [node.id]):
            return node
    lost = {surveyed.scope.flows[flow].source for flow in deadlock.missing}
    events = [node for node in surveyed.scope.nodes.values() if node.kind is NodeKind.BOUNDARY]
    return next((event for event in events if lost & reachable(following, [event.id])), None)


def _weight(surveyed: Surveyed, node: str) -> bool | None:
    """What is done twice when tokens meet at a node: True people's work or a join, False a machine's, None nothing."""
    scope = surveyed.scope
    after = reachable(successors(scope), [node])
    kinds = {scope.nodes[other].kind for other in after}
    if kinds & BY_PEOPLE or any(other in surveyed.net.joins for other in after):
        return True
    ends = any(
        scope.nodes[other].kind is NodeKind.END
        and scope.nodes[other].trigger.kind not in (TriggerKind.NONE, TriggerKind.TERMINATE)
        for other in after
    )
    return False if kinds & BY_MACHINE or ends else None


def _twice(subject: Subject, surveyed: Surveyed, meeting: Meeting) -> Iterator[Finding]:
    """CF-002, CF-023: two tokens meet; CF-007: they multiply; CF-008: each turn opens one more."""
    weight = _weight(surveyed, meeting.node)
    if weight is None:
        return
    node = surveyed.scope.nodes[meeting.node]
    path = path_words(subject, meeting.trace)
    growth = _growth(surveyed, node, meeting)
    if growth is not None:
        code, split = growth
        yield about(node, code, split=split, path=path, related=(split.id, meeting.flow), trace=meeting.trace)
        return
    work = _first_work(surveyed, node)
    if meeting.beside:
        yield about(
            node,
            "CF-023",
            event=_event_beside(surveyed, meeting) or node,
            work=work,
            path=path,
            related=(work.id, meeting.flow),
            trace=meeting.trace,
        )
        return
    yield about(
        node,
        "CF-002",
        severity=None if weight else Severity.WARNING,
        work=work,
        path=path,
        related=(meeting.flow, work.id),
        trace=meeting.trace,
        fix=other_gateway(surveyed, node, (NodeKind.PARALLEL, NodeKind.INCLUSIVE)),
    )


def _growth(surveyed: Surveyed, node: Node, meeting: Meeting) -> tuple[str, Node] | None:
    """Whether a loop brings the tokens: the code to give it, and the split on the loop that opens them."""
    following = successors(surveyed.scope)
    splits = {step.element_id for step in meeting.trace if len(outgoing_of(surveyed, step.element_id)) > 1}
    for loop in rounds(following):
        inside = set(loop)
        for split in sorted(splits & inside):
            targets = [flow.target for flow in outgoing_of(surveyed, split)]
            if node.id in inside and sum(target in inside for target in targets) > 1:
                return "CF-007", surveyed.scope.nodes[split]
            turns = sum(step.element_id == split for step in meeting.trace)
            leaving = [target for target in targets if target not in inside]
            if node.id not in inside and turns > 1 and node.id in reachable(following, leaving):
                return "CF-008", surveyed.scope.nodes[split]
    return None


def _event_beside(surveyed: Surveyed, meeting: Meeting) -> Node | None:
    """The last non-interrupting event of the path."""
    nodes = surveyed.scope.nodes
    events = [nodes[step.element_id] for step in meeting.trace if step.element_id in nodes]
    beside = [event for event in events if event.kind is NodeKind.BOUNDARY and not event.interrupting]
    return beside[-1] if beside else None


def outgoing_of(surveyed: Surveyed, node: str) -> list[Flow]:
    """Flows a token leaves a node by, all at once; none for a choice."""
    if node not in surveyed.scope.nodes or surveyed.scope.nodes[node].kind in (
        NodeKind.EXCLUSIVE,
        NodeKind.EVENT_BASED,
    ):
        return []
    return [flow for flow in surveyed.scope.flows.values() if flow.source == node]


def _first_work(surveyed: Surveyed, node: Node) -> Node:
    """The first thing really done from a node on."""
    following = successors(surveyed.scope)
    pending, seen = [node.id], set()
    while pending:
        name = pending.pop(0)
        if name in seen:
            continue
        seen.add(name)
        one = surveyed.scope.nodes[name]
        if one.kind in ACTIVITIES or one.kind in (NodeKind.CATCH, NodeKind.THROW):
            return one
        pending.extend(following[name])
    return node


def _endless(subject: Subject, surveyed: Surveyed, trap: Trap) -> Iterator[Finding]:
    """CF-003: something always moves, but the end is lost. CF-018: it is meant so."""
    nodes = surveyed.scope.nodes
    if surveyed.leaves_by_event:
        if surveyed.owner is not None and outgoing_flows(subject, surveyed.owner):
            yield about(surveyed.owner, "CF-018")
        return
    inside = set(trap.nodes)
    following = {
        name: [other for other in others if other in inside]
        for name, others in successors(surveyed.scope).items()
        if name in inside
    }
    for loop in rounds(following) or [list(trap.nodes)]:
        ordered = [nodes[name] for name in sorted(loop, key=lambda name: surveyed.net.order.get(name, 0))]
        activities = [node for node in ordered if node.kind in ACTIVITIES]
        yield about(
            (activities or ordered)[0],
            "CF-003",
            loop=listed(activities or ordered),
            path=path_words(subject, trap.trace),
            related=tuple(node.id for node in ordered),
            trace=trap.trace,
        )


def outgoing_flows(subject: Subject, owner: Node) -> bool:
    """Whether anything is drawn after a sub-process."""
    return any(flow.source == owner.id for corner in subject.corners for flow in corner.scope.flows.values())


def _unproved(element: Node | Process, what: Words, markings: int) -> Finding:
    """CF-009: the budget ran out."""
    return about(element, "CF-009", what=what, count=markings)


def _too_wide(surveyed: Surveyed) -> Iterator[Finding]:
    """CF-024: an inclusive split whose combinations were not all tried."""
    if surveyed.net.partial:
        wide = [node for node in surveyed.scope.nodes.values() if len(outgoing_of(surveyed, node.id)) > EVERY_SUBSET]
        yield from (about(node, "CF-024") for node in wide if node.kind is NodeKind.INCLUSIVE)


def _loose_joins(surveyed: Surveyed) -> list[str]:
    """Inclusive joins that do not close one split: what they wait for may change back and forth.

    Either a loop leads back to the join without its split, or, while one branch is there, another token may still come
    by that branch or by another.
    """
    net = surveyed.net
    if not net.merges:
        return []
    following = successors(surveyed.scope)
    keepers = gatekeepers(following, [node.id for node in start_nodes(surveyed.scope)])
    relation = together(net)
    found = []
    for name, moves in net.merges.items():
        keeper = keepers.get(name, "")
        around = {node: [] if node == keeper else others for node, others in following.items()}
        looping = name in reachable(around, following[name])
        if looping or _undecided(relation, moves[0].takes, net.upstream[name]):
            found.append(name)
    return found


def _undecided(relation: Together, entries: tuple[int, ...], upstream: list[frozenset[int]]) -> bool:
    """Whether a token that may come by several ways can exist while one of them is taken."""
    for entry, reach in zip(entries, upstream, strict=True):
        others = frozenset().union(*(other for other in upstream if other is not reach))
        if any(relation.may_share(entry, place) for place in reach & others):
            return True
    return False
