"""What differs between two states of something made of named parts: added, removed, changed, moved. Pure.

A part is known by its key; parts whose keys differ are the same when nothing else on either side looks like them.
Comparing the other way round gives the mirror image, and comparing something with itself gives nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

NEAR = 5.0
"""How far a shape may be from where it was expected and still stand in its place, in points of the drawing."""


class How(StrEnum):
    """What became of a part."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"

    @property
    def mirrored(self) -> How:
        """The same difference, seen from the other side."""
        return {How.ADDED: How.REMOVED, How.REMOVED: How.ADDED}.get(self, self)


class Sort(StrEnum):
    """What a part is."""

    STEP = "step"
    BRANCHING = "branching"
    EVENT = "event"
    FLOW = "flow"
    FORM = "form"
    FIELD = "field"
    DECISION = "decision"
    RULE = "rule"
    PARAMETER = "parameter"
    LADDER = "ladder"
    DESCRIPTION = "description"


DRAWN = frozenset({Sort.STEP, Sort.BRANCHING, Sort.EVENT, Sort.FLOW})


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part. `parent` is the key of what it belongs to; `twin`, what tells it from others when its key changed.

    `properties` are texts; `references` are keys of other parts of the same sort of thing, compared as what they refer
    to. `place` is where it is drawn.
    """

    sort: Sort
    key: str
    name: str
    parent: str = ""
    twin: str = ""
    properties: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    references: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    place: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One property, before and after; empty: there was none."""

    property: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What became of one part. Before and after are None where there was none."""

    sort: Sort
    how: How
    before: Part | None
    after: Part | None
    differences: tuple[Difference, ...] = ()

    @property
    def part(self) -> Part:
        """The part as it is, or as it was."""
        found = self.after or self.before
        assert found is not None
        return found


def compare(before: Sequence[Part], after: Sequence[Part]) -> tuple[Change, ...]:
    """Every difference, in the order of what is there now; then what is gone, in its order."""
    pairs = _paired(before, after)
    same = {one.key: other.key for one, other in pairs if one.sort in DRAWN}
    shifted = _shift(pairs)
    by_after = {id(other): one for one, other in pairs}
    gone = {id(one) for one, _other in pairs}
    found: list[Change] = []
    for part in after:
        former = by_after.get(id(part))
        if former is None:
            found.append(Change(sort=part.sort, how=How.ADDED, before=None, after=part))
            continue
        differences = _differences(former, part, same, (before, after))
        if differences:
            found.append(Change(sort=part.sort, how=How.CHANGED, before=former, after=part, differences=differences))
        elif _has_moved(former, part, shifted):
            found.append(Change(sort=part.sort, how=How.MOVED, before=former, after=part))
    found += [
        Change(sort=part.sort, how=How.REMOVED, before=part, after=None) for part in before if id(part) not in gone
    ]
    return tuple(found)


def _paired(before: Sequence[Part], after: Sequence[Part]) -> list[tuple[Part, Part]]:
    """By key; then, among those left, the only two that look the same."""
    known = {(one.sort, one.parent, one.key): one for one in before}
    pairs = [(former, part) for part in after if (former := known.get((part.sort, part.parent, part.key))) is not None]
    taken_before, taken_after = {id(one) for one, _ in pairs}, {id(one) for _, one in pairs}
    left = _alone(one for one in before if id(one) not in taken_before)
    right = _alone(one for one in after if id(one) not in taken_after)
    return [*pairs, *((left[twin], right[twin]) for twin in left if twin in right)]


def _alone(parts: Iterable[Part]) -> dict[tuple[Sort, str, str], Part]:
    known = list(parts)
    often = Counter((one.sort, one.parent, one.twin) for one in known)
    return {twin: one for one in known if one.twin and often[twin := (one.sort, one.parent, one.twin)] == 1}


def _differences(
    former: Part, part: Part, same: Mapping[str, str], sides: tuple[Sequence[Part], Sequence[Part]]
) -> tuple[Difference, ...]:
    found = [Difference(property="name", before=former.name, after=part.name)] if former.name != part.name else []
    if former.key != part.key:
        found.append(Difference(property="key", before=former.key, after=part.key))
    for name in dict.fromkeys([*former.properties, *part.properties]):
        was, is_now = former.properties.get(name, ""), part.properties.get(name, "")
        if was != is_now:
            found.append(Difference(property=name, before=was, after=is_now))
    for name in dict.fromkeys([*former.references, *part.references]):
        was, is_now = former.references.get(name, ""), part.references.get(name, "")
        kept = same.get(was) == is_now if was in same or is_now in same.values() else was == is_now
        if not kept:
            found.append(Difference(property=name, before=_named(sides[0], was), after=_named(sides[1], is_now)))
    return tuple(sorted(found, key=lambda one: one.property))


def _named(parts: Sequence[Part], key: str) -> str:
    return next((one.name or one.key for one in parts if one.key == key), key)


def _shift(pairs: Sequence[tuple[Part, Part]]) -> tuple[float, float]:
    """How far the drawing as a whole was pushed: the shift that most shapes share (the smallest of the commonest)."""
    shifts = Counter(
        (round(other.place[0] - one.place[0]), round(other.place[1] - one.place[1]))
        for one, other in pairs
        if one.place is not None and other.place is not None
    )
    if not shifts or 2 * max(shifts.values()) <= sum(shifts.values()):
        return (0.0, 0.0)  # no shift is that of most shapes
    x, y = max(shifts, key=lambda one: shifts[one])
    return (float(x), float(y))


def _has_moved(former: Part, part: Part, shift: tuple[float, float]) -> bool:
    if former.place is None or part.place is None:
        return False
    return any(abs(part.place[axis] - former.place[axis] - shift[axis]) > NEAR for axis in (0, 1))
