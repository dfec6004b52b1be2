"""Column types that seal: text, JSON and bytes. What is written must say whose it is; what is read comes back open.

A value that nobody owns is refused before it reaches the database, so that nothing is kept in clear by forgetting.
What was written in clear by an earlier release still reads (`parcours keys seal` seals it).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any, ClassVar

from sqlalchemy import JSON, Dialect, LargeBinary, String, Table, Text, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

from engine.sealing.keys import ERASED, MARK, NAME_LENGTH, Owned, Readable, SealBroken, SealingKey

HEAD = len(MARK) + NAME_LENGTH + 1
"""Where the third part of a sealed value begins."""
MARK_BYTES = MARK.encode()


class SealedColumn(TypeDecorator[Any]):
    """What the three types share. `column` is `table.column`; `owner` the column of the row that names the subject."""

    cache_ok = True
    kinds: ClassVar[Mapping[str, str]] = {
        "patient_id": "patient", "patient.id": "patient", "case_id": "case", "care_case.id": "case",
    }  # fmt: skip
    """The kind of subject that an owner column names; a task's values are its case's, which the writer says."""

    def __init__(self, column: str, *, owner: str) -> None:
        super().__init__()
        self.column = column
        self.owner = owner

    @property
    def kind(self) -> str | None:
        """`patient` or `case`; None when the row does not name the subject."""
        return self.kinds.get(f"{self.column.split('.')[0]}.id" if self.owner == "id" else self.owner)

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if isinstance(value, Owned):
            return self.sealed(value.key, value.value)
        if isinstance(value, Readable):
            return value.value
        if self.stays_clear(value):
            return value
        raise TypeError(f"{self.column} is sealed: say whose the value is (engine.sealing.key_of).")

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return self.opened(value, dialect.keyring)  # type: ignore[attr-defined]

    def stays_clear(self, value: Any) -> bool:
        """True for what says nothing about anybody."""
        return not value or value == ERASED

    def sealed(self, key: SealingKey, value: Any) -> Any:
        """The value as it is kept."""
        raise NotImplementedError

    def opened(self, value: Any, keyring: Any) -> Any:
        """The value as it was, or what stands for it when its key is destroyed. Raises SealBroken."""
        raise NotImplementedError


class SealedText(SealedColumn):
    """A text. `was` is the length the column had before it was sealed, which SQLite still declares."""

    impl = Text
    cache_ok = True

    def __init__(self, column: str, *, owner: str, was: int | None = None) -> None:
        super().__init__(column, owner=owner)
        self.was = was

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return String(self.was) if self.was is not None and dialect.name == "sqlite" else Text()

    def sealed(self, key: SealingKey, value: str) -> str:
        return key.seal(value.encode(), self.column)

    def opened(self, value: Any, keyring: Any) -> Any:
        if value is None or not value.startswith(MARK):
            return value
        key = keyring.named(value[len(MARK) : HEAD - 1], self.column)
        return ERASED if key.erased else key.open(value[HEAD:], self.column).decode()


class SealedJson(SealedColumn):
    """JSON, kept as a JSON text when it is sealed.

    An object that has only `readable` keys (tokens, codes, references) stays as it is; so do numbers and yes or no.
    `instead` is what an erased value reads as.
    """

    impl = JSON
    cache_ok = True

    def __init__(self, column: str, *, owner: str, readable: Collection[str] = (), instead: str = "object") -> None:
        super().__init__(column, owner=owner)
        self.readable = frozenset(readable)
        self.instead = instead

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return JSONB() if dialect.name == "postgresql" else JSON()

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if isinstance(value, Owned) and self.stays_clear(value.value):
            return value.value
        return super().process_bind_param(value, dialect)

    def stays_clear(self, value: Any) -> bool:
        if isinstance(value, Mapping):
            return self.readable.issuperset(value)
        return isinstance(value, bool | int | float) or super().stays_clear(value)

    def sealed(self, key: SealingKey, value: Any) -> str:
        return key.seal(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(), self.column)

    def opened(self, value: Any, keyring: Any) -> Any:
        if not isinstance(value, str) or not value.startswith(MARK):
            return value
        key = keyring.named(value[len(MARK) : HEAD - 1], self.column)
        if key.erased:
            return {} if self.instead == "object" else ERASED
        return json.loads(key.open(value[HEAD:], self.column))


class SealedBytes(SealedColumn):
    """Bytes. Those that cannot be opened are handed over as they are: their reader knows that it cannot read them."""

    impl = LargeBinary
    cache_ok = True

    def sealed(self, key: SealingKey, value: bytes) -> bytes:
        return key.seal_bytes(value, self.column)

    def opened(self, value: Any, keyring: Any) -> Any:
        if value is None or not value.startswith(MARK_BYTES):
            return value
        try:
            key = keyring.named(value[len(MARK) : HEAD - 1].decode("ascii", "replace"), self.column)
            return b"" if key.erased else key.open_bytes(value[HEAD:], self.column)
        except SealBroken:
            return value


@lru_cache(maxsize=64)
def sealed_columns(table: Table) -> tuple[tuple[str, SealedColumn], ...]:
    """The sealed columns of a table, by name."""
    return tuple((column.name, column.type) for column in table.columns if isinstance(column.type, SealedColumn))
