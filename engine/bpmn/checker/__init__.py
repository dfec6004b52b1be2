"""The checker: everything that can be found wrong with a pathway before it runs, in one pass.

One module per family of findings; the sentences are in `sentences/`. Checking is pure and gives the same answer every
time: it reads a model and the things beside it, and touches nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from engine.bpmn.checker.assignment import PEOPLE_CODES, YEAR, assignment, roles_at_work
from engine.bpmn.checker.catalogue import catalogue
from engine.bpmn.checker.conditions import conditions
from engine.bpmn.checker.control_flow import control_flow
from engine.bpmn.checker.data import data
from engine.bpmn.checker.directory import Absence, Directory, Holder
from engine.bpmn.checker.drawing import drawing
from engine.bpmn.checker.facts import Facts, read_forms
from engine.bpmn.checker.forms import forms as check_forms
from engine.bpmn.checker.messages import messages as messages_of
from engine.bpmn.checker.privacy import privacy
from engine.bpmn.checker.readability import readability
from engine.bpmn.checker.silent_loops import silent_loops
from engine.bpmn.checker.subject import Subject, drawn_id
from engine.bpmn.checker.texts import texts
from engine.bpmn.checker.timers import timers
from engine.bpmn.explorer import Budget, survey
from engine.bpmn.findings import Finding, TraceStep, in_reading_order
from engine.bpmn.model import PathwayModel
from engine.calendars import calendar_of

__all__ = [
    "PEOPLE_CODES",
    "YEAR",
    "Absence",
    "Directory",
    "Holder",
    "check",
    "check_people",
    "roles_at_work",
    "step_names",
]

NOTHING: Mapping[str, Any] = MappingProxyType({})

MARKINGS = 10_000
"""Markings that exploring all scopes may cost together: about a second on a small machine."""
A_DAY = datetime(2026, 1, 1, tzinfo=UTC)
"""Conditions are tried on some day when none is given; those that read the date are not decided."""
SECONDS = 3.0
"""Only on a machine so slow that the markings above would keep a designer waiting."""


def check(
    model: PathwayModel,
    *,
    forms: Mapping[str, Any] = NOTHING,
    decisions: Mapping[str, Any] = NOTHING,
    parameters: Mapping[str, Any] = NOTHING,
    directory: Directory | None = None,
    messages: Mapping[str, Any] | None = None,
    title: str = "",
    budget: Budget | None = None,
    now: datetime | None = None,
    read: Iterable[Finding] = (),
) -> tuple[Finding, ...]:
    """All findings about a pathway, heaviest first.

    `forms` are form definitions (JSON) by key, `decisions` decision tables by key (DMN bytes), `parameters` the
    version's parameters by name (a value, or a mapping with `type` and `value`), `messages` the messages the pathway
    declares, by name (`{"payload": {name: type}}`), None when nothing is known of them. `now` lets past dates be seen.
    `read` are the reader's findings, which are not repeated.
    """
    spent = budget or Budget(markings=MARKINGS, seconds=SECONDS)
    subject = Subject(
        model=model,
        forms={**model.forms, **forms},
        decisions={**model.decisions, **decisions},
        parameters=parameters,
        messages=messages,
        title=title or model.main_process.name,
        directory=directory,
        surveyed=survey(model, spent),
    )
    found = _families(subject, spent, now)
    return in_reading_order(as_drawn(one, subject) for one in unsaid(found, read))


def check_people(model: PathwayModel, *, directory: Directory, read: Iterable[Finding] = ()) -> tuple[Finding, ...]:
    """Only who can do the tasks: what changes with the directory while the drawing stays as it is."""
    subject = Subject(model=model, directory=directory)
    found = [one for one in assignment(subject) if one.code in PEOPLE_CODES]
    return in_reading_order(as_drawn(one, subject) for one in unsaid(found, read))


def step_names(model: PathwayModel | None) -> Mapping[str, str]:
    """The names of the steps by their ids in the designer's file; those the reader made from a step come after it."""
    nodes = Subject(model=model).nodes if model is not None else ()
    found: dict[str, str] = {}
    for node in nodes:
        if node.name and (node.work is not None or drawn_id(node) not in found):
            found[drawn_id(node)] = node.name
    return found


def _families(subject: Subject, budget: Budget, now: datetime | None) -> list[Finding]:
    facts = Facts(subject, read_forms(subject.forms))
    return [
        *control_flow(subject, budget),
        *drawing(subject),
        *silent_loops(subject),
        *data(facts),
        *conditions(facts, now=now or A_DAY, calendar=calendar_of("metropole")),
        *texts(facts),
        *check_forms(facts),
        *timers(subject, now=now),
        *messages_of(subject),
        *assignment(subject),
        *privacy(facts),
        *readability(facts),
    ]


def as_drawn(one: Finding, subject: Subject) -> Finding:
    """The finding with the ids of the designer's own elements, which are those the diagram shows."""

    def drawn(identifier: str) -> str:
        element = subject.by_id.get(identifier)
        return drawn_id(element) if element is not None else identifier

    trace = tuple(
        TraceStep(element_id=drawn(step.element_id), marking=tuple(dict.fromkeys(map(drawn, step.marking))))
        for step in one.trace
    )
    related = tuple(other for other in dict.fromkeys(map(drawn, one.related)) if other != one.element_id)
    return replace(one, trace=trace, related=related)


def unsaid(found: Iterable[Finding], read: Iterable[Finding]) -> list[Finding]:
    """Findings of the checker that the reader has not already made about the same element."""
    said = {(element, one.code) for one in read for element in (one.element_id, *one.related)}
    codes = catalogue()
    return [one for one in found if not any((one.element_id, code) in said for code in codes[one.code].reader)]
