"""The sweep of compactions: after an erasure, no byte of the destroyed keys is left in the files of the database."""

from __future__ import annotations

import structlog
from sqlalchemy.exc import OperationalError

from engine.clock import utcnow
from engine.commands import compactions
from engine.db import Database

log = structlog.get_logger("parcours.worker")


def sweep_compactions(database: Database) -> int:
    """Compact once for every erasure that asked. Returns how many it serves; a busy table is tried again later."""
    with database.reading() as session:
        asked = compactions.asked(session)
    if not asked:
        return 0
    try:
        database.compact()
    except OperationalError as busy:
        log.warning("compaction_put_off", problem=type(busy.orig).__name__)
        return 0
    with database.transaction() as session:
        compactions.done(session, job_ids=asked, now=utcnow())
    return len(asked)
