"""The functions of the language; importing this package fills their table."""

from __future__ import annotations

from engine.expressions.functions import contexts, dates, lists, numbers, ranges, texts, workdays

__all__ = ["contexts", "dates", "lists", "numbers", "ranges", "texts", "workdays"]
