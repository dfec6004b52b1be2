"""The database and the only commit in the product."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, NullPool, create_engine, event, make_url
from sqlalchemy.orm import Session, sessionmaker

from engine.sealing import Keyring, Made
from engine.settings import DEMO_SECRET, Settings
from engine.vault import Vault

SQLITE_BUSY_MILLISECONDS = 15_000
COMPACTION_WAITS = "2s"
"""Those who need a key wait behind a compaction that waits: it gives up early and is tried again."""


class Database:
    """One engine, its sessions and its keys. SQLite (embedded) and PostgreSQL 15+ behave alike.

    `secrets` open the keys that seal what is about patients: the present one, then former ones still in use.
    """

    def __init__(self, url: str, *, secrets: Sequence[str] = (DEMO_SECRET,), **options: Any) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite and self.url.database not in (None, "", ":memory:"):
            Path(str(self.url.database)).parent.mkdir(parents=True, exist_ok=True)
        if self.url.get_backend_name() == "postgresql" and self.url.get_driver_name() != "psycopg":
            self.url = self.url.set(drivername="postgresql+psycopg")
        # an error of the database says its statement, never the values that people typed
        self.engine: Engine = create_engine(self.url, hide_parameters=True, **options)
        if self.is_sqlite:
            _prepare_sqlite(self.engine)
        self.keyring = Keyring(Vault(secrets), create_engine(self.url, poolclass=NullPool))
        self.engine.dialect.keyring = self.keyring  # type: ignore[attr-defined] # where column types find it
        self._sessions = sessionmaker(self.engine, expire_on_commit=False, autoflush=False)

    @classmethod
    def of(cls, settings: Settings) -> Database:
        """The database of an installation, with its secrets."""
        return cls(settings.database_url, secrets=(settings.secret_key, *settings.former_secret_keys))

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session whose work is committed when the block ends and rolled back when it raises.

        On SQLite the transaction takes the write lock at once, so that a step never fails half-way for a lock.
        """
        made: Made = {}
        try:
            with self._sessions() as session, session.begin():
                if self.is_sqlite:
                    session.connection().exec_driver_sql("BEGIN IMMEDIATE")
                self.keyring.begin(session.connection(), made)
                yield session
            self.keyring.committed(made)
        finally:
            made.clear()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for queries only: nothing is committed."""
        with self._sessions() as session:
            yield session
            session.rollback()

    def compact(self, tables: Sequence[str] = ("data_key",)) -> None:
        """Leave no byte of what was deleted from these tables in the files of the database. Never in a transaction.

        SQLite rewrites its file and empties its log. PostgreSQL rewrites the tables; for an erasure that of the keys is
        enough, which is small. Raises OperationalError when somebody holds one of them too long.
        """
        with self.engine.connect() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
                connection.exec_driver_sql("VACUUM")
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
                return
            alone = connection.execution_options(isolation_level="AUTOCOMMIT")
            alone.exec_driver_sql(f"SET lock_timeout = '{COMPACTION_WAITS}'")
            for table in tables:
                alone.exec_driver_sql(f'VACUUM FULL "{table}"')
            alone.exec_driver_sql("RESET lock_timeout")

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute(f"PRAGMA busy_timeout={SQLITE_BUSY_MILLISECONDS}")
        cursor.close()
