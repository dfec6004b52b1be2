"""A group session is recorded once by the educator, and the case of each patient moves on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import func, select

from engine.commands import messages
from engine.db import Database
from engine.errors import NotAllowed
from engine.expressions import from_json
from engine.library import shared_files, shipped_files
from engine.models import OPEN_TASK_STATES, Case, CaseFact, Task
from engine.queries.actors import actor_of
from engine.walks.perform import perform_on
from engine.walks.script import parse_walk
from engine.walks.stage import Stage, copy_of, stage
from engine.walks.suite import shipped_walks

GROUP = 10
AFTER_THE_SESSION = datetime(2026, 3, 31, 14, 30, tzinfo=UTC)
UNTIL_THE_SESSION_IS_OVER = """# Jusqu'à la fin de la première séance
start: 2026-03-02 09:00 by gp
at 2026-03-03 10:00 etp_coordinator completes check_eligibility
at 2026-03-05 10:00 etp_coordinator completes inform_consent
at 2026-03-12 14:00 etp_educator completes educational_assessment
at 2026-03-16 14:00 etp_educator completes personal_programme
advance to 2026-03-31 16:05
expect open: record_session
"""


@pytest.fixture(scope="module")
def group() -> Iterator[tuple[Database, Stage]]:
    _, answers = shipped_walks("etp_diabetes")
    files = {**shared_files(), **shipped_files("etp_diabetes")}
    walk = parse_walk(UNTIL_THE_SESSION_IS_OVER, name="group")
    with (
        stage("etp_diabetes", files, others={}, answers=answers) as scene,
        copy_of(scene, time_zone="Europe/Paris", holidays="FR") as database,
    ):
        for patient in list(scene.settled.patients)[:GROUP]:
            performance = perform_on(
                database,
                walk,
                settled=scene.settled,
                pathway_key="etp_diabetes",
                answers=scene.answers,
                patient=patient,
            )
            assert performance.failures == ()
        yield database, scene


def _sent_by(database: Database, scene: Stage, login: str, case_id: UUID) -> messages.Delivery:
    """What the page of a slot sends for one line of its table."""
    with database.transaction() as session:
        by = actor_of(session, professional_id=scene.settled.professionals[login], today=AFTER_THE_SESSION.date())
        return messages.deliver(
            session,
            name="attendance",
            payload={
                "slot_id": "slot-a",
                "status": "present",
                "competences": [{"code": "understand", "level": "2"}],
                "stop": False,
            },
            case_id=case_id,
            correlation_key="slot-a",
            by=by,
            now=AFTER_THE_SESSION,
            key=f"slot-a:{case_id}",
        )


def _open_records(database: Database) -> int:
    with database.reading() as session:
        return session.execute(
            select(func.count())
            .select_from(Task)
            .where(Task.element_id == "record_session", Task.state.in_(OPEN_TASK_STATES))
        ).scalar_one()


def test_a_slot_page_filled_once_moves_ten_cases(group: tuple[Database, Stage]) -> None:
    database, scene = group
    with database.reading() as session:
        case_ids = session.execute(select(Case.id).where(Case.closed_at.is_(None))).scalars().all()
    assert _open_records(database) == len(case_ids) == GROUP

    with pytest.raises(NotAllowed):
        _sent_by(database, scene, "lina.verveine", case_ids[0])
    for _ in range(2):  # a page sent twice counts once
        assert all(_sent_by(database, scene, "sophie.lilas", case_id).delivered for case_id in case_ids)

    assert _open_records(database) == 0
    with database.reading() as session:
        counts = session.execute(
            select(CaseFact.value).where(CaseFact.name == "sessions_attended", CaseFact.superseded_at.is_(None))
        ).scalars()
        assert [from_json(value) for value in counts] == [1] * GROUP
