"""The text of a walk: who does what when, with which answers, and what must be open or closed then.

The format is documented for designers in `pathways/README.md`. One instruction per line; a JSON object may go on over
several lines; `#` begins a comment, and the first comment is the title.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from engine.errors import Invalid


class InvalidWalk(Invalid):
    """A line of a walk cannot be read. The sentence names the file, the line and what is accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One thing somebody does: `verb` is complete, accept, decline, postpone, delegate or not_done."""

    line: int
    after: str | None
    """Duration (`+2h`, `+1d`) since the previous instruction, or a local date-time; None: at once."""
    role: str
    verb: str
    element: str
    answers: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """A message that arrives from outside."""

    line: int
    after: str | None
    name: str
    key: str | None = None
    """What the wait it is meant for carries (`attendance[slot-1]`), when several wait for the same message."""
    payload: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Advance:
    """Time passes; everything due on the way happens at its own time. `until` is a local date-time."""

    line: int
    duration: str | None = None
    until: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expect:
    """What must be true now. `kind`: open, closed, state, outcome, fact, notified, late, wait, not open…"""

    line: int
    kind: str
    text: str


Step = Act | Send | Advance | Expect


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """One walk, ready to be run."""

    name: str
    title: str
    zone: str
    holidays: str
    start_at: datetime
    """Local, naive: the wall time of the territory."""
    start_role: str
    start_facts: dict[str, Any]
    steps: tuple[Step, ...]


_MOMENT = r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d)?"
_WHEN = rf"(?:at\s+(?P<when>\+\S+|{_MOMENT})\s+)?"
_WITH = r"(?:\s+with\s+(?P<json>\{.*))?\Z"
_VERBS = {
    "completes": "complete",
    "accepts": "accept",
    "declines": "decline",
    "postpones": "postpone",
    "delegates": "delegate",
    "closes": "not_done",
}
_ACT = re.compile(
    _WHEN + rf"(?P<role>[a-z_]+)\s+(?P<verb>{'|'.join(_VERBS)})\s+(?P<element>[\w.-]+(?:\[[\w.-]+\])?)" + _WITH, re.S
)
_SEND = re.compile(_WHEN + r"message\s+(?P<name>[\w.-]+)(?:\[(?P<key>[\w.-]+)\])?" + _WITH, re.S)
_ADVANCE = re.compile(rf"advance\s+(?:to\s+(?P<until>{_MOMENT})|(?P<duration>\S+))\Z")
_START = re.compile(r"start:\s*(?P<when>\d{4}-\d\d-\d\d[ T]\d\d:\d\d)\s+by\s+(?P<role>[a-z_]+)" + _WITH, re.S)
_KINDS = (
    "no wait",
    "not open",
    "not notified",
    "no late task",
    "late task",
    "open",
    "closed",
    "state",
    "outcome",
    "fact",
    "notified",
    "wait",
    "history",
)
_EXPECT = re.compile(rf"(?P<kind>{'|'.join(_KINDS)})\b\s*:?\s*(?P<text>.*)\Z", re.S)
_SETTING = re.compile(r"(?P<name>territory|holidays):\s*(?P<value>\S+)\Z")


def parse_walk(text: str, *, name: str) -> Walk:
    """Read a walk. Raises InvalidWalk naming the line that cannot be read."""
    title, zone, holidays = name, "Europe/Paris", "FR"
    start: tuple[datetime, str, dict[str, Any]] | None = None
    steps: list[Step] = []
    for line, instruction in _instructions(text, name):
        if instruction.startswith("#"):
            title = instruction.lstrip("# ").strip() if title == name else title
        elif setting := _SETTING.match(instruction):
            if setting["name"] == "territory":
                zone = setting["value"]
            else:
                holidays = setting["value"]
        elif begin := _START.match(instruction):
            moment = datetime.fromisoformat(begin["when"].replace(" ", "T"))
            start = (moment, begin["role"], _json(begin["json"], name, line))
        else:
            steps += _step(instruction, name, line)
    if start is None:
        raise InvalidWalk(f"{name} : la ligne « start: 2026-03-02 09:00 by <rôle> with {{…}} » manque.")
    return Walk(
        name=name,
        title=title,
        zone=zone,
        holidays=holidays,
        start_at=start[0],
        start_role=start[1],
        start_facts=start[2],
        steps=tuple(steps),
    )


def _instructions(text: str, name: str) -> Iterator[tuple[int, str]]:
    """Logical lines with the number of their first physical line; a JSON object is followed to its closing brace."""
    pending, first = "", 0
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip() if not pending else raw
        if not pending and not line:
            continue
        if not pending:
            first = number
        pending = f"{pending}\n{line}" if pending else line
        if pending.startswith("#") or _closed(pending):
            yield first, pending.strip()
            pending = ""
    if pending:
        raise InvalidWalk(f"{name}, ligne {first} : l'objet JSON n'est pas fermé.")


def _closed(text: str) -> bool:
    depth, quoted, escaped = 0, False, False
    for character in text:
        if escaped:
            escaped = False
        elif quoted and character == "\\":
            escaped = True
        elif character == '"':
            quoted = not quoted
        elif not quoted and character in "{[":
            depth += 1
        elif not quoted and character in "}]":
            depth -= 1
    return depth <= 0


def _step(instruction: str, name: str, line: int) -> list[Step]:
    if instruction.startswith("expect"):
        return [_expectation(part, name, line) for part in _expectations(instruction.removeprefix("expect"))]
    if act := _ACT.match(instruction):
        return [
            Act(
                line=line,
                after=act["when"],
                role=act["role"],
                verb=_VERBS[act["verb"]],
                element=act["element"],
                answers=_json(act["json"], name, line),
            )
        ]
    if send := _SEND.match(instruction):
        payload = _json(send["json"], name, line)
        return [Send(line=line, after=send["when"], name=send["name"], key=send["key"], payload=payload)]
    if advance := _ADVANCE.match(instruction):
        return [Advance(line=line, duration=advance["duration"], until=advance["until"])]
    raise InvalidWalk(
        f"{name}, ligne {line} : « {instruction[:60]} » n'est pas une instruction. On écrit « at +2h <rôle> completes "
        "<tâche> with {…} », « message <nom> with {…} », « advance 48h » ou « expect open: <tâche> »."
    )


def _expectations(text: str) -> list[str]:
    return [part.strip().removeprefix("expect").strip() for part in text.split("·") if part.strip()]


def _expectation(text: str, name: str, line: int) -> Expect:
    found = _EXPECT.match(text)
    if not found:
        raise InvalidWalk(f"{name}, ligne {line} : « expect {text[:60]} » n'est pas une attente connue.")
    return Expect(line=line, kind=found["kind"], text=found["text"].strip())


def _json(text: str | None, name: str, line: int) -> dict[str, Any]:
    if text is None:
        return {}
    try:
        value = json.loads(text)
    except ValueError as problem:
        raise InvalidWalk(f"{name}, ligne {line} : l'objet JSON est mal écrit ({problem}).") from problem
    if not isinstance(value, dict):
        raise InvalidWalk(f"{name}, ligne {line} : un objet JSON {{…}} est attendu après « with ».")
    return value
