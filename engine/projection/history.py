"""The history of a case: what happened, in order, who did it. Append-only."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from engine.actor import Actor
from engine.course import Settled
from engine.library import Version
from engine.projection.acting import Acting
from engine.projection.loading import LoadedCase

QUIET_KINDS = frozenset({"exclusive", "parallel", "inclusive", "event_based"})
"""Elements whose movements people do not read."""


def history_of(
    case: LoadedCase, version: Version, settled: Settled, acting: Acting, by: Actor, now: datetime
) -> list[dict[str, Any]]:
    token = None if acting.task is None else acting.task["token"]
    task_id = None if acting.task is None else acting.task["id"]
    rows = []
    if acting.kind:
        rows.append(history_row(
            case, acting.kind, now, element_id=acting.element_id, by=by, task_id=task_id, detail=acting.detail,
            name=version.element_name(acting.element_id) if acting.element_id else "",
        ))  # fmt: skip
    for event in settled.outcome.events:
        mine = token is not None and event.token == token
        node = version.program.nodes.get(event.element_id)
        shown = node is not None and node.kind.value not in QUIET_KINDS and bool(node.name)
        rows.append(history_row(
            case, str(event.kind), now, element_id=event.element_id, name=version.element_name(event.element_id),
            by=by if mine else None, task_id=task_id if mine else None, visible=shown,
            detail={"token": event.token, **({"text": event.detail} if event.detail else {})},
        ))  # fmt: skip
    if settled.incident is not None:
        rows.append(history_row(
            case, "incident", now, element_id=settled.incident.element_id, detail={"code": settled.incident.code},
            name=version.element_name(settled.incident.element_id),
        ))  # fmt: skip
    return rows


def history_row(
    case: LoadedCase,
    kind: str,
    now: datetime,
    *,
    element_id: str | None = None,
    name: str = "",
    by: Actor | None = None,
    task_id: UUID | None = None,
    detail: Mapping[str, Any] | None = None,
    visible: bool = True,
) -> dict[str, Any]:
    """One line of the case's history. Without `by` the engine did it."""
    return {
        "territory_id": case.territory_id, "case_id": case.id, "at": now, "kind": kind[:40],
        "element_id": element_id, "element_name": name[:300], "actor": "" if by is None else by.name[:200],
        "actor_id": None if by is None else by.professional_id, "role": None if by is None else by.acting_as,
        "task_id": task_id, "detail": dict(detail or {}), "visible": visible,
    }  # fmt: skip
