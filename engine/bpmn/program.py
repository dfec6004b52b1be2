"""A pathway version ready to run: built once, never changed, shared by every case and thread."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from threading import Lock
from types import MappingProxyType
from typing import Any

from engine.bpmn.elements import CaseSpec
from engine.bpmn.model import Node, NodeKind, PathwayModel, Scope, TriggerKind
from engine.bpmn.rewrite import executable
from engine.bpmn.specs import build, reading_order
from engine.bpmn.unsupported import too_deep
from engine.errors import InvalidPathway

SPIFF_VERSION = version("SpiffWorkflow")
KEPT = 256
"""Versions kept in memory. A territory runs some tens; one takes about 200 kB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A version's specifications and what is known about its elements. `fingerprint` marks the states it may read:
    those of the same main process, as long as every element that is open in them is still there."""

    model: PathwayModel
    specs: Mapping[str, CaseSpec]
    nodes: Mapping[str, Node]
    reading_order: Mapping[str, int]
    messages: Mapping[str, tuple[Node, ...]]
    """Message or signal name → nodes that catch it (start events of event sub-processes included)."""
    named_after: Mapping[str, str]
    """Element → name of the first named element behind it, along first flows; '' when there is none."""
    spec_names: tuple[tuple[str, tuple[str, ...]], ...]
    fingerprint: bytes
    spiff_version: str = SPIFF_VERSION

    def node(self, element_id: str) -> Node:
        """The drawn element of that id. Raises KeyError."""
        return self.nodes[element_id]

    @property
    def main(self) -> CaseSpec:
        return self.specs[self.model.main]


def build_program(model: PathwayModel) -> Program:
    """Build the specifications of a model that `unsupported` and the checker accept. Raises InvalidPathway."""
    if (deep := too_deep(model)) is not None:
        raise InvalidPathway(deep[1], [])
    built = build(executable(model))
    nodes = dict(_drawn(model))
    names = tuple((path, spec.names) for path, spec in built.by_path.items())
    return Program(
        model=model,
        specs=MappingProxyType(built.by_path),
        nodes=MappingProxyType(nodes),
        reading_order=reading_order(model),
        messages=_messages(nodes),
        named_after=_named_after(model, nodes),
        spec_names=names,
        fingerprint=hashlib.blake2b(model.main.encode(), digest_size=4).digest(),
    )


def _drawn(model: PathwayModel) -> dict[str, Node]:
    found: dict[str, Node] = {}

    def visit(scope: Scope) -> None:
        for node in scope.nodes.values():
            found.setdefault(node.id, node)
            if node.body is not None:
                visit(node.body)

    for key in sorted(model.processes, key=lambda key: key != model.main):
        visit(model.processes[key].scope)
    return found


def _named_after(model: PathwayModel, nodes: Mapping[str, Node]) -> Mapping[str, str]:
    scopes = [process.scope for process in model.processes.values()]
    scopes += [node.body for node in nodes.values() if node.body is not None]
    next_of: dict[str, str] = {}
    for flow in (flow for scope in scopes for flow in scope.flows.values()):
        next_of.setdefault(flow.source, flow.target)

    def name_behind(element_id: str) -> str:
        seen: set[str] = set()
        at = next_of.get(element_id)
        while at is not None and at not in seen:
            seen.add(at)
            if at in nodes and nodes[at].name:
                return nodes[at].name
            at = next_of.get(at)
        return ""

    return MappingProxyType({element_id: name_behind(element_id) for element_id in nodes})


def _messages(nodes: Mapping[str, Node]) -> Mapping[str, tuple[Node, ...]]:
    found: dict[str, tuple[Node, ...]] = {}
    for node in nodes.values():
        told = node.trigger.kind in (TriggerKind.MESSAGE, TriggerKind.SIGNAL)
        if told and node.trigger.name and node.kind not in (NodeKind.THROW, NodeKind.END):
            found[node.trigger.name] = (*found.get(node.trigger.name, ()), node)
    return MappingProxyType(found)


_programs: OrderedDict[Any, Program] = OrderedDict()
_lock = Lock()


def program_for(key: Any, loader: Callable[[], PathwayModel]) -> Program:
    """The program of a published version, built once per process. `key` names the version (its row, its checksum)."""
    with _lock:
        program = _programs.get(key)
        if program is not None:
            _programs.move_to_end(key)
            return program
    program = build_program(loader())  # outside the lock: two threads may build it, the first one stays
    with _lock:
        program = _programs.setdefault(key, program)
        while len(_programs) > KEPT:
            _programs.popitem(last=False)
        return program
