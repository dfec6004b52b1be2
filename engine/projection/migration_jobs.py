"""The jobs of migrations as they are kept: one row for the whole, one beside it for each case that was taken."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.models import Job

MIGRATION, UNDO, ONE_CASE = "migration", "migration_undo", "migration_case"
AT_ONCE = 500


def row_of_case(job_id: UUID, case_id: object) -> UUID:
    """Id of the row that says what became of a case: known without looking for it."""
    return uuid5(job_id, str(case_id))


def cases_of(session: Session, job: Job) -> list[dict[str, Any]]:
    """What became of each case of a job so far, in order."""
    ids = [row_of_case(job.id, case_id) for case_id in job.detail["cases"][: job.done]]
    found = {}
    for start in range(0, len(ids), AT_ONCE):
        rows = session.execute(select(Job.id, Job.detail).where(Job.id.in_(ids[start : start + AT_ONCE])))
        found.update({row.id: dict(row.detail) for row in rows})
    return [found[each] for each in ids if each in found]
