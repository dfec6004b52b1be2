"""Running cases taken to another version of their pathway: previewed, applied case by case, undone.

A migration is a job: the list of its cases is drawn up once, and each case is one transaction, so that a job that is
killed goes on where it was. Preview and job look at a case with the same function; only the job writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from engine import idempotency, policies, trace
from engine.actor import Actor
from engine.bpmn.migration import MigrationPlan, VerdictKind, plan
from engine.errors import Conflict, InvalidRequest, PathwayNotFound
from engine.jobs import asked_by, who_asked
from engine.library import Version, version_of
from engine.models import OPEN_CASE_STATES, Case, Job, Pathway, PathwayVersion, WaitRecord
from engine.projection import tables
from engine.projection.acting import Acting
from engine.projection.case_move import Considered, TimerChange, consider
from engine.projection.history import history_row
from engine.projection.loading import LoadedCase, lock_case, read_case
from engine.projection.migrating import keep_before, put_back, rehome_rows
from engine.projection.migration_jobs import MIGRATION, ONE_CASE, UNDO, cases_of, row_of_case
from engine.projection.writing import apply

TIMERS = ("keep", "restart")
LOOKED_AT = 200
"""Cases that one preview looks at: a page is answered in a second, however many cases run."""
MOVED_ON = "Le dossier a avancé depuis sa migration : il reste sur la nouvelle version."
DELIVERED = "Un message a été remis au dossier pendant sa migration : elle ne peut pas être annulée."


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewRow:
    """What would become of one case."""

    case_id: UUID
    number: str
    steps: tuple[str, ...]
    """Names of the steps that are open now."""
    verdict: VerdictKind
    sentence: str
    elements: tuple[str, ...]
    """Open elements that need a mapping."""
    timers: tuple[TimerChange, ...]
    opened: tuple[str, ...]
    """Names of the steps that would be open afterwards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewReport:
    """A migration before it is applied: a page of its cases, and what they all stand on that needs a mapping."""

    plan: MigrationPlan
    rows: tuple[PreviewRow, ...]
    first: int
    """Place of the first row among the running cases, from 0."""
    running: int
    unmapped: Mapping[str, int]
    """Elements where cases wait and that stand for nothing in the new version → how many of all the running cases."""

    def count(self, kind: VerdictKind) -> int:
        """Cases with that verdict."""
        return sum(row.verdict is kind for row in self.rows)


def preview(
    session: Session,
    *,
    pathway_key: str,
    from_version: int,
    to_version: int,
    mapping: Mapping[str, str | None],
    timers: str = "keep",
    first: int = 0,
    by: Actor,
    now: datetime,
) -> PreviewReport:
    """A verdict for each of `LOOKED_AT` running cases of a version, from the `first` on. Nothing is written or locked.

    Raises PathwayNotFound for an unknown version, InvalidRequest for a mapping that cannot be.
    """
    policies.check_may_publish(by)
    old, new = _versions(session, pathway_key, from_version, to_version, by)
    _check_timers(timers)
    found = plan(old.program, new.program, mapping)
    rows, running = [], _running(session, old.id)
    first = first if 0 <= first < len(running) else 0
    for case_id in running[first : first + LOOKED_AT]:
        case = read_case(session, case_id=case_id, territory_id=by.territory_id, now=now)
        if case is not None:
            rows.append(_row(consider(session, case, old, new, found, timers == "restart", now=now)))
    return PreviewReport(
        plan=found, rows=tuple(rows), first=first, running=len(running), unmapped=_unmapped(session, old.id, found)
    )


def begin(
    session: Session,
    *,
    pathway_key: str,
    from_version: int,
    to_version: int,
    mapping: Mapping[str, str | None],
    timers: str = "keep",
    reason: str,
    by: Actor,
    now: datetime,
    key: str | None = None,
) -> UUID:
    """Make the job that takes the running cases over. Cases that cannot go are left where they are, with the reason."""
    policies.check_may_publish(by)
    known = idempotency.known_answer(session, key=key, command="case_migrations.begin", by=by)
    if known is not None:
        return UUID(known["job"])
    old, new = _versions(session, pathway_key, from_version, to_version, by)
    _check_timers(timers)
    if not reason.strip():
        raise InvalidRequest("Dites pourquoi ces dossiers changent de version : la raison reste dans leur histoire.")
    plan(old.program, new.program, mapping)
    detail = {
        "pathway": pathway_key, "from": from_version, "to": to_version, "from_id": str(old.id), "to_id": str(new.id),
        "mapping": dict(mapping), "timers": timers, "reason": reason.strip()[:300],
    }  # fmt: skip
    job_id = _make_job(session, MIGRATION, detail, _running(session, old.id), by, now)
    idempotency.remember(session, key=key, command="case_migrations.begin", answer={"job": str(job_id)}, by=by, now=now)
    return job_id


def undo(session: Session, *, job_id: UUID, by: Actor, now: datetime) -> UUID:
    """Make the job that puts the cases of a migration back, byte for byte, but for those that have moved since."""
    policies.check_may_publish(by)
    job = _job(session, job_id, by.territory_id)
    if job.kind != MIGRATION or job.finished_at is None:
        raise Conflict("Cette migration n'est pas terminée : attendez sa fin pour l'annuler.")
    if "undone_by" in job.detail:
        raise Conflict("Cette migration a déjà été annulée.")
    cases = [UUID(one["case"]) for one in cases_of(session, job) if one["verdict"] == str(VerdictKind.MIGRABLE)]
    detail = {**{name: value for name, value in job.detail.items() if name != "cases"}, "undoes": str(job_id)}
    undo_id = _make_job(session, UNDO, detail, cases, by, now)
    session.execute(update(Job).where(Job.id == job_id).values(detail={**job.detail, "undone_by": str(undo_id)}))
    return undo_id


def apply_next(session: Session, *, job_id: UUID, territory_id: UUID, now: datetime) -> bool:
    """Take the next case of a job, and no other: one transaction each. False when the job is finished."""
    job = _job(session, job_id, territory_id, locked=True)
    waiting = job.detail["cases"][job.done :]
    if job.finished_at is not None or not waiting:
        if job.finished_at is None:
            session.execute(update(Job).where(Job.id == job_id).values(finished_at=now))
        return False
    case = lock_case(session, by="id", key=UUID(waiting[0]), territory_id=territory_id, now=now)
    if case is not None:
        _record(session, job, case.id, _undo_one(session, job, case, now) if job.kind == UNDO else _move_one(
            session, job, case, now
        ), now)  # fmt: skip
    _count(session, job, now)
    return len(waiting) > 1


def skip_next(session: Session, *, job_id: UUID, territory_id: UUID, problem: str, now: datetime) -> None:
    """Pass over a case whose transaction failed, and say so: one bad case never stops the others."""
    job = _job(session, job_id, territory_id, locked=True)
    waiting = job.detail["cases"][job.done :]
    if waiting:
        sentence = f"Ce dossier n'a pas pu être traité ({problem[:80]}) : rien n'y a changé."
        answer = {"verdict": str(VerdictKind.IMPOSSIBLE), "sentence": sentence, "number": ""}
        _record(session, job, UUID(waiting[0]), answer, now)
        _count(session, job, now)


def _move_one(session: Session, job: Job, case: LoadedCase, now: datetime) -> dict[str, Any]:
    old = version_of(session, UUID(job.detail["from_id"]))
    new = version_of(session, UUID(job.detail["to_id"]))
    by = who_asked(job)
    found = _plan(old, new, tuple(sorted(job.detail["mapping"].items())))
    considered = consider(session, case, old, new, found, job.detail["timers"] == "restart", now=now)
    answer: dict[str, Any] = {
        "number": case.number, "verdict": str(considered.verdict.kind), "sentence": considered.verdict.sentence,
        "steps": list(considered.steps), "opened": list(considered.opened),
        "timers": [each.to_json() for each in considered.timers],
    }  # fmt: skip
    if considered.settled is None:
        return answer
    before = keep_before(session, case, now)
    settled = considered.settled
    rehome_rows(session, case, new, considered.before, settled.outcome, mapping=found.mapping, now=now)
    versions = {"from": job.detail["from"], "to": job.detail["to"], "job": str(job.id)}
    acting = Acting(kind="migrated", detail={**versions, "reason": job.detail["reason"]})
    apply(session, case, new, settled, acting=acting, by=by, now=now)
    trace.record(
        session, action="cases.migrate", by=by, now=now, patient_id=case.patient_id, case_id=case.id,
        object_kind="case", object_id=case.id, why=job.detail["reason"], detail=versions,
    )  # fmt: skip
    return {
        **answer, "before": before, "after_version": case.version + 1, "delivered": bool(settled.early_delivered),
    }  # fmt: skip


def _undo_one(session: Session, job: Job, case: LoadedCase, now: datetime) -> dict[str, Any]:
    done = session.execute(
        select(Job.detail).where(Job.id == row_of_case(UUID(job.detail["undoes"]), case.id))
    ).scalar_one()
    answer = {"number": case.number, "verdict": str(VerdictKind.IMPOSSIBLE), "sentence": MOVED_ON}
    if done["delivered"]:
        return {**answer, "sentence": DELIVERED}
    if case.version != done["after_version"]:
        return answer
    by = who_asked(job)
    put_back(session, case, done["before"], now=now)
    versions = {"from": job.detail["to"], "to": job.detail["from"], "job": str(job.id)}
    tables.add(
        session.connection(), tables.HISTORY, [history_row(case, "migration_undone", now, by=by, detail=versions)]
    )
    trace.record(
        session, action="cases.undo_migration", by=by, now=now, patient_id=case.patient_id, case_id=case.id,
        object_kind="case", object_id=case.id, detail=versions,
    )  # fmt: skip
    return {**answer, "verdict": str(VerdictKind.MIGRABLE), "sentence": "Revenu où il était."}


@lru_cache(maxsize=8)
def _planned(key: tuple[UUID, UUID, tuple[tuple[str, str | None], ...]]) -> list[MigrationPlan]:
    return []


def _plan(old: Version, new: Version, mapping: tuple[tuple[str, str | None], ...]) -> MigrationPlan:
    """The plan of a job, made once per process: its cases share what was proved of their places."""
    room = _planned((old.id, new.id, mapping))
    if not room:
        room.append(plan(old.program, new.program, dict(mapping)))
    return room[0]


def _row(considered: Considered) -> PreviewRow:
    return PreviewRow(
        case_id=considered.case.id,
        number=considered.case.number,
        steps=considered.steps,
        verdict=considered.verdict.kind,
        sentence=considered.verdict.sentence,
        elements=considered.verdict.elements,
        timers=considered.timers,
        opened=considered.opened,
    )


def _versions(
    session: Session, pathway_key: str, from_version: int, to_version: int, by: Actor
) -> tuple[Version, Version]:
    rows = session.execute(
        select(PathwayVersion.number, PathwayVersion.id)
        .join(Pathway, Pathway.id == PathwayVersion.pathway_id)
        .where(
            Pathway.territory_id == by.territory_id, Pathway.key == pathway_key, PathwayVersion.state != "draft",
            PathwayVersion.number.in_((from_version, to_version)),
        )
    )  # fmt: skip
    ids = {row.number: row.id for row in rows}
    if from_version == to_version:
        raise InvalidRequest("Choisissez deux versions différentes.")
    for number in (from_version, to_version):
        if number not in ids:
            raise PathwayNotFound(f"Le parcours « {pathway_key} » n'a pas de version publiée n° {number}.")
    return version_of(session, ids[from_version]), version_of(session, ids[to_version])


def _check_timers(timers: str) -> None:
    if timers not in TIMERS:
        raise InvalidRequest("Dites si les minuteries gardent leur date (keep) ou repartent (restart).")


def _running(session: Session, version_id: UUID) -> list[UUID]:
    return list(
        session.execute(
            select(Case.id)
            .where(Case.pathway_version_id == version_id, Case.state.in_(OPEN_CASE_STATES))
            .order_by(Case.opened_at, Case.number)
        ).scalars()
    )


def _unmapped(session: Session, version_id: UUID, found: MigrationPlan) -> dict[str, int]:
    """Over every running case: the elements they wait at that are gone, and how many cases wait there."""
    closed = {element for element, target in found.mapping.items() if target is None}
    gone = set(found.removed) - closed
    waiting = session.execute(
        select(WaitRecord.element_id, func.count(WaitRecord.case_id.distinct()))
        .join(Case, Case.id == WaitRecord.case_id)
        .where(Case.pathway_version_id == version_id, Case.state.in_(OPEN_CASE_STATES))
        .group_by(WaitRecord.element_id)
        .order_by(WaitRecord.element_id)
    )
    return {element: cases for element, cases in waiting if element in gone}


def _make_job(
    session: Session, kind: str, detail: Mapping[str, Any], cases: list[UUID], by: Actor, now: datetime
) -> UUID:
    job_id = uuid4()
    session.execute(
        insert(Job).values(
            id=job_id, territory_id=by.territory_id, kind=kind, done=0, total=len(cases), created_at=now,
            finished_at=None if cases else now,
            detail={**detail, "by": asked_by(by), "cases": [str(each) for each in cases]},
        )
    )  # fmt: skip
    trace.record(
        session, action=f"{kind}.begin", by=by, now=now, object_kind="job", object_id=job_id, why=detail["reason"],
        detail={"pathway": detail["pathway"], "from": detail["from"], "to": detail["to"], "cases": len(cases)},
    )  # fmt: skip
    return job_id


def _job(session: Session, job_id: UUID, territory_id: UUID, *, locked: bool = False) -> Job:
    statement = select(Job).where(Job.id == job_id, Job.territory_id == territory_id, Job.kind.in_((MIGRATION, UNDO)))
    found = session.execute(statement.with_for_update() if locked else statement).scalar_one_or_none()
    if found is None:
        raise PathwayNotFound("Cette migration n'existe pas.")
    return found


def _record(session: Session, job: Job, case_id: UUID, answer: Mapping[str, Any], now: datetime) -> None:
    session.execute(
        insert(Job).values(
            id=row_of_case(job.id, case_id), territory_id=job.territory_id, kind=ONE_CASE, done=1, total=1,
            created_at=now, finished_at=now, detail={**answer, "job": str(job.id), "case": str(case_id)},
        )
    )  # fmt: skip


def _count(session: Session, job: Job, now: datetime) -> None:
    done = job.done + 1
    session.execute(
        update(Job).where(Job.id == job.id).values(done=done, finished_at=now if done >= job.total else None)
    )
