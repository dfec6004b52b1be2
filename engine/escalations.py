"""Ladders of reminders: read from `escalations.json`, and when each rung falls for a task.

A rung says when (`fraction` of the delay from opening to due date, `after_due` a duration, `after_due_fraction` of the
delay with a minimum, `opened_plus` a duration), what to do (`remind`, `late`, `escalate`), and whom to tell (`owner`,
`deputy`, `team`, or role codes).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.calendars import Calendar
from engine.roles import role_label

NONE = "none"
STANDARD = "standard"
PEOPLE = {"owner": "la personne chargée", "deputy": "son remplaçant", "team": "l'équipe"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One step of a ladder, as written; `sentence` is what the notification and the pages say."""

    at: Mapping[str, Any]
    do: str
    to: tuple[str, ...]
    level: int
    sentence: str

    def due(self, *, opened: datetime, due: datetime, calendar: Calendar) -> datetime:
        """When the rung falls for a task opened at `opened` and due at `due`, in UTC."""
        delay = max(due - opened, due - due)
        if "opened_plus" in self.at:
            return calendar.due(str(self.at["opened_plus"]), opened)
        if "after_due" in self.at:
            return calendar.due(str(self.at["after_due"]), due)
        if "after_due_fraction" in self.at:
            falls = due + delay * float(self.at["after_due_fraction"])
            minimum = self.at.get("min")
            return max(falls, calendar.due(str(minimum), due)) if minimum else falls
        return opened + delay * float(self.at.get("fraction", 1))

    @property
    def clause(self) -> str:
        """What happens by itself, as a French clause: « rappel à la personne chargée »."""
        people = ", ".join(PEOPLE.get(code) or role_label(code) for code in self.to)
        return {"remind": f"rappel à {people}", "late": f"retard signalé à {people}"}.get(self.do, f"alerte à {people}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """A named ladder, its rungs in the order written (which is the order of time in a sound one)."""

    name: str
    rungs: tuple[Rung, ...]

    def next_rung(
        self, climbed: int, *, opened: datetime, due: datetime, calendar: Calendar
    ) -> tuple[int, datetime] | None:
        """Number and time of the first rung not climbed yet; `climbed` rungs are behind. None at the top."""
        if climbed >= len(self.rungs):
            return None
        return climbed, self.rungs[climbed].due(opened=opened, due=due, calendar=calendar)


def parse_ladders(documents: Iterable[Mapping[str, Any]]) -> dict[str, Ladder]:
    """Ladders by name; a later document replaces the ladders of an earlier one."""
    ladders: dict[str, Ladder] = {}
    for document in documents:
        for ladder in document.get("ladders", ()):
            rungs = tuple(_rung(step) for step in ladder.get("steps", ()))
            ladders[str(ladder["name"])] = Ladder(name=str(ladder["name"]), rungs=rungs)
    return ladders


def _rung(step: Mapping[str, Any]) -> Rung:
    say = step.get("say") or {}
    return Rung(
        at=dict(step.get("at") or {"fraction": 1}),
        do=str(step.get("do", "remind")),
        to=tuple(str(code) for code in step.get("to", ("owner",))),
        level=int(step.get("level", 0)),
        sentence=str(say.get("fr", "") if isinstance(say, Mapping) else say),
    )
