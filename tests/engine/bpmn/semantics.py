"""What a line of docs/reference/bpmn.md is, how it is executed, and the page the lines make.

`python -m tests.engine.bpmn.element_lines` writes the page; `test_semantics.py` runs every line and compares the page.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from engine.bpmn import runner
from engine.bpmn.model import PathwayModel
from tests.engine.bpmn.playing import Played

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "bpmn.md"
RUNS, REWRITTEN, REFUSED = "runs", "rewritten", "refused"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table: an element, what becomes of it, how, and the model that shows it.

    `moves` are done in order: an element id completes a task, `@id` fires a timer, `!name` sends a message. `shows` is
    what is open in the end (`.` when the case is over); for a refusal, a word of its sentence.
    """

    element: str
    verdict: str
    how: str
    model: Callable[[], PathwayModel]
    shows: str
    moves: str = ""

    def check(self) -> None:
        refusals = runner.unsupported(self.model())
        if self.verdict == REFUSED:
            assert any(self.shows in sentence for _, sentence in refusals), (self.element, refusals)
            return
        assert not refusals, (self.element, refusals)
        case = Played(self.model())
        for move in self.moves.split():
            if move.startswith("@"):
                case.tick(move[1:])
            elif move.startswith("!"):
                assert case.send(move[1:]).delivered, (self.element, move)
            else:
                case.do(move)
        seen = "." if case.done else " ".join(case.open)
        assert seen == self.shows, (self.element, seen)


NOT_HERE = (
    (
        "complex gateway, ad-hoc sub-process, transaction, choreography, conversation",
        "refused by the reader, with its sentence",
    ),
    (
        "pools, lanes, data objects, data stores, groups, annotations",
        "read as documentation; roles come from `parcours:role` and lanes",
    ),
    ("multiple and parallel multiple events", "refused by the reader: draw each event"),
)


def page(lines: tuple[Line, ...]) -> str:
    """The reference page."""
    rows = "\n".join(f"| {line.element} | {line.verdict} | {line.how or sentence(line)} |" for line in lines)
    others = "\n".join(f"| {element} | {what} |" for element, what in NOT_HERE)
    return f"""# What each BPMN element does

Each line of the first table is a tiny model that the tests execute (`tests/engine/bpmn/element_lines.py`); this page is
written from them by `python -m tests.engine.bpmn.element_lines`, and a test compares the two. *Rewritten* elements run
as an equivalent made before the case starts; the history still speaks of what was drawn. *Refused* elements stop a
pathway from being published, with the sentence shown.

| Element | | How |
|---|---|---|
{rows}

| Element | |
|---|---|
{others}

## Rules that hold everywhere

- **Time.** A due date is computed once, when the token arrives. Days, weeks, months and working days keep the local
  hour across clock changes (`P1D`); hours are elapsed time (`PT24H`). A timer fires when the host says so.
- **Messages** reach every matching wait of the case, outermost first: what an outer interruption closes is not told.
- **Null.** A condition that is unknown is not true. With a default flow the history says what was unknown; without
  one, the step is an incident that names the missing answers.
- **Allowance.** 1,000 automatic steps without waiting for anybody, 20 more per instance opened, stop the step as an
  incident. At most 2,000 instances of one activity, 4,000 opened by one step, 15 levels of sub-processes in a drawing.
- **Incidents** change nothing: the state given back is the one before the step.
"""


def sentence(line: Line) -> str:
    """What the designer is told."""
    if line.verdict != REFUSED:
        return ""
    return next(text for _, text in runner.unsupported(line.model()) if line.shows in text)
