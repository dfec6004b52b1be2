"""A town of its own for each test, and browsers for its inhabitants."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import UUID

import pytest
from flask import Flask

from engine.actor import Actor
from engine.clock import utcnow
from engine.commands import cases
from engine.db import Database
from engine.queries.actors import actor_of
from engine.settings import read_settings
from tests.support.databases import SqliteDatabases
from tests.support.servers import free_port
from tests.support.serving import served
from tests.web import town
from tests.web.browser import Browser
from web.app import create_app


@pytest.fixture
def database(sqlite_databases: SqliteDatabases) -> Iterator[Database]:
    opened = Database(sqlite_databases.new(prepare=town.settle))
    yield opened
    opened.close()


@pytest.fixture
def app(database: Database) -> Flask:
    made = create_app(read_settings({}), database, advance=lambda **_move: 2)
    made.testing = True
    made.config["PROPAGATE_EXCEPTIONS"] = False
    return made


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """The town, served."""
    port = free_port()
    with served(app, port=port):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def browser_of(app: Flask, database: Database) -> Callable[[str], Browser]:
    """`browser_of("claire")` is Claire's browser, signed in."""
    return lambda login: Browser(app, database).sign_in(login)


@pytest.fixture
def stranger(app: Flask, database: Database) -> Browser:
    """A browser nobody signed in with."""
    return Browser(app, database)


@pytest.fixture
def actor(database: Database) -> Callable[[str], Actor]:
    def as_actor(login: str) -> Actor:
        with database.reading() as session:
            return actor_of(session, professional_id=town.professional_of(session, login), today=utcnow().date())

    return as_actor


@pytest.fixture
def start_case(database: Database, actor: Callable[[str], Actor]) -> Callable[..., str]:
    """`start_case()` opens a trial for Josette, Claire being her usual nurse; gives the number."""

    def start(*, stay: str = "S-1", nurse: str = "claire", patient_id: UUID | None = None) -> str:
        with database.transaction() as session:
            started = cases.start(
                session, pathway_key="try_out", patient_id=patient_id or town.josette(session),
                facts={"stay_number": stay, "usual_nurse": str(town.professional_of(session, nurse))},
                organization_id=next(iter(actor("helene").organization_ids)), by=actor("helene"), now=utcnow(),
            )  # fmt: skip
        return started.number

    return start
