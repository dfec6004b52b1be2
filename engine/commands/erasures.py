"""The erasure of a person: their keys are destroyed, what identifies them or was typed about them too; counts stay.

Kept: dates, codes, numbers and yes/no answers of closed cases (they feed the indicators), who did which step and when,
and the trace, which never holds content. Overwritten or deleted: names, INS, contact, every free text, reasons, drafts,
remarks, payloads, the engine's states.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, Update, delete, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import Delete

from engine import policies, trace
from engine.actor import Actor
from engine.at_hand import patient_at_hand
from engine.commands import compactions
from engine.counted import is_counted
from engine.errors import Conflict
from engine.library import version_of
from engine.lookups import forget
from engine.models import (
    CareCircleMember,
    Case,
    CaseFact,
    CaseHistory,
    CaseState,
    EarlyMessage,
    EmergencyAccess,
    ErasureHold,
    IdentityRectification,
    IncidentRow,
    MessageSubscription,
    Outbox,
    Patient,
    Task,
    TaskDraft,
    TaskLink,
    TaskOffer,
    Timer,
    WaitRecord,
)
from engine.sealing import ERASED, keyring_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What was destroyed, in numbers: it can be shown to the person, and names nobody."""

    erased_at: datetime
    by: str
    cases: int
    values: int
    """Facts whose content was destroyed."""
    kept_values: int
    """Coded values kept for the counts."""
    rows: int
    """Other rows emptied or deleted."""
    keys: int
    """Keys destroyed: what they sealed cannot be read in any copy, older backups included."""


def erase(session: Session, *, patient_id: UUID, by: Actor, now: datetime) -> Certificate:
    """Destroy the content of a patient. Raises NotAllowed, PatientNotFound, Conflict while a case is open."""
    policies.check_may_coordinate(by)
    patient = patient_at_hand(session, patient_id=patient_id, by=by)
    cases = session.execute(select(Case).where(Case.patient_id == patient_id)).scalars().all()
    if still_open := sorted(case.number for case in cases if case.closed_at is None):
        raise Conflict(f"Un dossier est encore ouvert ({', '.join(still_open)}) : clôturez-le avant d'effacer.")
    if session.get(ErasureHold, patient_id) is not None:
        raise Conflict("L'effacement de ce patient est suspendu : une réclamation, un litige ou une enquête l'exige.")
    values, kept = _erase_facts(session, cases)
    rows = _erase_rows(session, patient_id, [case.id for case in cases])
    _erase_traits(session, patient_id, patient.birth_date, now)
    keys = _destroy_keys(session, patient_id, [case.id for case in cases], now)
    compactions.ask(session, territory_id=by.territory_id, now=now)
    certificate = Certificate(
        erased_at=now, by=by.name, cases=len(cases), values=values, kept_values=kept, rows=rows, keys=keys
    )
    trace.record(
        session, action="patients.erase", by=by, now=now, patient_id=patient_id,
        detail={"cases": len(cases), "values": values, "kept_values": kept, "rows": rows, "keys": keys},
    )  # fmt: skip
    return certificate


def _erase_traits(session: Session, patient_id: UUID, birth_date: date, now: datetime) -> None:
    session.execute(
        update(Patient)
        .where(Patient.id == patient_id)
        .values(
            birth_name=ERASED,
            used_name=None,
            given_name="",
            birth_date=date(birth_date.year, 1, 1),
            birth_place="",
            ins=None,
            ins_token=None,
            ins_oid=None,
            identity_status="VIDE",
            phone=None,
            address=None,
            commune_id=None,
            erased_at=now,
        )
    )


def _destroy_keys(session: Session, patient_id: UUID, case_ids: Sequence[UUID], now: datetime) -> int:
    keyring, connection = keyring_of(session), session.connection()
    forget(session, patient_id=patient_id)
    return keyring.destroy(connection, "patient", [patient_id], now) + keyring.destroy(
        connection, "case", case_ids, now
    )


def _erase_facts(session: Session, cases: Sequence[Case]) -> tuple[int, int]:
    erased: list[int] = []
    kept = 0
    for case in cases:
        forms = version_of(session, case.pathway_version_id).forms
        rows = session.execute(select(CaseFact.id, CaseFact.name, CaseFact.form_key).where(CaseFact.case_id == case.id))
        for number, name, form_key in rows:
            if is_counted(name, form_key, forms):
                kept += 1
            else:
                erased.append(number)
    for start in range(0, len(erased), 500):
        session.execute(
            update(CaseFact).where(CaseFact.id.in_(erased[start : start + 500])).values(value=None, recorded_by="")
        )
    return len(erased), kept


def _erase_rows(session: Session, patient_id: UUID, case_ids: Sequence[UUID]) -> int:
    tasks = select(Task.id).where(Task.case_id.in_(case_ids))
    statements: tuple[Update | Delete, ...] = (
        update(CaseHistory).where(CaseHistory.case_id.in_(case_ids)).values(detail={}),
        delete(CaseState).where(CaseState.case_id.in_(case_ids)),
        update(Case).where(Case.id.in_(case_ids)).values(control_state=b"", business_key=None),
        update(IncidentRow)
        .where(IncidentRow.case_id.in_(case_ids))
        .values(expression="", value_types={}, attempted={}),
        delete(WaitRecord).where(WaitRecord.case_id.in_(case_ids)),
        delete(Timer).where(Timer.case_id.in_(case_ids)),
        delete(MessageSubscription).where(MessageSubscription.case_id.in_(case_ids)),
        delete(EarlyMessage).where(EarlyMessage.case_id.in_(case_ids)),
        delete(TaskDraft).where(TaskDraft.task_id.in_(tasks)),
        delete(TaskLink).where(TaskLink.case_id.in_(case_ids)),
        update(TaskOffer).where(TaskOffer.task_id.in_(tasks)).values(comment=""),
        update(Task).where(Task.case_id.in_(case_ids)).values(locals={}, priority_reason="", why=""),
        update(Outbox)
        .where(Outbox.case_id.in_(case_ids))
        .values(parameters={}, address="", problem="", state="stopped"),
        update(CareCircleMember)
        .where(CareCircleMember.patient_id == patient_id, CareCircleMember.person_name.is_not(None))
        .values(person_name=ERASED, person_phone=None),
        delete(IdentityRectification).where(IdentityRectification.patient_id == patient_id),
        update(EmergencyAccess).where(EmergencyAccess.patient_id == patient_id).values(comment=""),
    )
    return sum(cast("CursorResult[Any]", session.execute(statement)).rowcount for statement in statements)
