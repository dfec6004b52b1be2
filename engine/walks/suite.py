"""All the walks of a pathway: played, and their coverage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

from engine.bpmn.reader import read
from engine.errors import InvalidPathway
from engine.library import shared_files, shipped_files
from engine.walks.coverage import Coverage, coverage
from engine.walks.perform import Failure, Performance, perform
from engine.walks.script import InvalidWalk, Walk, parse_walk
from engine.walks.stage import stage

NOT_PATHWAYS = frozenset({"shared", "__pycache__"})


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """What playing every walk of a pathway showed."""

    pathway: str
    performances: tuple[Performance, ...]
    coverage: Coverage

    @property
    def failed(self) -> int:
        """How many walks did not go as written."""
        return sum(1 for performance in self.performances if performance.failures)


def shipped_pathways() -> tuple[str, ...]:
    """Keys of the pathways that come with the product."""
    return tuple(
        sorted(
            entry.name
            for entry in files("pathways").iterdir()
            if entry.is_dir() and entry.name not in NOT_PATHWAYS and entry.joinpath("pathway.bpmn").is_file()
        )
    )


def shipped_walks(key: str) -> tuple[dict[str, str], bytes | None]:
    """The walks of a shipped pathway by file name, and its usual answers."""
    folder = files("pathways").joinpath(key, "walks")
    if not folder.is_dir():
        return {}, None
    answers = folder.joinpath("answers.json")
    return dict(_texts(folder)), answers.read_bytes() if answers.is_file() else None


def play(key: str, content: Mapping[str, bytes], walks: Mapping[str, str], answers: bytes | None) -> SuiteResult:
    """Play every walk of a pathway whose files are `content`. Raises InvalidPathway when it cannot be published."""
    others = {other: shipped_files(other) for other in shipped_pathways() if other != key}
    performances: list[Performance] = []
    model = read(content).model
    if model is None:
        raise InvalidPathway("Ce parcours ne peut pas être lu : corrigez-le avant de jouer ses scénarios.", ())
    with stage(key, content, others=others, answers=answers) as scene:
        for name, text in sorted(walks.items()):
            walk = _read(text, name)
            performances.append(perform(walk, scene) if isinstance(walk, Walk) else walk)
    visited = frozenset().union(*(performance.visited for performance in performances))
    return SuiteResult(key, tuple(performances), coverage(model, visited))


def play_shipped(key: str) -> SuiteResult:
    """Play every walk of a pathway that comes with the product."""
    walks, answers = shipped_walks(key)
    return play(key, {**shared_files(), **shipped_files(key)}, walks, answers)


def _read(text: str, name: str) -> Walk | Performance:
    try:
        return parse_walk(text, name=name)
    except InvalidWalk as problem:
        return Performance(name, name, (Failure(0, str(problem)),), frozenset(), 0)


def _texts(folder: Traversable) -> Iterator[tuple[str, str]]:
    for entry in folder.iterdir():
        if entry.name.endswith(".walk"):
            yield entry.name, entry.read_text(encoding="utf-8")
