"""What can be wrong with a decision: found in its file before it runs, or met while deciding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from engine.errors import Invalid


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionProblem:
    """One thing to mend: what (`code`), how grave, a French sentence, the same in English, and where."""

    code: str
    severity: Literal["error", "warning"]
    sentence: str
    english: str
    decision: str = ""
    rule: int | None = None
    """Counted from 1, as the modeller shows them."""
    line: int = 0


class InvalidDecision(Invalid):
    """The file is no decision this engine can run; `problems` say each thing to mend."""

    def __init__(self, problems: Sequence[DecisionProblem]) -> None:
        super().__init__(" ".join(problem.sentence for problem in problems[:3]))
        self.problems = tuple(problems)


class DecisionError(Invalid):
    """A decision has no answer for this case: no rule, or too many. The sentence names the inputs and the rules."""
