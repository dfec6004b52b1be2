"""The keys of an installation: found once, kept in memory, made with their subject, destroyed with it.

Rows of `data_key`: a `territory` key is sealed under PARCOURS_SECRET_KEY and seals the others; `patient` and `case`
keys seal values; an `index` key makes the names of a territory searchable. A name is never given twice, so what is
known under a name stays true; what is known of a subject is remembered only once its transaction is committed.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    Uuid,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Session

from engine.errors import InvalidRequest
from engine.sealing.keys import SealBroken, SealingKey, new_name, new_secret
from engine.vault import Vault

SUBJECTS = ("patient", "case")
KINDS = (*SUBJECTS, "index", "territory", "former")
"""`former`: a territory key that is being replaced (`parcours keys rotate --territory`)."""
AT_ONCE = 500
"""Keys read with one that is missed: those made around the same time are asked for together."""
MOST_REMEMBERED = 50_000
WRAPPED = "data_key.wrapped"
MADE_NOW = "keys made in this transaction"

Made = dict[tuple[str, UUID], SealingKey]

KEYS = Table(
    "data_key",
    MetaData(),
    Column("number", Integer),
    Column("name", String),
    Column("territory_id", Uuid),
    Column("kind", String),
    Column("subject_id", Uuid),
    Column("wrapped", Text),
    Column("wrapped_by", String),
    Column("destroyed_at", DateTime(timezone=True)),
)
"""What this module reads of the table, whose model is `engine.models.DataKey`."""


@dataclass(slots=True)
class MemoryOfKeys:
    """Keys already opened, by name and by subject. Shared by the threads of a process."""

    by_name: dict[str, SealingKey] = field(default_factory=dict)
    by_subject: dict[tuple[str, UUID], SealingKey] = field(default_factory=dict)

    lock: threading.RLock = field(default_factory=threading.RLock)

    def remember(self, key: SealingKey) -> SealingKey:
        """Keep a key; beyond MOST_REMEMBERED the one known longest goes, and is read again when it is needed."""
        with self.lock:
            if len(self.by_name) >= MOST_REMEMBERED:
                del self.by_name[next(iter(self.by_name))]
            self.by_name[key.name] = key
        return key

    def forget(self, kind: str, subject_id: UUID) -> None:
        """The key of this subject is destroyed."""
        with self.lock:
            key = self.by_subject.pop((kind, subject_id), None)
            if key is not None:
                self.by_name.pop(key.name, None)


class Keyring:
    """The keys of one database. `reading` is an engine of its own: a key may be missed while a result is being read."""

    def __init__(self, vault: Vault, reading: Engine) -> None:
        self.vault = vault
        self.memory = MemoryOfKeys()
        self._reading = reading

    def named(self, name: str, column: str) -> SealingKey:
        """The key of this name. Raises SealBroken when this installation has never had it."""
        key = self.memory.by_name.get(name)
        if key is None:
            with self.memory.lock:
                key = self.memory.by_name.get(name) or self._read(name)
        if key is None:
            raise SealBroken(f"Une valeur de « {column} » est scellée par une clé que cette installation n'a pas.")
        return key

    def of(self, connection: Connection, kind: str, subject_id: UUID, territory_id: UUID) -> SealingKey:
        """The key of a subject, made when it has none yet."""
        found = self.known(connection, kind, subject_id)
        if found is None:
            found = self._make(connection, kind, subject_id, territory_id)
            connection.info[MADE_NOW][kind, subject_id] = found
        return found

    def known(self, connection: Connection, kind: str, subject_id: UUID) -> SealingKey | None:
        """The key of a subject, if it has one."""
        made: Made = connection.info.get(MADE_NOW, {})
        key = self.memory.by_subject.get((kind, subject_id)) or made.get((kind, subject_id))
        if key is not None:
            return key
        row = connection.execute(select(KEYS).where(KEYS.c.kind == kind, KEYS.c.subject_id == subject_id)).one_or_none()
        if row is None:
            return None
        key = self.memory.by_subject[kind, subject_id] = self._opened(connection, row)
        return key

    def begin(self, connection: Connection, made: Made) -> None:
        """A transaction begins: the keys that it makes are gathered in `made`, emptied when it ends."""
        connection.info[MADE_NOW] = made

    def destroy(self, connection: Connection, kind: str, subject_ids: Sequence[UUID], now: datetime) -> int:
        """Destroy the keys of these subjects: what they sealed is gone. Returns how many there were."""
        destroyed = connection.execute(
            update(KEYS)
            .where(KEYS.c.kind == kind, KEYS.c.subject_id.in_(subject_ids), KEYS.c.wrapped.is_not(None))
            .values(wrapped=None, destroyed_at=now)
        )
        for subject_id in subject_ids:
            self.memory.forget(kind, subject_id)
        return destroyed.rowcount

    def committed(self, made: Made) -> None:
        """The transaction that made these keys is committed: they may be remembered."""
        self.memory.by_subject.update(made)

    def _make(self, connection: Connection, kind: str, subject_id: UUID, territory_id: UUID) -> SealingKey:
        name, secret = new_name(), new_secret()
        around = self._territory(connection, territory_id)
        key = SealingKey(name, secret)
        connection.execute(
            insert(KEYS),
            {
                "name": name, "territory_id": territory_id, "kind": kind, "subject_id": subject_id,
                "wrapped": around.seal(secret, f"{WRAPPED}:{name}"), "wrapped_by": around.name,
            },
        )  # fmt: skip
        return self.memory.remember(key)

    def _territory(self, connection: Connection, territory_id: UUID) -> SealingKey:
        """The territory's key, read anew and held until the end of the transaction: a rotation waits for us."""
        row = connection.execute(
            select(KEYS).where(KEYS.c.kind == "territory", KEYS.c.subject_id == territory_id).with_for_update(read=True)
        ).one_or_none()
        if row is not None:
            return self._territory_key(row)
        return self.new_territory_key(connection, territory_id)

    def new_territory_key(self, connection: Connection, territory_id: UUID) -> SealingKey:
        """Make the key under which the keys of a territory are kept."""
        name, secret = new_name(), new_secret()
        wrapped = self.vault.seal(base64.b64encode(secret).decode())
        connection.execute(
            insert(KEYS),
            {
                "name": name, "territory_id": territory_id, "kind": "territory", "subject_id": territory_id,
                "wrapped": wrapped, "wrapped_by": "",
            },
        )  # fmt: skip
        return SealingKey(name, secret)

    def territory_keys(self, connection: Connection, territory_id: UUID) -> tuple[SealingKey, SealingKey]:
        """The key being replaced, and the new one."""
        rows = connection.execute(
            select(KEYS).where(KEYS.c.kind.in_(("territory", "former")), KEYS.c.subject_id == territory_id)
        ).all()
        found = {row.kind: self._territory_key(row) for row in rows}
        return found["former"], found["territory"]

    def rewrapped(self, row: Any, before: SealingKey, after: SealingKey) -> dict[str, str]:
        """What changes in the row of a key when another territory key seals it."""
        bound = f"{WRAPPED}:{row.name}"
        secret = before.open(_body(row.wrapped), bound)
        return {"wrapped": after.seal(secret, bound), "wrapped_by": after.name}

    def _territory_key(self, row: Any) -> SealingKey:
        key = self.memory.by_name.get(row.name)
        if key is None:
            key = self.memory.remember(SealingKey(row.name, base64.b64decode(self.vault.open(row.wrapped))))
        return key

    def _opened(self, connection: Connection, row: Any) -> SealingKey:
        known = self.memory.by_name.get(row.name)
        if known is not None:
            return known
        if row.wrapped is None:
            key = SealingKey(row.name, None)
        else:
            around = self.memory.by_name.get(row.wrapped_by)
            if around is None:
                territory = connection.execute(select(KEYS).where(KEYS.c.name == row.wrapped_by)).one_or_none()
                if territory is None:
                    raise SealBroken("La clé du territoire manque : restaurez la table « data_key ».")
                around = self._territory_key(territory)
            key = SealingKey(row.name, around.open(_body(row.wrapped), f"{WRAPPED}:{row.name}"))
        return self.memory.remember(key)

    def _read(self, name: str) -> SealingKey | None:
        """Read this key and those made around the same time, on a connection of our own."""
        number = select(KEYS.c.number).where(KEYS.c.name == name).scalar_subquery()
        around = select(KEYS).where(
            KEYS.c.kind.in_(SUBJECTS), KEYS.c.number.between(number - AT_ONCE // 2, number + AT_ONCE // 2)
        )
        found = None
        with self._reading.connect() as connection:
            for row in connection.execute(around).all():
                try:
                    key = self._opened(connection, row)
                except (SealBroken, InvalidRequest):
                    if row.name == name:
                        raise
                    continue  # another key does not fit: whoever needs it will be told
                self.memory.by_subject.setdefault((row.kind, row.subject_id), key)
                found = key if row.name == name else found
        return found


def _body(wrapped: str) -> str:
    return wrapped.rsplit(":", 1)[1]


def keyring_of(where: Session | Connection | Dialect) -> Keyring:
    """The keyring of the database that a session, a connection or a dialect belongs to."""
    dialect: Any = where if isinstance(where, Dialect) else _connection(where).dialect
    keyring: Keyring = dialect.keyring
    return keyring


def key_of(where: Session | Connection, kind: str, subject_id: UUID, territory_id: UUID) -> SealingKey:
    """The key of a `patient` or a `case`, with which what is written says whose it is."""
    connection = _connection(where)
    return keyring_of(connection).of(connection, kind, subject_id, territory_id)


def _connection(where: Session | Connection) -> Connection:
    return where.connection() if isinstance(where, Session) else where
