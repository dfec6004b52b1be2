"""What somebody did that makes a step happen, as the writer needs to know it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from engine.outcome import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """What somebody did that made this step happen. `task` is the row of the task they acted on, already changed."""

    kind: str = ""
    """Verb for the history (`declined`, `cancelled`…); '' when the engine's own events say everything."""
    element_id: str | None = None
    task: Mapping[str, Any] | None = None
    answers: Mapping[str, Value] = field(default_factory=dict)
    scope: str = ""
    form_key: str | None = None
    conflicting: frozenset[str] = frozenset()
    detail: Mapping[str, Any] = field(default_factory=dict)
    mends: tuple[UUID, ...] = ()
    """Incidents that this step resolves if it goes through."""
