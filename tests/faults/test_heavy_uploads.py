"""Files made to be heavy, put down in a real server: each answered in time, and the process stays small."""

from __future__ import annotations

import io
import os
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
import requests

from tests.support.places import ROOT
from tests.support.running import Running

SECONDS = 5.0
MEGABYTES = 300
TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')
DESIGNER = re.compile(r'name="account_id" value="([^"]+)">(?:(?!</button>).)*BLEUET', re.S)
HEAD = '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d"><process id="p"><startEvent id="s"/>'
END = "</process></definitions>"
ABOUT_5_MB = 4_800_000
ATTRIBUTES = " ".join(f'a{number}="1"' for number in range(59))
EXAMPLES = sorted((ROOT / "tests" / "fixtures" / "bpmn").rglob("*.bpmn"))


def filled(piece: str) -> bytes:
    """A pathway that holds the piece as often as 5 MB allow."""
    return (HEAD + piece * (ABOUT_5_MB // len(piece)) + END).encode()


def branches(gateway: str) -> bytes:
    """As many branches as a process may have, split and joined."""
    inside = f'<{gateway} id="g"/><{gateway} id="j"/><endEvent id="e"/>'
    inside += '<sequenceFlow id="a" sourceRef="s" targetRef="g"/><sequenceFlow id="b" sourceRef="j" targetRef="e"/>'
    for number in range(390):
        inside += f'<userTask id="t{number}"/><sequenceFlow id="x{number}" sourceRef="g" targetRef="t{number}"/>'
        inside += f'<sequenceFlow id="y{number}" sourceRef="t{number}" targetRef="j"/>'
    return (HEAD + inside + END).encode()


def crossed() -> bytes:
    """Gateways joined by as many conditional flows as a process may have."""
    inside = "".join(f'<exclusiveGateway id="g{number}"/>' for number in range(390))
    for number in range(1_950):
        inside += f'<sequenceFlow id="f{number}" sourceRef="g{number % 390}" targetRef="g{(number * 7 + 1) % 390}">'
        inside += f"<conditionExpression>v{number} &gt; {number}</conditionExpression></sequenceFlow>"
    return (HEAD + inside + END).encode()


def packed(*members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, member in enumerate(members):
            archive.writestr(f"{number}.bpmn", member)
    return stream.getvalue()


def random_notes(random: Random) -> bytes:
    """5 MB that hardly pack, so that no bomb is smelled."""
    notes = "".join(f'<documentation id="n{random.random()}">{random.random()}</documentation>' for _ in range(19_000))
    return (HEAD + notes + END).encode()


def mutated(random: Random) -> bytes:
    data = bytearray(random.choice(EXAMPLES).read_bytes())
    for _ in range(random.randint(1, 8)):
        at, length = random.randrange(len(data)), random.randint(1, 400)
        piece = data[at : at + length]
        data[at : at + random.choice([0, length])] = piece * random.choice([0, 2, 50, 2_000])
    return bytes(data[:ABOUT_5_MB])


HEAVY = {
    "attributes": ("a.bpmn", filled(f"<documentation {ATTRIBUTES}/>")),
    "notes of a modeller": ("a.bpmn", filled('<x:note xmlns:x="u" text="y"/>')),
    "a hundred thousand attributes": (
        "a.bpmn",
        (HEAD + "<task " + " ".join(f'a{number}=""' for number in range(100_000)) + "/>" + END).encode(),
    ),
    "depth": ("a.bpmn", b"<a>" * 1_000_000),
    "a text": ("a.bpmn", (HEAD + f"<documentation>{'é' * 2_000_000}</documentation>" + END).encode()),
    "bytes": ("a.bpmn", Random(1).randbytes(ABOUT_5_MB)),
    "lists": ("forms/a.json", b"[" + b"[]," * 1_500_000 + b"[]]"),
    "contexts": ("parameters.json", b'{"parameters":[' + b"{}," * 1_500_000 + b"{}]}"),
    "depth of lists": ("pathway.json", b"[" * 4_000_000),
    "inclusive branches": ("a.bpmn", branches("inclusiveGateway")),
    "parallel branches": ("a.bpmn", branches("parallelGateway")),
    "crossed conditions": ("a.bpmn", crossed()),
    "a bomb": ("a.zip", packed(b" " * 19_000_000)),
    "a full package": ("a.zip", packed(*(random_notes(Random(seed)) for seed in range(8)))),
    **{f"mutated {seed}": ("a.bpmn", mutated(Random(seed))) for seed in range(12)},
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    installation = Running(data=tmp_path_factory.mktemp("heavy") / "data")
    installation.start()
    yield installation
    installation.stop()


@pytest.fixture(scope="module")
def designer(server: Running) -> Iterator[tuple[requests.Session, str]]:
    """Hugo's browser, and the token his pages carry."""
    with requests.Session() as browser:
        page = browser.get(f"{server.address}/connexion", timeout=60).text
        token, account = TOKEN.search(page), DESIGNER.search(page)
        assert token is not None
        assert account is not None
        form = {"csrf_token": token[1], "account_id": account[1]}
        browser.post(f"{server.address}/connexion/demo", data=form, timeout=60)
        found = TOKEN.search(browser.get(f"{server.address}/modeles", timeout=60).text)
        assert found is not None
        yield browser, found[1]


def memory(server: Running, what: str) -> int:
    """A figure of the process (`VmRSS` now, `VmHWM` the most ever), in megabytes."""
    status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="ascii")
    found = re.search(rf"{what}:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) // 1_024


def work(server: Running) -> float:
    """Seconds of a processor that the process has used: other processes of the machine do not count."""
    spent = Path(f"/proc/{server.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(spent[11]) + int(spent[12])) / os.sysconf("SC_CLK_TCK")


def forget_the_most(server: Running) -> None:
    Path(f"/proc/{server.process.pid}/clear_refs").write_text("5", encoding="ascii")


@pytest.mark.faults
@pytest.mark.slow
@pytest.mark.parametrize("shape", HEAVY)
def test_a_heavy_file_is_answered_in_time_and_in_little_memory(
    shape: str, server: Running, designer: tuple[requests.Session, str]
) -> None:
    browser, token = designer
    name, content = HEAVY[shape]
    forget_the_most(server)
    before, began = memory(server, "VmRSS"), work(server)

    answer = browser.post(
        f"{server.address}/modeles/brouillons/deposer",
        data={"csrf_token": token},
        files={"files": (name, content)},
        timeout=60,
        allow_redirects=False,
    )

    assert answer.status_code in (303, 413, 422), answer.status_code
    assert work(server) - began < SECONDS
    assert memory(server, "VmHWM") - before < MEGABYTES
    if answer.status_code == 303:
        began = work(server)
        page = browser.get(f"{server.address}{answer.headers['Location']}", timeout=60)
        assert page.status_code == 200
        assert work(server) - began < SECONDS
        browser.post(f"{server.address}{answer.headers['Location']}/jeter", data={"csrf_token": token}, timeout=60)
