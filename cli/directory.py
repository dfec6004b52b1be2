"""The people of a territory of the configured database, as the checker asks for them."""

from __future__ import annotations

from cli.database import open_database
from engine.clock import shifted
from engine.queries.clocks import territory_clocks
from engine.queries.packages import territory_named
from engine.staffing import TerritoryDirectory, territory_directory


def directory_of(territory: str) -> TerritoryDirectory:
    """Who holds which role in the territory of that code, from today on its own clock."""
    with open_database().reading() as session:
        territory_id = territory_named(session, territory)
        offset = next(one.offset_seconds for one in territory_clocks(session) if one.territory_id == territory_id)
        return territory_directory(session, territory_id=territory_id, today=shifted(offset).date())
