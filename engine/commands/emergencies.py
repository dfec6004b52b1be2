"""Emergency access (« bris de glace »): three hours on the cases of a patient one does not follow."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from engine import policies, trace
from engine.actor import Actor
from engine.eligibility import holds_role_now
from engine.errors import InvalidRequest, NotAllowed, NotFound, PatientNotFound
from engine.lookups import birth_name_is
from engine.models import Case, EmergencyAccess, Outbox, Pathway, PathwayVersion, Patient, ProfessionalRole
from engine.projection.notices import reference
from engine.sealing import key_of
from engine.visibility import families

LASTS = timedelta(hours=3)
REASONS = ("vital_emergency", "patient_asks", "continuity_of_care", "other")
UNKNOWN = "Aucun dossier ouvert à l'accès d'urgence ne correspond. Vérifiez la saisie, ou appelez la coordination."


def break_glass(
    session: Session,
    *,
    birth_name: str,
    birth_date: date,
    reason: str,
    comment: str = "",
    from_where: str = "",
    by: Actor,
    now: datetime,
) -> UUID:
    """Open the cases of a patient for three hours. Returns the patient's id.

    For care professionals only, and by the exact birth name and date: nothing is to be fished for. The same answer for
    an unknown patient, one who opposed sharing, and one whose every open case is of high sensitivity.
    Raises NotAllowed, InvalidRequest, PatientNotFound.
    """
    if by.professional_id is None or not any(families().get(role) == "clinical" for role in by.roles):
        raise NotAllowed("L'accès d'urgence est réservé aux professionnels de santé. Appelez la coordination.")
    if reason not in REASONS:
        raise InvalidRequest("Choisissez la raison de l'accès d'urgence.")
    if reason == "other" and not comment.strip():
        raise InvalidRequest("Dites pourquoi vous avez besoin de cet accès.")
    patient_id = (
        session.execute(
            select(Patient.id)
            .join(Case, Case.patient_id == Patient.id)
            .join(PathwayVersion, PathwayVersion.id == Case.pathway_version_id)
            .join(Pathway, Pathway.id == PathwayVersion.pathway_id)
            .where(
                Patient.territory_id == by.territory_id,
                birth_name_is(session, birth_name, territory_id=by.territory_id),
                Patient.birth_date == birth_date,
                Patient.opposition_at.is_(None),
                Case.closed_at.is_(None),
                Pathway.sensitivity != "high",
            )
            .distinct()
        )
        .scalars()
        .all()
    )
    if len(patient_id) != 1:
        raise PatientNotFound(UNKNOWN)
    access_id = uuid4()
    session.execute(
        insert(EmergencyAccess).values(
            id=access_id,
            territory_id=by.territory_id,
            patient_id=patient_id[0],
            professional_id=by.professional_id,
            reason=reason,
            comment=key_of(session, "patient", patient_id[0], by.territory_id).owns(comment.strip()[:500]),
            opened_at=now,
            ends_at=now + LASTS,
            reviewed_by="",
        )
    )
    trace.record(
        session, action="patients.break_glass", by=by, now=now, patient_id=patient_id[0],
        object_kind="emergency_access", object_id=access_id, why=reason, from_where=from_where,
    )  # fmt: skip
    tell(session, "emergency_access", access_id, by=by, now=now)
    return patient_id[0]


def note_refusal(session: Session, *, why: str, from_where: str = "", by: Actor, now: datetime) -> None:
    """Somebody asked for an emergency access and did not get it. What they typed is not kept."""
    trace.record(
        session, action="patients.break_glass", by=by, now=now, object_kind="emergency_access", why=why,
        from_where=from_where, result="refused",
    )  # fmt: skip


def review(session: Session, *, access_id: UUID, justified: bool, by: Actor, now: datetime) -> None:
    """Say whether an emergency access was justified. One that was not ends at once."""
    policies.check_may_coordinate(by)
    found = session.execute(
        select(EmergencyAccess).where(
            EmergencyAccess.id == access_id,
            EmergencyAccess.territory_id == by.territory_id,
            EmergencyAccess.reviewed_at.is_(None),
        )
    ).scalar_one_or_none()
    if found is None:
        raise NotFound("Cet accès d'urgence a déjà été examiné.")
    if found.professional_id == by.professional_id:
        raise NotAllowed("Un accès d'urgence est examiné par quelqu'un d'autre que celui qui l'a ouvert.")
    session.execute(
        update(EmergencyAccess)
        .where(EmergencyAccess.id == access_id)
        .values(
            reviewed_at=now,
            reviewed_by=by.name,
            justified=justified,
            ends_at=found.ends_at if justified else min(found.ends_at, max(now, found.opened_at)),
        )
    )
    trace.record(
        session, action="patients.review_break_glass", by=by, now=now, patient_id=found.patient_id,
        object_kind="emergency_access", object_id=access_id, why="justified" if justified else "not_justified",
    )  # fmt: skip


def tell(
    session: Session, template: str, about: UUID, *, by: Actor, now: datetime, others: tuple[UUID, ...] = ()
) -> None:
    """One notice to each coordinator, and to `others`: a reference only."""
    today = now.date()
    coordinators = session.execute(
        select(ProfessionalRole.professional_id)
        .where(
            ProfessionalRole.territory_id == by.territory_id,
            ProfessionalRole.role == "coordinator",
            holds_role_now(ProfessionalRole, today),
        )
        .order_by(ProfessionalRole.professional_id)
    ).scalars()
    people = (*coordinators, *others)
    for person in dict.fromkeys(people):
        session.execute(
            insert(Outbox).values(
                territory_id=by.territory_id,
                channel="email",
                recipient_id=person,
                address="",
                template=template,
                parameters={"reference": reference(about), "level": 0},
                created_at=now,
                not_before=now,
                state="waiting",
                attempts=0,
                problem="",
            )
        )
