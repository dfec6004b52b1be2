"""What the database refuses whoever asks: changing history, the trace, or a published version."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.engine.commands import small_pathways
from tests.engine.commands.conftest import world
from tests.engine.commands.world import World

__all__ = ["world"]


@pytest.fixture
def filled(world: World) -> Iterator[World]:
    world.publish(small_pathways.timed())
    world.start("timed")
    yield world


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE case_history SET actor = 'x'",
        "DELETE FROM case_history",
        "DELETE FROM audit_event",
        "UPDATE audit_event SET actor = 'x'",
        "UPDATE pathway_version SET label = 'x'",
        "UPDATE pathway_version SET state = 'draft'",
        "DELETE FROM pathway_file",
        "UPDATE pathway_file SET sha256 = 'x'",
    ],
)
def test_the_database_refuses(filled: World, statement: str) -> None:
    with pytest.raises(DBAPIError, match=r"append-only|never changes"), filled.database.transaction() as session:
        session.execute(text(statement))


def test_a_seal_is_set_once(filled: World) -> None:
    with filled.database.transaction() as session:
        session.execute(text("UPDATE audit_event SET seal = 'a'"))
    with pytest.raises(DBAPIError, match="append-only"), filled.database.transaction() as session:
        session.execute(text("UPDATE audit_event SET seal = 'b'"))
