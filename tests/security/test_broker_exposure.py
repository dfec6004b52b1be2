"""Broker exposure: Redis is behind a password, runs nothing that is put into it, and never sees a patient."""

from __future__ import annotations

import base64
import json
import os
import pickle
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
import yaml
from kombu.connection import Connection
from kombu.entity import Exchange, Queue
from sqlalchemy import update

from engine.models import CaseHistory, Outbox, Patient
from engine.settings import read_settings
from tests.engine.commands import small_pathways
from tests.engine.commands.world import World
from tests.faults.test_redis_lost import OwnRedis, production, redis_of_our_own, until
from tests.support.places import ROOT
from tests.support.sealed import of_patient
from tests.support.servers import absent, free_port
from tests.web import town
from tests.web.browser import Browser
from web.app import create_app
from worker.app import make_celery
from worker.channels import Channels

__all__ = ["production", "redis_of_our_own"]

MARKER = "ZQXMARQUEURZQX"
QUEUE = Queue("celery", Exchange("celery"), routing_key="celery")


class Payload:
    """What a stranger who reaches the queue would like a worker to unpack."""

    def __init__(self, proof: Path) -> None:
        self.proof = proof

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.proof),)


def test_tasks_are_json_carry_nothing_and_keep_no_result(world: World, tmp_path: Path) -> None:
    settings = read_settings({"PARCOURS_DATA_DIR": str(tmp_path), "PARCOURS_REDIS_URL": "redis://broker/0"})
    app = make_celery(settings, world.database, Channels({}))

    assert list(app.conf.accept_content) == ["json"] and app.conf.task_serializer == "json"
    assert app.conf.task_ignore_result and app.conf.result_backend is None
    ours = [task for name, task in app.tasks.items() if name.startswith("parcours.")]
    assert ours and all(task.run.__code__.co_argcount == 0 for task in ours)


@pytest.mark.faults
@pytest.mark.slow
@pytest.mark.redis
def test_what_a_stranger_puts_on_the_queue_is_refused_and_not_run(
    pg_world: World, redis_of_our_own: OwnRedis, production: None, tmp_path: Path
) -> None:
    proof, url = tmp_path / "executed", f"redis://127.0.0.1:{redis_of_our_own.port}/0"
    headers = {"id": "1", "task": "parcours.timers", "lang": "py"}
    with Connection(url) as connection:
        producer = connection.Producer(serializer="pickle")
        producer.publish(Payload(proof), exchange="", routing_key="celery", declare=[QUEUE], headers=headers)
        body = base64.b64encode(pickle.dumps(Payload(proof))).decode()
        for headers_and_body in ({**headers, "task": "os.system"}, {**headers, "task": "celery.backend_cleanup"}):
            connection.Producer(serializer="json").publish(
                [[f"mkdir {proof}", body], {}, {}], exchange="", routing_key="celery", headers=headers_and_body
            )
    pg_world.publish(small_pathways.timed())
    case_id = pg_world.start("timed")

    until(lambda: bool(pg_world.rows(CaseHistory, case_id=case_id, kind="fired")), "the worker goes on sweeping")
    log = tmp_path / "worker.log"
    until(lambda: "pickle" in log.read_text(errors="replace"), "the worker says what it refused")

    assert not proof.exists()
    assert "os.system" in log.read_text(errors="replace"), "an unknown task is said and thrown away"


@pytest.fixture
def overheard(redis_of_our_own: OwnRedis) -> Iterator[list[str]]:
    """Every command that any client sends to Redis meanwhile."""
    said: list[str] = []
    client = redis.Redis(port=redis_of_our_own.port, socket_timeout=None)
    with client.monitor() as monitor:

        def listen() -> None:
            try:
                for command in monitor.listen():
                    said.append(str(command["command"]))
            except (redis.ConnectionError, ValueError, OSError):
                return  # Redis is gone: the test has ended

        threading.Thread(target=listen, daemon=True).start()
        yield said


@pytest.mark.slow
@pytest.mark.redis
def test_nothing_of_a_patient_passes_through_redis_or_stays_in_it(
    pg_world: World, redis_of_our_own: OwnRedis, overheard: list[str], production: None
) -> None:
    url = f"redis://127.0.0.1:{redis_of_our_own.port}/0"
    with pg_world.database.transaction() as session:
        names = of_patient(session, MARKER)
        session.execute(update(Patient).values(birth_name=names, given_name=names, phone=names, address=names))
    pg_world.publish(small_pathways.workload())
    case_id = pg_world.start("workload")
    number = pg_world.case(case_id).number
    web = create_app(read_settings({"PARCOURS_REDIS_URL": url}), pg_world.database)
    with pg_world.database.reading() as session:
        account = str(town.account_of(session, "claire"))
    claire = Browser(web, pg_world.database)
    assert claire.post("/connexion/demo", {"account_id": account}, token_from="/connexion").status_code == 303
    claire.post("/connexion", {"login": MARKER, "password": MARKER}, token_from="/connexion")
    visit = claire.task("Évaluer", "a-prendre")
    assert MARKER in claire.get(visit).get_data(as_text=True)
    claire.get(f"/recherche?q={MARKER}")
    assert claire.post(visit, {"risk": MARKER, "idempotency_key": "k"}).status_code == 303
    claire.get(f"/dossiers/{number}")
    until(lambda: any("parcours.outbox" in one for one in list(overheard)), "the clock speaks to the worker")
    until(lambda: all(row.state != "waiting" for row in pg_world.rows(Outbox)), "the letters have left")

    client = redis.Redis.from_url(url)
    kept = b"".join(key + (client.dump(key) or b"") for key in client.scan_iter("*"))
    assert any("LIMIT" in one.upper() for one in overheard), "the limits are counted there"
    assert MARKER.encode() not in kept
    assert MARKER not in "\n".join(overheard) and base64.b64encode(MARKER.encode()).decode() not in "\n".join(overheard)
    tasks = 0
    for encoded in re.findall(r'"body":\s*"([A-Za-z0-9+/=]+)"', "\n".join(overheard).replace('\\"', '"')):
        content = json.loads(base64.b64decode(encoded))
        if isinstance(content, list):  # a task; the rest is what workers say to each other
            assert content[:2] == [[], {}]
            tasks += 1
    assert tasks


COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))


def test_redis_is_published_to_nobody_and_stands_in_the_inner_network() -> None:
    service = COMPOSE["services"]["redis"]

    assert "ports" not in service and service["networks"] == ["inside"]
    assert COMPOSE["networks"]["inside"]["internal"] is True
    assert "ports" not in COMPOSE["services"]["postgres"]


def test_redis_answers_nothing_without_the_password(tmp_path: Path) -> None:
    """The very command of docker-compose.yml, with a secret of its own and another port."""
    if shutil.which("redis-server") is None:
        absent("Redis", "redis-server")
    shell, option, command = COMPOSE["services"]["redis"]["command"]
    (tmp_path / "redis_password").write_text("une-phrase-de-passe")
    port = free_port()
    process = subprocess.Popen(
        [shell, option, command.replace("$$", "$").replace("port 6379", f"port {port}")],
        env={"PATH": os.environ["PATH"], "REDIS_PASSWORD_FILE": str(tmp_path / "redis_password")},
        stdout=subprocess.DEVNULL, cwd=tmp_path,
    )  # fmt: skip
    try:
        with_password = redis.Redis(port=port, password="une-phrase-de-passe")
        _until_it_answers(with_password.ping)
        assert with_password.config_get("save")["save"] == "" and with_password.config_get("appendonly")
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(port=port).ping()
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(port=port, password="autre").ping()
    finally:
        process.terminate()
        process.wait(10)


def _until_it_answers(ask: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            ask()
        except redis.ConnectionError:
            time.sleep(0.05)  # another process starts: there is nothing to wait on but its door
        else:
            return
    raise AssertionError("Redis did not start.")
