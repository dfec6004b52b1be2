"""What happens to a patient concerns every pathway of theirs: in hospital, back home, deceased.

In hospital: the other cases are held, their clocks stop. Back home: those are taken up again, and a pathway that knows
`back_home` hears it (it opens its review then). Deceased: every case hears it and is over, and nothing is sent.

A pathway says in pathway.json which of its messages tell such an event (`"patient_event": "back_home"` beside the
message), and that it runs while the patient is in hospital (`"runs_in_hospital": true`): it is never held for that.
Its opening may tell one too: `"start_event": {"patient_event": "hospitalised", "unless": "unprepared_discharge"}`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine import idempotency, policies, trace
from engine.actor import Actor, ActorKind
from engine.at_hand import case_at_hand
from engine.commands import case_life
from engine.commands.deliveries import OPEN_STATES, deliver_to
from engine.errors import InvalidMessage, PatientNotFound
from engine.library import Version
from engine.models import Case, CaseHistory, Outbox, Patient
from engine.outcome import Value
from engine.projection.loading import LoadedCase

HELD_BECAUSE = "Patient hospitalisé : les délais sont suspendus jusqu'à son retour."
RESUMED_BECAUSE = "Retour à domicile."
DECEASED_BECAUSE = "Décès du patient."


class PatientEvent(StrEnum):
    """What may be told of a patient to all their cases."""

    HOSPITALISED = "hospitalised"
    BACK_HOME = "back_home"
    DEATH = "death"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Numbers of the cases that changed: held, resumed or closed."""

    case_numbers: tuple[str, ...]
    sentence: str


def tell_patient_cases(
    session: Session,
    *,
    patient_id: UUID,
    name: str,
    payload: Mapping[str, Value],
    by: Actor,
    now: datetime,
    key: str | None = None,
) -> Told:
    """Tell every open case of a patient that they are `hospitalised`, `back_home` or dead (`death`).

    For the engine, a program with that scope (an admission message) and the coordination; others send the message to
    a case they follow. Raises InvalidMessage, NotAllowed, PatientNotFound.
    """
    policies.check_may_tell_of_patients(by)
    if name not in set(PatientEvent):
        raise InvalidMessage(f"« {name} » ne se dit pas d'un patient. Connus : {', '.join(PatientEvent)}.")
    known_patient = session.execute(
        select(Patient.id).where(Patient.id == patient_id, Patient.territory_id == by.territory_id).with_for_update()
    ).scalar_one_or_none()
    if known_patient is None:
        raise PatientNotFound("Ce patient n'existe pas dans votre territoire.")
    known = idempotency.known_answer(session, key=key, command="patient_events.tell", by=by)
    if known is not None:
        return Told(case_numbers=tuple(known["case_numbers"]), sentence=known["sentence"])
    engine = replace(by, kind=ActorKind.SYSTEM)  # the sender was checked; what follows is the engine's
    told = _tell_all(session, patient_id, PatientEvent(name), payload, except_for=None, by=engine, now=now)
    answer = {"case_numbers": list(told.case_numbers), "sentence": told.sentence}
    idempotency.remember(session, key=key, command="patient_events.tell", answer=answer, by=by, now=now)
    return told


def follow(
    session: Session, case: LoadedCase, version: Version, message: str, payload: Mapping[str, Value], *, by: Actor,
    now: datetime,
) -> Told | None:  # fmt: skip
    """A case was given `message`: when it tells something of the patient, their other cases hear it too."""
    event = event_told_by(version, message)
    if event is None or case.patient_id is None:
        return None
    engine = replace(by, kind=ActorKind.SYSTEM)  # the sender was checked by the case; what follows is the engine's
    spared = None if event is PatientEvent.HOSPITALISED and message == event else case.id
    return _tell_all(session, case.patient_id, event, payload, except_for=spared, heard=case.id, by=engine, now=now)


def follow_start(
    session: Session, version: Version, values: Mapping[str, Value], *, case_id: UUID, patient_id: UUID | None,
    by: Actor, now: datetime,
) -> Told | None:  # fmt: skip
    """A case was opened: when that tells something of the patient (a discharge: in hospital), the others hear it."""
    told: Mapping[str, str] = version.description.get("start_event") or {}
    if (
        patient_id is None
        or told.get("patient_event") not in set(PatientEvent)
        or values.get(told.get("unless", "")) is True
    ):
        return None
    engine = replace(by, kind=ActorKind.SYSTEM)
    event = PatientEvent(told["patient_event"])
    return _tell_all(session, patient_id, event, {}, except_for=case_id, heard=case_id, by=engine, now=now)


def taken_up(
    session: Session, case: LoadedCase, version: Version, message: str, *, by: Actor, now: datetime
) -> tuple[LoadedCase, Version]:
    """The case, taken up again when it is held for a stay in hospital that `message` says is over.

    That is `back_home`, and what pathway.json declares with `"resumes": true` (entering an institution, leaving).
    """
    if case.state != "on_hold" or _held_reason(session, case.id) != HELD_BECAUSE:
        return case, version
    ends_the_stay = any(
        one.get("name") == message and one.get("resumes") for one in version.description.get("messages_in", ())
    )
    if event_told_by(version, message) is not PatientEvent.BACK_HOME and not ends_the_stay:
        return case, version
    engine = replace(by, kind=ActorKind.SYSTEM)
    case_life.resume(session, case_id=case.id, reason=RESUMED_BECAUSE, by=engine, now=now)
    return case_at_hand(session, case_id=case.id, by=by, now=now)


def event_told_by(version: Version, message: str) -> PatientEvent | None:
    """What a message of this pathway tells of the patient: as declared, or because it bears the event's own name."""
    named = message
    entering: Sequence[Mapping[str, str]] = version.description.get("messages_in") or ()
    for declared in entering:
        if declared.get("name") == message:
            named = str(declared.get("patient_event") or message)
    return PatientEvent(named) if named in set(PatientEvent) else None


def _tell_all(
    session: Session, patient_id: UUID, event: PatientEvent, payload: Mapping[str, Value], *,
    except_for: UUID | None, heard: UUID | None = None, by: Actor, now: datetime,
) -> Told:  # fmt: skip
    """`except_for` is a case that is left alone (its end is made sure of); `heard` one that needs no message."""
    cases = _open_cases(session, patient_id, by)
    changed = []
    for case_id in cases:
        match event:
            case PatientEvent.HOSPITALISED:
                told = case_id == heard
                number = None if case_id == except_for else _hold(session, case_id, payload, heard=told, by=by, now=now)
            case PatientEvent.BACK_HOME:
                number = None if case_id == except_for else _resume(session, case_id, payload, by=by, now=now)
            case PatientEvent.DEATH:
                number = _close(session, case_id, payload, heard=case_id == except_for, by=by, now=now)
            case _:
                assert_never(event)
        if number is not None:
            changed.append(number)
    if event is PatientEvent.DEATH:
        _stop_sending(session, patient_id, by)
    trace.record(
        session, action=f"patient_events.{event}", by=by, now=now, patient_id=patient_id, object_kind="patient",
        object_id=patient_id, detail={"cases": len(changed)},
    )  # fmt: skip
    return Told(case_numbers=tuple(changed), sentence=_sentence(event, changed))


def _open_cases(session: Session, patient_id: UUID, by: Actor) -> Sequence[UUID]:
    """In the order of their ids, so that two tellings lock them in the same order."""
    return (
        session.execute(
            select(Case.id)
            .where(Case.territory_id == by.territory_id, Case.patient_id == patient_id, Case.closed_at.is_(None))
            .order_by(Case.id)
        )
        .scalars()
        .all()
    )


def _hold(
    session: Session, case_id: UUID, payload: Mapping[str, Value], *, heard: bool, by: Actor, now: datetime
) -> str | None:
    """A pathway that knows `hospitalised` hears it before its clocks stop."""
    case, version = case_at_hand(session, case_id=case_id, by=by, now=now)
    if case.state not in ("draft", "active") or version.description.get("runs_in_hospital"):
        return None
    if not heard and PatientEvent.HOSPITALISED in version.program.messages:
        deliver_to(session, case, version, PatientEvent.HOSPITALISED, payload, None, by=by, now=now)
        case, version = case_at_hand(session, case_id=case_id, by=by, now=now)
        if case.state not in ("draft", "active"):
            return case.number
    case_life.hold(session, case_id=case_id, reason=HELD_BECAUSE, by=by, now=now)
    return case.number


def _resume(session: Session, case_id: UUID, payload: Mapping[str, Value], *, by: Actor, now: datetime) -> str | None:
    """Only a case held for the stay is taken up; one that somebody held for another reason stays as it is."""
    case, _ = case_at_hand(session, case_id=case_id, by=by, now=now)
    if case.state != "on_hold" or _held_reason(session, case_id) != HELD_BECAUSE:
        return None
    case_life.resume(session, case_id=case_id, reason=RESUMED_BECAUSE, by=by, now=now)
    resumed, version = case_at_hand(session, case_id=case_id, by=by, now=now)
    if PatientEvent.BACK_HOME in version.program.messages:
        deliver_to(session, resumed, version, PatientEvent.BACK_HOME, payload, None, by=by, now=now)
    return case.number


def _close(
    session: Session, case_id: UUID, payload: Mapping[str, Value], *, heard: bool, by: Actor, now: datetime
) -> str | None:
    """Give the case its message, then make sure that it is over: a death leaves nothing open."""
    case, version = case_at_hand(session, case_id=case_id, by=by, now=now)
    if not heard and PatientEvent.DEATH in version.program.messages:
        if case.state == "on_hold":
            case_life.resume(session, case_id=case_id, reason=DECEASED_BECAUSE, by=by, now=now)
            case, version = case_at_hand(session, case_id=case_id, by=by, now=now)
        deliver_to(session, case, version, PatientEvent.DEATH, payload, None, by=by, now=now)
        case, version = case_at_hand(session, case_id=case_id, by=by, now=now)
    if case.state in OPEN_STATES:
        case_life.end_as(
            session, case, version, ending="deceased", kind="deceased", reason=DECEASED_BECAUSE, by=by, now=now
        )
    return case.number


def _held_reason(session: Session, case_id: UUID) -> str:
    detail = session.execute(
        select(CaseHistory.detail)
        .where(CaseHistory.case_id == case_id, CaseHistory.kind == "held")
        .order_by(CaseHistory.at.desc(), CaseHistory.id.desc())
        .limit(1)
    ).scalar_one_or_none()
    return str((detail or {}).get("reason", ""))


def _stop_sending(session: Session, patient_id: UUID, by: Actor) -> None:
    """Nothing that waits to leave for any case of the patient leaves, closed cases included."""
    cases = select(Case.id).where(Case.territory_id == by.territory_id, Case.patient_id == patient_id)
    session.execute(
        update(Outbox)
        .where(Outbox.case_id.in_(cases), Outbox.state == "waiting")
        .values(state="stopped")
        .execution_options(synchronize_session=False)
    )


def _sentence(event: PatientEvent, changed: Sequence[str]) -> str:
    if not changed:
        return "Aucun autre dossier ouvert de ce patient n'est concerné."
    listed = ", ".join(changed)
    match event:
        case PatientEvent.HOSPITALISED:
            return f"Suspendu pendant l'hospitalisation : {listed}."
        case PatientEvent.BACK_HOME:
            return f"Repris après le retour à domicile : {listed}."
        case PatientEvent.DEATH:
            return f"Clos après le décès : {listed}. Plus aucun avis ne part."
        case _:
            assert_never(event)
