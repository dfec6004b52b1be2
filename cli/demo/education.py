"""The education programme of the demonstration: declared, with its team, its catalogue and yesterday's session."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from engine.actor import system_actor
from engine.commands import education
from engine.walks.people import Settled

CATALOGUE = (
    ("S1", "Comprendre le diabète"),
    ("S2", "Alimentation"),
    ("S3", "Activité physique"),
    ("S4", "Autosurveillance et hypoglycémie"),
    ("S5", "Traitement, insuline"),
)
PLACES = 10
EDUCATOR, COORDINATOR = "sophie.lilas", "eva.noyer"
SLOT = "demo-s1"


def plan_education(session: Session, settled: Settled, *, local: datetime, now: datetime) -> None:
    """Declare the programme and plan yesterday's group session, 14:00 to 16:00. `local` is now on the wall."""
    by = system_actor(settled.territory_id)
    attested = date(local.year - 3, 5, 4)
    program_id = education.create_program(
        session, name="Mieux vivre avec son diabète", declaration_number="ETP-FICTIF-0001",
        declared_on=date(local.year - 1, 1, 15), coordinator_id=settled.professionals[COORDINATOR],
        team={settled.professionals[EDUCATOR]: attested}, annual_evaluation_on=date(local.year, 12, 31),
        four_year_evaluation_on=date(local.year + 3, 1, 15), by=by, now=now,
    )  # fmt: skip
    templates = {
        code: education.add_template(
            session, program_id=program_id, code=code, title=title, minutes=120, places=PLACES, by=by, now=now
        )
        for code, title in CATALOGUE
    }
    starts = (local - timedelta(days=1)).replace(hour=14, minute=0, second=0, microsecond=0)
    education.create_slot(
        session, template_id=templates["S1"], code=SLOT, starts_at=starts, ends_at=starts + timedelta(hours=2),
        room="Maison de santé, salle bleue", by=by, now=now,
    )  # fmt: skip
