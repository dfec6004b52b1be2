"""Filling an empty database with the fictitious territory: every case is played through the real engine.

Nothing is written by hand: each case is a walk whose dates count from the day of the demonstration (`{J-3}`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cli.demo.education import plan_education
from engine.clock import utcnow
from engine.commands import pathways
from engine.db import Database
from engine.library import shared_files, shipped_files
from engine.models import TerritoryRow
from engine.queries.actors import actor_of
from engine.territory_calendar import territory_calendar
from engine.walks.clock import live_until
from engine.walks.people import Settled, fictitious_territory, settle
from engine.walks.perform import Performance, perform_on
from engine.walks.script import parse_walk
from engine.walks.suite import shipped_pathways, shipped_walks

log = structlog.get_logger("parcours.demo")

DESIGNER = "hugo.bleuet"
ACCEPTED = {"*": "Parcours livré avec le produit, relu par son équipe."}
BEFORE = timedelta(days=400)
_DAY = re.compile(r"\{J(?P<days>[+-]\d+)?\}")
_HOUR = re.compile(r"\{H(?P<hours>-\d+)\}")
_PLACE = re.compile(r"^(?P<name>pathway|patients?):[ \t]*(?P<value>\S.*?)[ \t]*$", re.M)


@dataclass(frozen=True, slots=True)
class DemoCase:
    """One case of the demonstration: whose, in which pathway, and its story."""

    name: str
    pathway: str
    patient: str
    story: str


def is_needed(database: Database) -> bool:
    """True while the database has no territory."""
    with database.reading() as session:
        return session.execute(select(func.count()).select_from(TerritoryRow)).scalar_one() == 0


def load_demo(database: Database, *, now: datetime | None = None) -> tuple[Performance, ...]:
    """Settle the territory, publish the shipped pathways, play every case up to `now` (default: the machine's time)."""
    moment = utcnow() if now is None else now
    data = fictitious_territory()
    place = data["territory"]
    with database.transaction() as session:
        settled = settle(session, data, time_zone=place["time_zone"], holidays=place["holidays"], now=moment - BEFORE)
    for key in shipped_pathways():
        with database.transaction() as session:
            _publish(session, settled, key, moment - BEFORE)
    calendar = territory_calendar(place["time_zone"], place["holidays"])
    local = moment.astimezone(calendar.zone)
    with database.transaction() as session:
        plan_education(session, settled, local=local, now=moment)
    performances = tuple(_play(database, settled, case, local) for case in demo_cases())
    live_until(database, territory_id=settled.territory_id, target=moment, post=lambda _letter: None)
    for performance in performances:
        for failure in performance.failures:
            log.error("demo_case_failed", case=performance.name, line=failure.line, problem=failure.sentence)
    return performances


def demo_cases() -> tuple[DemoCase, ...]:
    """The stories of the demonstration, in the order of their files."""
    folder = files("cli.demo").joinpath("cases")
    found = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".walk")), key=lambda entry: entry.name)
    return tuple(case for entry in found for case in _read(entry.name, entry.read_text(encoding="utf-8")))


def _read(name: str, text: str) -> list[DemoCase]:
    """One case, or one for each of the `patients` who share a story."""
    places = {found["name"]: found["value"] for found in _PLACE.finditer(text)}
    story = _PLACE.sub("", text)
    people = places.get("patients", places.get("patient", "")).split()
    return [DemoCase(name, places["pathway"], patient, story) for patient in people]


def _play(database: Database, settled: Settled, case: DemoCase, local: datetime) -> Performance:
    walk = parse_walk(_dated(case.story, local), name=case.name)
    _walks, answers = shipped_walks(case.pathway)
    usual: Mapping[str, Any] = json.loads(answers) if answers else {}
    return perform_on(database, walk, settled=settled, pathway_key=case.pathway, answers=usual, patient=case.patient)


def _dated(story: str, local: datetime) -> str:
    """The story with `{J-3}` as the day three days ago, and `{H-18}` as the moment eighteen hours ago."""
    days = _DAY.sub(lambda found: (local.date() + timedelta(days=int(found["days"] or 0))).isoformat(), story)
    return _HOUR.sub(lambda found: f"{local + timedelta(hours=int(found['hours'])):%Y-%m-%d %H:%M}", days)


def _publish(session: Session, settled: Settled, key: str, now: datetime) -> UUID:
    by = actor_of(session, professional_id=settled.professionals[DESIGNER], today=now.date())
    content = {**shared_files(), **shipped_files(key)}
    version_id: UUID = pathways.publish(
        session, files=content, label="Version livrée", accepted=ACCEPTED, by=by, now=now
    ).version_id
    return version_id
