"""Definition tampering: what was published never changes, and a running case keeps the version it was started on."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DatabaseError

from engine.actor import Actor
from engine.clock import utcnow
from engine.commands import pathway_versions, pathways
from engine.db import Database
from engine.errors import NotAllowed
from engine.library import files_of, version_of
from engine.models import PathwayFile, PathwayVersion
from tests.engine.commands import small_pathways
from tests.engine.commands.world import World
from tests.web import town

STATEMENTS = [
    "UPDATE pathway_version SET label = 'autre'",
    "UPDATE pathway_version SET parameters = '[]', content_digest = 'x'",
    "UPDATE pathway_version SET published_by = 'Personne'",
    "UPDATE pathway_version SET state = 'draft'",
    "UPDATE pathway_file SET content = 'x'",
    "UPDATE pathway_file SET path = 'autre'",
    "DELETE FROM pathway_file",
    "INSERT INTO pathway_file (version_id, path, territory_id, content, sha256)"
    " SELECT version_id, 'forms/extra.json', territory_id, content, sha256 FROM pathway_file LIMIT 1",
]


@pytest.mark.parametrize("statement", STATEMENTS)
def test_the_database_itself_refuses_to_change_what_was_published(world: World, statement: str) -> None:
    world.publish(small_pathways.workload())
    before = world.read(lambda session: [tuple(row) for row in session.execute(select(PathwayVersion.__table__))])

    with pytest.raises(DatabaseError, match="never changes"), world.database.transaction() as session:
        session.execute(text(statement))

    after = world.read(lambda session: [tuple(row) for row in session.execute(select(PathwayVersion.__table__))])
    assert after == before


def test_a_running_case_is_not_touched_by_a_new_version(world: World) -> None:
    first = world.publish(small_pathways.workload())
    running = world.start("workload")
    files = small_pathways.workload()
    files["pathway.bpmn"] = files["pathway.bpmn"].replace(b"Faire le bilan", b"Faire autre chose")
    files["forms/a.json"] = small_pathways.form("a", {"name": "risk", "type": "str"}, {"name": "new", "type": "str"})

    second = world.publish(files)

    assert world.case(running).pathway_version_id == first.version_id != second.version_id
    world.complete(running, "a", risk="high", new="x")
    world.complete(running, "b")
    world.complete(running, "c")
    assert world.open_steps(running) == ["d"]
    version = world.read(lambda session: version_of(session, first.version_id))
    assert version.element_name("d") == "Faire le bilan"


def test_each_file_of_a_version_carries_its_sha_256(world: World) -> None:
    published = world.publish(small_pathways.workload())

    stored = world.read(lambda session: files_of(session, published.version_id))
    rows = world.rows(PathwayFile)
    assert {row.path: row.sha256 for row in rows} == {path: sha256(data).hexdigest() for path, data in stored.items()}
    version = world.rows(PathwayVersion)[0]
    assert version.content_digest == pathway_versions.digest(stored, version.parameters)


def test_whoever_does_not_design_publishes_nothing(database: Database, actor: Callable[[str], Actor]) -> None:
    with pytest.raises(NotAllowed, match="Seuls les concepteurs"), database.transaction() as session:
        pathways.publish(session, files=town.trial_files(), label="x", accepted={}, by=actor("claire"), now=utcnow())


def test_the_town_cannot_relabel_a_version_through_the_orm_either(database: Database) -> None:
    with pytest.raises(DatabaseError, match="never changes"), database.transaction() as session:
        session.execute(update(PathwayVersion).values(label="autre"))
