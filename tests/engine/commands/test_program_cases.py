"""What a program does and reads for its organisation, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from engine import policies
from engine.actor import Actor, ActorKind, Scope
from engine.commands import program_cases
from engine.commands.patient_events import PatientEvent
from engine.commands.program_cases import Address, Traits
from engine.errors import CaseNotFound, InvalidMessage, NotAllowed, ScopeMissing
from engine.models import Account, Case, Organization
from engine.queries.program_figures import figures
from engine.queries.program_views import After, case_told, cases_told, pathways_offered, tasks_told
from tests.engine.commands import small_pathways
from tests.engine.commands.racing import race
from tests.engine.commands.world import World

LUC = Traits(
    birth_name="DEMO-HERON", given_name="Luc", sex="male", birth_date=date(1950, 1, 2), ins="150019999901234",
    commune_insee="00001",
)  # fmt: skip


@pytest.fixture
def hospital(world: World) -> Actor:
    """The hospital's program, and a pathway that takes « result »."""
    return _hospital(world)


def _hospital(world: World, scopes: frozenset[Scope] = frozenset(Scope)) -> Actor:
    world.publish(small_pathways.waiting_message())
    account = world.rows(Account)[0]
    return Actor(
        territory_id=world.territory_id, kind=ActorKind.SERVICE, account_id=account.id, name="SIH", scopes=scopes,
        organization_ids=frozenset({world.rows(Organization, code="ch")[0].id}),
        organization_roles=frozenset({"hospital_nurse"}),
    )  # fmt: skip


def _read(world: World, query: Callable[..., Any], by: Actor, **more: Any) -> Any:
    return world.read(lambda session: query(session, by=by, now=world.now, **more))


def _do(world: World, command: Callable[..., Any], by: Actor, **more: Any) -> Any:
    with world.database.transaction() as session:
        return command(session, by=by, now=world.now, **more)


def _start(world: World, by: Actor, patient: Traits = LUC) -> Any:
    return _do(world, program_cases.start, by, pathway_key="waiting", patient=patient, answers={}, ward="cardio")


def test_a_case_is_opened_read_told_something_and_closed(world: World, hospital: Actor) -> None:
    number = _start(world, hospital).number

    told, why = _read(world, case_told, hospital, number=number)
    assert (told.organization, told.state, told.patient.birth_name) == ("cardio", "active", "DEMO-HERON")
    assert why.waits
    sent = _do(
        world, program_cases.send, hospital, name="result", payload={"level": "ok"}, to=Address(case_number=number)
    )
    assert sent.case_numbers == (number,)
    changed = _do(world, program_cases.tell, hospital, event=PatientEvent.DEATH, ins=LUC.ins, at=world.now)
    assert list(changed) == [number]
    assert [case.state for case in world.rows(Case)] == ["deceased"]
    assert not _read(world, cases_told, hospital, is_open=True, limit=5)


def test_lists_figures_and_offers_are_answered_alike(world: World, hospital: Actor) -> None:
    first, second = _start(world, hospital), _start(world, hospital, _twin(LUC))

    (last,) = _read(world, cases_told, hospital, limit=1, pathway="waiting", is_open=True)
    (rest,) = _read(world, cases_told, hospital, limit=5, after=After(at=last.opened_at, id=last.id))
    assert {last.number, rest.number} == {first.number, second.number}
    assert _read(world, tasks_told, hospital, today=world.now.date(), limit=5) == ()
    assert [(one.key, one.open) for one in _read(world, figures, hospital)] == [("waiting", None)]
    assert isinstance(_read(world, pathways_offered, hospital), tuple)


def _twin(traits: Traits) -> Traits:
    return Traits(birth_name=traits.birth_name, given_name="Léon", sex="male", birth_date=traits.birth_date)


def test_a_case_of_somebody_else_is_neither_read_nor_told(world: World, hospital: Actor) -> None:
    world.start("waiting")
    number = world.rows(Case)[0].number

    with pytest.raises(CaseNotFound):
        _read(world, case_told, hospital, number=number)
    with pytest.raises(CaseNotFound):
        _do(world, program_cases.send, hospital, name="result", payload={}, to=Address(case_number=number))


def test_each_act_asks_for_its_scope(world: World) -> None:
    nothing = _hospital(world, frozenset())

    with pytest.raises(ScopeMissing, match="cases:start"):
        _start(world, nothing)
    with pytest.raises(ScopeMissing, match="messages:send"):
        _do(world, program_cases.send, nothing, name="result", payload={}, to=Address(case_number="C-1"))
    with pytest.raises(ScopeMissing, match="events:send"):
        _do(world, program_cases.tell, nothing, event=PatientEvent.DEATH, ins="1", at=world.now)
    readings: tuple[tuple[Callable[..., Any], dict[str, Any]], ...] = (
        (pathways_offered, {}), (cases_told, {"limit": 1}), (case_told, {"number": "C-1"}), (figures, {}),
        (tasks_told, {"limit": 1, "today": world.now.date()}),
    )  # fmt: skip
    for query, more in readings:
        with pytest.raises(ScopeMissing, match="read"):
            _read(world, query, nothing, **more)


def test_a_program_is_never_taken_for_the_engine(world: World, hospital: Actor) -> None:
    for check in (
        policies.check_may_steer, policies.check_may_coordinate, policies.check_may_publish,
        policies.check_may_administer, policies.check_may_issue_tokens,
    ):  # fmt: skip
        with pytest.raises(NotAllowed):
            check(hospital)
    with pytest.raises(InvalidMessage, match="Messages connus"):
        number = _start(world, hospital).number
        _do(world, program_cases.send, hospital, name="unheard", payload={}, to=Address(case_number=number))


def test_the_same_new_patient_declared_twice_at_once_is_one_patient(pg_world: World) -> None:
    by = _hospital(pg_world)
    opened: list[datetime] = []

    def declaring(session: Session) -> None:
        program_cases.start(
            session, pathway_key="waiting", patient=LUC, answers={}, by=by, now=pg_world.now
        )  # fmt: skip
        opened.append(pg_world.now)

    refused = race(pg_world, declaring, declaring)
    assert len(opened) == 1 and refused is not None and "déjà" in str(refused)
    assert len(pg_world.rows(Case)) == 1
