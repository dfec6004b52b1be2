"""A process that carries a migration on, and is killed in the middle of a case.

Run as `python -m tests.faults.migration_that_dies URL TERRITORY JOB CASES`: after CASES whole cases the next one is
killed before its commit.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import UTC, datetime
from uuid import UUID

from engine.commands import case_migrations
from engine.db import Database

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def main(url: str, territory: str, job: str, cases: str) -> None:
    database = Database(url)
    for taken in range(int(cases) + 1):
        with database.transaction() as session:
            case_migrations.apply_next(session, job_id=UUID(job), territory_id=UUID(territory), now=NOW)
            if taken == int(cases):
                os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(*sys.argv[1:])
