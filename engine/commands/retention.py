"""Keeping and forgetting: the lengths a territory chooses, erasures held back, and the purges with their certificates.

What belongs to the machinery (messages nobody took, notifications, sent commands, former states, ended sessions) is
deleted every night. Persons are erased when somebody of the coordination, having seen how many, asks for it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast
from uuid import UUID, uuid4

from sqlalchemy import CursorResult, delete, func, insert, inspect, select, tuple_, update
from sqlalchemy.orm import Session

from engine import policies, trace
from engine.actor import Actor, system_actor
from engine.at_hand import patient_at_hand
from engine.commands import erasures
from engine.errors import Conflict, InvalidRequest
from engine.expiry import NIGHTLY_PURGE, PURGE, expired, persons_expired
from engine.jobs import asked_by, who_asked
from engine.models import ErasureHold, Job, Patient, TerritoryRow
from engine.models.rights import HOLD_REASONS
from engine.retention import LENGTHS, SETTING, Kept, kept_for

AT_ONCE = 500
"""Rows deleted in one transaction: nobody waits long for a lock."""


def choose_length(session: Session, *, what: Kept, days: int, by: Actor, now: datetime) -> None:
    """Keep a class for so many days from now on. Raises InvalidRequest outside the bounds of the class."""
    policies.check_may_administer(by)
    bounds = LENGTHS[what]
    if not bounds.least <= days <= bounds.most:
        raise InvalidRequest(f"Choisissez entre {bounds.least} et {bounds.most} jours.")
    row = session.execute(select(TerritoryRow).where(TerritoryRow.id == by.territory_id).with_for_update()).scalar_one()
    before = dict(row.settings.get(SETTING, {}))
    settings = {**row.settings, SETTING: {**before, what.value: days}}
    session.execute(update(TerritoryRow).where(TerritoryRow.id == by.territory_id).values(settings=settings))
    trace.record(
        session, action="retention.choose", by=by, now=now, object_kind="retention", object_id=what.value,
        detail={"from": before.get(what, bounds.usual), "to": days},
    )  # fmt: skip


def hold_back(session: Session, *, patient_id: UUID, reason: str, by: Actor, now: datetime) -> None:
    """Keep a patient's data whatever its age. Raises PatientNotFound, InvalidRequest, Conflict when already held."""
    policies.check_may_coordinate(by)
    patient_at_hand(session, patient_id=patient_id, by=by)
    if reason not in HOLD_REASONS:
        raise InvalidRequest("Dites pourquoi : une réclamation, un litige ou une enquête.")
    if session.get(ErasureHold, patient_id) is not None:
        raise Conflict("L'effacement de ce patient est déjà suspendu.")
    session.execute(
        insert(ErasureHold).values(
            patient_id=patient_id, territory_id=by.territory_id, reason=reason, held_at=now, held_by=by.name
        )
    )
    trace.record(session, action="retention.hold", by=by, now=now, patient_id=patient_id, why=reason)


def release(session: Session, *, patient_id: UUID, by: Actor, now: datetime) -> None:
    """The complaint, trial or inquiry is over: the usual lengths apply again. Raises Conflict when nothing was held."""
    policies.check_may_coordinate(by)
    patient_at_hand(session, patient_id=patient_id, by=by)
    ended = session.execute(
        delete(ErasureHold).where(ErasureHold.patient_id == patient_id).returning(ErasureHold.patient_id)
    ).first()
    if ended is None:
        raise Conflict("L'effacement de ce patient n'est pas suspendu.")
    trace.record(session, action="retention.release", by=by, now=now, patient_id=patient_id)


def begin_purge(session: Session, *, seen: int, by: Actor, now: datetime) -> UUID:
    """Make the job that erases every person past the keeping of closed cases. `seen`: how many the page announced.

    Raises Conflict when the number has changed since, or is nought, or when a purge is already running.
    """
    policies.check_may_coordinate(by)
    running = select(Job.id).where(
        Job.territory_id == by.territory_id, Job.kind == PURGE, Job.finished_at.is_(None)
    )  # fmt: skip
    if session.execute(running).first() is not None:
        raise Conflict("Une purge est déjà en cours : attendez son certificat.")
    before = now - kept_for(_settings(session, by.territory_id), Kept.CLOSED_CASES)
    patients = session.execute(persons_expired(by.territory_id, before)).scalars().all()
    if not patients:
        raise Conflict("Personne n'est à effacer aujourd'hui.")
    if len(patients) != seen:
        raise Conflict(f"La liste a changé : {len(patients)} personnes maintenant. Relisez, puis confirmez de nouveau.")
    job_id = uuid4()
    detail = {
        "by": asked_by(by), "before": before.isoformat(), "patients": [str(each) for each in patients],
        "erased": 0, "cases": 0, "values": 0, "kept_values": 0, "rows": 0, "passed": 0,
    }  # fmt: skip
    session.execute(
        insert(Job).values(
            id=job_id, territory_id=by.territory_id, kind=PURGE, detail=detail, total=len(patients), created_at=now
        )
    )
    trace.record(
        session, action="retention.purge", by=by, now=now, object_kind="job", object_id=job_id,
        detail={"persons": len(patients)},
    )  # fmt: skip
    return job_id


def purge_next(session: Session, *, job_id: UUID, territory_id: UUID, now: datetime, skip: bool = False) -> bool:
    """Erase the next person of a purge, in one transaction. False when it is finished.

    Somebody who came back meanwhile, or is held back, is passed over; so is one whose erasure failed (`skip`).
    """
    job = session.execute(
        select(Job).where(Job.id == job_id, Job.territory_id == territory_id, Job.kind == PURGE).with_for_update()
    ).scalar_one()
    waiting = job.detail["patients"]
    if job.finished_at is not None or not waiting:
        return False
    patient_id = UUID(waiting[0])
    before = datetime.fromisoformat(job.detail["before"])
    detail: dict[str, Any] = {**job.detail, "patients": waiting[1:]}
    due = session.execute(persons_expired(territory_id, before).where(Patient.id == patient_id)).first()
    if skip or due is None:
        detail["passed"] += 1
    else:
        done = erasures.erase(session, patient_id=patient_id, by=who_asked(job), now=now)
        detail["erased"] += 1
        for name in ("cases", "values", "kept_values", "rows"):
            detail[name] += getattr(done, name)
    finished = now if len(waiting) == 1 else None
    session.execute(update(Job).where(Job.id == job_id).values(detail=detail, done=job.done + 1, finished_at=finished))
    return finished is None


def purge_expired(session: Session, *, territory_id: UUID, what: Kept, now: datetime) -> int:
    """Delete up to 500 expired rows of one class of machinery. Returns how many: call again until 0."""
    before = now - kept_for(_settings(session, territory_id), what)
    table, condition = expired(what, territory_id, before, now)
    keys = inspect(table).primary_key
    chosen = select(*keys).where(condition).limit(AT_ONCE)
    deleted = session.execute(delete(table).where(tuple_(*keys).in_(chosen)))
    return cast("CursorResult[Any]", deleted).rowcount


def purged_since(session: Session, *, territory_id: UUID, since: datetime) -> bool:
    """True when the nightly purge of the territory has run since then."""
    return bool(
        session.execute(
            select(func.count()).where(
                Job.territory_id == territory_id, Job.kind == NIGHTLY_PURGE, Job.created_at >= since
            )
        ).scalar_one()
    )


def certify_night(session: Session, *, territory_id: UUID, deleted: dict[Kept, int], now: datetime) -> None:
    """Keep what a nightly purge deleted, in numbers."""
    counts = {what.value: count for what, count in deleted.items()}
    total = sum(counts.values())
    session.execute(
        insert(Job).values(
            id=uuid4(), territory_id=territory_id, kind=NIGHTLY_PURGE, detail={"deleted": counts}, done=total,
            total=total, created_at=now, finished_at=now,
        )
    )  # fmt: skip
    trace.record(session, action="retention.night", by=system_actor(territory_id), now=now, detail=counts)


def _settings(session: Session, territory_id: UUID) -> dict[str, Any]:
    return dict(session.execute(select(TerritoryRow.settings).where(TerritoryRow.id == territory_id)).scalar_one())
