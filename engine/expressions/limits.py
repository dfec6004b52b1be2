"""The bounds that make every expression end, soon, and in little memory. Figures, each with its reason."""

from __future__ import annotations

SOURCE_LENGTH = 4_000  # characters of one expression; the longest of 400 found in the wild has 640
TOKENS = 1_500
DEPTH = 40  # nested parentheses, calls, conditions, as the parser meets them
LEVELS = 120  # height of the syntax tree, chains of operators included
NODES = 1_500

TEXT_LENGTH = 20_000  # characters of one text value
LIST_LENGTH = 2_000  # elements of one list or context
NESTING = 40  # levels of a list or context
POWER = 1_000  # greatest exponent of **

FUEL = 200_000  # steps of one evaluation: list elements looked at, loop turns times the size of their body
TEXT_BUDGET = 2_000_000  # characters produced during one evaluation
CALLS = 16  # nested calls of functions written in the expression
RESULT_ELEMENTS = 20_000  # elements of a result, everything counted
RESULT_CHARACTERS = 200_000

SCRIPT_LINES = 100
PATTERN_STATES = 1_000  # size of a compiled text pattern
PATTERN_CLASS = 200  # characters and ranges of one class of a pattern
