"""Fixtures every test may ask for: databases of both kinds, Redis, a browser.

database_url        one test run twice: SQLite, then PostgreSQL; an empty database
sqlite_url          an empty SQLite database (a file)
postgres_url        an empty PostgreSQL database
sqlite_databases    .new(prepare=…) gives the address of a prepared copy
postgres_databases  .new(prepare=…) is a context manager giving the address of a prepared clone
redis_url           a Redis of this session
"""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings
from playwright.sync_api import expect

from tests.support.browser import chromium, launch_arguments
from tests.support.databases import PostgresDatabases, SqliteDatabases
from tests.support.servers import absent, in_ci, postgres_server, redis_server

# a busy machine is no failure; in CI the same examples each time, so that a red run can be run again
settings.register_profile("parcours", deadline=None, derandomize=in_ci())
settings.load_profile("parcours")
expect.set_options(timeout=15_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark by what a test asks for, so that `-m "not postgres"` needs no discipline."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        parameters = getattr(getattr(item, "callspec", None), "params", {})
        if "postgresql" in parameters.values() or fixtures & {"postgres_url", "postgres_databases"}:
            item.add_marker(pytest.mark.postgres)
        if "redis_url" in fixtures:
            item.add_marker(pytest.mark.redis)
        if "page" in fixtures or "browser" in fixtures:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def sqlite_databases(tmp_path_factory: pytest.TempPathFactory) -> SqliteDatabases:
    return SqliteDatabases(folder=tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgres_databases() -> Iterator[PostgresDatabases]:
    with postgres_server() as server:
        databases = PostgresDatabases(server=server)
        yield databases
        databases.drop_templates()


@pytest.fixture
def sqlite_url(sqlite_databases: SqliteDatabases) -> str:
    return sqlite_databases.new()


@pytest.fixture
def postgres_url(postgres_databases: PostgresDatabases) -> Iterator[str]:
    with postgres_databases.new() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty database; the test runs once on each kind."""
    fixture = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    return str(request.getfixturevalue(fixture))


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    with redis_server() as url:
        yield url


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    program = chromium()
    if program is None:
        absent("Chromium", "chromium")
    return {**browser_type_launch_args, "executable_path": program, "args": launch_arguments()}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_context_args, "locale": "fr-FR", "timezone_id": "Europe/Paris"}
