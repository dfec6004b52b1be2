"""From one version of a pathway to another: which element stands for which, and a running case moved over.

`plan` pairs the elements of two versions; `migrate` gives a case's state under the new one, or the sentence that says
why it cannot go. Tokens keep their numbers, so that tasks, waits, timers and local facts of the host still fit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from enum import StrEnum
from typing import Any

from engine.bpmn.explorer import Budget, Marking, ScopeKey, Surveyed, end_reachable, survey
from engine.bpmn.incidents import Stopped
from engine.bpmn.model import Node, NodeKind, PathwayModel, Place, Scope
from engine.bpmn.program import Program
from engine.bpmn.rehoming import CannotRehome, Rehomed, Unmapped, rehome
from engine.bpmn.state import Unreadable, decode, encode
from engine.bpmn.step import Step, Surroundings
from engine.bpmn.waits import waits_of
from engine.errors import InvalidRequest
from engine.outcome import Event, Happened, Outcome

Key = tuple[str, str]
"""Process id, element id: an id is unique within one process."""
EVENTS = frozenset({NodeKind.CATCH, NodeKind.THROW, NodeKind.BOUNDARY, NodeKind.START, NodeKind.END})
NOTHING_OPEN = "Il ne resterait rien d'ouvert dans ce dossier : laissez au moins une étape ouverte."
NO_END = "Depuis là, le dossier ne pourrait plus arriver à une fin du parcours."
WOULD_STOP = (
    "Depuis là, le dossier pourrait se bloquer : un point de rencontre attendrait une branche qui n'existe plus."
)
NOT_PROVED = "Il n'a pas pu être prouvé que le dossier arriverait à une fin du parcours."


class VerdictKind(StrEnum):
    """Can this case go to the other version?"""

    MIGRABLE = "migrable"
    NEEDS_MAPPING = "needs_mapping"
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationVerdict:
    """The answer for one case. `elements` are the open ones that stand for nothing in the new version."""

    kind: VerdictKind
    sentence: str = ""
    elements: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationPlan:
    """Which element of the new version each element of the old one becomes. Shared by all the cases of a migration."""

    old: Program
    new: Program
    pairs: Mapping[Key, Key]
    closed: frozenset[Key]
    """Elements whose open steps are to be closed, as somebody decided."""
    mapping: Mapping[str, str | None]
    """The same by element id, for people; None: closed."""
    removed: tuple[str, ...]
    added: tuple[str, ...]
    unchanged: tuple[str, ...]
    """Elements whose definition is the same, place apart."""
    proofs: dict[frozenset[str], str] = field(default_factory=dict, compare=False, repr=False)
    """What the explorer said of each marking met so far: cases of one pathway stand at few places."""
    surveyed: dict[ScopeKey, Surveyed] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrated:
    """A case under the new version. `outcome` is None unless the verdict is migrable."""

    verdict: MigrationVerdict
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawn:
    node: Node
    process: str
    parent: str
    """Id of the sub-process around it; '' for the process."""


def plan(old: Program, new: Program, manual: Mapping[str, str | None] | None = None) -> MigrationPlan:
    """Pair the elements: by hand first, then by id, then by name where only one element of the same kind bears it.

    An element is only paired with one of the same kind, within the scope its own scope became. Raises InvalidRequest
    for a pair made by hand that breaks this.
    """
    before, after = _drawn(old.model), _drawn(new.model)
    by_hand = _manual(before, after, manual or {})
    closed = frozenset(key for key, target in by_hand.items() if target is None)
    pairs = {key: target for key, target in by_hand.items() if target is not None}
    processes = {old.model.main: new.model.main}
    processes |= {key: key for key in old.model.processes if key in new.model.processes and key != old.model.main}
    taken = set(pairs.values())
    for group in _by_scope(before):
        _pair_scope(group, before, after, pairs, closed, taken, processes)
    for key in [key for key, target in pairs.items() if not _still_attached(key, target, before, after, pairs)]:
        del pairs[key]
    _check_manual(by_hand, before, after, pairs, processes)
    reached = set(pairs.values())
    return MigrationPlan(
        old=old,
        new=new,
        pairs=pairs,
        closed=closed,
        mapping={key[1]: target[1] if target else None for key, target in {**pairs, **dict.fromkeys(closed)}.items()},
        removed=tuple(key[1] for key in before if key not in pairs),
        added=tuple(key[1] for key in after if key not in reached),
        unchanged=tuple(
            key[1] for key, target in pairs.items() if _same(before[key].node, after[target].node)
        ),
    )  # fmt: skip


def migrate(plan: MigrationPlan, state: bytes, *, around: Surroundings, restart_timers: bool = False) -> Migrated:
    """The state under the new version, run to its next waits; or why it cannot be.

    Timers keep their date unless `restart_timers`, or unless the way they are counted has changed.
    """
    old_step, step = Step(plan.old, around), Step(plan.new, around)
    try:
        before = decode(plan.old, state, old_step)
    except Unreadable:
        return _impossible("L'avancement de ce dossier ne peut pas être relu.")
    try:
        moved = rehome(before, plan.new, step, pairs=plan.pairs, closed=plan.closed, restart_timers=restart_timers)
        step.run()
    except Unmapped as unmapped:
        names = ", ".join(f"« {name} »" for name in unmapped.names)
        return Migrated(
            verdict=MigrationVerdict(
                kind=VerdictKind.NEEDS_MAPPING,
                sentence=f"Dites ce que devient {names}, qui n'existe plus et où ce dossier se trouve.",
                elements=unmapped.elements,
            )
        )
    except CannotRehome as problem:
        return _impossible(str(problem))
    except Stopped as stop:
        return _impossible(stop.incident.sentence)
    return _judged(plan, step, moved)


def _judged(plan: MigrationPlan, step: Step, moved: Rehomed) -> Migrated:
    workflow = moved.workflow
    if workflow.completed:
        return _impossible(NOTHING_OPEN)
    waits = waits_of(plan.new, workflow)
    if not (waits.tasks or waits.timers or waits.subscriptions or waits.leaves):
        return _impossible(NOTHING_OPEN)
    if problem := _problem(plan, moved.marking()):
        return _impossible(problem)
    cancelled = tuple(
        Event(kind=Happened.CANCELLED, element_id=element_id, token=token) for element_id, token in moved.dropped
    )
    outcome = Outcome(
        state=encode(plan.new, workflow),
        tasks=tuple(waits.tasks),
        timers=tuple(waits.timers),
        subscriptions=tuple(waits.subscriptions),
        leaves=tuple(waits.leaves),
        facts=tuple(step.facts),
        effects=tuple(step.effects),
        events=cancelled + tuple(step.events),
    )
    return Migrated(verdict=MigrationVerdict(kind=VerdictKind.MIGRABLE), outcome=outcome)


def _problem(plan: MigrationPlan, tokens: frozenset[str]) -> str:
    """'' when an end is proved to be reachable, whatever happens."""
    if tokens not in plan.proofs:
        try:
            if not plan.surveyed:
                plan.surveyed.update(survey(plan.new.model, Budget()))
            verdict = end_reachable(plan.new.model, Marking(tokens=tokens), surveyed=plan.surveyed)
        except KeyError:
            plan.proofs[tokens] = NOT_PROVED
        else:
            stops = WOULD_STOP if verdict.deadlocks else "" if verdict.ends else NO_END
            plan.proofs[tokens] = stops or ("" if verdict.complete else NOT_PROVED)
    return plan.proofs[tokens]


def _impossible(sentence: str) -> Migrated:
    return Migrated(verdict=MigrationVerdict(kind=VerdictKind.IMPOSSIBLE, sentence=sentence))


def _drawn(model: PathwayModel) -> dict[Key, _Drawn]:
    """Every drawn element, outer scopes first, the main process before the others."""
    found: dict[Key, _Drawn] = {}
    for process in sorted(model.processes, key=lambda key: key != model.main):
        pending: list[tuple[str, Scope]] = [("", model.processes[process].scope)]
        while pending:
            parent, scope = pending.pop(0)
            for node in scope.nodes.values():
                found[process, node.id] = _Drawn(node=node, process=process, parent=parent)
                if node.body is not None:
                    pending.append((node.id, node.body))
    return found


def _by_scope(drawn: Mapping[Key, _Drawn]) -> Iterator[list[Key]]:
    groups: dict[tuple[str, str], list[Key]] = defaultdict(list)
    for key, one in drawn.items():
        groups[one.process, one.parent].append(key)
    yield from groups.values()


def _pair_scope(
    group: list[Key],
    before: Mapping[Key, _Drawn],
    after: Mapping[Key, _Drawn],
    pairs: dict[Key, Key],
    closed: frozenset[Key],
    taken: set[Key],
    processes: dict[str, str],
) -> None:
    """Pair what one scope holds; its own pair is known already, and says where to look."""
    where = _scope_after(before[group[0]], pairs, processes)
    free = [key for key in group if key not in pairs and key not in closed]
    if where is not None:
        there = {key: one for key, one in after.items() if (one.process, one.parent) == where and key not in taken}
        for key in free:
            target = (where[0], key[1])
            if target in there and alike(before[key].node, there[target].node):
                pairs[key] = target
        taken.update(pairs.values())
        left = {key: one for key, one in there.items() if key not in taken}
        for key, target in _by_name([key for key in free if key not in pairs], before, left):
            pairs[key] = target
        taken.update(pairs.values())
    for key in group:
        called, target_key = before[key].node.called, pairs.get(key)
        if called and target_key is not None and called not in processes and after[target_key].node.called:
            processes[called] = str(after[target_key].node.called)


def _by_name(left: list[Key], before: Mapping[Key, _Drawn], there: Mapping[Key, _Drawn]) -> Iterator[tuple[Key, Key]]:
    """Pairs of elements that alone bear their name, on both sides."""
    for key in left:
        node = before[key].node
        twins = [other for other in left if before[other].node.name == node.name and alike(before[other].node, node)]
        found = [target for target, one in there.items() if one.node.name == node.name and alike(node, one.node)]
        if node.name and len(twins) == len(found) == 1:
            yield key, found[0]


def _scope_after(one: _Drawn, pairs: Mapping[Key, Key], processes: Mapping[str, str]) -> tuple[str, str] | None:
    """The scope (process, sub-process) that the scope around an element became."""
    if one.parent:
        return pairs.get((one.process, one.parent))
    return (processes[one.process], "") if one.process in processes else None


def _still_attached(
    key: Key, target: Key, before: Mapping[Key, _Drawn], after: Mapping[Key, _Drawn], pairs: Mapping[Key, Key]
) -> bool:
    """A boundary event is only itself on the activity that its own activity became."""
    was, is_now = before[key].node.attached_to, after[target].node.attached_to
    return was is None or is_now is None or pairs.get((key[0], was)) == (target[0], is_now)


def alike(one: Node, other: Node) -> bool:
    """Can an open token of one stand at the other? Same kind; an event waits for the same kind of thing."""
    if one.kind is not other.kind or one.event_sub_process is not other.event_sub_process:
        return False
    if one.kind in EVENTS and one.trigger.kind is not other.trigger.kind:
        return False
    return one.kind not in (NodeKind.BOUNDARY, NodeKind.START) or one.interrupting is other.interrupting


def _manual(
    before: Mapping[Key, _Drawn], after: Mapping[Key, _Drawn], manual: Mapping[str, str | None]
) -> dict[Key, Key | None]:
    found: dict[Key, Key | None] = {}
    for source, target in manual.items():
        key = next((key for key in before if key[1] == source), None)
        if key is None:
            raise InvalidRequest(f"L'étape « {source} » n'existe pas dans l'ancienne version.")
        goal = None if target is None else next((other for other in after if other[1] == target), None)
        if target is not None and goal is None:
            raise InvalidRequest(f"L'étape « {target} » n'existe pas dans la nouvelle version.")
        found[key] = goal
    return found


def _check_manual(
    by_hand: Mapping[Key, Key | None],
    before: Mapping[Key, _Drawn],
    after: Mapping[Key, _Drawn],
    pairs: Mapping[Key, Key],
    processes: Mapping[str, str],
) -> None:
    for key, target in by_hand.items():
        if target is None:
            continue
        one, other = before[key], after[target]
        names = f"« {one.node.name or key[1]} » ne peut pas devenir « {other.node.name or target[1]} » : "
        if not alike(one.node, other.node):
            raise InvalidRequest(names + "ce ne sont pas des éléments de même nature.")
        if _scope_after(one, pairs, processes) != (other.process, other.parent):
            raise InvalidRequest(names + "ils ne sont pas dans le même sous-parcours.")


def _same(one: Any, other: Any) -> bool:
    """Equal, wherever they are drawn."""
    if isinstance(one, Scope) and isinstance(other, Scope):
        return True  # what is inside a sub-process speaks for itself
    if is_dataclass(one) and type(one) is type(other):
        return all(
            isinstance(getattr(one, each.name), Place) or _same(getattr(one, each.name), getattr(other, each.name))
            for each in fields(one)
        )
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)
