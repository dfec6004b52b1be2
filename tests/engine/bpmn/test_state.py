"""The stored state: small, deterministic, refused when it cannot be read; specifications shared by threads."""

from __future__ import annotations

import subprocess
import sys
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from random import Random

import pytest
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine

from engine.bpmn import runner, state
from engine.bpmn.model import PathwayModel
from engine.bpmn.specs import codes_of
from tests.engine.bpmn.build import each, end, exclusive, message, parallel, pathway, scope, start, sub, user
from tests.engine.bpmn.models import EVERYTHING, sound_model
from tests.engine.bpmn.playing import Played

CODES = {"Start": 12784953, "triage": 2488630, "visit": 6995499}
ROOT = Path(__file__).parents[3]


def people(count: int) -> PathwayModel:
    loop = each(times=str(count), output_collection="out", output_element="n")
    return pathway(scope(start(), user("a", loop=loop), user("b"), end(), flows="s a b e"))


def test_the_engine_is_pinned_to_the_release_it_extends() -> None:
    assert version("SpiffWorkflow") == "3.2.0"


def test_python_is_never_evaluated(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("Python was about to be evaluated")

    for name in ("__init__", "evaluate", "execute"):
        monkeypatch.setattr(PythonScriptEngine, name, forbidden)
    for name in ("eval", "exec"):
        monkeypatch.setattr(f"builtins.{name}", forbidden)
    case = Played(sound_model(Random(11), EVERYTHING, 3), r=0, k=0)
    for _ in range(10):
        if case.open:
            case.do(case.open[0], r=1)


def test_a_multi_instance_goes_on_in_another_process() -> None:
    case = Played(people(3))
    case.do("a", n="x")
    code = (
        "import sys, base64, datetime\n"
        "from engine.bpmn import runner\n"
        "from engine.calendars import calendar_of\n"
        "from tests.engine.bpmn.test_state import people\n"
        "now = datetime.datetime(2026, 3, 2, tzinfo=datetime.UTC)\n"
        "around = runner.Surroundings(now=now, calendar=calendar_of('metropole'))\n"
        "program = runner.build_program(people(3))\n"
        "state = base64.b64decode(sys.argv[1])\n"
        "while True:\n"
        "    outcome = runner.inspect(program, state, around=around)\n"
        "    print(','.join(task.element_id for task in outcome.tasks))\n"
        "    if outcome.tasks[0].element_id == 'b': break\n"
        "    state = runner.complete(program, state, token=outcome.tasks[0].token, around=around).state\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, b64encode(case.state).decode()],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["a,a", "a", "b"]


def test_a_state_that_cannot_be_read_is_an_incident_and_is_kept() -> None:
    case = Played(people(2), strict=False)
    other = runner.build_program(pathway(scope(start(), user("z"), end(), flows="s z e")))
    good = case.state
    damaged = [b"", b"\x07" + good[1:], good[:-3], good[:1], b"\x01garbage", good[:5] + b"\xff" + good[6:]]
    for bad in damaged:
        outcome = runner.complete(case.program, bad, token="2", around=case.around)
        assert outcome.incident is not None
        assert outcome.incident.code == "unreadable_state"
        assert outcome.state == bad
    assert runner.inspect(other, good, around=case.around).incident is not None


def test_random_damage_never_escapes_as_an_exception() -> None:
    case = Played(people(4))
    random = Random(3)
    for _ in range(500):
        bad = bytearray(case.state)
        for _ in range(random.randint(1, 3)):
            bad[random.randrange(len(bad))] = random.randrange(256)
        outcome = runner.inspect(case.program, bytes(bad), around=case.around)
        assert outcome.incident is not None or outcome.tasks


def test_a_state_of_an_older_format_is_upgraded_on_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Played(people(2))
    older = b"\x00" + case.state[1:]
    assert runner.inspect(case.program, older, around=case.around).incident is not None
    monkeypatch.setattr(state, "UPGRADES", {0: lambda old: b"\x01" + old[1:]})
    assert len(runner.inspect(case.program, older, around=case.around).tasks) == 2


def test_a_completed_case_keeps_next_to_nothing() -> None:
    case = Played(people(1))
    case.do("a", "b")
    assert case.done
    assert len(case.state) < 30
    assert runner.inspect(case.program, case.state, around=case.around).completed


def test_finished_branches_leave_no_trace_in_the_state() -> None:
    inner = scope(
        start("is"), parallel("f"), user("i"), user("k"), parallel("j"), end("ie"), flows="is f i j ie; f k j"
    )
    model = pathway(
        scope(
            start(),
            exclusive("m"),
            sub("p", inner),
            user("q"),
            exclusive("g", "g>m"),
            end(),
            flows="s m p q g m; g e",
            conditions={"g>e": "stop"},
        )
    )
    case = Played(model)
    sizes = []
    for _ in range(100):
        sizes.append(len(case.state))
        case.do("k", "i", "q")
    assert max(sizes) - min(sizes) <= 4  # token numbers take a byte or two more


def test_a_program_is_shared_by_threads() -> None:
    model = sound_model(Random(5), EVERYTHING, 3)
    program = runner.build_program(model)

    def walk(seed: int) -> list[object]:
        random = Random(seed)
        case = Played(program, r=0, k=0)
        for _ in range(40):
            if not case.open:
                break
            token = random.choice(case.outcome.tasks).token
            case.facts[""]["r"] = random.randint(0, 11)
            case._after(runner.complete(program, case.state, token=token, around=case.around))
        return [case.events, case.state]

    alone = [walk(seed) for seed in range(40)]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(walk, range(40))) == alone


def test_a_handler_of_one_case_does_not_touch_the_next_case() -> None:
    handler = scope(start("hs", message("alert"), interrupting=False), user("h"), end("he"), flows="hs h he")
    model = pathway(scope(start(), user("a"), end(), sub("on", handler, on_event=True), flows="s a e"))
    first = Played(model)
    first.send("alert")
    assert Played(first.program).open == ["a"]


def test_programs_are_built_once_per_key() -> None:
    loads = []

    def loader() -> PathwayModel:
        loads.append(1)
        return people(1)

    key = object()
    assert runner.program_for(key, loader) is runner.program_for(key, loader)
    assert len(loads) == 1


def test_a_state_outlives_a_reading_of_the_drawing_into_more_nodes() -> None:
    before = pathway(scope(start(), user("a"), user("b"), end(), flows="s a b e"))
    after = pathway(scope(exclusive("new"), end(), user("b"), user("a"), start(), flows="s new a b e"))
    case = Played(before)
    outcome = runner.complete(runner.build_program(after), case.state, token=case.token("a"), around=case.around)
    assert [task.element_id for task in outcome.tasks] == ["b"]


def test_the_numbers_of_elements_in_stored_states_never_change() -> None:
    """Stored cases carry these. If this fails, add a format and an upgrade, not a new figure."""
    assert codes_of(["triage", "visit", "Start"]) == CODES
