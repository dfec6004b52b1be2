"""One evaluation: what it may read, which day it is, and how much it may still spend."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from engine.calendars import Calendar
from engine.expressions.limits import CALLS, FUEL, TEXT_BUDGET, TEXT_LENGTH
from engine.expressions.problems import ExpressionError
from engine.expressions.values import ATOMS, Value, to_value


class Run:
    """The state of one evaluation. Made for it, used by one thread, dropped after it."""

    __slots__ = ("calendar", "calls", "converted", "fuel", "now", "scope", "text")

    def __init__(self, scope: Mapping[str, object], now: datetime, calendar: Calendar) -> None:
        self.scope = scope
        self.now = now
        self.calendar = calendar
        self.fuel = FUEL
        self.text = TEXT_BUDGET
        self.calls = 0
        self.converted: dict[str, Value] = {}

    def read(self, name: str) -> Value:
        """A name of the scope; null when it is not there. Whole values are copied in, so the case stays as it is."""
        try:
            raw = self.scope[name]
        except KeyError:
            return None
        if type(raw) in ATOMS and (type(raw) is not str or len(raw) <= TEXT_LENGTH):
            return raw  # type: ignore[return-value]
        try:
            return self.converted[name]
        except KeyError:
            value = self.converted[name] = self._localised(to_value(raw))
            return value

    def _localised(self, value: Value) -> Value:
        """Facts are stored in UTC or come from elsewhere; `.hour` and `date()` must speak of the hour people lived."""
        if type(value) is datetime:
            return value.astimezone(self.calendar.zone) if value.tzinfo is not None else value
        if type(value) is list:
            return [self._localised(item) for item in value]
        if type(value) is dict:
            return {key: self._localised(item) for key, item in value.items()}
        return value

    def burn(self, steps: int) -> None:
        self.fuel -= steps
        if self.fuel < 0:
            raise ExpressionError("Ce calcul est trop long : il parcourt trop d'éléments. Réduisez les listes.")

    def account(self, characters: int) -> None:
        """Pay for a text about to be made; refuse it when it, or all of them together, are too long."""
        self.text -= characters
        if characters > TEXT_LENGTH or self.text < 0:
            raise ExpressionError(f"Ce calcul produit un texte de plus de {TEXT_LENGTH} caractères.")

    def grown(self, text: str) -> str:
        """A text just made, paid for."""
        self.account(len(text))
        return text

    def enter(self) -> None:
        self.calls += 1
        if self.calls > CALLS:
            raise ExpressionError(f"Une fonction s'appelle elle-même sur plus de {CALLS} niveaux.")

    def leave(self) -> None:
        self.calls -= 1


class Frame:
    """Where names are looked up: the locals of a loop or function, then those around it, then the scope."""

    __slots__ = ("names", "parent", "run")

    def __init__(self, run: Run, names: Mapping[str, Value], parent: Frame | None) -> None:
        self.run = run
        self.names = names
        self.parent = parent

    def find(self, name: str) -> Value:
        frame: Frame | None = self
        while frame is not None:
            if name in frame.names:
                return frame.names[name]
            frame = frame.parent
        return self.run.read(name)

    def has(self, name: str) -> bool:
        frame: Frame | None = self
        while frame is not None:
            if name in frame.names:
                return frame.names[name] is not None
            frame = frame.parent
        return self.run.read(name) is not None
