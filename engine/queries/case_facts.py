"""« Données »: what is known of a case, value by value, with who said it, when and on which form; by audience."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine.actor import Actor
from engine.answers import NOT_ANSWERS, asked_alone, present_answer
from engine.expressions import from_json
from engine.forms import Field, FormDefinition
from engine.library import Version, version_of
from engine.models import CaseFact, Organization, Professional
from engine.outcome import Value
from engine.policies import check_may_rectify, may_rectify
from engine.queries.case_page import CaseHead
from engine.queries.directory import INSEE_LENGTH, communes_named
from engine.visibility import readable_audiences

MOST = 2_000
COMMUNE = "commune:"
"""Before the INSEE code of a commune among the names: five digits may be anything else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One value that a fact had."""

    value: Value
    at: datetime
    who: str
    role: str
    conflicting: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One fact: `history` is newest first, so that its first item is the present value."""

    name: str
    field: Field | None
    history: Sequence[Said]
    closed: bool
    """True when the branch that could read it has ended."""
    may_rectify: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FactGroup:
    """The facts of one form; `form` None: computed by the pathway, or carried by a message."""

    form: FormDefinition | None
    facts: Sequence[Fact]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFacts:
    """The groups, latest form first, and how many values the reader's role does not see."""

    groups: Sequence[FactGroup]
    hidden: int


def case_facts(session: Session, *, head: CaseHead, by: Actor) -> CaseFacts:
    """Every fact of the case that the roles of `by` may read, or that they wrote. One statement."""
    version = version_of(session, head.version_id)
    fields = _fields(version)
    audiences = readable_audiences(by)
    rows = session.execute(
        select(CaseFact).where(CaseFact.case_id == head.id).order_by(CaseFact.id.desc()).limit(MOST)
    ).scalars()
    found: dict[tuple[str, str], list[CaseFact]] = {}
    hidden: set[tuple[str, str]] = set()
    for row in rows:
        place = (row.scope, row.name)
        field = _field(version, fields, row)
        mine = row.recorded_by_id is not None and row.recorded_by_id == by.professional_id
        if row.name in NOT_ANSWERS or row.value is None:
            continue
        if field is not None and field.audience not in audiences and not mine:
            hidden.add(place)
            continue
        found.setdefault(place, []).append(row)
    groups: dict[str, list[Fact]] = {}
    for (_scope, name), some in found.items():
        asked = (row.form_key or "" for row in some)
        form_key = next((key for key in asked if key in version.forms and name in version.forms[key].fields), "")
        fixable = bool(form_key) and not _scope and may_rectify(by, some[0].recorded_by_id)
        groups.setdefault(form_key, []).append(_fact(name, _field(version, fields, some[0]), some, fixable))
    ordered = sorted(groups.items(), key=lambda item: (not item[0], -max(_latest(item[1]).timestamp(), 0)))
    return CaseFacts(
        groups=tuple(
            FactGroup(form=version.forms.get(key), facts=_in_form_order(version.forms.get(key), facts))
            for key, facts in ordered
        ),
        hidden=len(hidden - found.keys()),
    )


def _fact(name: str, field: Field | None, rows: Sequence[CaseFact], fixable: bool) -> Fact:
    return Fact(
        name=name,
        field=field,
        history=tuple(
            Said(
                value=from_json(row.value), at=row.recorded_at, who=row.recorded_by, role=row.role or "",
                conflicting=row.conflicting,
            )
            for row in rows
        ),
        closed=rows[0].closed_at is not None,
        may_rectify=fixable and rows[0].closed_at is None and rows[0].form_key is not None,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Rectifiable:
    """One answer, and its question alone."""

    form: FormDefinition
    value: Value
    at: datetime
    who: str


def rectifiable(session: Session, *, head: CaseHead, name: str, by: Actor) -> Rectifiable:
    """An answer that `by` may put right. Raises NotFound, NotAllowed."""
    version = version_of(session, head.version_id)
    fact, form = present_answer(session, version, case_id=head.id, name=name, by=by)
    check_may_rectify(by, fact.recorded_by_id)
    return Rectifiable(
        form=asked_alone(form, name), value=from_json(fact.value), at=fact.recorded_at, who=fact.recorded_by
    )


def _latest(facts: Sequence[Fact]) -> datetime:
    return max(fact.history[0].at for fact in facts)


def _in_form_order(form: FormDefinition | None, facts: Sequence[Fact]) -> Sequence[Fact]:
    if form is None:
        return tuple(sorted(facts, key=lambda fact: fact.name))
    order = {name: index for index, name in enumerate(form.fields)}
    return tuple(sorted(facts, key=lambda fact: order.get(fact.name, len(order))))


def _fields(version: Version) -> Mapping[str, Field]:
    return {field.name: field for form in version.forms.values() for field in form.fields.values()}


def _field(version: Version, fields: Mapping[str, Field], row: CaseFact) -> Field | None:
    form = version.forms.get(row.form_key or "")
    return (form.fields.get(row.name) if form is not None else None) or fields.get(row.name)


def _is_reference(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def names_behind(session: Session, *, facts: CaseFacts, by: Actor) -> Mapping[str, str]:
    """People, structures and communes by what values hold of them: an id, an RPPS, FINESS or INSEE number."""
    texts = {
        one
        for group in facts.groups
        for fact in group.facts
        for said in fact.history
        for one in _texts(said.value)
        if one.isdigit() or _is_reference(one)
    }
    if not texts:
        return {}
    keys = [UUID(one) for one in texts if _is_reference(one)]
    numbers = [one for one in texts if one.isdigit()]
    people = session.execute(
        select(Professional).where(
            Professional.territory_id == by.territory_id, or_(Professional.id.in_(keys), Professional.rpps.in_(numbers))
        )
    ).scalars()
    named: dict[str, str] = {}
    for person in people:
        named[str(person.id)] = person.display_name
        if person.rpps:
            named[person.rpps] = person.display_name
    places = session.execute(
        select(Organization.id, Organization.finess, Organization.name).where(
            Organization.territory_id == by.territory_id,
            or_(Organization.id.in_(keys), Organization.finess.in_(numbers)),
        )
    )
    for key, finess, name in places:
        named[str(key)] = name
        if finess:
            named[finess] = name
    codes = {one for one in texts if len(one) == INSEE_LENGTH}
    return named | {f"{COMMUNE}{code}": name for code, name in communes_named(session, by=by, codes=codes).items()}


def _texts(value: Value) -> list[str]:
    match value:
        case str():
            return [value]
        case list():
            return [text for item in value for text in _texts(item)]
        case dict():
            return [text for item in value.values() for text in _texts(item)]
        case _:
            return []
