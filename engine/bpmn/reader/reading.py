"""What one reading carries along: findings so far, ids in use, the roles, forms and decisions that are known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.bpmn.findings import Finding, Fix, Severity, finding
from engine.bpmn.model import NOWHERE, Place
from engine.bpmn.reader.draft import DraftFlow, DraftNode, Ids
from engine.bpmn.reader.namespaces import SHOWN, clean_name, local
from engine.bpmn.xml import Element


@dataclass(frozen=True, slots=True)
class Named:
    """Something drawn, by id and name, for a finding."""

    id: str
    kind: str
    name: str
    place: Place


About = Element | DraftNode | DraftFlow | Named | Place | None


@dataclass(slots=True, eq=False)
class Journal:
    """Collects what is found, in one pass over everything."""

    findings: list[Finding] = field(default_factory=list)

    def since(self, mark: int) -> list[Finding]:
        """Take back what was noted after the first `mark` findings: it counts only if what it is about is kept."""
        taken, self.findings = self.findings[mark:], self.findings[:mark]
        return taken

    def error(self, code: str, about: About, french: str, english: str, *, related: Iterable[str] = ()) -> None:
        """It would break or stall a real case: the file is refused."""
        self._note(code, Severity.ERROR, about, french, english, tuple(related), None)

    def warning(
        self, code: str, about: About, french: str, english: str, *, related: Iterable[str] = (), fix: Fix | None = None
    ) -> None:
        """It runs, but not as the designer may think."""
        self._note(code, Severity.WARNING, about, french, english, tuple(related), fix)

    def info(self, code: str, about: About, french: str, english: str) -> None:
        """It was written otherwise, with the same meaning."""
        self._note(code, Severity.INFO, about, french, english, (), None)

    def _note(
        self,
        code: str,
        severity: Severity,
        about: About,
        french: str,
        english: str,
        related: tuple[str, ...],
        fix: Fix | None,
    ) -> None:
        element_id, kind, name, place = _described(about)
        self.findings.append(
            finding(
                code,
                severity,
                french,
                english,
                element_id=element_id,
                element_kind=kind,
                element_name=name,
                place=place,
                related=related,
                fix=fix,
            )
        )


def _described(about: About) -> tuple[str | None, str, str, Place]:
    """Id, kind, name and place of what a finding is about; a node we made is said to be the one it was made from."""
    match about:
        case DraftNode():
            return about.origin or about.id, about.bpmn_type or about.kind.value, about.name, about.place
        case DraftFlow():
            return about.origin or about.id, "sequenceFlow", about.name, about.place
        case Element():
            owner = about
            while owner.name not in SHOWN and owner.parent is not None:
                owner = owner.parent
            return owner.get("id") or owner.name, owner.name, clean_name(owner.get("name")), about.place
        case Named():
            return about.id, about.kind, about.name, about.place
        case Place():
            return None, "", "", about
    return None, "", "", NOWHERE


def standing_at(about: About, place: Place) -> Named:
    """The same element, at the more exact place of one of its texts."""
    element_id, kind, name, _ = _described(about)
    return Named(element_id or "", kind, name, place)


@dataclass(slots=True, eq=False)
class Source:
    """One BPMN file: its dialect and the definitions that its elements refer to by id."""

    file: str
    dialect: str
    root: Element
    definitions: dict[str, Element] = field(default_factory=dict)
    """Messages, signals, errors, escalations, resources, event definitions and global tasks, by id."""
    message_of: dict[str, str] = field(default_factory=dict)
    """Name of the message that a message flow brings to, or takes from, the element of that id."""
    ids: dict[str, str] = field(default_factory=dict)
    """Id in the file → id in the model, where another file already used the first."""

    def known(self, reference: str | None) -> str:
        """The model's id of the element that a reference names."""
        name = local(reference)
        return self.ids.get(name, name)


@dataclass(slots=True, eq=False)
class Reading:
    """The state of one `read`."""

    journal: Journal = field(default_factory=Journal)
    ids: Ids = field(default_factory=Ids)
    roles: Mapping[str, str] = field(default_factory=dict)
    """Group, lane or role names of the file → role codes of the territory."""
    known_roles: frozenset[str] = frozenset()
    forms: dict[str, Any] = field(default_factory=dict)
    form_names: dict[str, str] = field(default_factory=dict)
    """Other names of a form (its file, its id) → its key."""
    decisions: dict[str, bytes] = field(default_factory=dict)
    decision_outputs: dict[str, list[str]] = field(default_factory=dict)
    """Names of the facts that each decision writes."""
    missing: set[tuple[str, str]] = field(default_factory=set)
    """What the files call by name and do not hold: (`process`, `form` or `decision`, name)."""
    size: int = 0
    """Flow nodes read so far."""
    formulas: int = 0
    """Characters of conditions, times and computations seen so far."""
    unmapped: dict[str, list[Named]] = field(default_factory=dict)
    """Unknown group → the elements that name it."""
    people: list[tuple[DraftNode, tuple[str, ...]]] = field(default_factory=list)
    """Tasks given to people by name, whom no role answers to yet."""

    def given(self, name: str) -> str | None:
        """The role code that the designer gave to a group or lane name."""
        folded = name.casefold()
        return next((code for known, code in self.roles.items() if known and known.casefold() == folded), None)

    def role(self, name: str, user: DraftNode) -> str:
        """The role code meant by a group or lane name; an unknown one is kept as written and noted."""
        text = clean_name(name)
        code = self.given(text)
        if code is not None:
            return code
        if text in self.known_roles:
            return text
        self.unmapped.setdefault(text, []).append(Named(user.origin or user.id, user.bpmn_type, user.name, user.place))
        return text
