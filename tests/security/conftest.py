"""The town of the page tests, and a world on each kind of database."""

from collections.abc import Iterator

import pytest

from engine.db import Database
from tests.engine.commands.conftest import pg_world, world
from tests.support.databases import PostgresDatabases, SqliteDatabases
from tests.web import town
from tests.web.conftest import actor, address, app, browser_of, database, start_case, stranger

__all__ = ["actor", "address", "app", "browser_of", "database", "pg_world", "start_case", "stranger", "world"]


@pytest.fixture(params=["sqlite", "postgresql"])
def town_database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """The town on each kind of database: a module that says `database = town_database` runs twice."""
    if request.param == "sqlite":
        files: SqliteDatabases = request.getfixturevalue("sqlite_databases")
        yield from _opened(files.new(prepare=town.settle))
    else:
        clones: PostgresDatabases = request.getfixturevalue("postgres_databases")
        with clones.new(prepare=town.settle) as url:
            yield from _opened(url)


def _opened(url: str) -> Iterator[Database]:
    database = Database(url)
    yield database
    database.close()
