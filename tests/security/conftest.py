"""The town of the page tests, and a world on each kind of database."""

from tests.engine.commands.conftest import world
from tests.web.conftest import actor, address, app, browser_of, database, start_case, stranger

__all__ = ["actor", "address", "app", "browser_of", "database", "start_case", "stranger", "world"]
