"""Who asked for a long piece of work, kept in the job's detail: the worker that carries it out acts in that name."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from engine.actor import Actor
from engine.models import Job


def asked_by(by: Actor) -> dict[str, Any]:
    """The actor as plain data, for `Job.detail["by"]`."""
    return {
        "account_id": None if by.account_id is None else str(by.account_id), "name": by.name,
        "professional_id": None if by.professional_id is None else str(by.professional_id),
        "acting_as": by.acting_as, "roles": sorted(by.roles),
    }  # fmt: skip


def who_asked(job: Job) -> Actor:
    """The actor of `asked_by`, with the roles held when the work was asked for."""
    who = job.detail["by"]
    return Actor(
        territory_id=job.territory_id,
        account_id=None if who["account_id"] is None else UUID(who["account_id"]),
        professional_id=None if who["professional_id"] is None else UUID(who["professional_id"]),
        name=who["name"],
        acting_as=who["acting_as"],
        roles=frozenset(who.get("roles", ())),
    )
