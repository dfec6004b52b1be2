"""The control-flow state of a case as bytes: the live tokens, against a specification every case of the version shares.

Layout: one format byte, one byte saying how the rest is packed (0 as is, 1 zstd), four bytes of CRC-32, then
msgpack([fingerprint, last token number as 5 bytes, completed, scopes]). A scope is [token around it (0: the case),
rows] and a row [token, parent (0: the start), code of its spec in the scope, state, internal data if any, 1 if it was
triggered beside the flow]. Tokens are stored as their distance from the next one, so that an old case takes no more
room than a young one. Values of the expression language inside internal data (items, payloads, call inputs, outputs)
are stored as the tagged JSON of `engine.expressions`. A fact never is: facts are the host's.

An older format byte goes through `UPGRADES`; what cannot be read becomes an incident, never a crash.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from threading import local
from types import MappingProxyType
from typing import Any

import msgpack
import zstandard

from engine.bpmn.program import Program
from engine.bpmn.pruning import prune
from engine.bpmn.step import Step
from engine.bpmn.traversal import ROOT, CaseSubWorkflow, CaseTask, CaseWorkflow
from engine.expressions import from_json, to_json
from engine.outcome import Value

FORMAT = 1
HEADER = 6
SHORT = 160
"""Bytes below which packing would cost more than it saves."""
LARGEST = 64 * 1024 * 1024
"""Bytes a state may unpack to. A case of 2,000 open instances takes about 100 kB."""
NAMED = frozenset({"i", "e", "c", "k"})
NUMBERED = "o"
LISTED = "items"


class Unreadable(Exception):
    """The bytes are not a state of this program. The message says why, for the log."""


_room = local()


def _packer() -> tuple[zstandard.ZstdCompressor, zstandard.ZstdDecompressor]:
    try:
        return _room.pair
    except AttributeError:
        _room.pair = (zstandard.ZstdCompressor(level=3, write_content_size=True), zstandard.ZstdDecompressor())
        return _room.pair


def encode(program: Program, workflow: CaseWorkflow) -> bytes:
    """The state, pruned. A completed case keeps only its number of tokens."""
    prune(workflow)
    scopes = [] if workflow.completed else [_scope(each, workflow) for each in workflow.workflows()]
    last = workflow.last_number.to_bytes(5, "big")
    packed: bytes = msgpack.packb([program.fingerprint, last, workflow.completed, scopes])
    how = 0
    if len(packed) > SHORT:
        how, packed = 1, _packer()[0].compress(packed)
    return bytes([FORMAT, how]) + zlib.crc32(packed).to_bytes(4, "big") + packed


def _scope(workflow: Any, top: CaseWorkflow) -> list[Any]:
    spec = workflow.spec
    base = top.last_number + 1
    around = 0 if workflow is top else base - workflow.parent_task.id
    codes = spec.codes
    rows = []
    for number in sorted(workflow.tasks):
        if number:
            task = workflow.tasks[number]
            parent = task._parent
            row = [base - number, base - parent if parent else 0, codes[task.task_spec.name], task._state]
            if task.triggered or task.internal_data:
                row.append(_internal(task.internal_data))
                if task.triggered:
                    row.append(1)
            rows.append(row)
    return [around, rows]


class Kept(Mapping[str, Value]):
    """Local variables as they were stored, read only when somebody looks: most instances of a step are not."""

    __slots__ = ("_values", "raw")

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw
        self._values: dict[str, Value] | None = None

    def _read(self) -> dict[str, Value]:
        if self._values is None:
            self._values = {name: from_json(value) for name, value in self.raw.items()}
        return self._values

    def __getitem__(self, name: str) -> Value:
        return self._read()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.raw)

    def __len__(self) -> int:
        return len(self.raw)

    def __repr__(self) -> str:
        return repr(self._read())


def _internal(data: Mapping[str, Any]) -> dict[str, Any]:
    stored = dict(data)
    for key in NAMED & stored.keys():
        names = stored[key]
        stored[key] = names.raw if type(names) is Kept else {name: to_json(value) for name, value in names.items()}
    if NUMBERED in stored:
        stored[NUMBERED] = [[number, to_json(value)] for number, value in stored[NUMBERED].items()]
    if LISTED in stored:
        stored[LISTED] = [to_json(value) for value in stored[LISTED]]
    return stored


def _restored(stored: dict[str, Any]) -> dict[str, Any]:
    for key in NAMED & stored.keys():
        stored[key] = Kept(stored[key])
    if NUMBERED in stored:
        stored[NUMBERED] = {number: from_json(value) for number, value in stored[NUMBERED]}
    if LISTED in stored:
        stored[LISTED] = [from_json(value) for value in stored[LISTED]]
    return stored


UPGRADES: Mapping[int, Callable[[bytes], bytes]] = MappingProxyType({})
"""Format byte of an older release → a function giving the same state one format later."""


def decode(program: Program, state: bytes, step: Step) -> CaseWorkflow:
    """The running case. Raises Unreadable."""
    try:
        return _decode(program, _current(state), step)
    except (
        zstandard.ZstdError,
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        AttributeError,
        msgpack.UnpackException,
    ) as error:
        raise Unreadable(f"{type(error).__name__}: {error}") from error


def _current(state: bytes) -> bytes:
    for _ in range(FORMAT + 1):
        if not state:
            raise Unreadable("empty")
        if state[0] == FORMAT:
            return state
        if state[0] not in UPGRADES:
            raise Unreadable(f"format {state[0]}")
        state = UPGRADES[state[0]](state)
    raise Unreadable("upgrades go in circles")


def _decode(program: Program, state: bytes, step: Step) -> CaseWorkflow:
    packed = state[HEADER:]
    if zlib.crc32(packed).to_bytes(4, "big") != state[2:HEADER]:
        raise Unreadable("damaged")
    if state[1]:
        packed = _packer()[1].decompress(packed, max_output_size=LARGEST)
    fingerprint, last, completed, scopes = msgpack.unpackb(packed, strict_map_key=False)
    if fingerprint != program.fingerprint:
        raise Unreadable("written for another pathway")
    workflow = CaseWorkflow(program.main, program.specs, step)
    workflow.last_number = int.from_bytes(last, "big")
    base = workflow.last_number + 1
    workflow.completed = completed
    step.workflow = workflow
    known: dict[int, CaseTask] = {}
    for around, rows in scopes:
        inside: Any = workflow
        if around:
            holder = known[base - around]
            inside = CaseSubWorkflow(holder.task_spec.body, holder)
        _place(inside, rows, base)
        known.update(inside.tasks)
    return workflow


def _place(workflow: Any, rows: list[Any], base: int) -> None:
    names = workflow.spec.by_code
    specs = workflow.spec.task_specs
    tasks = workflow.tasks
    for number, parent, place, state, *more in rows:
        above = tasks[base - parent if parent else ROOT]
        task = CaseTask(workflow, specs[names[place]], above, state, number=base - number)
        if more:
            task.internal_data = _restored(more[0])
            task.triggered = len(more) > 1


def empty(program: Program, step: Step) -> CaseWorkflow:
    """A case about to start."""
    workflow = CaseWorkflow(program.main, program.specs, step)
    step.workflow = workflow
    return workflow
