"""The explorer's door: how each scope of a pathway can end, and whether a case can reach its end from where it is.

A sub-process or called process is explored by itself; in its parent it is one activity that completes, or is left by
the errors and escalations it can raise. This is exact because tokens of two scopes never wait for each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from engine.bpmn.exploration import Budget, Verdict, explore
from engine.bpmn.model import Node, NodeKind, PathwayModel, Process, Scope, TriggerKind
from engine.bpmn.token_game import Inside, Net, Raised, Tokens, boundaries, catches, outgoing, start_nodes
from engine.bpmn.token_net import COMPLETES, THROWN, build_net

__all__ = [
    "Budget",
    "Marking",
    "Surveyed",
    "Verdict",
    "end_reachable",
    "explore",
    "explore_scope",
    "scopes_of",
    "survey",
]

ScopeKey = tuple[str, str]
"""Process id, and id of the sub-process ('' for the process itself)."""

WAITS = frozenset({NodeKind.USER_TASK, NodeKind.RECEIVE_TASK, NodeKind.CATCH, NodeKind.EVENT_BASED})
"""Kinds at which a case rests until a person, a message or a date comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marking:
    """Where a case is: ids of the nodes that are at work and of the flows whose token waits at a join."""

    tokens: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surveyed:
    """One scope after exploration."""

    process: Process
    owner: Node | None
    """The sub-process it is the inside of."""
    scope: Scope
    net: Net
    verdict: Verdict
    inside: Inside
    insides: Mapping[str, Inside]
    """How its own sub-processes and calls can end."""
    leaves_by_event: bool
    """Something interrupting can end it from outside."""

    @property
    def key(self) -> ScopeKey:
        """What it is filed under."""
        return self.process.id, self.owner.id if self.owner else ""


def scopes_of(process: Process) -> Iterator[tuple[Node | None, Scope, Scope | None]]:
    """A process's scopes, innermost last: the sub-process they belong to, themselves, and their parent."""
    pending: list[tuple[Node | None, Scope, Scope | None]] = [(None, process.scope, None)]
    while pending:
        owner, scope, parent = pending.pop()
        yield owner, scope, parent
        inner = [(node, node.body, scope) for node in scope.nodes.values() if node.body is not None]
        pending.extend(reversed(inner))


def survey(model: PathwayModel, budget: Budget) -> dict[ScopeKey, Surveyed]:
    """Explore every scope of every process, called processes and inner scopes first."""
    return _Survey(model, budget).run()


def explore_scope(
    scope: Scope, marking: Marking, *, insides: Mapping[str, Inside] | None = None, budget: Budget | None = None
) -> Verdict:
    """Explore one scope from a marking; ids that are not of this scope raise KeyError."""
    net = build_net(scope, insides or {})
    return explore(net, [("", tokens_of(net, marking.tokens))], budget or Budget())


def tokens_of(net: Net, identifiers: Iterable[str]) -> Tokens:
    """The tokens of a marking given by ids."""
    return tuple(sorted(net.index[identifier] for identifier in identifiers))


def end_reachable(
    model: PathwayModel,
    marking: Marking,
    *,
    budget: Budget | None = None,
    surveyed: Mapping[ScopeKey, Surveyed] | None = None,
) -> Verdict:
    """Whether a case at this marking can still end: the verdict of the outermost scope that holds a token.

    `ends` holds when every scope with a token can end, or can be left by an interrupting event; stuck markings and
    traps of all scopes are collected. `surveyed` is what `survey` gave for this model, when many markings are asked
    about. Raises KeyError with the ids that the model does not have.
    """
    spent = budget or Budget()
    surveyed = survey(model, spent) if surveyed is None else surveyed
    remaining = set(marking.tokens)
    verdicts: list[tuple[Surveyed, Verdict]] = []
    for one in surveyed.values():
        own = remaining & set(one.net.index)
        if own and one.verdict.complete:
            remaining -= own
            verdicts.append((one, explore(one.net, [("", tokens_of(one.net, own))], spent)))
    if remaining:
        raise KeyError(*sorted(remaining))
    return Verdict(
        complete=all(verdict.complete for _, verdict in verdicts),
        ends=bool(verdicts) and all(v.ends or v.aborts or one.leaves_by_event for one, v in verdicts),
        deadlocks=tuple(found for _, verdict in verdicts for found in verdict.deadlocks),
        traps=tuple(found for one, verdict in verdicts if not one.leaves_by_event for found in verdict.traps),
        moved=frozenset().union(*(verdict.moved for _, verdict in verdicts)),
        markings=sum(verdict.markings for _, verdict in verdicts),
    )


class _Survey:
    """Explores the scopes of a model, each once."""

    def __init__(self, model: PathwayModel, budget: Budget) -> None:
        self.model = model
        self.budget = budget
        self.found: dict[ScopeKey, Surveyed] = {}
        self.open: set[str] = set()

    def run(self) -> dict[ScopeKey, Surveyed]:
        for process in self.model.processes.values():
            self._process(process)
        return self.found

    def _process(self, process: Process) -> Inside:
        if (process.id, "") in self.found:
            return self.found[process.id, ""].inside
        if process.id in self.open:
            return COMPLETES  # calls itself, which is reported elsewhere
        self.open.add(process.id)
        inside = self._scope(process, None, process.scope, ())
        self.open.discard(process.id)
        return inside

    def _scope(self, process: Process, owner: Node | None, scope: Scope, events: Iterable[Node]) -> Inside:
        insides: dict[str, Inside] = {}
        attached = boundaries(scope)
        for node in scope.nodes.values():
            if node.body is not None:
                insides[node.id] = self._scope(process, node, node.body, attached.get(node.id, ()))
            elif node.kind is NodeKind.CALL_ACTIVITY:
                called = self.model.processes.get(node.called or "")
                unknown = Inside(raises=frozenset((kind, None) for kind in THROWN))
                insides[node.id] = self._process(called) if called is not None else unknown
        net = build_net(scope, insides)
        verdict = explore(net, net.starts, self.budget)
        handlers = [node for node in scope.nodes.values() if node.event_sub_process and node.body is not None]
        leaves = any(event.interrupting for event in events) or any(_interrupts(handler) for handler in handlers)
        # Where a fault inside is reported, the outside is checked as if it were mended.
        faulty = bool(verdict.deadlocks) or not verdict.complete or not (leaves or verdict.aborts)
        completes = verdict.ends or faulty or any(_interrupts(handler) for handler in handlers)
        inside = Inside(
            completes=completes,
            raises=_raised(scope, insides, attached, handlers),
            automatic=_automatic(net, insides),
        )
        one = Surveyed(
            process=process,
            owner=owner,
            scope=scope,
            net=net,
            verdict=verdict,
            inside=inside,
            insides=insides,
            leaves_by_event=leaves,
        )
        self.found[one.key] = one
        return inside


def _interrupts(handler: Node) -> bool:
    """Whether an event sub-process ends the scope it stands in."""
    return handler.body is not None and any(start.interrupting for start in start_nodes(handler.body))


def _raised(
    scope: Scope, insides: Mapping[str, Inside], attached: Mapping[str, list[Node]], handlers: list[Node]
) -> Raised:
    """What leaves a scope: thrown by its own events or coming out of inner ones, and caught by nothing in it."""
    found: set[tuple[TriggerKind, str | None]] = set()
    for node in scope.nodes.values():
        if node.kind in (NodeKind.END, NodeKind.THROW) and node.trigger.kind in THROWN:
            found.add((node.trigger.kind, node.trigger.name))
        for one in insides.get(node.id, COMPLETES).raises:
            if not any(catches(event, frozenset({one})) for event in attached.get(node.id, ())):
                found.add(one)
    starts = [start for handler in handlers if handler.body for start in start_nodes(handler.body)]
    return frozenset(
        one for one in found if not any(one[1] is not None and catches(start, frozenset({one})) for start in starts)
    )


def _automatic(net: Net, insides: Mapping[str, Inside]) -> bool:
    """Whether some way from a start to an end (or out) crosses no node at which a case rests."""
    scope = net.scope
    flows = outgoing(scope)
    pending = [node.id for node in start_nodes(scope)]
    seen: set[str] = set()
    while pending:
        identifier = pending.pop()
        if identifier in seen or rests(scope.nodes[identifier], insides):
            continue
        seen.add(identifier)
        if not flows[identifier]:
            return True
        pending.extend(flow.target for flow in flows[identifier])
    return False


def rests(node: Node, insides: Mapping[str, Inside]) -> bool:
    """Whether a case always comes to rest at this node."""
    if node.kind is NodeKind.CATCH:
        return node.trigger.kind is not TriggerKind.LINK
    if node.kind in (NodeKind.SUB_PROCESS, NodeKind.CALL_ACTIVITY):
        return not insides.get(node.id, COMPLETES).automatic
    return node.kind in WAITS
