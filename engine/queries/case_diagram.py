"""« Schéma »: the way a case took through its pathway, for the diagram and as a list of steps to read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.bpmn.model import Node, NodeKind, Scope
from engine.bpmn.program import Program
from engine.library import version_of
from engine.models import CaseHistory, Task, WaitRecord
from engine.queries.case_page import CaseHead
from engine.queries.diagrams import drawn_in_main

LISTED = frozenset({NodeKind.USER_TASK, NodeKind.CALL_ACTIVITY, NodeKind.CATCH, NodeKind.RECEIVE_TASK})
LEAF_KINDS = LISTED | {NodeKind.SCRIPT_TASK, NodeKind.SERVICE_TASK, NodeKind.DECISION_TASK}
BEGUN, OVER = ("entered",), ("completed", "cancelled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step in words. `state`: done, open, late, waiting, skipped (the case passed beside it) or possible."""

    element_id: str
    name: str
    phase: str
    state: str
    who: str
    at: datetime | None
    task_id: UUID | None
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseDiagram:
    """Markers for the diagram and the same as steps, in reading order."""

    state: Mapping[str, Any]
    steps: Sequence[Step]


@dataclass(slots=True)
class _Way:
    """What the history says: which shapes were reached, left, hold a token now; which flows were taken."""

    done: Counter[str]
    active: set[str]
    taken: set[str]


def case_diagram(session: Session, *, head: CaseHead, now: datetime) -> CaseDiagram:
    """Three statements."""
    program = version_of(session, head.version_id).program
    here = drawn_in_main(program)
    way = _way(session, head, here)
    waits = session.execute(select(WaitRecord).where(WaitRecord.case_id == head.id)).scalars().all()
    tasks = session.execute(select(Task).where(Task.case_id == head.id).order_by(Task.opened_at)).scalars().all()
    shapes = _waiting_shapes(waits, here)
    nodes = [_node(shape, waits_there, now) for shape, waits_there in shapes.items()]
    nodes += [{"id": shape, "state": "done"} for shape in way.done if shape not in shapes and shape not in way.active]
    return CaseDiagram(
        state={"nodes": nodes, "taken": sorted(way.taken)}, steps=_steps(program, way, shapes, tasks, head, now)
    )


def _way(session: Session, head: CaseHead, here: Mapping[str, str]) -> _Way:
    rows = session.execute(
        select(CaseHistory.kind, CaseHistory.element_id, CaseHistory.detail)
        .where(CaseHistory.case_id == head.id, CaseHistory.kind.in_((*BEGUN, *OVER, "took")))
        .order_by(CaseHistory.id)
    )
    way = _Way(Counter(), set(), set())
    open_tokens: dict[str, str] = {}
    for kind, element, detail in rows:
        token = str((detail or {}).get("token", ""))
        if kind == "took":
            way.taken.add(element)
        elif kind in BEGUN:
            open_tokens[token] = element
        else:
            open_tokens.pop(token, None)
            if kind == "completed" and here.get(element) == element:
                way.done[element] += 1
    way.active = set(open_tokens.values()) if head.open else set()
    return way


def _waiting_shapes(waits: Sequence[WaitRecord], here: Mapping[str, str]) -> dict[str, list[WaitRecord]]:
    """The shapes that stand for what is awaited, with what is awaited there."""
    shapes: dict[str, list[WaitRecord]] = {}
    for wait in sorted(waits, key=lambda one: one.expected_at):
        shape = here.get(wait.element_id)
        if wait.kind != "join" and shape is not None:
            shapes.setdefault(shape, []).append(wait)
    return shapes


def _node(shape: str, waits: Sequence[WaitRecord], now: datetime) -> dict[str, Any]:
    late = any(wait.expected_at < now and wait.kind != "timer" for wait in waits)
    waiting = all(wait.kind in ("timer", "message", "signal", "condition") for wait in waits)
    broken = any(wait.kind == "incident" for wait in waits)
    state = "late" if late or broken else "waiting" if waiting else "open"
    badge = "Incident" if broken else "En retard" if late else "En attente" if waiting else "En cours"
    return {"id": shape, "state": state, "badge": badge, "level": state}


def _steps(
    program: Program,
    way: _Way,
    shapes: Mapping[str, Sequence[WaitRecord]],
    tasks: Sequence[Task],
    head: CaseHead,
    now: datetime,
) -> Sequence[Step]:
    by_element: dict[str, list[Task]] = {}
    for task in tasks:
        by_element.setdefault(task.element_id, []).append(task)
    main = program.model.main_process.scope
    furthest = max((program.reading_order.get(one, 0) for one in (*shapes, *way.done)), default=0)
    listed = [(node, phase) for node, phase in _phased(main, "") if node.kind in LISTED and node.name]
    listed.sort(key=lambda item: program.reading_order.get(item[0].id, 0))
    steps = []
    for node, phase in listed:
        mine = by_element.get(node.id, [])
        waits = shapes.get(node.id, ())
        state = _state(node, waits, way, mine, now)
        passed = not head.open or program.reading_order.get(node.id, 0) < furthest
        if state == "possible" and passed:
            state = "skipped"
        last = next((task for task in reversed(mine) if task.completed_at is not None), None)
        done = state == "done" and last is not None
        wait = waits[0] if waits else None
        steps.append(
            Step(
                element_id=node.id,
                name=node.name,
                phase=phase,
                state=state,
                who=(last.completed_by or "") if done and last else wait.responsible_name if wait else "",
                at=last.completed_at if done and last else wait.expected_at if wait else None,
                task_id=wait.task_id if wait else None,
                times=way.done[node.id],
            )
        )
    return tuple(steps)


def _state(node: Node, waits: Sequence[WaitRecord], way: _Way, tasks: Sequence[Task], now: datetime) -> str:
    if waits:
        return str(_node(node.id, waits, now)["state"])
    if node.id in way.active:
        return "open"
    if way.done[node.id] or any(task.state in ("completed", "not_done") for task in tasks):
        return "done"
    return "possible"


def _phased(scope: Scope, phase: str) -> list[tuple[Node, str]]:
    """Nodes with the name of the sub-process they stand in."""
    found: list[tuple[Node, str]] = []
    for node in scope.nodes.values():
        found.append((node, phase))
        if node.body is not None:
            found += _phased(node.body, node.name or phase)
    return found
