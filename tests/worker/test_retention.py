"""Forgetting in time: who is erased when, what the night deletes, what is held back, and the certificates."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from engine.commands import cases, erasures, patients, retention
from engine.commands.erasures import erase
from engine.errors import Conflict, InvalidRequest, NotAllowed
from engine.models import (
    Account,
    AuditEvent,
    Case,
    CaseState,
    EarlyMessage,
    ErasureHold,
    IdempotencyKey,
    Job,
    Outbox,
    Patient,
    SignIn,
)
from engine.queries.retention import RetentionPage, retention_page
from engine.retention import LENGTHS, Kept
from tests.engine.commands import small_pathways
from tests.engine.commands.world import World
from worker.retention import BY_ITSELF, carry_on, purge_night

TWO_YEARS = timedelta(days=LENGTHS[Kept.CLOSED_CASES].usual)


def somebody(world: World, name: str) -> UUID:
    return world.do(
        patients.register_patient,
        birth_name=f"DEMO-{name}",
        given_name="Zoé",
        sex="female",
        birth_date=date(1950, 2, 3),
    )


def close_case(world: World, patient_id: UUID) -> UUID:
    case_id = world.start("timed", patient_id=patient_id)
    world.do(cases.cancel, by="maud", case_id=case_id, reason="fin")
    return case_id


def page(world: World) -> RetentionPage:
    return world.read(lambda session: retention_page(session, by=world.actor("maud"), now=world.now))


def due(world: World, what: Kept) -> int:
    return next(one.due for one in page(world).classes if one.what is what)


def purge(world: World, *, seen: int) -> Job:
    job_id = world.do(retention.begin_purge, by="maud", seen=seen)
    carry_on(world.database, job_id, territory_id=world.territory_id, now=world.now)
    return world.rows(Job, id=job_id)[0]


def erased(world: World) -> set[UUID]:
    return {one.id for one in world.rows(Patient) if one.erased_at is not None}


@pytest.fixture(autouse=True)
def pathway(world: World) -> None:
    world.publish(small_pathways.timed())


class TestPersons:
    def test_a_person_is_due_the_moment_after_the_last_closing_is_old_enough(self, world: World) -> None:
        close_case(world, world.patient_id)
        world.now += TWO_YEARS
        assert due(world, Kept.CLOSED_CASES) == 0
        world.now += timedelta(seconds=1)
        assert due(world, Kept.CLOSED_CASES) == 1

    def test_a_purge_erases_those_who_are_due_and_nobody_else(self, world: World) -> None:
        gone, back, open_, never = world.patient_id, *(somebody(world, name) for name in ("AULNE", "BULLE", "CIGUE"))
        close_case(world, gone)
        close_case(world, back)
        world.start("timed", patient_id=open_)
        world.now += TWO_YEARS
        close_case(world, back)
        world.now += timedelta(days=1)

        job = purge(world, seen=1)

        assert erased(world) == {gone}
        assert never not in erased(world) and job.finished_at == world.now
        assert (job.detail["erased"], job.detail["cases"], job.detail["patients"]) == (1, 1, [])
        assert "ABEILLE" not in str(job.detail) and str(gone) not in str(job.detail)
        assert any(event.action == "patients.erase" and event.patient_id == gone for event in world.rows(AuditEvent))

    def test_somebody_who_comes_back_while_the_purge_runs_is_left_alone(self, world: World) -> None:
        other = somebody(world, "AULNE")
        close_case(world, world.patient_id)
        close_case(world, other)
        world.now += TWO_YEARS + timedelta(days=1)
        job_id = world.do(retention.begin_purge, by="maud", seen=2)
        last = UUID(world.rows(Job, id=job_id)[0].detail["patients"][1])
        with world.database.transaction() as session:
            assert retention.purge_next(session, job_id=job_id, territory_id=world.territory_id, now=world.now)
        world.start("timed", patient_id=last)

        carry_on(world.database, job_id, territory_id=world.territory_id, now=world.now)

        assert last not in erased(world) and len(erased(world)) == 1
        detail = world.rows(Job, id=job_id)[0].detail
        assert (detail["erased"], detail["passed"]) == (1, 1)

    def test_one_failure_is_passed_over_and_said(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        other = somebody(world, "AULNE")
        close_case(world, world.patient_id)
        close_case(world, other)
        world.now += TWO_YEARS + timedelta(days=1)

        def failing(session: Session, *, patient_id: UUID, **rest: Any) -> Any:
            if patient_id == other:
                raise RuntimeError("broken")
            return erase(session, patient_id=patient_id, **rest)

        monkeypatch.setattr(erasures, "erase", failing)

        detail = purge(world, seen=2).detail

        assert (detail["erased"], detail["passed"]) == (1, 1) and erased(world) == {world.patient_id}

    def test_what_was_announced_is_what_is_confirmed(self, world: World) -> None:
        with pytest.raises(Conflict, match="Personne"):
            world.do(retention.begin_purge, by="maud", seen=0)
        close_case(world, world.patient_id)
        world.now += TWO_YEARS + timedelta(days=1)
        with pytest.raises(Conflict, match="La liste a changé : 1"):
            world.do(retention.begin_purge, by="maud", seen=3)
        world.do(retention.begin_purge, by="maud", seen=1)
        with pytest.raises(Conflict, match="déjà en cours"):
            world.do(retention.begin_purge, by="maud", seen=1)

    def test_only_the_coordination_purges(self, world: World) -> None:
        with pytest.raises(NotAllowed):
            world.do(retention.begin_purge, by="claire", seen=1)


class TestHoldingBack:
    def test_a_complaint_keeps_a_person_out_of_purge_and_erasure_until_it_ends(self, world: World) -> None:
        close_case(world, world.patient_id)
        world.now += TWO_YEARS + timedelta(days=1)
        world.do(retention.hold_back, by="maud", patient_id=world.patient_id, reason="complaint")
        assert due(world, Kept.CLOSED_CASES) == 0 and page(world).held_back == 1
        with pytest.raises(Conflict, match="suspendu"):
            world.do(erase, by="maud", patient_id=world.patient_id)
        with pytest.raises(Conflict, match="déjà suspendu"):
            world.do(retention.hold_back, by="maud", patient_id=world.patient_id, reason="inquiry")

        world.do(retention.release, by="maud", patient_id=world.patient_id)

        assert due(world, Kept.CLOSED_CASES) == 1 and world.rows(ErasureHold) == []
        assert purge(world, seen=1).detail["erased"] == 1

    def test_a_reason_is_one_of_the_known_ones(self, world: World) -> None:
        with pytest.raises(InvalidRequest, match="réclamation"):
            world.do(retention.hold_back, by="maud", patient_id=world.patient_id, reason="because")


class TestTheNight:
    def test_what_is_old_goes_and_what_is_not_stays(self, world: World) -> None:
        case_id = world.start("timed")
        closed = close_case(world, somebody(world, "AULNE"))
        with world.database.transaction() as session:
            for age in (timedelta(days=1), timedelta(days=4_000)):
                _leave(session, world, age, case_id, closed)
        before = {what: due(world, what) for what in BY_ITSELF}
        assert all(count >= 1 for count in before.values()), before

        deleted = purge_night(world.database, territory_id=world.territory_id, now=world.now)

        assert deleted == sum(before.values())
        assert all(due(world, what) == 0 for what in BY_ITSELF)
        assert len(world.rows(EarlyMessage)) == 1 and len(world.rows(CaseState)) == 1
        assert {row.state for row in world.rows(Outbox, template="old")} == {"waiting", "sent"}
        certificate = world.rows(Job, kind="nightly_purge")[0]
        assert certificate.detail["deleted"] == {what.value: count for what, count in before.items()}

    def test_the_night_comes_once(self, world: World) -> None:
        purge_night(world.database, territory_id=world.territory_id, now=world.now)
        world.now += timedelta(hours=19)
        assert purge_night(world.database, territory_id=world.territory_id, now=world.now) == 0
        assert len(world.rows(Job, kind="nightly_purge")) == 1
        world.now += timedelta(hours=2)
        purge_night(world.database, territory_id=world.territory_id, now=world.now)
        assert len(world.rows(Job, kind="nightly_purge")) == 2

    def test_more_than_one_transaction_holds_is_deleted_in_one_night(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(retention, "AT_ONCE", 3)
        with world.database.transaction() as session:
            for number in range(8):
                session.execute(
                    insert(IdempotencyKey).values(
                        territory_id=world.territory_id, key=f"old-{number}", command="x", answer={},
                        created_at=world.now - timedelta(days=400),
                    )
                )  # fmt: skip
        purge_night(world.database, territory_id=world.territory_id, now=world.now)
        assert [row.key for row in world.rows(IdempotencyKey) if row.key.startswith("old-")] == []


class TestLengths:
    def test_a_territory_chooses_within_bounds(self, world: World) -> None:
        close_case(world, world.patient_id)
        world.now += timedelta(days=400)
        assert due(world, Kept.CLOSED_CASES) == 0
        world.do(retention.choose_length, by="maud", what=Kept.CLOSED_CASES, days=365)
        assert due(world, Kept.CLOSED_CASES) == 1
        for days in (29, 7_301):
            with pytest.raises(InvalidRequest, match="entre 30 et 7300"):
                world.do(retention.choose_length, by="maud", what=Kept.CLOSED_CASES, days=days)
        with pytest.raises(NotAllowed):
            world.do(retention.choose_length, by="claire", what=Kept.CLOSED_CASES, days=365)


def _leave(session: Session, world: World, age: timedelta, open_case: UUID, closed_case: UUID) -> None:
    """One row of each class, that old."""
    at, territory = world.now - age, world.territory_id
    session.add(
        EarlyMessage(territory_id=territory, case_id=open_case, name="x", payload={}, received_at=at,
                     expires_at=at + timedelta(days=3))
    )  # fmt: skip
    for state, case_id in (("sent", closed_case), ("sent", open_case), ("waiting", closed_case)):
        session.add(
            Outbox(territory_id=territory, case_id=case_id, channel="email", template="old", parameters={},
                   created_at=at, not_before=at, state=state)
        )  # fmt: skip
    session.add(IdempotencyKey(territory_id=territory, key=f"k{age.days}", command="x", answer={}, created_at=at))
    session.add(CaseState(territory_id=territory, case_id=open_case, version=age.days, kept_at=at, control_state=b"x"))
    account = session.execute(select(Account.id).limit(1)).scalar_one()
    session.add(
        SignIn(territory_id=territory, account_id=account, token_hash=uuid4().hex, opened_at=at, last_seen_at=at)
    )
    session.add(Job(territory_id=territory, kind="migration", created_at=at, finished_at=at))
    session.execute(update(Case).where(Case.id == closed_case).values(last_touch_at=at))
