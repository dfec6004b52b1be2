"""Sealing what an earlier release kept in clear: in batches, each in its own transaction, as often as one likes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, LargeBinary, Select, Text, or_, select, tuple_, type_coerce, update
from sqlalchemy import Table as SqlTable
from sqlalchemy.orm import Session

from engine import lookups
from engine.counted import is_counted
from engine.library import version_of
from engine.models import Case, CaseFact, Patient, PatientSearchToken, Table, Task
from engine.models.columns import JsonValue
from engine.sealing import SealedBytes, SealedColumn, SealedJson, key_of, sealed_columns
from engine.sealing.keys import MARK

AT_ONCE = 500
"""Rows looked at in one transaction."""
Place = tuple[Any, ...]
"""The primary key of the last row looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """One batch of a table: how many values were in clear, and where to go on (None: the table is done)."""

    clear: int
    after: Place | None


def sealed_tables() -> Sequence[SqlTable]:
    """The tables that have sealed columns, by name."""
    return sorted(
        (table for table in Table.metadata.tables.values() if sealed_columns(table)), key=lambda one: one.name
    )


def seal_some(session: Session, *, table: SqlTable, after: Place | None) -> Looked:
    """Seal what is in clear in the next rows of a table. A row that somebody is writing is left for the next time."""
    rows = session.execute(_next_rows(table, after).with_for_update(skip_locked=True, of=table)).all()
    clear = 0
    for row in rows:
        found = dict(_clear_values(session, table, row))
        if found:
            key = key_of(session, _kind(table), row.subject, row.territory_id)
            owned = {name: key.owns(value) for name, value in found.items()}
            session.execute(update(table).where(_at(table, row)).values(**owned))
            clear += len(owned)
    return Looked(clear=clear, after=_place(table, rows))


def count_clear(session: Session) -> int:
    """How many values are in clear that should not be. Reads every row of the tables that seal."""
    clear = 0
    for table in sealed_tables():
        after: Place | None = None
        while True:
            rows = session.execute(_next_rows(table, after)).all()
            clear += sum(len(dict(_clear_values(session, table, row))) for row in rows)
            after = _place(table, rows)
            if after is None:
                break
    return clear


def make_some_findable(session: Session) -> int:
    """Write the digests of up to 500 patients that have none. Returns how many: call again until 0."""
    has_none = ~select(PatientSearchToken.token).where(PatientSearchToken.patient_id == Patient.id).exists()
    unknown_ins = Patient.ins.is_not(None) & Patient.ins_token.is_(None)
    patients = session.execute(
        select(Patient).where(Patient.erased_at.is_(None), or_(has_none, unknown_ins)).limit(AT_ONCE)
    ).scalars()
    done = 0
    for patient in patients:
        lookups.forget(session, patient_id=patient.id)
        lookups.make_findable(
            session, patient_id=patient.id, territory_id=patient.territory_id, birth_name=patient.birth_name,
            other_names=(patient.used_name, patient.given_name),
        )  # fmt: skip
        token = lookups.ins_token(session, patient.ins, territory_id=patient.territory_id)
        session.execute(update(Patient).where(Patient.id == patient.id).values(ins_token=token))
        done += 1
    return done


def hide_some_stays(session: Session, *, after: UUID | None) -> tuple[int, UUID | None]:
    """Replace the numbers of stay of up to 500 cases by digests. Returns how many, and the case to go on after."""
    cases = select(Case.id, Case.territory_id, Case.business_key).where(Case.business_key.is_not(None))
    rows = session.execute(
        (cases if after is None else cases.where(Case.id > after)).order_by(Case.id).limit(AT_ONCE)
    ).all()
    done = 0
    for case_id, territory_id, business_key in rows:
        if business_key and lookups.shows_stay(business_key):
            hidden = lookups.hidden_business_key(session, business_key, territory_id=territory_id)
            session.execute(update(Case).where(Case.id == case_id).values(business_key=hidden))
            done += 1
    return done, rows[-1].id if len(rows) == AT_ONCE else None


def _next_rows(table: SqlTable, after: Place | None) -> Select[Any]:
    """Rows in the order of their key, their sealed columns as the database holds them, and whose they are."""
    keys = list(table.primary_key)
    raw = [type_coerce(table.c[name], _raw(kind)).label(name) for name, kind in sealed_columns(table)]
    others: list[Any] = [table.c.territory_id, _subject(table).label("subject")]
    if table is CaseFact.__table__:
        version = select(Case.pathway_version_id).where(Case.id == CaseFact.case_id).scalar_subquery()
        others += [CaseFact.name.label("fact"), CaseFact.form_key, version.label("version_id")]
    named = [key.label(f"key_{key.name}") for key in keys]
    found = select(*named, *raw, *others).order_by(*keys).limit(AT_ONCE)
    return found if after is None else found.where(tuple_(*keys) > tuple_(*after))


def _raw(kind: SealedColumn) -> Any:
    if isinstance(kind, SealedBytes):
        return LargeBinary()
    return JsonValue if isinstance(kind, SealedJson) else Text()


def _owner(table: SqlTable) -> str:
    return sealed_columns(table)[0][1].owner


def _kind(table: SqlTable) -> str:
    return sealed_columns(table)[0][1].kind or "case"


def _subject(table: SqlTable) -> ColumnElement[UUID]:
    owner = table.c[_owner(table)]
    if owner.name == "task_id":
        return select(Task.case_id).where(Task.id == owner).scalar_subquery()
    return owner


def _clear_values(session: Session, table: SqlTable, row: Any) -> Iterator[tuple[str, Any]]:
    """The values of a row that are in clear and should not be."""
    for name, kind in sealed_columns(table):
        value = row._mapping[name]
        if kind.stays_clear(value) or _is_sealed(value) or row.subject is None:
            continue
        if table is CaseFact.__table__ and is_counted(
            row.fact, row.form_key, version_of(session, row.version_id).forms
        ):
            continue
        yield name, value


def _is_sealed(value: Any) -> bool:
    if isinstance(value, bytes):
        return value.startswith(MARK.encode())
    return isinstance(value, str) and value.startswith(MARK)


def _at(table: SqlTable, row: Any) -> ColumnElement[bool]:
    return tuple_(*table.primary_key) == tuple_(*(row._mapping[f"key_{key.name}"] for key in table.primary_key))


def _place(table: SqlTable, rows: Sequence[Any]) -> Place | None:
    if len(rows) < AT_ONCE:
        return None
    return tuple(rows[-1]._mapping[f"key_{key.name}"] for key in table.primary_key)
