"""An independent token interpreter: plays every order of a flat scope, with nothing left out and nothing clever.

It shares no code with the explorer. A state is a sorted tuple of tokens: a flow id, or `@node` (with the events that
have fired) while an activity with boundary events is at work.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations
from random import Random

from engine.bpmn.model import Flow, NodeKind, Scope, TriggerKind

State = tuple[str, ...]
WORK = {NodeKind.USER_TASK, NodeKind.SCRIPT_TASK, NodeKind.CATCH}
CROWD = 3


@dataclass
class Played:
    """What playing has shown."""

    whole: bool = True
    stuck: bool = False
    endless: bool = False
    twice: bool = False
    crowded: bool = False
    """So many tokens in one place that playing stopped: the case multiplies, or reminders pile up."""
    acted: set[str] = field(default_factory=set)

    @property
    def faulty(self) -> bool:
        return self.stuck or self.endless or self.twice


class Referee:
    """The rules of BPMN 2.0.2 for one scope without sub-processes."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        flows = list(scope.flows.values())
        self.outs = {name: [flow for flow in flows if flow.source == name] for name in scope.nodes}
        self.ins = {name: [flow for flow in flows if flow.target == name] for name in scope.nodes}
        self.events = {name: [one for one in scope.nodes.values() if one.attached_to == name] for name in scope.nodes}

        self.beside = set(scope.nodes) - self._ordinary()

    def _ordinary(self) -> set[str]:
        """Nodes reached without a non-interrupting event; what such an event opens may well be open several times."""
        seen: set[str] = set()
        waiting = [one.id for one in self.scope.nodes.values() if one.kind is NodeKind.START]
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                waiting += [flow.target for flow in self.outs[name]]
                waiting += [event.id for event in self.events[name] if event.interrupting]
        return seen

    def first(self) -> list[State]:
        return [
            tuple(sorted(flow.id for flow in self.outs[one.id]))
            for one in self.scope.nodes.values()
            if one.kind is NodeKind.START
        ]

    def play(self, limit: int = 6_000) -> Played:
        """Every state, or `whole` is False."""
        played = Played()
        after: dict[State, list[State]] = {}
        waiting = list(self.first())
        while waiting:
            state = waiting.pop()
            if state in after:
                continue
            if len(after) >= limit:
                played.whole = False
                return played
            self._look(state, played)
            if played.crowded:
                played.whole = False
                return played
            after[state] = []
            for name, following in self.steps(state):
                played.acted.add(name)
                after[state].append(following)
                waiting.append(following)
        played.stuck = any(state and not following for state, following in after.items())
        played.endless = self._endless(after)
        return played

    def run(self, random: Random, steps: int = 400) -> Played:
        """One random game."""
        played = Played()
        state = random.choice(self.first())
        for _ in range(steps):
            self._look(state, played)
            if not state or played.crowded:
                return played
            moves = list(self.steps(state))
            if not moves:
                played.stuck = True
                return played
            name, state = random.choice(moves)
            played.acted.add(name)
        played.whole = False
        return played

    def _look(self, state: State, played: Played) -> None:
        count = Counter(self._node(token) for token in state)
        for name, number in count.items():
            works = self.scope.nodes[name].kind in WORK and name not in self.beside
            played.twice |= works and number > 1
            played.crowded |= number > CROWD
        for token, number in Counter(state).items():
            played.twice |= self._joins(self._node(token)) and number > 1

    def _joins(self, name: str) -> bool:
        return self.scope.nodes[name].kind is NodeKind.PARALLEL and len(self.ins[name]) > 1

    def _node(self, token: str) -> str:
        return token[1:].split("!")[0] if token.startswith("@") else self.scope.flows[token].target

    @staticmethod
    def _endless(after: dict[State, list[State]]) -> bool:
        good = {state for state, following in after.items() if not following}
        changed = True
        while changed:
            more = {state for state, following in after.items() if state not in good and good & set(following)}
            changed = bool(more)
            good |= more
        return len(good) < len(after)

    def steps(self, state: State) -> Iterator[tuple[str, State]]:
        """Each single step from a state: who acts, and the state after."""
        for token in dict.fromkeys(state):
            name = self._node(token)
            node = self.scope.nodes[name]
            if token.startswith("@"):
                yield from self._at_work(state, token, name)
            elif node.kind is NodeKind.PARALLEL and len(self.ins[name]) > 1:
                taken = [flow.id for flow in self.ins[name]]
                if token == min(taken) and all(one in state for one in taken):
                    yield name, self._moved(state, taken, [flow.id for flow in self.outs[name]])
            elif node.kind is NodeKind.INCLUSIVE and len(self.ins[name]) > 1:
                taken = [flow.id for flow in self.ins[name] if flow.id in state]
                if token == min(taken) and not self._more_to_come(state, name, taken):
                    for way in self._ways(name):
                        yield name, self._moved(state, taken, way)
            elif node.kind is NodeKind.END and node.trigger.kind is TriggerKind.TERMINATE:
                yield name, ()
            elif self.events[name]:
                yield name, self._moved(state, [token], [f"@{name}"])
            else:
                for way in self._ways(name):
                    yield name, self._moved(state, [token], way)

    def _at_work(self, state: State, token: str, name: str) -> Iterator[tuple[str, State]]:
        fired = set(token.split("!")[1:])
        for way in self._ways(name):
            yield name, self._moved(state, [token], way)
        for event in self.events[name]:
            for way in self._ways(event.id):
                if event.interrupting:
                    yield event.id, self._moved(state, [token], way)
                elif event.id not in fired:
                    again = "!".join([f"@{name}", *sorted(fired | {event.id})])
                    yield event.id, self._moved(state, [token], [again, *way])

    @staticmethod
    def _moved(state: State, taken: list[str], given: list[str]) -> State:
        left = list(state)
        for token in taken:
            left.remove(token)
        return tuple(sorted(left + given))

    def _ways(self, name: str) -> list[list[str]]:
        flows = [flow.id for flow in self.outs[name]]
        kind = self.scope.nodes[name].kind
        if not flows:
            return [[]]
        if kind in (NodeKind.EXCLUSIVE, NodeKind.EVENT_BASED):
            return [[flow] for flow in flows]
        if kind is NodeKind.INCLUSIVE:
            return [list(some) for size in range(1, len(flows) + 1) for some in combinations(flows, size)]
        return [flows]

    def _more_to_come(self, state: State, join: str, taken: list[str]) -> bool:
        empty = {flow.id for flow in self.ins[join]} - set(taken)
        return any(
            self._arrives(token, join, empty) and not self._arrives(token, join, set(taken))
            for token in state
            if token not in taken
        )

    def _arrives(self, token: str, join: str, flows: set[str]) -> bool:
        seen: set[str] = set()
        waiting = [self._node(token)]
        while waiting:
            name = waiting.pop()
            if name in seen or name == join:
                continue
            seen.add(name)
            following: list[Flow] = list(self.outs[name])
            for flow in following:
                if flow.id in flows:
                    return True
                waiting.append(flow.target)
            waiting.extend(event.id for event in self.events[name])
        return False
