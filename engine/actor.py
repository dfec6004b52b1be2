"""Who acts: a person in one of their roles, or the system on behalf of nobody."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class ActorKind(StrEnum):
    """A person signed in, the engine itself (timers, sweeps), or another system through the API."""

    PERSON = "person"
    SYSTEM = "system"
    SERVICE = "service"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Handed to every command and query as `by`. Roles are glossary codes (`home_nurse`, `coordinator`…)."""

    territory_id: UUID
    kind: ActorKind = ActorKind.PERSON
    account_id: UUID | None = None
    professional_id: UUID | None = None
    name: str = ""
    roles: frozenset[str] = frozenset()
    acting_as: str | None = None
    """The role the person chose for this session; None when there is only one."""
    organization_ids: frozenset[UUID] = frozenset()
    sector_ids: frozenset[UUID] = frozenset()
    locale: str = "fr"

    def has_role(self, *codes: str) -> bool:
        """True when the actor holds at least one of the roles."""
        return not self.roles.isdisjoint(codes)


def system_actor(territory_id: UUID) -> Actor:
    """The engine acting by itself: timers, deadlines, sweeps."""
    return Actor(territory_id=territory_id, kind=ActorKind.SYSTEM, name="Parcours")
