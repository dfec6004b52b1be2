"""Findings: what reading and checking a pathway have to say, each with its place and, where mechanical, its mend."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from engine.bpmn.model import NOWHERE, Place


class Severity(StrEnum):
    """How much a finding weighs. An error would break or stall a real case; nothing less is an error."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


FAMILIES: Mapping[str, str] = MappingProxyType(
    {
        "XML": "file and XML",
        "RD": "read otherwise than drawn",
        "NS": "not supported",
        "CF": "control flow",
        "DT": "data",
        "EX": "expressions and decisions",
        "FM": "forms",
        "AF": "assignment",
        "TM": "timers and calendars",
        "MS": "messages and signals",
        "PV": "privacy",
        "RB": "readability and accessibility",
    }
)
"""The family of a finding is the part of its code before the hyphen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceStep:
    """One step of a counter-example: the element that acted, and the flows that carry a token after it."""

    element_id: str
    marking: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The step as the replay on the diagram reads it."""
        return {"element_id": self.element_id, "marking": list(self.marking)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """A mechanical mend that one click applies in the modeler.

    `kind` says what to do with `element_id`: `set_attribute` (name, value), `set_text` (child, value), `remove`,
    `set_default` (flow), `replace_type` (type), `map_role` (group, role), `add_condition` (flow, condition),
    `add_end` (draw an end event after it).
    """

    kind: str
    label: str
    label_en: str
    element_id: str | None = None
    parameters: tuple[tuple[str, str], ...] = ()
    """Names and values; pairs, so that a finding can be a member of a set."""

    def to_json(self) -> dict[str, Any]:
        """The mend as the workshop reads it."""
        return {
            "kind": self.kind,
            "label": self.label,
            "label_en": self.label_en,
            "element_id": self.element_id,
            "parameters": dict(self.parameters),
        }


def fix_from_json(said: Mapping[str, Any]) -> Fix:
    """The mend that `Fix.to_json` wrote."""
    return Fix(
        kind=str(said["kind"]),
        label=str(said["label"]),
        label_en=str(said["label_en"]),
        element_id=said.get("element_id"),
        parameters=tuple((str(name), str(value)) for name, value in said.get("parameters", {}).items()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing found about a pathway. `message` is a French sentence fit for a designer who is a clinician."""

    code: str
    severity: Severity
    message: str
    message_en: str
    element_id: str | None = None
    element_kind: str = ""
    """BPMN element name as drawn (userTask, exclusiveGateway, sequenceFlow…)."""
    element_name: str = ""
    file: str = ""
    line: int = 0
    """Counted from 1; 0 when unknown."""
    column: int = 0
    related: tuple[str, ...] = ()
    """Ids of other elements that take part."""
    trace: tuple[TraceStep, ...] = ()
    fix: Fix | None = None

    @property
    def family(self) -> str:
        """The part of the code before the hyphen."""
        return self.code.partition("-")[0]

    @property
    def place(self) -> Place:
        """Where the element stands."""
        return Place(self.file, self.line, self.column)

    def to_json(self) -> dict[str, Any]:
        """The form that the API, the command line and the workshop show."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "message": self.message,
            "message_en": self.message_en,
            "element_id": self.element_id,
            "element_type": self.element_kind,
            "element_name": self.element_name,
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "related": list(self.related),
            "trace": [step.to_json() for step in self.trace],
            "fix": self.fix.to_json() if self.fix else None,
        }


def finding(
    code: str,
    severity: Severity,
    message: str,
    message_en: str,
    *,
    element_id: str | None = None,
    element_kind: str = "",
    element_name: str = "",
    place: Place = NOWHERE,
    related: tuple[str, ...] = (),
    trace: tuple[TraceStep, ...] = (),
    fix: Fix | None = None,
) -> Finding:
    """A finding about the element that stands at `place`."""
    return Finding(
        code=code,
        severity=severity,
        message=message,
        message_en=message_en,
        element_id=element_id,
        element_kind=element_kind,
        element_name=element_name,
        file=place.file,
        line=place.line,
        column=place.column,
        related=related,
        trace=trace,
        fix=fix,
    )


def has_errors(findings: Iterable[Finding]) -> bool:
    """Whether anything found would break or stall a real case."""
    return any(one.severity is Severity.ERROR for one in findings)


_WEIGHT = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


def in_reading_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings by weight, then by file, line and column, each said once."""
    unique = dict.fromkeys(findings)
    return tuple(sorted(unique, key=lambda one: (_WEIGHT[one.severity], one.file, one.line, one.column, one.code)))


def together(read: Iterable[Finding], checked: Iterable[Finding]) -> tuple[Finding, ...]:
    """What reading and checking found, once: an element that could not be read is not blamed twice in a family."""
    first = list(read)
    said = {(one.family, one.element_id) for one in first if one.severity is Severity.ERROR}
    return in_reading_order([*first, *(one for one in checked if (one.family, one.element_id) not in said)])
