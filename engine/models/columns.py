"""Column types and the declarative root shared by every table."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, cast
from uuid import UUID, uuid4

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Connection,
    DateTime,
    Dialect,
    ForeignKey,
    Integer,
    MetaData,
    TypeDecorator,
    event,
)
from sqlalchemy import Table as SqlTable
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapper, mapped_column
from sqlalchemy.orm.attributes import set_committed_value

from engine.sealing import Owned, owned, sealed_columns

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """An aware date-time, stored in UTC. A naive one is refused before it reaches the database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"A naive date-time ({value.isoformat()}) cannot be stored: give its zone.")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


JsonValue = JSON().with_variant(JSONB(), "postgresql")
Serial = BigInteger().with_variant(Integer, "sqlite")

Key = Annotated[UUID, mapped_column(primary_key=True, default=uuid4)]
Number = Annotated[int, mapped_column(Serial, primary_key=True, autoincrement=True)]
Territory = Annotated[UUID, mapped_column(ForeignKey("territory.id"), index=True)]
Moment = Annotated[datetime, mapped_column(UtcDateTime)]
Json = Annotated[Any, mapped_column(JsonValue)]


class Table(DeclarativeBase):
    """Root of every table."""

    metadata = MetaData(naming_convention=NAMING)


@event.listens_for(Table, "before_insert", propagate=True)
def _own(mapper: Mapper[Any], connection: Connection, row: Table) -> None:
    """What is sealed of an object added to a session belongs to the subject it names, as in the writer's rows."""
    table = cast("SqlTable", mapper.local_table)
    if columns := sealed_columns(table):
        said = {column.name: getattr(row, column.name) for column in table.columns}
        made = owned(connection, table, [said])[0]
        for name, _kind in columns:
            setattr(row, name, made[name])


@event.listens_for(Table, "after_insert", propagate=True)
def _show(mapper: Mapper[Any], _connection: Connection, row: Table) -> None:
    for name, _kind in sealed_columns(cast("SqlTable", mapper.local_table)):
        if isinstance(value := getattr(row, name), Owned):
            set_committed_value(row, name, value.value)


def one_of(column: str, values: Iterable[str]) -> CheckConstraint:
    """A check that `column` holds one of `values`."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")
