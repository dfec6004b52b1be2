"""Syntax tree to closures: each node becomes a function of the frame, so evaluating costs calls only."""

from __future__ import annotations

from engine.expressions.compiling import calls, intervals, literals, loops, operators
from engine.expressions.compiling.core import Closure, compile_node

__all__ = ["Closure", "calls", "compile_node", "intervals", "literals", "loops", "operators"]
