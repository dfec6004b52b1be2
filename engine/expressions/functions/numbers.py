"""Functions on numbers."""

from __future__ import annotations

import decimal
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from engine.calendars import YearMonthDuration
from engine.expressions import arithmetic
from engine.expressions.functions.registry import function
from engine.expressions.run import Run
from engine.expressions.values import NUMBERS, Value

_SMALLEST_SCALE, _GREATEST_SCALE = -6111, 6176


def _rounded(mode: str) -> Callable[..., Value]:
    def rounded(run: Run, number: Decimal, scale: Decimal = Decimal(0)) -> Value:
        places = int(scale)
        if not _SMALLEST_SCALE <= places <= _GREATEST_SCALE:
            return None
        exponent = number.as_tuple().exponent
        if not isinstance(exponent, int) or -exponent <= places:
            return number
        run.burn(50)
        # Wide enough for every digit: rounding only ever drops some.
        wide = decimal.Context(prec=6_200, Emin=-6_400, Emax=6_400)
        return NUMBERS.plus(number.quantize(Decimal(1).scaleb(-places, wide), rounding=mode, context=wide))

    return rounded


for _name, _mode, _words in (
    ("decimal", decimal.ROUND_HALF_EVEN, ("n: number", "scale: number")),
    ("floor", decimal.ROUND_FLOOR, ("n: number", "scale?: number")),
    ("ceiling", decimal.ROUND_CEILING, ("n: number", "scale?: number")),
    ("round up", decimal.ROUND_UP, ("n: number", "scale: number")),
    ("round down", decimal.ROUND_DOWN, ("n: number", "scale: number")),
    ("round half up", decimal.ROUND_HALF_UP, ("n: number", "scale: number")),
    ("round half down", decimal.ROUND_HALF_DOWN, ("n: number", "scale: number")),
    ("round", decimal.ROUND_HALF_EVEN, ("n: number", "scale?: number")),
):
    function(_name, *_words, returns="number")(_rounded(_mode))


@function("abs", "n: number", returns="number")
def absolute(run: Run, number: Decimal) -> Value:
    return NUMBERS.abs(number)


@function("abs", "n: days and time duration|years and months duration")
def absolute_duration(run: Run, length: timedelta | YearMonthDuration) -> Value:
    return YearMonthDuration(abs(length.months)) if isinstance(length, YearMonthDuration) else abs(length)


@function("modulo", "dividend: number", "divisor: number", returns="number")
def modulo(run: Run, dividend: Decimal, divisor: Decimal) -> Value:
    return arithmetic.modulo(dividend, divisor, run)


@function("sqrt", "number: number", returns="number")
def square_root(run: Run, number: Decimal) -> Value:
    return NUMBERS.sqrt(number) if number >= 0 else None


@function("log", "number: number", returns="number")
def logarithm(run: Run, number: Decimal) -> Value:
    run.burn(50)
    return NUMBERS.ln(number) if number > 0 else None


@function("exp", "number: number", returns="number")
def exponential(run: Run, number: Decimal) -> Value:
    run.burn(50)
    return NUMBERS.exp(number)


@function("odd", "number: number", returns="boolean")
def odd(run: Run, number: Decimal) -> Value:
    return None if number % 1 else number % 2 != 0


@function("even", "number: number", returns="boolean")
def even(run: Run, number: Decimal) -> Value:
    return None if number % 1 else number % 2 == 0
