"""Letting programs in: by whom, for what, until when; and what two sendings of one request do. On both databases."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session

from engine.actor import Actor, ActorKind, Scope
from engine.commands import program_requests, program_tokens
from engine.errors import Conflict, InvalidRequest, NotAllowed, NotFound
from engine.models import Account, IdempotencyKey, Organization
from engine.queries.program_tokens import Program, program_of, token_list
from tests.engine.commands.racing import race
from tests.engine.commands.world import World


def hospital(world: World) -> UUID:
    return world.rows(Organization, code="ch")[0].id


def issue(world: World, *, by: str = "engine", **more: Any) -> program_tokens.Issued:
    asked = {"name": "SIH", "organization_id": hospital(world), "scopes": ["cases:read"], "days": 30, **more}
    return world.do(program_tokens.issue, by=by, **asked)


def entered(world: World, secret: str) -> Program | None:
    token = program_tokens.shown(secret)
    assert token is not None
    return world.read(
        lambda session: program_of(
            session, token_id=token[0], token_hash=token[1], now=world.now, today=world.now.date()
        )
    )


def test_a_program_acts_for_its_organisation_with_its_scopes_and_no_role(world: World) -> None:
    found = entered(world, issue(world, scopes=["cases:read", "tasks:read"]).secret)

    assert found is not None
    by = found.actor
    assert by.kind is ActorKind.SERVICE and not by.roles and by.professional_id is None
    assert by.scopes == {Scope.CASES_READ, Scope.TASKS_READ}
    assert by.organization_ids == {hospital(world)}
    assert by.organization_roles == {"hospital_nurse", "hospital_pharmacist"}


def test_only_the_administration_lets_programs_in_and_throws_them_out(world: World) -> None:
    token = issue(world)
    for name in ("claire", "maud", "agnes"):
        with pytest.raises(NotAllowed):
            issue(world, by=name, name="Autre")
        with pytest.raises(NotAllowed):
            world.do(program_tokens.revoke, by=name, token_id=token.id)
        with pytest.raises(NotAllowed):
            world.read(partial(token_list, by=world.actors[name], now=world.now))
    world.actors["admin"] = Actor(territory_id=world.territory_id, roles=frozenset({"territory_admin"}), name="Admin")

    issue(world, by="admin", name="Autre")
    world.do(program_tokens.revoke, by="admin", token_id=token.id)
    lines = world.read(lambda session: token_list(session, by=world.actors["admin"], now=world.now))
    assert [(line.name, line.live) for line in lines] == [("Autre", True), ("SIH", False)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "  "}, {"name": "x" * 81}, {"scopes": []}, {"scopes": ["everything"]}, {"days": 0}, {"days": 367},
        {"organization_id": UUID(int=1)},
    ],
)  # fmt: skip
def test_an_incomplete_demand_is_refused(world: World, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        issue(world, **wrong)
    assert not world.rows(Account, kind="service")


def test_a_name_is_live_once_and_keeps_its_account_when_renewed(world: World) -> None:
    first = issue(world)
    with pytest.raises(Conflict, match="« SIH » est déjà ouvert"):
        issue(world)
    world.do(program_tokens.revoke, token_id=first.id)
    with pytest.raises(NotFound):
        world.do(program_tokens.revoke, token_id=first.id)

    second = issue(world)
    assert entered(world, first.secret) is None and entered(world, second.secret) is not None
    assert len(world.rows(Account, kind="service")) == 1
    world.now += timedelta(days=30)
    assert entered(world, second.secret) is None
    issue(world)


def test_what_is_no_token_is_not_looked_up() -> None:
    for secret in ("", "parcours_", f"parcours_{'0' * 32}_{'a' * 42}", f"parcours_{'G' * 32}_{'a' * 43}", "x" * 9000):
        assert program_tokens.shown(secret) is None


def test_a_request_sent_twice_gives_the_kept_answer(world: World) -> None:
    found = entered(world, issue(world).secret)
    assert found is not None
    by, key = found.actor, str(uuid4())

    def send(content: bytes, by: Actor = by) -> object:
        with world.database.transaction() as session:
            known = program_requests.take(
                session, key=key, operation="api.start_case", content=content, by=by, now=world.now
            )
            if known is None:
                program_requests.keep(session, key=key, answer={"number": "C-1"}, by=by)
            return known

    assert send(b"one") is None
    assert send(b"one") == {"number": "C-1"}
    with pytest.raises(InvalidRequest, match="autre demande"):
        send(b"two")
    assert len(world.rows(IdempotencyKey)) == 1


def test_of_two_sendings_at_once_the_second_waits_and_finds_the_answer(pg_world: World) -> None:
    found = entered(pg_world, issue(pg_world).secret)
    assert found is not None
    done: list[object] = []

    def sending(session: Session) -> None:
        known = program_requests.take(
            session, key="k", operation="api.start_case", content=b"one", by=found.actor, now=pg_world.now
        )
        done.append(known)
        if known is None:
            program_requests.keep(session, key="k", answer={"number": "C-1"}, by=found.actor)

    assert race(pg_world, sending, sending) is None
    assert done == [None, {"number": "C-1"}]
