"""How a corpus of BPMN files fares: `python -m tests.engine.bpmn_reader.corpus [FOLDER…] [--seeds N] [--all]`.

Each file is checked and played as `parcours check` and `parcours simulate` do. The table counts, per folder, the files
that run to their end for every seed, those refused with element, line and reason, and the rest, which are named.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cli.check import everything_about
from cli.pathway_files import parameters_of, read_pathway
from cli.simulate import VIRTUAL_START
from engine.bpmn.findings import Finding, Severity
from engine.bpmn.program import build_program
from engine.bpmn.simulation import Ended, parameter_values, simulate
from engine.calendars import calendar_of

FIXTURES = Path(__file__).parents[2] / "fixtures" / "bpmn"
PATTERNS = ("*.bpmn", "*.bpmn2", "*.bpmn20.xml")
COMPLETED, REFUSED, UNPLACED = "completed", "refused", "refused without a place"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What became of one file. `said` is the reason when it did not complete."""

    path: Path
    verdict: str
    said: str = ""
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        """Whether it ran to its end, or was refused at its place."""
        return self.verdict in (COMPLETED, REFUSED)


def fate_of(path: Path, seeds: Iterable[int]) -> Fate:
    """Check the file and, when nothing forbids it, play it once per seed."""
    begun = time.perf_counter()
    result = read_pathway([path])
    errors = [one for one in everything_about(result) if one.severity is Severity.ERROR]
    seconds = time.perf_counter() - begun
    if errors or result.model is None:
        placed = errors and all(_placed(one) for one in errors)
        said = f"{errors[0].code} {errors[0].element_id} ligne {errors[0].line} : {errors[0].message}" if errors else ""
        return Fate(path=path, verdict=REFUSED if placed else UNPLACED, said=said, seconds=seconds)
    program = build_program(result.model)
    parameters = parameter_values({"parameters": list(parameters_of(result).values())})
    for seed in seeds:
        played = simulate(
            program, seed=seed, now=VIRTUAL_START, calendar=calendar_of("metropole"), parameters=parameters
        )
        if played.ended is not Ended.COMPLETED:
            said = f"graine {seed}, {played.element_id} : {played.reason}"
            return Fate(path=path, verdict=played.ended.value, said=said, seconds=seconds)
    return Fate(path=path, verdict=COMPLETED, seconds=seconds)


def _placed(finding: Finding) -> bool:
    return bool(finding.element_id) and finding.line > 0 and bool(finding.message)


def files_in(folders: Iterable[Path]) -> list[Path]:
    """BPMN files, below the folders or given themselves."""
    found = {
        path
        for folder in folders
        for path in ([folder] if folder.is_file() else (one for each in PATTERNS for one in folder.rglob(each)))
    }
    return sorted(found)


def table(fates: Iterable[Fate]) -> list[str]:
    """One line per folder, and one for all."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for fate in fates:
        for row in (fate.path.parent.name, "all"):
            counts[row][fate.verdict if fate.good else "other"] += 1
    lines = [f"{'folder':<18}{'files':>6}{'completed':>11}{'refused':>9}{'other':>7}"]
    for row in sorted(counts, key=lambda name: (name == "all", name)):
        count = counts[row]
        cells = f"{count[COMPLETED]:>11}{count[REFUSED]:>9}{count['other']:>7}"
        lines.append(f"{row:<18}{count.total():>6}{cells}")
    return lines


def main() -> int:
    """Print the table; 0 when every file ran or was refused at its place."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, default=[FIXTURES])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--all", action="store_true", help="name every file that did not complete, not only the bad")
    given = parser.parse_args()
    fates = [fate_of(path, range(given.seeds)) for path in files_in(given.folders)]
    for fate in fates:
        if not fate.good or (given.all and fate.verdict != COMPLETED):
            print(f"{fate.path}: {fate.verdict} {fate.said}")
    print(*table(fates), sep="\n")
    if fates:
        spent = sorted(fate.seconds for fate in fates)
        print(f"read and checked: median {spent[len(spent) // 2]:.3f} s, longest {spent[-1]:.3f} s")
    return 0 if all(fate.good for fate in fates) else 1


if __name__ == "__main__":
    raise SystemExit(main())
