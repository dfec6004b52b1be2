"""The migrations make the tables the code expects, on both databases, once."""

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from engine import migrations
from engine.db import Database
from engine.models import Table


def test_migrations_make_exactly_the_tables_of_the_models(database_url: str) -> None:
    database = Database(database_url)
    migrations.upgrade(database)

    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Table.metadata) == []
    database.close()


def test_migrating_twice_changes_nothing(database_url: str) -> None:
    database = Database(database_url)
    migrations.upgrade(database)
    migrations.upgrade(database)

    assert migrations.current(database) == migrations.newest()
    database.close()
