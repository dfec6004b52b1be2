"""The shape of the database, step by step: Alembic inside the package, so that an installed product migrates itself."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from engine.db import Database

FOLDER = Path(__file__).parent


def upgrade(database: Database) -> None:
    """Bring the database to this release. Doing it twice changes nothing; two processes at once wait for each other."""
    if current(database) == newest():
        return
    with database.engine.connect() as connection:
        if database.is_sqlite:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7242001)")
        config = versions_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()


def current(database: Database) -> str | None:
    """The revision of the database; None when it is empty."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest() -> str | None:
    """The revision this release expects."""
    return ScriptDirectory.from_config(versions_config()).get_current_head()


def versions_config() -> Config:
    """What Alembic needs to find the steps."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    return config
