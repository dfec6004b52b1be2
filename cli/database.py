"""Opening the database that the environment names."""

from __future__ import annotations

import os
from pathlib import Path

from engine import migrations
from engine.db import Database
from engine.settings import read_settings


def open_database() -> Database:
    """The database of PARCOURS_DATABASE_URL, or the embedded one of the data directory."""
    return Database(read_settings().database_url)


def migrate() -> None:
    """Bring the database to this release."""
    migrations.upgrade(open_database())


def use_data_directory(data: Path) -> None:
    """Make `data` the data directory of this process and of what it starts."""
    os.environ["PARCOURS_DATA_DIR"] = str(data.absolute())
