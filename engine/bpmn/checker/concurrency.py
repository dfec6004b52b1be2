"""Which places may hold a token at the same time: a proof, without playing, that nothing is done twice.

The relation is the least one closed under the moves, as in Kovalyov's "Concurrency relations and the safety problem"
(1992). It may contain too much, never too little: a pair outside it never happens, however many markings there are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from engine.bpmn.token_game import Move, Net


@dataclass(slots=True)
class Together:
    """For each token, a bit set of the tokens that may exist beside it."""

    net: Net
    beside: dict[int, int] = field(default_factory=dict)
    colours: dict[int, list[int]] = field(default_factory=dict)
    """For each place, the colours of the tokens that may be there."""
    changed: bool = False

    def add(self, tokens: Iterable[int], others: int = 0) -> None:
        """These tokens may exist together, and beside all of `others`."""
        here = list(tokens)
        all_here = sum(1 << token for token in set(here))
        for position, token in enumerate(here):
            mates = all_here & ~(1 << token)
            if token in here[:position]:
                mates |= 1 << token
            self._link(token, mates | others)

    def may_share(self, one: int, other: int) -> bool:
        """Whether two places may hold tokens at once, of any colours."""
        size = len(self.net.places)
        mask = sum(1 << (other + colour * size) for colour in self.colours.get(other, ()))
        return any(self.beside[one + colour * size] & mask for colour in self.colours.get(one, ()))

    def _link(self, token: int, mates: int) -> None:
        new = mates & ~self._known(token)
        if not new:
            return
        self.changed = True
        self.beside[token] |= new
        while new:
            low = new & -new
            new ^= low
            mate = low.bit_length() - 1
            self._known(mate)
            self.beside[mate] |= 1 << token

    def _known(self, token: int) -> int:
        """What may exist beside a token, which is noted as possible itself."""
        if token not in self.beside:
            self.beside[token] = 0
            self.colours.setdefault(self.net.place_of(token), []).append(self.net.colour_of(token))
            self.changed = True
        return self.beside[token]


def together(net: Net) -> Together:
    """The relation of a net, from all its starts."""
    relation = Together(net)
    for _, tokens in net.starts:
        relation.add(tokens)
    relation.changed = True
    size = len(net.places)
    single = [move for moves in net.moves.values() for move in moves]
    while relation.changed:
        relation.changed = False
        for move in single:
            if move.ends is None:
                for colour in tuple(relation.colours.get(move.takes[0], ())):
                    token = move.takes[0] + colour * size
                    _step(relation, move, colour, relation.beside[token], token)
        for join in net.joins.values():
            _join(relation, join)
        for node, moves in net.merges.items():
            _merge(relation, node, moves)
    return relation


def _step(relation: Together, move: Move, colour: int, others: int, token: int) -> None:
    size = len(relation.net.places)
    if move.spawns:
        own = ((1 << size) - 1) << (move.spawns * size)
        relation.add((place + move.spawns * size for place in move.gives), (others | 1 << token) & ~own)
    else:
        relation.add((place + colour * size for place in move.gives), others)


def _join(relation: Together, join: Move) -> None:
    """A parallel join: beside it stays what may exist beside every token it takes."""
    size = len(relation.net.places)
    others = -1
    colours: set[int] = set()
    for place in join.takes:
        here = relation.colours.get(place, ())
        if not here:
            return
        colours.update(here)
        union = 0
        for colour in here:
            union |= relation.beside[place + colour * size]
        others &= union
    for colour in colours:
        relation.add((place + colour * size for place in join.gives), others)


def _merge(relation: Together, node: str, moves: list[Move]) -> None:
    """An inclusive join: beside it stays nothing that could still have arrived."""
    net = relation.net
    size = len(net.places)
    entries = moves[0].takes
    arriving = set(entries).union(*net.upstream[node])
    mask = sum(1 << (place + colour * size) for place in arriving for colour in range(len(net.colours)))
    others = 0
    colours: set[int] = set()
    for place in entries:
        for colour in relation.colours.get(place, ()):
            colours.add(colour)
            others |= relation.beside[place + colour * size]
    for colour in colours:
        for move in moves:
            relation.add((place + colour * size for place in move.gives), others & ~mask)


def possible_meetings(net: Net) -> set[tuple[str, bool]]:
    """Nodes at which two tokens may meet without being joined, and whether one comes from beside. Never too few."""
    relation = together(net)
    size = len(net.places)
    joining = set(net.joins) | set(net.merges)
    siblings: dict[str, list[int]] = {}
    for place, node in enumerate(net.target):
        siblings.setdefault(node, []).append(place)
    found: set[tuple[str, bool]] = set()
    for node, places in siblings.items():
        for place in places:
            for colour in relation.colours.get(place, ()):
                mates = relation.beside[place + colour * size]
                if node in joining:
                    if mates >> (place + colour * size) & 1:
                        found.add((node, False))
                    continue
                for other in places:
                    for shade in relation.colours.get(other, ()):
                        if mates >> (other + shade * size) & 1 and (shade == colour or 0 in (shade, colour)):
                            found.add((node, shade != colour))
    return found
