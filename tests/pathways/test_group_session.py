"""A group session is recorded once on its page and each case moves on; absences open the re-contact task."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from engine.actor import Actor, system_actor
from engine.clock import utcnow
from engine.commands import education, tasks
from engine.commands.education import Attendance
from engine.db import Database
from engine.errors import Conflict, InvalidRequest, NotFound
from engine.models import Case, CaseFact, EtpPlace, Task, TerritoryRow
from engine.queries.actors import actor_of
from engine.queries.education import slot_page
from engine.settings import read_settings
from engine.walks.perform import perform_on
from engine.walks.script import parse_walk
from tests.pathways.several import Scene, prepare, scene_in
from tests.support.databases import PostgresDatabases, SqliteDatabases
from tests.web.browser import Browser, text_of
from web.app import create_app

GROUP = 10
OVER = datetime(2026, 3, 31, 14, 30, tzinfo=UTC)
DAYS = {"slot-a": "2026-03-31", "slot-b": "2026-04-07", "slot-c": "2026-04-14", "slot-d": "2026-04-21"}
PLANNED = ", ".join(
    f'{{"template": "S{number}", "mode": "group", "order": {number}, "slot_id": "{code}", '
    f'"slot_start": "{day}T14:00", "slot_end": "{day}T16:00"}}'
    for number, (code, day) in enumerate(DAYS.items(), start=1)
)
UNTIL_THE_SESSION = f"""# Jusqu'à la fin de la première séance
start: 2026-03-02 09:00 by gp
at 2026-03-03 10:00 etp_coordinator completes check_eligibility
at 2026-03-05 10:00 etp_coordinator completes inform_consent
at 2026-03-12 14:00 etp_educator completes educational_assessment
at 2026-03-16 14:00 etp_educator completes personal_programme with {{"sessions": [{PLANNED}]}}
advance to 2026-03-31 16:05
"""


@dataclass
class Group:
    """A group of patients expected at four slots."""

    scene: Scene
    slots: dict[str, UUID]
    cases: list[UUID]

    def actor(self, login: str) -> Actor:
        with self.scene.database.reading() as session:
            return actor_of(session, professional_id=self.scene.settled.professionals[login], today=OVER.date())

    def record(self, slot: str, *, status: str = "present", by: str = "sophie.lilas", key: str | None = None) -> object:
        lines = {case_id: Attendance(status=status) for case_id in self.cases}
        with self.scene.database.transaction() as session:
            found = education.record_attendance(
                session, slot_id=self.slots[slot], lines=lines, by=self.actor(by), now=self.scene.now, key=key
            )
        self.scene.live(self.scene.now)
        return found

    def open(self, element_id: str) -> int:
        return len([task for case_id in self.cases for task in self.scene.open_tasks(case_id)
                    if task.element_id == element_id])  # fmt: skip


def gather(scene: Scene, people: int) -> Group:
    """A declared programme with four slots, and so many patients whose programme names them."""
    walk = parse_walk(UNTIL_THE_SESSION, name="group")
    professionals = scene.settled.professionals
    engine = system_actor(scene.settled.territory_id)
    slots = {}
    with scene.database.transaction() as session:
        team = {professionals["sophie.lilas"]: date(2020, 5, 4)}
        program_id = education.create_program(
            session, name="Diabète du Val d'Aubelle", declaration_number="ETP-2026-001", declared_on=date(2026, 1, 5),
            coordinator_id=professionals["eva.noyer"], team=team, by=engine, now=scene.now,
        )  # fmt: skip
        template_id = education.add_template(
            session, program_id=program_id, code="S1", title="Comprendre le diabète", minutes=120, places=GROUP,
            by=engine, now=scene.now,
        )  # fmt: skip
        for code, day in DAYS.items():
            starts = datetime.fromisoformat(f"{day}T12:00+00:00")
            slots[code] = education.create_slot(
                session, template_id=template_id, code=code, starts_at=starts, ends_at=starts + timedelta(hours=2),
                room="Salle bleue", by=engine, now=scene.now,
            )  # fmt: skip
    for patient in list(scene.settled.patients)[:people]:
        played = perform_on(
            scene.database, walk, settled=scene.settled, pathway_key="etp_diabetes",
            answers=scene.usual("etp_diabetes"), patient=patient,
        )  # fmt: skip
        assert played.failures == ()
    with scene.database.reading() as session:
        cases = session.execute(select(Case.id).where(Case.closed_at.is_(None)).order_by(Case.number)).scalars().all()
    scene.now = OVER
    return Group(scene, slots, list(cases))


@pytest.fixture
def group(sqlite_databases: SqliteDatabases) -> Iterator[Group]:
    scene = scene_in(sqlite_databases.new(prepare=prepare))
    yield gather(scene, GROUP)
    scene.database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def one(request: pytest.FixtureRequest) -> Iterator[Group]:
    if request.param == "sqlite":
        files: SqliteDatabases = request.getfixturevalue("sqlite_databases")
        scene = scene_in(files.new(prepare=prepare))
        yield gather(scene, 1)
        scene.database.close()
    else:
        clones: PostgresDatabases = request.getfixturevalue("postgres_databases")
        with clones.new(prepare=prepare) as url:
            scene = scene_in(url)
            yield gather(scene, 1)
            scene.database.close()


def browser(group: Group, login: str) -> Browser:
    """The educator's browser, at the end of the session."""
    database: Database = group.scene.database
    offset = int((group.scene.now - utcnow()).total_seconds())
    with database.transaction() as session:
        session.execute(update(TerritoryRow).values(clock_offset_seconds=offset))
    app = create_app(read_settings({}), database)
    app.testing = True
    return Browser(app, database).sign_in(login)


def test_a_session_of_ten_is_recorded_once_on_its_page_and_ten_cases_advance(group: Group) -> None:
    sophie = browser(group, "sophie.lilas")
    assert group.open("record_session") == GROUP
    assert "10 patients attendus" in text_of(sophie.get("/seances"))
    address = f"/seances/{group.slots['slot-a']}"
    page = sophie.get(address)
    names = set(re.findall(r'name="(presence-[^"]+)"', page.get_data(as_text=True)))
    key = re.findall(r'name="cle" value="([^"]+)"', page.get_data(as_text=True))[0]
    levels = {name.replace("presence", "niveau"): "2" for name in names}
    sent = {**dict.fromkeys(names, "present"), **levels, "competence": "understand", "cle": key}

    assert len(names) == GROUP
    refused = sophie.post(address, {"cle": key}, token_from=address)
    assert refused.status_code == 422
    assert group.open("record_session") == GROUP
    for _ in range(2):  # the button pressed twice
        assert sophie.post(address, sent, token_from="/seances").status_code == 303
    again = sophie.post(address, {**sent, "cle": "another"}, token_from="/seances")

    assert again.status_code == 409
    assert "Présences enregistrées par" in text_of(sophie.get(address))
    group.scene.live(group.scene.now)
    assert group.open("record_session") == 0
    with group.scene.database.reading() as session:
        attended = session.execute(
            select(func.count()).where(CaseFact.name == "sessions_attended", CaseFact.superseded_at.is_(None))
        ).scalar_one()
        noted = session.execute(select(EtpPlace.attendance)).scalars().all()
    assert (attended, noted) == (GROUP, ["present"] * GROUP)


def test_a_session_is_seen_by_its_team_only(one: Group) -> None:
    with one.scene.database.reading() as session, pytest.raises(NotFound):
        slot_page(session, slot_id=one.slots["slot-a"], by=one.actor("claire.mesange"), now=OVER)
    with pytest.raises(NotFound):
        one.record("slot-a", by="claire.mesange")
    with one.scene.database.reading() as session:
        page = slot_page(session, slot_id=one.slots["slot-a"], by=one.actor("eva.noyer"), now=OVER)
    assert [(each.case_id, each.attendance) for each in page.attendees] == [(one.cases[0], None)]


def test_a_session_is_recorded_after_it_began_with_words_that_are_known_and_not_twice(one: Group) -> None:
    with pytest.raises(Conflict, match="pas encore commencé"):
        one.record("slot-b")
    with pytest.raises(InvalidRequest, match="présent, excusé ou absent"):
        one.record("slot-a", status="perhaps")
    first = one.record("slot-a", key="k")

    assert one.record("slot-a", key="k") == first
    with pytest.raises(Conflict, match="déjà été enregistrée par"):
        one.record("slot-a", key="other")


def test_a_full_session_takes_nobody_more(one: Group) -> None:
    engine = system_actor(one.scene.settled.territory_id)
    with one.scene.database.transaction() as session:
        education.book(session, slot_id=one.slots["slot-b"], case_id=one.cases[0], by=engine, now=OVER)
        education.book(session, slot_id=one.slots["slot-b"], case_id=one.cases[0], by=engine, now=OVER)
        assert session.execute(select(func.count()).select_from(EtpPlace)).scalar_one() == 1
    one.record("slot-a")
    other = one.scene.start("hospital_discharge")
    with one.scene.database.transaction() as session, pytest.raises(Conflict, match="déjà enregistrée"):
        education.book(session, slot_id=one.slots["slot-a"], case_id=other, by=engine, now=OVER)


def test_two_absences_in_a_row_open_the_recontact_twice_in_one_programme(one: Group) -> None:
    opened = []
    for code, day in DAYS.items():
        one.scene.live(datetime.fromisoformat(f"{day}T14:30+00:00"))
        one.record(code, status="absent")
        opened.append(one.open("recontact_patient"))
        if opened[-1]:
            [recontact] = [task for task in one.scene.open_tasks() if task.element_id == "recontact_patient"]
            answers = {
                "recontact_reached": True, "recontact_reason": "motivation", "recontact_wish": "resume"
            }  # fmt: skip
            one.scene.do(tasks.complete, task_id=recontact.id, answers=answers, key=None)

    assert opened == [0, 1, 0, 1]
    with one.scene.database.reading() as session:
        states = session.execute(
            select(Task.state).where(Task.element_id == "recontact_patient").order_by(Task.opened_at)
        ).scalars()
        assert list(states) == ["completed", "completed"]
