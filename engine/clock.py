"""The only place that reads the machine's clock. Commands and queries never call it: `now` is handed in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def utcnow() -> datetime:
    """The time now, aware, in UTC. Called in `web`, `worker` and `cli` only."""
    return datetime.now(UTC)


def shifted(offset_seconds: int) -> datetime:
    """The time now in a territory whose clock runs `offset_seconds` ahead (demo territories; 0 elsewhere)."""
    return utcnow() + timedelta(seconds=offset_seconds)
