"""What is due is done once, whatever happens to its neighbours; letters leave without health data."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import select, update

from engine.clock import utcnow
from engine.commands import people
from engine.commands.outbox import Letter
from engine.db import Database
from engine.models import Case, CaseHistory, Outbox, TerritoryRow, Timer
from engine.settings import Settings
from tests.engine.commands import small_pathways
from tests.engine.commands.world import World, make_world, prepare
from tests.support.databases import SqliteDatabases
from tests.support.sealed import of_case
from worker.app import make_celery, start_embedded
from worker.channels import Channels
from worker.channels.files import FileMailbox
from worker.sweeps import advance, sweep_outbox, sweep_timers

BASE = "http://127.0.0.1:8000"


class Post:
    """Keeps the letters it is given; refuses them while `closed`."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.closed = False
        self.arrived = threading.Event()

    def send(self, letter: Letter) -> None:
        if self.closed:
            raise OSError("closed")
        self.letters.append(letter)
        self.arrived.set()


def another_patient(world: World) -> UUID:
    return world.do(
        people.register_patient,
        birth_name="DEMO-BRUYERE",
        given_name="Carine",
        sex="female",
        birth_date=date(1958, 6, 4),
        commune_insee="00001",
    )


def fired(world: World) -> int:
    return len(world.rows(CaseHistory, kind="fired"))


def test_a_due_timer_fires_once_however_often_one_sweeps(world: World) -> None:
    world.publish(small_pathways.timed())
    world.start("timed")
    before = fired(world)
    sweep_timers(world.database)
    after = fired(world)
    sweep_timers(world.database)

    assert after > before
    assert fired(world) == after


def test_one_broken_case_does_not_stop_the_others(world: World) -> None:
    world.publish(small_pathways.timed())
    broken, sound = world.start("timed"), world.start("timed", patient_id=another_patient(world))
    with world.database.transaction() as session:
        state = of_case(session, b"unreadable", broken)
        session.execute(update(Case).where(Case.id == broken).values(control_state=state))
    sweep_timers(world.database)

    with world.database.reading() as session:
        left = session.execute(select(Timer.case_id).where(Timer.due_at <= utcnow(), Timer.kind == "step")).scalars()
        assert set(left) <= {broken}
    assert world.rows(CaseHistory, case_id=sound, kind="fired")
    assert world.case(broken).control_state == b"unreadable"


def test_a_letter_says_a_reference_and_nothing_about_the_patient(world: World, tmp_path: Path) -> None:
    world.publish(small_pathways.offers())
    world.start("offers")
    sweep_outbox(world.database, Channels({"email": FileMailbox(tmp_path, BASE)}))

    letters = [file.read_text(encoding="utf-8") for file in tmp_path.glob("*.eml")]
    assert letters
    for letter in letters:
        assert "ABEILLE" not in letter
        assert "Josette" not in letter
        assert "T-" in letter
        assert f"{BASE}/taches/" in letter
    assert {row.state for row in world.rows(Outbox, channel="email")} == {"sent"}


def test_a_letter_that_cannot_leave_is_kept_for_later(world: World) -> None:
    world.publish(small_pathways.offers())
    world.start("offers")
    post = Post()
    post.closed = True
    sweep_outbox(world.database, Channels({"email": post}))

    waiting = world.rows(Outbox, channel="email")
    assert {(row.state, row.problem) for row in waiting} == {("waiting", "OSError")}
    assert all(row.not_before > utcnow() + timedelta(seconds=30) for row in waiting)

    post.closed = False
    with world.database.transaction() as session:
        session.execute(update(Outbox).values(not_before=utcnow() - timedelta(minutes=1)))
    sweep_outbox(world.database, Channels({"email": post}))
    assert len(post.letters) == len(waiting)


def test_moving_a_demo_clock_lives_through_what_was_due_on_the_way(world: World) -> None:
    world.publish(small_pathways.timed())
    case_id = world.start("timed")
    post = Post()
    moved = timedelta(days=30)
    advance(
        world.database,
        Channels({"email": post}),
        territory_id=world.territory_id,
        seconds=int(moved.total_seconds()),
        now=world.now,
    )

    moments = [row.at for row in world.rows(CaseHistory, case_id=case_id, kind="fired")]
    assert moments == sorted(moments)
    assert all(world.now < moment < world.now + moved for moment in moments)
    [territory] = world.rows(TerritoryRow)
    assert territory.clock_offset_seconds == int(moved.total_seconds())


def test_the_embedded_worker_sweeps_by_itself(sqlite_databases: SqliteDatabases, tmp_path: Path) -> None:
    database = Database(sqlite_databases.new(prepare=prepare))
    world = make_world(database)
    world.publish(small_pathways.offers())
    world.start("offers")
    post = Post()
    settings = Settings(
        database_url=database.url.render_as_string(hide_password=False),
        redis_url=None,
        secret_key="test",
        mode="demo",
        data_dir=tmp_path,
        base_url=BASE,
        smtp_url=None,
    )
    start_embedded(make_celery(settings, database, Channels({"email": post})))

    assert post.arrived.wait(45)
