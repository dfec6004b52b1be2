"""Who acts: a person in one of their roles, or the system on behalf of nobody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class ActorKind(StrEnum):
    """A person signed in, the engine itself (timers, sweeps), or a program that shows a token."""

    PERSON = "person"
    SYSTEM = "system"
    SERVICE = "service"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exercise:
    """One way of practising: a role held in a structure, or for the whole territory."""

    role: str
    organization_id: UUID | None = None


class Scope(StrEnum):
    """What the token of a program opens. A program has no role: nothing but these, within its organisation."""

    PATHWAYS_CHECK = "pathways:check"
    PATHWAYS_READ = "pathways:read"
    CASES_START = "cases:start"
    CASES_READ = "cases:read"
    PATIENTS_READ = "patients:read"
    """Adds who the patient is to the cases and tasks that the other scopes show."""
    MESSAGES_SEND = "messages:send"
    EVENTS_SEND = "events:send"
    """Says of a patient, to all their cases, that they are in hospital, back home or dead."""
    TASKS_READ = "tasks:read"
    STATISTICS_READ = "statistics:read"


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
    """The role the person chose for this session, which is then the only one of `roles`; None without a choice."""
    acting_at: UUID | None = None
    """Where they hold it."""
    proved_at: datetime | None = None
    """When the person last proved who they are, on the territory's clock; None when no proof was asked (a demo)."""
    organization_ids: frozenset[UUID] = frozenset()
    sector_ids: frozenset[UUID] = frozenset()
    locale: str = "fr"
    scopes: frozenset[Scope] = frozenset()
    """Of a program; people have roles instead."""
    organization_roles: frozenset[str] = frozenset()
    """Of a program: the roles held in its organisation. It may start and say what these may, and nothing else."""

    @property
    def exercise(self) -> Exercise | None:
        """What the person chose to practise as; None without a choice, when all their roles count."""
        return None if self.acting_as is None else Exercise(role=self.acting_as, organization_id=self.acting_at)

    def has_role(self, *codes: str) -> bool:
        """True when the actor holds at least one of the roles."""
        return not self.roles.isdisjoint(codes)


def system_actor(territory_id: UUID) -> Actor:
    """The engine acting by itself: timers, deadlines, sweeps."""
    return Actor(territory_id=territory_id, kind=ActorKind.SYSTEM, name="Parcours")
