"""State import: a stored state is data, checked before it is read; Python is never asked to evaluate any of it."""

from __future__ import annotations

import builtins
import json
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from SpiffWorkflow.bpmn.serializer.migration import version_1_2 as old_migration
from sqlalchemy import select, update

from engine.bpmn import runner
from engine.models import Case, IncidentRow, WaitRecord
from tests.engine.bpmn.build import each, end, pathway, scope, start, user
from tests.engine.bpmn.playing import Played
from tests.engine.commands import small_pathways
from tests.engine.commands.world import World
from tests.support.sealed import of_case

EVIL = "__import__('os').system('true')"
OLD_STATE = json.dumps(
    {"serializer_version": "1.0", "data": {}, "spec": {"task_specs": {"x": {"typename": "x", "cond": EVIL}}}}
).encode()


@contextmanager
def nothing_evaluated() -> Iterator[None]:
    """Neither Python nor pickle is asked to make something of a text meanwhile."""

    def forbidden(*_: object, **__: object) -> object:
        raise AssertionError("Python was about to evaluate or unpack what a state holds")

    with pytest.MonkeyPatch.context() as patched:
        for module in (pickle, old_migration):
            for name in [name for name, one in vars(module).items() if callable(one) and not name.startswith("_")]:
                patched.setattr(module, name, forbidden)
        for name in ("eval", "exec", "compile"):
            patched.setattr(builtins, name, forbidden)
        yield


@pytest.fixture(scope="module")
def played() -> Played:
    """A case with something of everything that a state holds."""
    loop = each("people", item="person", output_collection="all", output_element="note")
    body = scope(start(), user("u", loop=loop), user("z"), end(), flows="s u z e")
    case = Played(pathway(body), people=["a", "b", "c"], strict=False)
    case.do_token(case.outcome.tasks[0].token, note="x")
    return case


@pytest.mark.parametrize(
    "state",
    [OLD_STATE, b"\x00" + OLD_STATE, pickle.dumps({"a": 1}), b"1.0", b"\x01\x00\x00\x00\x00\x00" + OLD_STATE, b"{}"],
    ids=["SpiffWorkflow 1.0", "format 0", "pickle", "a version", "no checksum", "json"],
)
def test_a_state_of_another_make_is_refused_as_an_incident_and_left_alone(played: Played, state: bytes) -> None:
    with nothing_evaluated():
        outcome = runner.inspect(played.program, state, around=played.around)

    assert outcome.incident is not None and outcome.incident.code == "unreadable_state"
    assert outcome.state == state and not outcome.tasks


@settings(max_examples=300)
@given(data=st.data())
def test_one_flipped_bit_anywhere_is_noticed(played: Played, data: st.DataObject) -> None:
    good = played.state
    at, bit = data.draw(st.integers(0, len(good) - 1)), data.draw(st.integers(0, 7))
    bad = bytearray(good)
    bad[at] ^= 1 << bit

    with nothing_evaluated():
        outcome = runner.inspect(played.program, bytes(bad), around=played.around)

    assert outcome.incident is not None and outcome.incident.code == "unreadable_state"


def test_a_state_of_another_pathway_is_refused(played: Played) -> None:
    other = runner.build_program(pathway(scope(start(), user("z"), end(), flows="s z e")))

    outcome = runner.inspect(other, played.state, around=played.around)

    assert outcome.incident is not None and "unreadable_state" in outcome.incident.code


def _tampered(state: bytes) -> bytes:
    return state[:-1] + bytes([state[-1] ^ 1])


@pytest.mark.parametrize("spoil", [_tampered, lambda _state: OLD_STATE], ids=["flipped", "version 1.0"])
def test_a_case_whose_state_was_changed_in_the_database_stops_with_a_sentence(
    world: World, spoil: Callable[[bytes], bytes]
) -> None:
    world.publish(small_pathways.workload())
    case_id = world.start("workload")
    with world.database.transaction() as session:
        state = session.execute(select(Case.control_state).where(Case.id == case_id)).scalar_one()
        assert state is not None
        spoilt_state = of_case(session, spoil(bytes(state)), case_id)
        session.execute(update(Case).where(Case.id == case_id).values(control_state=spoilt_state))
    spoilt: Any = world.case(case_id).control_state

    done = world.complete(case_id, "a", by="claire", risk="high")

    assert done.incident is not None and done.incident.startswith("Vos réponses sont enregistrées")
    [incident] = world.rows(IncidentRow, case_id=case_id)
    assert incident.code == "unreadable_state"
    assert {wait.kind for wait in world.rows(WaitRecord, case_id=case_id)} >= {"incident"}
    assert world.case(case_id).control_state == spoilt, "kept as it is, for whoever mends it"
