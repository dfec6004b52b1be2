"""The small territory of the commands' tests, for the sweeps."""

from tests.engine.commands.conftest import pg_world, world

__all__ = ["pg_world", "world"]
