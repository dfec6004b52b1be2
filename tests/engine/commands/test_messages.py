"""Messages: once, early, late, unknown, to nobody."""

import pytest

from engine.commands import cases, messages
from engine.errors import CaseClosed, CaseNotFound, InvalidMessage
from engine.models import CaseFact, EarlyMessage
from tests.engine.commands import small_pathways
from tests.engine.commands.world import World


@pytest.fixture
def waiting(world: World):
    world.publish(small_pathways.waiting_message())
    return world, world.start("waiting")


def test_a_message_before_its_wait_is_delivered_when_the_wait_opens(waiting) -> None:
    world, case_id = waiting
    early = world.do(messages.deliver, name="result", payload={"level": "ok"}, case_id=case_id)
    assert not early.delivered
    assert "est gardé et sera remis" in early.sentence
    world.complete(case_id, "a")

    assert world.open_steps(case_id) == ["b"]
    assert world.rows(EarlyMessage, case_id=case_id) == []
    assert [fact.value for fact in world.rows(CaseFact, case_id=case_id, name="level")] == ["ok"]


def test_an_early_message_expires(waiting) -> None:
    world, case_id = waiting
    world.do(messages.deliver, name="result", payload={}, case_id=case_id)
    world.advance(days=8)
    world.complete(case_id, "a")

    assert world.open_steps(case_id) == []


def test_two_sendings_deliver_once(waiting) -> None:
    world, case_id = waiting
    world.complete(case_id, "a")
    first = world.do(messages.deliver, name="result", payload={}, case_id=case_id, key="m1")
    second = world.do(messages.deliver, name="result", payload={}, case_id=case_id, key="m1")

    assert first == second
    assert first.delivered
    assert world.rows(EarlyMessage) == []


def test_a_blank_correlation_key_is_refused(waiting) -> None:
    world, case_id = waiting

    with pytest.raises(InvalidMessage, match="clé de correspondance"):
        world.do(messages.deliver, name="result", payload={}, case_id=case_id, correlation_key=" ")


def test_a_message_to_nobody_is_refused(waiting) -> None:
    world, _ = waiting

    with pytest.raises(InvalidMessage, match="quel dossier"):
        world.do(messages.deliver, name="result", payload={})
    with pytest.raises(CaseNotFound):
        world.do(messages.deliver, name="result", payload={}, case_number="C-9999")


def test_an_unknown_message_is_refused_with_those_that_exist(waiting) -> None:
    world, case_id = waiting

    with pytest.raises(InvalidMessage, match="Messages connus : result"):
        world.do(messages.deliver, name="resultat", payload={}, case_id=case_id)


def test_a_suspended_case_keeps_its_messages(waiting) -> None:
    world, case_id = waiting
    world.complete(case_id, "a")
    world.do(cases.hold, by="maud", case_id=case_id, reason="Hospitalisation")

    assert not world.do(messages.deliver, name="result", payload={}, case_id=case_id).delivered
    assert len(world.rows(EarlyMessage)) == 1


def test_a_closed_case_says_so(waiting) -> None:
    world, case_id = waiting
    world.do(cases.cancel, by="maud", case_id=case_id, reason="Erreur")

    with pytest.raises(CaseClosed):
        world.do(messages.deliver, name="result", payload={}, case_id=case_id)
