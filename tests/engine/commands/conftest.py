"""A world per test, on SQLite and on PostgreSQL."""

from collections.abc import Iterator

import pytest

from engine.db import Database
from tests.engine.commands.world import World, make_world, prepare
from tests.support.databases import PostgresDatabases, SqliteDatabases


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """A small territory; the test runs once on each kind of database."""
    if request.param == "sqlite":
        databases: SqliteDatabases = request.getfixturevalue("sqlite_databases")
        yield from _world(databases.new(prepare=prepare))
    else:
        clones: PostgresDatabases = request.getfixturevalue("postgres_databases")
        with clones.new(prepare=prepare) as url:
            yield from _world(url)


@pytest.fixture
def pg_world(postgres_databases: PostgresDatabases) -> Iterator[World]:
    """A small territory on PostgreSQL, for races between two sessions."""
    with postgres_databases.new(prepare=prepare) as url:
        yield from _world(url)


def _world(url: str) -> Iterator[World]:
    database = Database(url)
    yield make_world(database)
    database.close()
