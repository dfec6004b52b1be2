"""Reachable markings of a scope: can it get stuck, do something twice, or never end?

One explorer serves the checker (from the start events) and migrations and moves (from the marking a case is in).
Only one node moves at a time, the most upstream one: by the theory of stubborn sets this loses no stuck marking, as a
token is only ever taken by the node its flow leads to. Where a set of markings never reaches the end, all that was put
off is tried as well, so nothing is called endless only because something else was ignored (Valmari, "The state
explosion problem", 1998). A double run is found where two tokens meet; `checker.concurrency` proves there is no other.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from engine.bpmn.findings import TraceStep
from engine.bpmn.token_game import ABORTED, Move, Net, Tokens


@dataclass(slots=True)
class Budget:
    """What an exploration may cost: markings (same answer everywhere), and seconds as a last resort."""

    markings: int = 20_000
    seconds: float = 2.0
    _stop: float | None = None

    def spend(self) -> bool:
        """Take one marking off the budget; False when nothing is left."""
        if self._stop is None:
            self._stop = time.monotonic() + self.seconds
        self.markings -= 1
        return self.markings >= 0 and (self.markings % 256 != 0 or time.monotonic() < self._stop)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlock:
    """A marking that nothing can leave."""

    waiting: tuple[str, ...]
    """Joins that wait."""
    present: tuple[str, ...]
    """Flows or nodes that carry a token."""
    missing: tuple[str, ...]
    """Flows the first waiting join will never get."""
    trace: tuple[TraceStep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """Two tokens at one node that does not join them."""

    node: str
    flow: str
    """Where the second one came from."""
    beside: bool
    """One of them was set going by a non-interrupting event."""
    trace: tuple[TraceStep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trap:
    """Markings from which the end cannot be reached although something always moves."""

    nodes: tuple[str, ...]
    """Nodes that go round, upstream first."""
    trace: tuple[TraceStep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What exploring a scope has shown. Nothing is proved unless `complete`."""

    complete: bool
    ends: bool
    """Its ordinary end can be reached."""
    aborts: bool = False
    """An error or cancellation can end it."""
    deadlocks: tuple[Deadlock, ...] = ()
    meetings: tuple[Meeting, ...] = ()
    traps: tuple[Trap, ...] = ()
    moved: frozenset[str] = frozenset()
    """Nodes that acted in some marking."""
    markings: int = 0


@dataclass(slots=True)
class _Seen:
    """How a marking was first reached, and where it leads."""

    parent: Tokens | None
    by: str
    after: set[Tokens] = field(default_factory=set)
    tried: bool = False
    whole: bool = False
    """All its moves were tried, not only those of one node."""


def explore(net: Net, starts: Iterable[tuple[str, Tokens]], budget: Budget, *, reduced: bool = True) -> Verdict:
    """Play the net from the given markings; each start names the element it began with ('' for none)."""
    return _Exploration(net, budget, reduced).run(starts)


class _Exploration:
    """One run of the explorer."""

    def __init__(self, net: Net, budget: Budget, reduced: bool) -> None:
        self.net = net
        self.budget = budget
        self.reduced = reduced
        self.seen: dict[Tokens, _Seen] = {}
        self.pending: deque[Tokens] = deque()
        self.meetings: dict[tuple[str, bool], tuple[Tokens, str, str]] = {}
        self.moved: set[str] = set()
        self.complete = True
        size = len(net.places)
        self.joining = [net.target[place] in net.joins or net.target[place] in net.merges for place in range(size)]

    def run(self, starts: Iterable[tuple[str, Tokens]]) -> Verdict:
        """Breadth first, so that every counter-example is short."""
        for begun, tokens in starts:
            if tokens not in self.seen:
                self.seen[tokens] = _Seen(parent=None, by=begun)
                self.pending.append(tokens)
                self.moved.add(begun)
        self._drain()
        trapped = self._trapped()
        while trapped and self.complete:
            narrow = [tokens for tokens in trapped if not self.seen[tokens].whole]
            if not narrow:
                break
            for tokens in narrow:
                self._expand(tokens, whole=True)
            self._drain()
            trapped = self._trapped()
        stuck = [tokens for tokens, seen in self.seen.items() if tokens and seen.tried and not seen.after]
        return Verdict(
            complete=self.complete,
            ends=() in self.seen,
            aborts=ABORTED in self.seen,
            deadlocks=self._deadlocks(stuck),
            meetings=tuple(self._meeting(key, found) for key, found in self.meetings.items()),
            traps=self._traps(trapped) if self.complete else (),
            moved=frozenset(self.moved),
            markings=len(self.seen),
        )

    def _drain(self) -> None:
        while self.pending:
            tokens = self.pending.popleft()
            if not self.budget.spend():
                self.complete = False
                return
            if tokens != ABORTED:
                self._expand(tokens, whole=not self.reduced)

    def _expand(self, tokens: Tokens, *, whole: bool) -> None:
        """Try the moves of the most upstream node that can act, or of all nodes."""
        seen = self.seen[tokens]
        acted: tuple[tuple[bool, int, int], list[tuple[Move, Tokens]]] | None = None
        every: list[tuple[Move, Tokens]] = []
        for key, choices in self._able(tokens):
            every.extend(choices)
            if acted is None or key < acted[0]:
                acted = key, choices
        chosen = every if whole or acted is None else acted[1]
        seen.tried = True
        seen.whole = whole or len(chosen) == len(every)
        for move, taken in chosen:
            self.moved.add(move.node)
            after = self._after(tokens, move, taken)
            seen.after.add(after)
            if after not in self.seen:
                self.seen[after] = _Seen(parent=tokens, by=move.node)
                self.pending.append(after)

    def _able(self, tokens: Tokens) -> Iterable[tuple[tuple[bool, int, int], list[tuple[Move, Tokens]]]]:
        """For each token or join that can act: its rank, and its moves with the tokens they take."""
        net = self.net
        done: set[str] = set()
        by_place: dict[int, list[int]] = {}
        for token in tokens:
            by_place.setdefault(net.place_of(token), []).append(token)
        for token in tokens:
            place = net.place_of(token)
            node = net.target[place]
            if not self.joining[place] or net.places[place] == node:
                moves = [
                    move for move in net.moves.get(place, ()) if not (move.spawns and self._runs(tokens, move.spawns))
                ]
                if moves:
                    yield self._rank(node, token), [(move, (token,)) for move in moves]
            elif node not in done:
                done.add(node)
                moves = [net.joins[node]] if node in net.joins else self._merging(node, by_place)
                if moves and (node in net.merges or all(entry in by_place for entry in moves[0].takes)):
                    taken = tuple(by_place[entry][0] for entry in moves[0].takes if entry in by_place)
                    yield self._rank(node, token), [(move, taken) for move in moves]

    def _runs(self, tokens: Tokens, colour: int) -> bool:
        """Whether what an event set going is still under way: a second time would show nothing new."""
        return any(self.net.colour_of(token) == colour for token in tokens)

    def _rank(self, node: str, token: int) -> tuple[bool, int, int]:
        return node not in self.net.aside, self.net.order.get(node, 0), token

    def _merging(self, node: str, by_place: Mapping[int, list[int]]) -> list[Move]:
        """The moves of an inclusive join, when no token can still arrive on a way in that is empty.

        BPMN 2.0.2, 13.4.3: a token that could also arrive on a way in already taken is not waited for.
        """
        moves = self.net.merges[node]
        entries = moves[0].takes
        upstream = self.net.upstream[node]
        held = [reach for entry, reach in zip(entries, upstream, strict=True) if entry in by_place]
        for entry, reach in zip(entries, upstream, strict=True):
            if entry in by_place:
                continue
            for place in by_place:
                if place in reach and place not in entries and not any(place in other for other in held):
                    return []
        return moves

    def _after(self, tokens: Tokens, move: Move, taken: Tokens) -> Tokens:
        """The marking after a move; tokens that meet are noted and go on as one."""
        if move.ends is not None:
            return move.ends
        net = self.net
        left = set(tokens)
        colour = move.spawns or min(net.colour_of(token) for token in taken)
        if not move.spawns:
            left.difference_update(taken)
        for place in move.gives:
            beside = self._meets(left, place, colour)
            if beside is not None:
                self.meetings.setdefault((net.target[place], beside), (tokens, move.node, net.places[place]))
                continue
            left.add(net.coloured(place, colour))
        return tuple(sorted(left))

    def _meets(self, left: set[int], place: int, colour: int) -> bool | None:
        """Whether a token meets another here: None no, False of its own course, True of another one."""
        net = self.net
        if self.joining[place]:
            return False if net.coloured(place, colour) in left else None
        node, mixed = net.target[place], False
        for token in left:
            if net.target[net.place_of(token)] == node:
                other = net.colour_of(token)
                if other == colour:
                    return False
                mixed = mixed or 0 in (other, colour)
        return True if mixed else None

    def _trapped(self) -> list[Tokens]:
        """Markings explored from which neither the end nor a stuck marking was reached."""
        before: dict[Tokens, list[Tokens]] = {}
        for tokens, seen in self.seen.items():
            for after in seen.after:
                before.setdefault(after, []).append(tokens)
        safe = {tokens for tokens, seen in self.seen.items() if not seen.after}
        pending = list(safe)
        while pending:
            for tokens in before.get(pending.pop(), ()):
                if tokens not in safe:
                    safe.add(tokens)
                    pending.append(tokens)
        return [tokens for tokens in self.seen if tokens not in safe]

    def _trace(self, tokens: Tokens, last: str | None = None) -> tuple[TraceStep, ...]:
        steps: list[TraceStep] = []
        at: Tokens | None = tokens
        if last is not None:
            steps.append(TraceStep(element_id=last, marking=()))
        while at is not None:
            seen = self.seen[at]
            if seen.by:
                steps.append(TraceStep(element_id=seen.by, marking=self.net.shown(at)))
            at = seen.parent
        return tuple(reversed(steps))

    def _meeting(self, key: tuple[str, bool], found: tuple[Tokens, str, str]) -> Meeting:
        tokens, mover, flow = found
        shown = (*self.net.shown(tokens), flow)
        trace = (*self._trace(tokens), TraceStep(element_id=mover, marking=tuple(dict.fromkeys(shown))))
        return Meeting(node=key[0], flow=flow, beside=key[1], trace=trace)

    def _deadlocks(self, stuck: list[Tokens]) -> tuple[Deadlock, ...]:
        """One per set of waiting joins, the shortest way there."""
        found: dict[tuple[str, ...], Deadlock] = {}
        for tokens in stuck:
            held = {self.net.place_of(token) for token in tokens}
            waiting = dict.fromkeys(
                node for node in (self.net.target[place] for place in sorted(held)) if self._waits(node)
            )
            key = tuple(sorted(waiting, key=lambda node: (node in self.net.merges, self.net.order.get(node, 0))))
            if key in found:
                continue
            missing: tuple[str, ...] = ()
            if key:
                entries = self._entries(key[0])
                missing = tuple(self.net.places[entry] for entry in entries if entry not in held)
            found[key] = Deadlock(
                waiting=key, present=self.net.shown(tokens), missing=missing, trace=self._trace(tokens)
            )
        return tuple(found.values())

    def _waits(self, node: str) -> bool:
        return node in self.net.joins or node in self.net.merges

    def _entries(self, node: str) -> tuple[int, ...]:
        return self.net.joins[node].takes if node in self.net.joins else self.net.merges[node][0].takes

    def _traps(self, trapped: list[Tokens]) -> tuple[Trap, ...]:
        """The nodes that go round once the way out is lost."""
        if not trapped:
            return ()
        inside = set(trapped)
        first = trapped[0]
        nodes = {
            self.seen[after].by if self.seen[after].parent == tokens else ""
            for tokens in trapped
            for after in self.seen[tokens].after
            if after in inside
        }
        nodes |= {self.net.target[self.net.place_of(token)] for tokens in trapped for token in tokens}
        named = sorted(nodes & set(self.net.scope.nodes), key=lambda node: self.net.order.get(node, 0))
        return (Trap(nodes=tuple(named), trace=self._trace(first)),)
