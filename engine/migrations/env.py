"""How Alembic runs here: on the connection it is handed, inside the transaction of `engine.migrations.upgrade`."""

from alembic import context

from engine.models import Table

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Table.metadata, transactional_ddl=False)
context.run_migrations()
