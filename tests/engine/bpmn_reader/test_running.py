"""What modellers export can be run: the examples, and what becomes of them when they are damaged at random."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from engine.bpmn.findings import has_errors
from engine.bpmn.program import build_program
from engine.bpmn.reader import read
from engine.bpmn.simulation import Ended, simulate
from engine.calendars import calendar_of
from tests.engine.bpmn_reader.drawing import FIXTURES, bpmn, model_of, one_step

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
PARIS = calendar_of("metropole")
EXAMPLES = sorted(path for path in FIXTURES.rglob("*.bpmn") if path.parent.name != "refused")
SEEDS = range(4)


def with_its_forms(path: Path) -> dict[str, bytes]:
    """An example and the forms beside it."""
    beside = [one for one in path.parent.iterdir() if one.suffix in (".form", ".json")]
    return {one.name: one.read_bytes() for one in (path, *beside)}


def test_there_are_examples_of_many_modellers() -> None:
    assert len(EXAMPLES) >= 60
    assert len({path.parent.name for path in EXAMPLES}) >= 14


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_an_exported_file_runs_to_its_end(path: Path) -> None:
    result = read(with_its_forms(path))
    assert result.model is not None, [one.message for one in result.findings]
    program = build_program(result.model)

    for seed in SEEDS:
        played = simulate(program, seed=seed, now=NOW, calendar=PARIS)

        assert played.ended is Ended.COMPLETED, (seed, played.reason)


TAGS = [
    "task",
    "userTask",
    "subProcess",
    "exclusiveGateway",
    "parallelGateway",
    "inclusiveGateway",
    "eventBasedGateway",
    "complexGateway",
]
TAGS += [
    "startEvent",
    "endEvent",
    "intermediateThrowEvent",
    "intermediateCatchEvent",
    "boundaryEvent",
    "callActivity",
    "transaction",
]
TRIGGERS = [
    "message",
    "timer",
    "signal",
    "error",
    "escalation",
    "conditional",
    "terminate",
    "cancel",
    "link",
    "compensate",
]


def damaged(text: str, random: Random) -> str:
    """The file with one thing broken."""
    elements = list(re.finditer(r"<(/?)([\w:]+)([^<>]*)>", text))
    attributes = list(re.finditer(r'(\w+)="([^"]*)"', text))
    match random.randrange(5):
        case 0 if elements:
            one = random.choice(elements)
            return text[: one.start()] + text[one.end() :] if one[3].endswith("/") else text.replace(one[3], "", 1)
        case 1 if attributes:
            one, other = random.choice(attributes), random.choice(attributes)
            return text[: one.start(2)] + other[2] + text[one.end(2) :]
        case 2:
            return re.sub(rf"(</?(?:\w+:)?){random.choice(TAGS)}\b", rf"\g<1>{random.choice(TAGS)}", text)
        case 3:
            return text.replace(
                f"{random.choice(TRIGGERS)}EventDefinition", f"{random.choice(TRIGGERS)}EventDefinition"
            )
    at = random.randrange(len(text))
    return text[:at] + random.choice("<>&\"'é\x01 ") + text[at + 1 :]


def test_damaged_files_are_read_or_refused_but_never_raise() -> None:
    random = Random(7)
    texts = [path.read_bytes().decode("latin-1") for path in EXAMPLES]
    for _ in range(400):
        text = random.choice(texts)
        for _ in range(random.randint(1, 4)):
            text = damaged(text, random)

        result = read({"damaged.bpmn": text.encode("latin-1", "replace")})

        assert (result.model is None) == has_errors(result.findings)
        if result.model is not None:
            simulate(build_program(result.model), seed=1, now=NOW, calendar=PARIS, max_steps=100)


def test_the_same_seed_plays_the_same_run() -> None:
    program = build_program(model_of((FIXTURES / "bpmn_io" / "b2_everything.bpmn").read_bytes()))

    assert simulate(program, seed=3, now=NOW, calendar=PARIS) == simulate(program, seed=3, now=NOW, calendar=PARIS)


def test_a_deadlock_is_seen_as_stuck_with_its_place() -> None:
    inside = '<startEvent id="s"/><sequenceFlow id="a" sourceRef="s" targetRef="g"/><exclusiveGateway id="g"/>'
    inside += '<sequenceFlow id="b" sourceRef="g" targetRef="j"/><sequenceFlow id="c" sourceRef="g" targetRef="j"/>'
    inside += (
        '<parallelGateway id="j" name="Tout prêt"/><sequenceFlow id="d" sourceRef="j" targetRef="e"/><endEvent id="e"/>'
    )

    played = simulate(build_program(model_of(bpmn(inside))), seed=0, now=NOW, calendar=PARIS)

    assert (played.ended, played.element_id) == (Ended.STUCK, "j")


def test_the_clock_jumps_to_what_is_due() -> None:
    timer = "<timerEventDefinition><timeDuration>P30D</timeDuration></timerEventDefinition>"
    model = model_of(one_step(f'<intermediateCatchEvent id="x">{timer}</intermediateCatchEvent>'))

    played = simulate(build_program(model), seed=0, now=NOW, calendar=PARIS)

    assert played.ended is Ended.COMPLETED
    assert (played.trace[-1].at - NOW).days in (29, 30)


def test_a_trace_names_facts_and_never_their_values() -> None:
    model = model_of((FIXTURES / "camunda7" / "invoice_like_approval.bpmn").read_bytes())

    played = simulate(build_program(model), seed=0, now=NOW, calendar=PARIS)

    assert any("amount" in one.wrote for one in played.trace)
    assert set(played.to_json()["trace"][0]) == {"number", "at", "action", "element_id", "name", "wrote"}
