"""A pathway in plain French, written from its model: who does what, before when, what is awaited, what may happen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.bpmn.model import Node, NodeKind, Scope, TriggerKind
from engine.bpmn.program import Program
from engine.bpmn.reading_text import due_words
from engine.library import Version
from engine.roles import role_label

TOLD = frozenset(
    {
        NodeKind.USER_TASK, NodeKind.CALL_ACTIVITY, NodeKind.CATCH, NodeKind.RECEIVE_TASK, NodeKind.DECISION_TASK,
        NodeKind.SERVICE_TASK,
    }
)  # fmt: skip
ROUNDS = {
    "usual": "demandé au professionnel habituel", "pool": "proposé à tout le secteur",
    "neighbours": "proposé aux secteurs voisins", "search": "cherché par la coordination",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One step: its name, and what is to know of it."""

    element_id: str
    name: str
    who: str
    when: str
    kind: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """The steps of one part of the pathway. `aside`: may happen at any moment."""

    name: str
    aside: bool
    lines: Sequence[Line]


def pathway_text(version: Version, parameters: Sequence[Mapping[str, Any]]) -> Sequence[Phase]:
    """The pathway's own steps, in reading order, by phase. `parameters` as the version keeps them, with their units."""
    program = version.program
    delays = {str(one["name"]): one for one in parameters if one.get("type") == "duration"}
    found: dict[str, list[Line]] = {}
    aside: dict[str, bool] = {}
    nodes = _phased(program.model.main_process.scope, program.model.main_process.name, False)
    for node, phase, beside in sorted(nodes, key=lambda item: program.reading_order.get(item[0].id, 0)):
        if node.name and (node.kind in TOLD or node.kind is NodeKind.BOUNDARY) and node.origin is None:
            found.setdefault(phase, []).append(_line(node, program, delays))
            aside[phase] = beside
    phases = [Phase(name=name, aside=aside[name], lines=tuple(lines)) for name, lines in found.items()]
    return tuple(sorted(phases, key=lambda phase: _begins(phase, program)))


def _begins(phase: Phase, program: Program) -> tuple[bool, int]:
    """Where people first act in a phase; phases without them last."""
    acts = [program.reading_order.get(line.element_id, 0) for line in phase.lines if line.kind in ("task", "piece")]
    return phase.aside, min(acts, default=10_000)


def _phased(scope: Scope, phase: str, beside: bool) -> list[tuple[Node, str, bool]]:
    found: list[tuple[Node, str, bool]] = []
    for node in scope.nodes.values():
        found.append((node, phase, beside))
        if node.body is not None:
            found += _phased(node.body, node.name or phase, beside or node.event_sub_process)
    return found


def _line(node: Node, program: Program, delays: Mapping[str, Mapping[str, Any]]) -> Line:
    return Line(
        element_id=node.id,
        name=node.name,
        who=_who(node),
        when=_when(node, program, delays),
        kind=_kind(node),
        why=node.documentation,
    )


def _kind(node: Node) -> str:
    match node.kind:
        case NodeKind.USER_TASK:
            return "task"
        case NodeKind.CALL_ACTIVITY:
            return "piece"
        case NodeKind.BOUNDARY | NodeKind.CATCH | NodeKind.RECEIVE_TASK:
            return "timer" if node.trigger.kind is TriggerKind.TIMER else "event"
        case _:
            return "automatic"


def _who(node: Node) -> str:
    if node.work is not None:
        roles = [role_label(role) for role in node.work.roles if not role.startswith("=")]
        said = " ou ".join(roles)
        offered = ROUNDS.get(node.work.offer or "", "")
        return f"{said} ({offered})" if said and offered else said or offered
    if node.responsible:
        return role_label(node.responsible)
    if node.action is not None and node.action.parameters.get("to"):
        told = [role_label(role.strip()) for role in node.action.parameters["to"].split(",")]
        return ", ".join(one for one in told if not one.startswith("="))
    return ""


def _when(node: Node, program: Program, delays: Mapping[str, Mapping[str, Any]]) -> str:
    if node.kind is NodeKind.BOUNDARY:
        host = program.nodes.get(node.attached_to or "")
        pause = "interrompt" if node.interrupting else "pendant"
        return f"{pause} « {host.name} »" if host is not None and host.name else ""
    text = node.work.due if node.work is not None else node.expected
    if text is None or not text.text:
        return ""
    return due_words(text.text, delays)
