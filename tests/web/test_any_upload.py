"""Whatever is put down, by the form or the API: an answer with a sentence, in time, and nothing kept on refusal."""

from __future__ import annotations

import io
import json
import resource
import time
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.db import Database
from tests.engine.bpmn_checker.broken import BROKEN, document
from tests.support.places import ROOT
from tests.web.browser import Browser
from tests.web.test_workshop import counted, put_down

EXAMPLES = sorted((ROOT / "tests" / "fixtures" / "bpmn").rglob("*.bpmn"))
SECONDS = 5.0
NAMES = st.sampled_from(["a.bpmn", "a.json", "forms/a.json", "roles.json", "a.dmn", "a.zip", "a.walk", "../../x.bpmn"])
QUIET = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)


@pytest.fixture
def hugo(browser_of: Callable[[str], Browser]) -> Browser:
    return browser_of("hugo")


def answered(hugo: Browser, database: Database, *files: tuple[str, bytes]) -> int:
    """Put the files down; a refusal keeps nothing and a draft is thrown away again."""
    before, began = counted(database), time.process_time()
    answer = put_down(hugo, *files)
    assert time.process_time() - began < SECONDS
    assert answer.status_code in (303, 413, 422), (answer.status_code, files[0][0])
    if answer.status_code == 303:
        page = hugo.get(answer.headers["Location"])
        assert page.status_code == 200
        hugo.post(answer.headers["Location"] + "/jeter")
    assert counted(database) == before
    return answer.status_code


@QUIET
@given(name=NAMES, content=st.binary(max_size=2_000) | st.text(max_size=500).map(str.encode))
def test_any_bytes(hugo: Browser, database: Database, name: str, content: bytes) -> None:
    answered(hugo, database, (name, content))


@pytest.mark.parametrize("seed", range(6))
def test_real_files_mutated(hugo: Browser, database: Database, seed: int) -> None:
    random = Random(seed)
    for _ in range(10):
        data = bytearray(random.choice(EXAMPLES).read_bytes())
        for _ in range(random.randint(1, 6)):
            at, length = random.randrange(len(data)), random.randint(1, 60)
            match random.randrange(4):
                case 0:
                    del data[at : at + length]
                case 1:
                    data[at:at] = data[at : at + length] * random.randint(1, 50)
                case 2:
                    data[at] = random.randrange(256)
                case 3:
                    data[at:at] = random.choice([b"<", b"&#0;", b"\xff\xfe", b"${", b'"', b"]]>", b"P99999Y", b"\x00"])
        answered(hugo, database, ("mutated.bpmn", bytes(data)))


ODD: tuple[object, ...] = (None, True, 1, "x", [], [1], [{}], [[]], {}, {"x": 1}, {"fr": []})


@pytest.mark.parametrize("folder", ["hospital_discharge", "etp_diabetes"])
def test_every_value_beside_a_drawing_replaced_by_another_kind(hugo: Browser, database: Database, folder: str) -> None:
    random = Random(folder)
    whole = {
        path.relative_to(ROOT / "pathways" / folder).as_posix(): path.read_bytes()
        for path in (ROOT / "pathways" / folder).rglob("*")
        if path.suffix in (".bpmn", ".dmn", ".json") and "walks" not in path.parts
    }
    assert "pathway.json" in whole
    for path in sorted(name for name in whole if name.endswith(".json") and "forms/" not in name):
        value = json.loads(whole[path])
        for key in value if isinstance(value, dict) else ():
            changed = json.dumps({**value, key: random.choice(ODD)}).encode()
            answered(hugo, database, *{**whole, path: changed}.items())


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 200_000,
        b"<a>" * 100_000,
        b"<a " + b" ".join(b'x%d="1"' % number for number in range(30_000)) + b"/>",
        b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + b'<!ENTITY b "&a;&a;">' * 1_000 + b"]><x>&b;</x>",
        b" " * 450_000,
    ],
    ids=["json depth", "xml depth", "attributes", "entities", "blank"],
)
def test_heavy_content_is_refused_within_bounded_memory(hugo: Browser, database: Database, content: bytes) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name in ("heavy.bpmn", "forms/heavy.json", "roles.json", "parameters.json", "pathway.json"):
        answered(hugo, database, (name, content))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 300_000, f"{grown} kB"


def test_the_thirteen_broken_models_by_form_and_by_program(hugo: Browser, capsys: pytest.CaptureFixture[str]) -> None:
    spent = []
    for name, (body, element, _) in BROKEN.items():
        content = document(body)
        began = time.perf_counter()
        answer = hugo.post(
            "/api/pathways/check",
            {"files": [(io.BytesIO(content), "broken.bpmn")]},
            content_type="multipart/form-data",
        )
        spent.append(time.perf_counter() - began)
        findings = (answer.get_json() or {}).get("findings", [])
        told = [one for one in findings if one["severity"] != "info" or "Camunda" in name]
        assert told and all(one["line"] > 0 for one in told), name
        assert not element or element in {one["element_id"] for one in findings}, name
        assert put_down(hugo, ("broken.bpmn", content)).status_code in (303, 422)
    slowest = sorted(spent)[-1]
    with capsys.disabled():
        print(f"\n13 broken models by the API: median {sorted(spent)[6]:.3f} s, slowest {slowest:.3f} s")
    assert slowest < SECONDS
