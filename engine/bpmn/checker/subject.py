"""What is being checked, and the words to speak of it: names, paths, findings about an element."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from engine.bpmn.checker.catalogue import catalogue
from engine.bpmn.checker.directory import Directory
from engine.bpmn.explorer import ScopeKey, Surveyed, scopes_of
from engine.bpmn.findings import Finding, Fix, Severity, TraceStep, finding
from engine.bpmn.model import Flow, Node, PathwayModel, Place, Process, Scope
from engine.decisions import DecisionTable, InvalidDecision, read_decision

Element = Node | Flow | Process

STEPS_SHOWN = 14
"""A longer path is cut in the middle of the sentence; the whole of it stays in the trace."""
NAME_SHOWN = 80


class Words(NamedTuple):
    """A piece of a sentence in both languages."""

    fr: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Corner:
    """One scope with what surrounds it."""

    process: Process
    owner: Node | None
    scope: Scope
    parent: Scope | None


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A pathway with its forms, decisions and parameters, the people of the territory, and the explored scopes."""

    model: PathwayModel
    forms: Mapping[str, Any] = field(default_factory=dict)
    decisions: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    messages: Mapping[str, Any] | None = None
    """Messages the pathway declares, by name; None: it declares none and nothing is compared."""
    title: str = ""
    roles: frozenset[str] | None = None
    """Role codes known; None: not known here, nothing is compared."""
    directory: Directory | None = None
    surveyed: Mapping[ScopeKey, Surveyed] = field(default_factory=dict)

    @cached_property
    def corners(self) -> tuple[Corner, ...]:
        """Every scope of every process, outer ones first."""
        return tuple(
            Corner(process=process, owner=owner, scope=scope, parent=parent)
            for process in self.model.processes.values()
            for owner, scope, parent in scopes_of(process)
        )

    @cached_property
    def tables(self) -> Mapping[str, DecisionTable]:
        """Decision tables that can be read, by key."""
        found: dict[str, DecisionTable] = {}
        for key, data in self.decisions.items():
            if isinstance(data, bytes):
                with suppress(InvalidDecision):
                    found[key] = read_decision(data, key)
        return found

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """Every node of every scope."""
        return tuple(node for corner in self.corners for node in corner.scope.nodes.values())

    @cached_property
    def by_id(self) -> Mapping[str, Node | Flow]:
        """Nodes and flows by id."""
        found: dict[str, Node | Flow] = {}
        for corner in self.corners:
            found.update(corner.scope.nodes)
            found.update(corner.scope.flows)
        return found


def called(element: Element) -> str:
    """How people call an element: its name, else its id, between French quotes."""
    return f"« {short(element)} »"


def named(element: Element) -> str:
    """The same between English quotes."""
    return f"“{short(element)}”"


def short(element: Element) -> str:
    """The name on one line and not too long, else the id."""
    name = " ".join(element.name.split()) or (element.id if isinstance(element, Process) else drawn_id(element))
    return name if len(name) <= NAME_SHOWN else name[: NAME_SHOWN - 1] + "…"


def path_words(subject: Subject, trace: tuple[TraceStep, ...]) -> Words:
    """The counter-example in words: « Début » → « Tri » → …"""
    elements = [subject.by_id[step.element_id] for step in trace if step.element_id in subject.by_id]
    return Words(_path([called(one) for one in elements]), _path([named(one) for one in elements]))


def _path(names: list[str]) -> str:
    kept = [name for position, name in enumerate(names) if position == 0 or names[position - 1] != name]
    if len(kept) > STEPS_SHOWN:
        half = STEPS_SHOWN // 2
        kept = [*kept[:half], "…", *kept[-half:]]
    return " → ".join(kept)


def listed(elements: Iterable[Element], last: Words | None = None) -> Words:
    """« a », « b » et « c »; at most six."""
    shown = list(elements)[:6]
    ending = last or Words(" et ", " and ")
    return Words(_list([called(one) for one in shown], ending.fr), _list([named(one) for one in shown], ending.en))


def _list(names: list[str], last: str) -> str:
    if len(names) < 2:
        return "".join(names)
    return ", ".join(names[:-1]) + last + names[-1]


def drawn_id(element: Node | Flow) -> str:
    """Id of the element in the designer's file."""
    return element.origin or element.id


def about(
    element: Element,
    code: str,
    *,
    severity: Severity | None = None,
    place: Place | None = None,
    related: tuple[str, ...] = (),
    trace: tuple[TraceStep, ...] = (),
    fix: Fix | None = None,
    **words: Element | Words | str | int,
) -> Finding:
    """A finding about an element, at its place in the designer's file, in the words of the catalogue."""
    entry = catalogue()[code]
    if isinstance(element, Node):
        kind, identifier = element.bpmn_type or element.kind.value, drawn_id(element)
    elif isinstance(element, Flow):
        kind, identifier = "sequenceFlow", drawn_id(element)
    else:
        kind, identifier = "process", element.id
    words["it"] = element
    return finding(
        code,
        severity or entry.severity,
        _capital(entry.fr.format_map({name: _french(word) for name, word in words.items()})),
        _capital(entry.en.format_map({name: _english(word) for name, word in words.items()})),
        element_id=identifier,
        element_kind=kind,
        element_name=element.name,
        place=place if place is not None and place.line else element.place,
        related=tuple(one for one in dict.fromkeys(related) if one and one != identifier),
        trace=trace,
        fix=fix,
    )


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _french(word: Element | Words | str | int) -> str:
    if isinstance(word, Words):
        return word.fr
    return called(word) if isinstance(word, Element) else str(word)


def _english(word: Element | Words | str | int) -> str:
    if isinstance(word, Words):
        return word.en
    return named(word) if isinstance(word, Element) else str(word)
