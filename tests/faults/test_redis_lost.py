"""Redis is lost under the production worker and comes back: what fell due meanwhile is done, once."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest

from engine.commands import people
from engine.models import CaseHistory
from tests.engine.commands import small_pathways
from tests.engine.commands.conftest import pg_world
from tests.engine.commands.world import World
from tests.support.places import ROOT
from tests.support.running import clean_environment, command
from tests.support.servers import absent, free_port, redis_answers, wait_until_it_answers

__all__ = ["pg_world"]

PATIENCE = 120
TWO_SWEEPS_SECONDS = 12


@dataclass
class OwnRedis:
    """A Redis at one address, which may be killed and started again."""

    port: int = field(default_factory=free_port)

    def start(self) -> None:
        program = shutil.which("redis-server")
        if program is None:
            absent("Redis", "redis-server")
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL, cwd=tempfile.gettempdir())
        wait_until_it_answers("Redis", lambda: redis_answers(self.port), self.process)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)


@pytest.fixture
def redis_of_our_own() -> Iterator[OwnRedis]:
    redis = OwnRedis()
    redis.start()
    yield redis
    redis.kill()


@pytest.fixture
def production(pg_world: World, redis_of_our_own: OwnRedis, tmp_path: Path) -> Iterator[None]:
    """One worker and one clock, as an installation has them."""
    environment = clean_environment(
        PARCOURS_DATABASE_URL=pg_world.database.url.render_as_string(hide_password=False),
        PARCOURS_REDIS_URL=f"redis://127.0.0.1:{redis_of_our_own.port}/0",
        PARCOURS_DATA_DIR=str(tmp_path),
    )
    with ExitStack() as stack:
        log = stack.enter_context((tmp_path / "worker.log").open("wb"))
        for words in (("worker", "--concurrency", "1"), ("beat",)):
            process = subprocess.Popen(command(*words), cwd=ROOT, env=environment, stdout=log, stderr=log)
            stack.callback(process.wait, 30)
            stack.callback(process.terminate)
        yield


def another_patient(world: World) -> UUID:
    return world.do(
        people.register_patient,
        birth_name="DEMO-BRUYERE",
        given_name="Carine",
        sex="female",
        birth_date=date(1958, 6, 4),
        commune_insee="00001",
    )


def until(happened: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline, f"{what}: not within {PATIENCE} s"
        time.sleep(0.5)


@pytest.mark.faults
@pytest.mark.slow
@pytest.mark.redis
def test_timers_due_while_redis_is_away_fire_once_when_it_is_back(
    pg_world: World, redis_of_our_own: OwnRedis, production: None
) -> None:
    world = pg_world

    def fired(case_id: object) -> int:
        return len(world.rows(CaseHistory, case_id=case_id, kind="fired"))

    world.publish(small_pathways.timed())
    before = world.start("timed")
    until(lambda: fired(before) > 0, "the worker sweeps")
    usual = fired(before)

    redis_of_our_own.kill()
    meanwhile = world.start("timed", patient_id=another_patient(world))
    time.sleep(TWO_SWEEPS_SECONDS)
    assert fired(meanwhile) == 0

    redis_of_our_own.start()
    until(lambda: fired(meanwhile) > 0, "the worker sweeps again")
    time.sleep(TWO_SWEEPS_SECONDS)
    assert fired(meanwhile) == usual
    assert fired(before) == usual
