"""The checker: everything that can be found wrong with a pathway before it runs, in one pass.

One module per family of findings; the sentences are in `sentences/`. Checking is pure and gives the same answer every
time: it reads a model and the things beside it, and touches nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from engine.bpmn.checker.control_flow import control_flow
from engine.bpmn.checker.directory import Absence, Directory, Holder
from engine.bpmn.checker.drawing import drawing
from engine.bpmn.checker.silent_loops import silent_loops
from engine.bpmn.checker.subject import Subject
from engine.bpmn.explorer import Budget, survey
from engine.bpmn.findings import Finding, in_reading_order
from engine.bpmn.model import PathwayModel

__all__ = ["Absence", "Directory", "Holder", "check"]

NOTHING: Mapping[str, Any] = MappingProxyType({})

MARKINGS = 10_000
"""Markings that exploring all scopes may cost together: about a second on a small machine."""
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
) -> tuple[Finding, ...]:
    """All findings about a pathway, heaviest first.

    `forms` are form definitions (JSON) by key, `decisions` decision tables by key (DMN bytes), `parameters` the
    version's parameters by name (a value, or a mapping with `type` and `value`), `messages` the messages the pathway
    declares, by name.
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
    found: list[Finding] = []
    found.extend(control_flow(subject, spent))
    found.extend(drawing(subject))
    found.extend(silent_loops(subject))
    return in_reading_order(found)
