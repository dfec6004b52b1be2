"""How long each kind of content is kept, and why: the retention classes of a territory and their usual lengths.

Sources of the usual lengths: for closed cases, the CNIL's reference for social and medico-social care (two years of
active keeping after the last contact); the others are technical and chosen as short as their use allows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any


class Kept(StrEnum):
    """What is kept for a time. `CLOSED_CASES` is purged when somebody asks; the others by the nightly sweep."""

    CLOSED_CASES = "closed_cases"
    RECEIVED_MESSAGES = "received_messages"
    NOTIFICATIONS = "notifications"
    SENT_COMMANDS = "sent_commands"
    FORMER_STATES = "former_states"
    ENDED_SESSIONS = "ended_sessions"
    FINISHED_JOBS = "finished_jobs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """Days a class is kept: as shipped, and the bounds between which a territory may choose."""

    usual: int
    least: int
    most: int


LENGTHS: Mapping[Kept, Length] = {
    Kept.CLOSED_CASES: Length(usual=730, least=30, most=7_300),
    Kept.RECEIVED_MESSAGES: Length(usual=30, least=1, most=365),
    Kept.NOTIFICATIONS: Length(usual=90, least=7, most=730),
    Kept.SENT_COMMANDS: Length(usual=30, least=7, most=365),
    Kept.FORMER_STATES: Length(usual=90, least=1, most=730),
    Kept.ENDED_SESSIONS: Length(usual=90, least=1, most=365),
    Kept.FINISHED_JOBS: Length(usual=365, least=30, most=3_650),
}
SETTING = "retention_days"
"""Where the territory's choices are, in its settings: `{"closed_cases": 1095}`."""


def kept_for(settings: Mapping[str, Any], what: Kept) -> timedelta:
    """How long this territory keeps `what`."""
    return timedelta(days=int(settings.get(SETTING, {}).get(what, LENGTHS[what].usual)))
