"""Decision tables (DMN): read, decided, and checked for holes and contradictions before they run.

Documented in docs/reference/decisions.md.
"""

from __future__ import annotations

from engine.decisions.checking import check_decision
from engine.decisions.model import Aggregation, DecisionTable, HitPolicy, Input, Output, Rule
from engine.decisions.problems import DecisionError, DecisionProblem, InvalidDecision
from engine.decisions.reader import read_decision, read_decisions
from engine.decisions.ruling import Ruling, decide, rule_on

__all__ = [
    "Aggregation",
    "DecisionError",
    "DecisionProblem",
    "DecisionTable",
    "HitPolicy",
    "Input",
    "InvalidDecision",
    "Output",
    "Rule",
    "Ruling",
    "check_decision",
    "decide",
    "read_decision",
    "read_decisions",
    "rule_on",
]
