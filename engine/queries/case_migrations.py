"""The page « Migration » of a pathway: versions, migrations made, and what became of each case of one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.actor import Actor
from engine.errors import PathwayNotFound
from engine.models import OPEN_CASE_STATES, Case, Job, Pathway, PathwayVersion
from engine.projection.migration_jobs import MIGRATION, UNDO, cases_of
from engine.queries.pathway_pages import check_may_design

LATEST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationJob:
    """A migration, or the undoing of one."""

    id: UUID
    pathway_key: str
    undoes: bool
    from_version: int
    to_version: int
    reason: str
    asked_by: str
    created_at: datetime
    finished: bool
    done: int
    total: int
    may_undo: bool
    cases: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationPage:
    """What the page shows before any choice."""

    key: str
    title: Mapping[str, str]
    versions: Sequence[tuple[int, str, int]]
    """Number, label, running cases; the newest first."""
    jobs: Sequence[MigrationJob]


def migration_page(session: Session, *, key: str, by: Actor) -> MigrationPage:
    """Raises NotAllowed for those who do not design, PathwayNotFound."""
    check_may_design(by)
    pathway = session.execute(
        select(Pathway).where(Pathway.territory_id == by.territory_id, Pathway.key == key)
    ).scalar_one_or_none()
    if pathway is None:
        raise PathwayNotFound(f"Aucun parcours ne s'appelle « {key} ».")
    running = (
        select(Case.pathway_version_id, func.count().label("running"))
        .where(Case.territory_id == by.territory_id, Case.state.in_(OPEN_CASE_STATES))
        .group_by(Case.pathway_version_id)
        .subquery()
    )
    versions = session.execute(
        select(PathwayVersion.number, PathwayVersion.label, func.coalesce(running.c.running, 0))
        .outerjoin(running, running.c.pathway_version_id == PathwayVersion.id)
        .where(PathwayVersion.pathway_id == pathway.id, PathwayVersion.state != "draft")
        .order_by(PathwayVersion.number.desc())
    ).all()
    jobs = session.execute(
        select(Job)
        .where(
            Job.territory_id == by.territory_id, Job.kind.in_((MIGRATION, UNDO)),
            Job.detail["pathway"].as_string() == key,
        )
        .order_by(Job.created_at.desc())
        .limit(LATEST)
    ).scalars()  # fmt: skip
    return MigrationPage(
        key=key,
        title=pathway.title,
        versions=[(row[0], row[1], row[2]) for row in versions],
        jobs=[_job(job) for job in jobs],
    )


def migration_job(session: Session, *, key: str, job_id: UUID, by: Actor) -> MigrationJob:
    """One migration with its cases so far. Raises PathwayNotFound."""
    check_may_design(by)
    job = session.execute(
        select(Job).where(Job.id == job_id, Job.territory_id == by.territory_id, Job.kind.in_((MIGRATION, UNDO)))
    ).scalar_one_or_none()
    if job is None or job.detail["pathway"] != key:
        raise PathwayNotFound("Cette migration n'existe pas.")
    return _job(job, cases_of(session, job))


def unfinished(session: Session, *, territory_id: UUID) -> Sequence[UUID]:
    """Migrations to carry on, the oldest first."""
    return (
        session.execute(
            select(Job.id)
            .where(Job.territory_id == territory_id, Job.kind.in_((MIGRATION, UNDO)), Job.finished_at.is_(None))
            .order_by(Job.created_at)
        )
        .scalars()
        .all()
    )


def _job(job: Job, cases: Sequence[Mapping[str, Any]] = ()) -> MigrationJob:
    detail = job.detail
    return MigrationJob(
        id=job.id,
        pathway_key=detail["pathway"],
        undoes=job.kind == UNDO,
        from_version=detail["from"],
        to_version=detail["to"],
        reason=detail["reason"],
        asked_by=detail["by"]["name"],
        created_at=job.created_at,
        finished=job.finished_at is not None,
        done=job.done,
        total=job.total,
        may_undo=job.kind == MIGRATION and job.finished_at is not None and "undone_by" not in detail and job.total > 0,
        cases=cases,
    )
