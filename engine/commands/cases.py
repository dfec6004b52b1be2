"""Cases: opened, held, resumed, cancelled, mended, moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from engine import idempotency, policies, trace
from engine.actor import Actor
from engine.at_hand import case_at_hand
from engine.bpmn import runner
from engine.commands.case_life import cancel, hold, move, resume, retry
from engine.commands.circles import join_declared, named_organization
from engine.commands.patient_events import follow_start
from engine.course import settle, surroundings
from engine.eligibility import within
from engine.errors import DuplicateCase, EngineFailure, InvalidRequest, NotAllowed, PathwayNotFound, PatientNotFound
from engine.expressions import from_json
from engine.forms import check_answers
from engine.library import Version
from engine.lookups import business_key_is, hidden_business_key
from engine.models import Case, Commune, Organization, Patient, TerritoryRow
from engine.outcome import Value
from engine.projection import tables
from engine.projection.acting import Acting
from engine.projection.writing import apply
from engine.starting import version_starting
from engine.territory_calendar import territory_calendar

__all__ = ["StartedCase", "cancel", "hold", "move", "resume", "retry", "start", "start_from_effect"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedCase:
    """The case that was opened (or, under the same key, had been)."""

    id: UUID
    number: str


def start(
    session: Session,
    *,
    pathway_key: str,
    patient_id: UUID | None,
    facts: Mapping[str, Any],
    organization_id: UUID | None = None,
    stay: str | None = None,
    by: Actor,
    now: datetime,
    key: str | None = None,
) -> StartedCase:
    """Open a case on the version that starts here now and run it to its first waits. `facts` are the start form's raw
    answers.

    Raises PathwayNotFound, PatientNotFound, NotAllowed, InvalidAnswers, EngineFailure, and DuplicateCase when the same
    patient already has this pathway open for the same stay.
    """
    version = _version_here(session, pathway_key, organization_id, by, now)
    if version is None:
        raise PathwayNotFound(f"Aucun parcours publié ne s'appelle « {pathway_key} » dans ce territoire.")
    policies.check_may_start(by, version.description.get("start_roles", ()), version.title)
    territory = _lock_territory(session, by)
    if (known := idempotency.known_answer(session, key=key, command="cases.start", by=by)) is not None:
        return StartedCase(id=UUID(known["id"]), number=known["number"])
    calendar = territory_calendar(territory.time_zone, territory.holidays)
    raw = dict(facts)
    if patient_id is not None:
        raw["patient"] = raw.get("patient") or str(patient_id)
    if stay is not None:
        raw.setdefault("stay_number", stay)
    form = version.start_form
    values: dict[str, Value] = {} if form is None else check_answers(
        form, raw, facts=version.parameters, now=now, calendar=calendar, locale=by.locale
    )  # fmt: skip
    started = _open(session, version, values, patient_id, organization_id, by=by, now=now)
    answer = {"id": str(started.id), "number": started.number}
    idempotency.remember(session, key=key, command="cases.start", answer=answer, by=by, now=now)
    return started


def start_from_effect(
    session: Session,
    *,
    parameters: Mapping[str, Any],
    from_case_id: UUID | None,
    by: Actor,
    now: datetime,
    key: str,
) -> StartedCase | None:
    """Open the case another case asked for (`start_pathway`), with its facts where the names match the start form.

    None when the pathway is not published here, or when the patient already has it: both are told in the asking case.
    """
    if from_case_id is None:
        raise InvalidRequest("Ce lancement ne dit pas quel dossier l'a demandé.")
    asking, _ = case_at_hand(session, case_id=from_case_id, by=by, now=now)
    wanted = str(parameters.get("pathway", ""))
    version = _version_here(session, wanted, asking.organization_id, by, now)
    if version is None:
        _tell(session, asking.id, by, now, "not_started", {"pathway": wanted, "why": "unknown"})
        return None
    _lock_territory(session, by)
    if (known := idempotency.known_answer(session, key=key, command="cases.start", by=by)) is not None:
        return StartedCase(id=UUID(known["id"]), number=known["number"])
    names = set() if version.start_form is None else set(version.start_form.fields)
    given = {name: from_json(value) for name, value in parameters.items() if name in names}
    values = {**{name: value for name, value in asking.facts[""].items() if name in names}, **given}
    try:
        started = _open(session, version, values, asking.patient_id, asking.organization_id, by=by, now=now)
    except DuplicateCase as duplicate:
        _tell(session, asking.id, by, now, "not_started", {"pathway": wanted, "running": duplicate.case_number})
        return None
    answer = {"id": str(started.id), "number": started.number}
    idempotency.remember(session, key=key, command="cases.start", answer=answer, by=by, now=now)
    _tell(session, asking.id, by, now, "started", {"pathway": wanted, "case": started.number})
    return started


def _version_here(
    session: Session, pathway_key: str, organization_id: UUID | None, by: Actor, now: datetime
) -> Version | None:
    """The version for the organisation the case is opened for, else for those of whoever opens it."""
    organizations = by.organization_ids if organization_id is None else (organization_id,)
    return version_starting(
        session, territory_id=by.territory_id, pathway_key=pathway_key, organizations=organizations, now=now
    )


def _tell(session: Session, case_id: UUID, by: Actor, now: datetime, kind: str, detail: Mapping[str, Any]) -> None:
    row = {
        "territory_id": by.territory_id, "case_id": case_id, "at": now, "kind": f"pathway_{kind}",
        "element_id": None, "element_name": "", "actor": "", "actor_id": None, "role": None, "task_id": None,
        "detail": dict(detail), "visible": True,
    }  # fmt: skip
    tables.add(session.connection(), tables.HISTORY, [row])


def _lock_territory(session: Session, by: Actor) -> Any:
    """The territory's row, locked: cases are numbered one after the other, and the same key cannot start two."""
    return (
        session.connection()
        .execute(
            select(TerritoryRow.time_zone, TerritoryRow.holidays)
            .where(TerritoryRow.id == by.territory_id)
            .with_for_update()
        )
        .one()
    )


def _open(
    session: Session,
    version: Version,
    values: Mapping[str, Value],
    patient_id: UUID | None,
    organization_id: UUID | None,
    *,
    by: Actor,
    now: datetime,
) -> StartedCase:
    business_key = _business_key(version, values, patient_id)
    _check_not_running(session, business_key, by)
    stay = None if business_key is None else hidden_business_key(session, business_key, territory_id=by.territory_id)
    sector_id = _sector(session, patient_id, by)
    case_id, number = uuid4(), _next_number(session, by)
    session.connection().execute(
        insert(Case.__table__),  # type: ignore[arg-type]
        {
            "id": case_id, "territory_id": by.territory_id, "number": number, "pathway_version_id": version.id,
            "patient_id": patient_id, "organization_id": organization_id or _organization(session, values, by),
            "sector_id": sector_id, "business_key": stay, "state": "active", "outcome": None, "opened_at": now,
            "opened_by": by.name[:200], "closed_at": None, "held_at": None, "last_touch_at": now, "version": 1,
            "completed_steps": [], "control_state": b"",
        },
    )  # fmt: skip
    if patient_id is not None:
        join_declared(session, patient_id=patient_id, values=values, by=by, now=now)
    case, _ = case_at_hand(session, case_id=case_id, by=by, now=now)
    facts = {"": dict(values)}
    outcome = runner.start(version.program, surroundings(case, version, now, facts))
    settled = settle(session, case, version, outcome, facts=facts, attempted={"verb": "start"}, now=now)
    if outcome.incident is not None:
        raise EngineFailure(f"Le dossier n'a pas pu être ouvert. {outcome.incident.sentence}")
    form_key = version.description.get("start_form")
    acting = Acting(kind="opened", answers=values, form_key=form_key)
    apply(session, case, version, settled, acting=acting, by=by, now=now)
    trace.record(
        session, action="cases.start", by=by, now=now, patient_id=patient_id, case_id=case_id, object_kind="case",
        object_id=case_id, detail={"pathway": version.key, "version": version.number},
    )  # fmt: skip
    follow_start(session, version, values, case_id=case_id, patient_id=patient_id, by=by, now=now)
    return StartedCase(id=case_id, number=number)


def _business_key(version: Version, values: Mapping[str, Value], patient_id: UUID | None) -> str | None:
    """Pathway, patient and stay, as `case_key` of pathway.json names them; None when one of them is not known."""
    parts = [version.key]
    for name in version.description.get("case_key", ("patient",)):
        value = patient_id if name == "patient" else values.get(name)
        if value is None:
            return None
        parts.append(str(value).strip())
    return ":".join(parts)[:200] if patient_id is not None else None


def _check_not_running(session: Session, business_key: str | None, by: Actor) -> None:
    if business_key is None:
        return
    number = (
        session.connection()
        .execute(
            select(Case.number).where(
                Case.territory_id == by.territory_id,
                business_key_is(session, business_key, territory_id=by.territory_id),
                Case.closed_at.is_(None),
            )
        )
        .scalar_one_or_none()
    )
    if number is not None:
        raise DuplicateCase(
            f"Ce patient a déjà un dossier ouvert pour ce séjour : {number}. Ouvrez-le, n'en créez pas un second.",
            case_number=number,
        )


def _sector(session: Session, patient_id: UUID | None, by: Actor) -> UUID | None:
    if patient_id is None:
        return None
    row = (
        session.connection()
        .execute(
            select(Patient.id, Commune.sector_id, Patient.opposition_at)
            .outerjoin(Commune, Commune.id == Patient.commune_id)
            .where(Patient.id == patient_id, Patient.territory_id == by.territory_id, Patient.erased_at.is_(None))
        )
        .one_or_none()
    )
    if row is None:
        raise PatientNotFound("Ce patient n'existe pas dans votre territoire.")
    if row.opposition_at is not None:
        raise NotAllowed("Ce patient s'oppose au partage de ses données : voyez avec la coordination.")
    sector_id: UUID | None = row.sector_id
    return sector_id


def _organization(session: Session, values: Mapping[str, Value], by: Actor) -> UUID | None:
    """The structure the start form names (`hospital_org`); the ward of whoever starts the case, when it lies inside."""
    named = values.get("hospital_org")
    declared = None if named is None else named_organization(session, str(named), by)
    if declared is None or not by.organization_ids:
        return declared
    own = (
        session.connection()
        .execute(
            select(Organization.id)
            .where(Organization.id.in_(by.organization_ids), within(Organization.id, declared))
            .order_by(Organization.name)
            .limit(1)
        )
        .scalar_one_or_none()
    )
    return own or declared


def _next_number(session: Session, by: Actor) -> str:
    taken = (
        session.connection()
        .execute(
            update(TerritoryRow)
            .where(TerritoryRow.id == by.territory_id)
            .values(next_case_number=TerritoryRow.next_case_number + 1)
            .returning(TerritoryRow.next_case_number)
        )
        .scalar_one()
    )
    return f"C-{taken - 1}"
