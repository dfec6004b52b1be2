"""Opening the database that the environment names."""

from __future__ import annotations

import os
from pathlib import Path

from engine import migrations
from engine.db import Database
from engine.errors import InvalidRequest
from engine.queries.readiness import is_migrated
from engine.settings import read_settings


def open_database() -> Database:
    """The database of PARCOURS_DATABASE_URL, or the embedded one of the data directory.

    Raises InvalidRequest when there is none, or when it is not of this release.
    """
    settings = read_settings()
    path = settings.database_url.removeprefix("sqlite:///")
    if path != settings.database_url and not Path(path).exists():
        raise InvalidRequest(
            f"Aucune base dans {path}. Lancez « parcours up », ou indiquez un dossier par PARCOURS_DATA_DIR, "
            "une base par PARCOURS_DATABASE_URL."
        )
    database = Database.of(settings)
    with database.reading() as session:
        if not is_migrated(session):
            raise InvalidRequest("Cette base n'est pas à jour pour cette version : lancez « parcours migrate ».")
    return database


def migrate() -> None:
    """Bring the database to this release."""
    migrations.upgrade(Database.of(read_settings()))


def use_data_directory(data: Path) -> None:
    """Make `data` the data directory of this process and of what it starts."""
    os.environ["PARCOURS_DATA_DIR"] = str(data.absolute())
