"""What the checker asks of the territory: who holds which role, where, and when they are away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """Days away, both included. `substituted`: somebody of the same role takes over."""

    first_day: date
    last_day: date
    substituted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A professional who holds a role in an organisation, the sectors served, and the days away.

    No sector means the whole territory. `valid_to` is the last day, None: no end.
    """

    professional: str
    role: str
    organization: str | None = None
    sectors: frozenset[str] = frozenset()
    valid_from: date = date.min
    valid_to: date | None = None
    absences: tuple[Absence, ...] = ()

    def works_on(self, day: date) -> bool:
        """Whether the role is held and the person, or a substitute, is there."""
        if day < self.valid_from or (self.valid_to is not None and day > self.valid_to):
            return False
        return not any(a.first_day <= day <= a.last_day and not a.substituted for a in self.absences)


class Directory(Protocol):
    """The people of a territory as the checker sees them. `today` starts the year that is looked at."""

    @property
    def today(self) -> date:
        """First day looked at."""
        ...

    @property
    def roles(self) -> frozenset[str]:
        """Every role code the territory knows, held by somebody or not."""
        ...

    @property
    def sectors(self) -> frozenset[str]:
        """The sectors of the territory; empty: it is not divided."""
        ...

    def holders(self, role: str) -> Sequence[Holder]:
        """Everybody who holds the role now or later."""
        ...
