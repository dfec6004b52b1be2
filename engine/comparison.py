"""Two versions of a pathway side by side: everything its files say, taken apart and compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from engine.bpmn import inventory as drawn
from engine.changes import Change, Part, Sort, compare
from engine.decisions import DecisionTable, InvalidDecision, read_decisions
from engine.decisions import inventory as decided
from engine.escalations import Ladder, Rung
from engine.forms import inventory as asked
from engine.library import forms_in, json_in, ladders_in, parameters_in, read_folder

DESCRIPTION = "pathway.json"
DRAWINGS = (".bpmn", ".bpmn2", ".xml")
SAID_OF_A_PATHWAY = ("purpose", "for_whom", "start_roles", "start_form", "case_key", "owner", "sensitivity")


def compare_folders(
    before: Mapping[str, bytes],
    after: Mapping[str, bytes],
    *,
    values_before: Sequence[Mapping[str, Any]] | None = None,
    values_after: Sequence[Mapping[str, Any]] | None = None,
) -> tuple[Change, ...]:
    """What differs between two folders; the values of a version's parameters may be other than its files say."""
    return compare(tuple(parts_of(before, values_before)), tuple(parts_of(after, values_after)))


def parts_of(files: Mapping[str, bytes], values: Sequence[Mapping[str, Any]] | None = None) -> Iterator[Part]:
    """Everything a folder says, part by part. What cannot be read has no parts; the checker says what is wrong."""
    description = json_in(files, DESCRIPTION)
    said: Mapping[str, Any] = description if isinstance(description, Mapping) else {}
    result = read_folder(files, main=said.get("process"))
    model = result.model or result.draft
    if model is not None:
        drawings = {path: content for path, content in files.items() if path.endswith(DRAWINGS)}
        yield from drawn.parts_of(model, drawings)
        yield from decided.parts_of(_tables(model.decisions.values()))
    yield from asked.parts_of(forms_in(files, model).values())
    yield from _parameters(parameters_in(files) if values is None else values)
    yield from (_ladder(one) for one in ladders_in(files).values())
    yield Part(
        sort=Sort.DESCRIPTION, key="pathway", name=_words(said.get("title")),
        properties={name: _words(said[name]) for name in SAID_OF_A_PATHWAY if said.get(name)},
    )  # fmt: skip


def _tables(contents: Iterable[bytes]) -> Iterator[DecisionTable]:
    """Each table once, though several keys may come from one file."""
    for content in dict.fromkeys(contents):
        try:
            yield from read_decisions(content)
        except InvalidDecision:
            continue


def _parameters(parameters: Iterable[Mapping[str, Any]]) -> Iterator[Part]:
    for one in parameters:
        properties = {name: _words(one[name]) for name in ("value", "type", "unit", "source") if name in one}
        yield Part(
            sort=Sort.PARAMETER, key=str(one["name"]), name=_words(one.get("label")) or str(one["name"]),
            properties={name: value for name, value in properties.items() if value},
        )  # fmt: skip


def _ladder(ladder: Ladder) -> Part:
    rungs = {f"rung {number}": _rung(one) for number, one in enumerate(ladder.rungs, start=1)}
    return Part(sort=Sort.LADDER, key=ladder.name, name=ladder.name, properties=rungs)


def _rung(rung: Rung) -> str:
    at = ", ".join(f"{name} {value}" for name, value in sorted(rung.at.items()))
    return f"{at} : {rung.clause} ({rung.level}) {rung.sentence}".strip()


def _words(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case Mapping():
            return str(value.get("fr") or "")
        case list() | tuple():
            return ", ".join(str(one) for one in value)
        case _:
            return str(value)
