"""SSRF: no address written in a model, a form or an answer is ever asked; the server speaks to those it is told of."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from engine.bpmn.reader import read
from engine.commands import pathways
from engine.commands.outbox import Letter
from engine.db import Database
from engine.settings import read_settings
from tests.engine.bpmn_reader.drawing import bpmn, one_step
from tests.engine.commands import small_pathways
from tests.engine.commands.world import World, make_world, prepare
from tests.security.crawling import addresses, what_exists
from tests.support.databases import SqliteDatabases
from tests.support.servers import free_port
from tests.web.browser import Browser
from web.app import create_app
from worker.channels import channels_from
from worker.sweeps import sweep_outbox, sweep_timers

FORBIDDEN = (
    "http://169.254.169.254/meta-data/", "http://[::1]:{port}/", "http://127.0.0.1:{port}/", "http://0x7f.1:{port}/",
    "http://2130706433:{port}/", "http://localhost:{port}/", "file:///etc/passwd", "gopher://127.0.0.1:{port}/_x",
)  # fmt: skip


class Listener:
    """A door on this machine that counts who knocks."""

    def __init__(self) -> None:
        self.hits = 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.socket.getsockname()[1])
        threading.Thread(target=self._wait, daemon=True).start()

    def _wait(self) -> None:
        while True:
            try:
                caller, _address = self.socket.accept()
            except OSError:
                return  # the test has ended
            self.hits += 1
            caller.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    door = Listener()
    yield door
    door.socket.close()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every address that this process resolves or connects to, which it is refused."""
    attempts: list[Any] = []

    def refuse(*arguments: Any, **_more: Any) -> Any:
        attempts.append(arguments[1] if isinstance(arguments[0], socket.socket) else arguments[0])
        raise OSError("no connection in this test")

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return attempts


def _hostile_models(url: str) -> dict[str, bytes]:
    """The address in every attribute and expression where some engine would follow it."""
    camunda = (
        f'<serviceTask id="x" name="{url}" camunda:class="java.net.URL" camunda:expression="${{http.get(\'{url}\')}}" '
        f'camunda:delegateExpression="${{url}}" camunda:type="external" camunda:topic="{url}"><extensionElements>'
        "<camunda:connector><camunda:connectorId>http-connector</camunda:connectorId><camunda:inputOutput>"
        f'<camunda:inputParameter name="url">{url}</camunda:inputParameter></camunda:inputOutput></camunda:connector>'
        "</extensionElements></serviceTask>"
    )
    zeebe = (
        '<serviceTask id="x" name="REST"><extensionElements>'
        '<zeebe:taskDefinition type="io.camunda:http-json:1"/>'
        f'<zeebe:ioMapping><zeebe:input source="{url}" target="url"/></zeebe:ioMapping>'
        "</extensionElements></serviceTask>"
    )
    spiff = (
        '<serviceTask id="x" name="HTTP"><extensionElements><spiffworkflow:serviceTaskOperator id="http/GetRequest">'
        f'<spiffworkflow:parameters><spiffworkflow:parameter id="url" type="str" value="{url}"/>'
        "</spiffworkflow:parameters></spiffworkflow:serviceTaskOperator></extensionElements></serviceTask>"
    )
    form = f'<userTask id="x" name="f" camunda:formKey="{url}" camunda:formRef="{url}"/>'
    imported = f'<import importType="http://www.omg.org/spec/BPMN/20100524/MODEL" location="{url}" namespace="{url}"/>'
    script = f'<scriptTask id="x" name="s" scriptFormat="feel"><script>y = "{url}"</script></scriptTask>'
    send = f'<sendTask id="x" name="m" implementation="{url}" operationRef="{url}"/>'
    return {
        "camunda": one_step(camunda, dialect="camunda"), "zeebe": one_step(zeebe, dialect="zeebe"),
        "spiff": one_step(spiff, dialect="spiffworkflow"), "form": one_step(form, dialect="camunda"),
        "import": bpmn('<startEvent id="s"/><endEvent id="e"/><sequenceFlow id="f" sourceRef="s" targetRef="e"/>',
                       around=imported),
        "script": one_step(script), "send": one_step(send),
        "schema": one_step('<userTask id="x" name="u"/>').replace(
            b' id="d"', f' id="d" xsi:schemaLocation="{url} {url}" exporter="{url}"'.encode()),
    }  # fmt: skip


@pytest.mark.parametrize("address", FORBIDDEN)
def test_reading_and_checking_a_model_asks_no_address(address: str, asked: list[Any], listener: Listener) -> None:
    url = address.format(port=listener.port)
    for name, content in _hostile_models(url).items():
        read({f"{name}.bpmn": content})
        pathways.check({f"{name}.bpmn": content, "forms/a.json": f'{{"$ref": "{url}", "$schema": "{url}"}}'.encode()})

    assert asked == [] and listener.hits == 0


def test_running_such_a_model_asks_no_address_either(world: World, listener: Listener, tmp_path: Path) -> None:
    """On real sockets: the database is spoken to, the door is not."""
    ran = 0
    for place, (_name, content) in enumerate(_hostile_models(f"http://127.0.0.1:{listener.port}/").items()):
        named = content.replace(b'<process id="p"', f'<process id="p{place}"'.encode())
        files = {"a.bpmn": named, "roles.json": b'{"": "home_nurse"}'}
        result = read(files)
        if result.model is None or any(one.severity == "error" for one in pathways.check(files)):
            continue
        world.publish(files)
        case_id = world.start(f"p{place}")
        for step in world.open_steps(case_id):
            world.complete(case_id, step)
        ran += 1
    channels = channels_from(read_settings({"PARCOURS_DATA_DIR": str(tmp_path)}))
    sweep_timers(world.database)
    sweep_outbox(world.database, channels)

    assert ran >= 3 and listener.hits == 0


def test_what_people_type_is_never_followed(
    app: Flask, browser_of: Callable[[str], Browser], start_case: Callable[..., str], database: Database,
    listener: Listener,
) -> None:  # fmt: skip
    url = f"http://127.0.0.1:{listener.port}/"
    known = what_exists(database, start_case(stay=url))
    for login in ("maud", "helene", "claire", "hugo"):
        browser = browser_of(login)
        for address in addresses(app, "GET", known):
            browser.get(
                f"{address}?suite={url}&q={url}&url={url}&next={url}", headers={"Referer": url, "Host": "localhost"}
            )
        browser.post("/langue", {"locale": "fr", "suite": url})

    assert listener.hits == 0


def test_the_ways_out_are_those_of_the_settings_and_none_is_a_webhook(
    tmp_path: Path, asked: list[Any], listener: Listener
) -> None:
    settings = read_settings({"PARCOURS_DATA_DIR": str(tmp_path), "PARCOURS_SMTP_URL": "smtp://mail.invalid:2525"})
    channels = channels_from(settings)
    url = f"http://127.0.0.1:{listener.port}/"

    for channel in ("webhook", "http", url):
        with pytest.raises(OSError, match="No channel"):
            channels.send(_letter(channel, url))
    assert asked == []
    with pytest.raises(OSError, match="no connection"):
        channels.send(_letter("email", f"x@127.0.0.1:{listener.port}"))
    assert asked == ["mail.invalid"], "the server of the settings, whatever the address of the letter"


def _letter(channel: str, address: str) -> Letter:
    return Letter(
        id=1, territory_id=UUID(int=1), channel=channel, address=address, template="information",
        created_at=datetime(2026, 3, 2, tzinfo=UTC), path="//evil.invalid/",
    )  # fmt: skip


def test_the_provider_is_the_one_of_the_settings_whatever_the_request_says(
    database: Database, asked: list[Any], listener: Listener
) -> None:
    app = create_app(read_settings({"PARCOURS_OIDC_ISSUER": f"http://issuer.invalid:{free_port()}"}), database)
    url = f"http://127.0.0.1:{listener.port}"

    for path in ("/connexion/psc", "/connexion/psc/retour"):
        Browser(app, database).get(
            f"{path}?iss={url}&issuer={url}&suite={url}", headers={"X-Forwarded-Host": "127.0.0.1"}
        )

    assert set(asked) <= {"issuer.invalid"} and listener.hits == 0


def test_a_pathway_runs_with_no_network_at_all(sqlite_databases: SqliteDatabases) -> None:
    world = make_world(Database(sqlite_databases.new(prepare=prepare)))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(socket.socket, "connect", lambda *_: pytest.fail("a connection was opened"))
        world.publish(small_pathways.workload())
        case_id = world.start("workload")
        world.complete(case_id, "a", risk="high")

    assert world.open_steps(case_id) == ["b", "c"]
    world.database.close()
