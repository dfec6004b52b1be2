"""Functions on lists: counting, summing, choosing, cutting, ordering."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from engine.calendars import YearMonthDuration
from engine.expressions import arithmetic
from engine.expressions.comparison import equal, less
from engine.expressions.functions.registry import function
from engine.expressions.limits import LIST_LENGTH
from engine.expressions.problems import ExpressionError
from engine.expressions.run import Run
from engine.expressions.values import NUMBERS, Function, Value

Values = list[Value]


def checked(run: Run, items: Values) -> Values:
    """Account for a list just made; refuse it when it is too long."""
    run.burn(len(items))
    if len(items) > LIST_LENGTH:
        raise ExpressionError(f"Ce calcul produit une liste de plus de {LIST_LENGTH} éléments.")
    return items


def _aggregate(name: str, returns: str) -> Callable[[Callable[..., Value]], Callable[..., Value]]:
    """Register both `f(list)` and `f(a, b, …)`."""

    def register(implementation: Callable[[Run, Values], Value]) -> Callable[[Run, Values], Value]:
        function(name, "list: list", returns=returns)(implementation)
        return function(name, "list", variadic=True, returns=returns)(implementation)

    return register


def _numbers(run: Run, items: Values) -> list[Decimal] | None:
    run.burn(len(items))
    numbers = [item for item in items if isinstance(item, Decimal)]
    return numbers if len(numbers) == len(items) else None


@function("count", "list: list", returns="number", aliases=("len", "size"))
def count(run: Run, items: Values) -> Value:
    return Decimal(len(items))


def _extreme(run: Run, items: Values, precedes: Callable[[Value, Value], bool | None]) -> Value:
    run.burn(len(items))
    if not items:
        return None
    best = items[0]
    for item in items[1:]:
        answer = precedes(item, best)
        if answer is None:
            return None
        best = item if answer else best
    return best if best is not None and less(best, best) is not None else None


@_aggregate("min", "Any")
def smallest(run: Run, items: Values) -> Value:
    return _extreme(run, items, less)


@_aggregate("max", "Any")
def greatest(run: Run, items: Values) -> Value:
    return _extreme(run, items, lambda item, best: less(best, item))


@_aggregate("sum", "Any")
def total(run: Run, items: Values) -> Value:
    if not items:
        return None
    run.burn(len(items))
    if not isinstance(items[0], Decimal | timedelta | YearMonthDuration):
        return None
    result: Value = items[0]
    for item in items[1:]:
        result = arithmetic.add(result, item, run)
    return result


@_aggregate("product", "number")
def product(run: Run, items: Values) -> Value:
    numbers = _numbers(run, items)
    return functools.reduce(NUMBERS.multiply, numbers) if numbers else None


@_aggregate("mean", "number")
def mean(run: Run, items: Values) -> Value:
    numbers = _numbers(run, items)
    return NUMBERS.divide(functools.reduce(NUMBERS.add, numbers), Decimal(len(numbers))) if numbers else None


@_aggregate("median", "number")
def median(run: Run, items: Values) -> Value:
    numbers = sorted(_numbers(run, items) or ())
    if not numbers:
        return None
    middle = len(numbers) // 2
    if len(numbers) % 2:
        return numbers[middle]
    return NUMBERS.divide(NUMBERS.add(numbers[middle - 1], numbers[middle]), Decimal(2))


@_aggregate("stddev", "number")
def standard_deviation(run: Run, items: Values) -> Value:
    """Of a sample (n - 1)."""
    numbers = _numbers(run, items)
    if not numbers or len(numbers) < 2:
        return None
    average = NUMBERS.divide(functools.reduce(NUMBERS.add, numbers), Decimal(len(numbers)))
    squares = [NUMBERS.power(NUMBERS.subtract(number, average), 2) for number in numbers]
    return NUMBERS.sqrt(NUMBERS.divide(functools.reduce(NUMBERS.add, squares), Decimal(len(numbers) - 1)))


@_aggregate("mode", "list<number>")
def mode(run: Run, items: Values) -> Value:
    numbers = _numbers(run, items)
    if numbers is None:
        return None
    counts: dict[Decimal, int] = {}
    for number in numbers:
        counts[number] = counts.get(number, 0) + 1
    most = max(counts.values(), default=0)
    return [number for number in sorted(counts) if counts[number] == most]


def _ternary(items: Values, decisive: bool) -> Value:
    if any(item is decisive for item in items):
        return decisive
    return not decisive if all(isinstance(item, bool) for item in items) else None


@_aggregate("all", "boolean")
def every(run: Run, items: Values) -> Value:
    run.burn(len(items))
    return _ternary(items, decisive=False)


@_aggregate("any", "boolean")
def some(run: Run, items: Values) -> Value:
    run.burn(len(items))
    return _ternary(items, decisive=True)


@function("not", "negand: boolean", returns="boolean")
def negation(run: Run, negand: bool) -> Value:
    return not negand


@function("list contains", "list: list", "element", returns="boolean")
def contains(run: Run, items: Values, element: Value) -> Value:
    run.burn(len(items))
    return any(equal(item, element, run) is True for item in items)


def _slice(items: Values, start: Decimal, length: Decimal | None) -> slice | None:
    """Positions as FEEL counts them: from 1, or back from -1."""
    first = int(start)
    if first == 0 or abs(first) > len(items) or (length is not None and length < 0):
        return None
    begin = first - 1 if first > 0 else len(items) + first
    end = len(items) if length is None else begin + int(length)
    return slice(begin, end) if end <= len(items) else None


@function("sublist", "list: list", "start position: number", "length?: number", returns="list")
def sublist(run: Run, items: Values, start: Decimal, length: Decimal | None = None) -> Value:
    part = _slice(items, start, length)
    return None if part is None else checked(run, items[part])


@function("append", "list: list", "item", variadic=True, returns="list")
def append(run: Run, items: Values, more: Values) -> Value:
    return checked(run, items + more)


@function("concatenate", "list", variadic=True, returns="list")
def concatenate(run: Run, lists: Values) -> Value:
    return checked(run, [item for part in lists for item in _listed(part)])


@function("union", "list", variadic=True, returns="list")
def union(run: Run, lists: Values) -> Value:
    return _distinct(run, checked(run, [item for part in lists for item in _listed(part)]))


@function("distinct values", "list: list", returns="list")
def distinct(run: Run, items: Values) -> Value:
    return _distinct(run, items)


@function("duplicate values", "list: list", returns="list")
def duplicates(run: Run, items: Values) -> Value:
    once = _distinct(run, items)
    run.burn(len(once) * len(items))
    return [item for item in once if sum(equal(item, other, run) is True for other in items) > 1]


def _distinct(run: Run, items: Values) -> Values:
    found: Values = []
    for item in items:
        run.burn(len(found) + 1)
        if not any(equal(item, known, run) is True for known in found):
            found.append(item)
    return found


def _listed(part: Value) -> Values:
    return part if isinstance(part, list) else [part]


def _place(items: Values, position: Decimal, beyond: int = 0) -> int | None:
    """The index of a position, counted from 1 or back from -1; None outside the list."""
    number = int(position)
    if number == 0 or not -len(items) <= number <= len(items) + beyond:
        return None
    return number - 1 if number > 0 else len(items) + number


@function("insert before", "list: list", "position: number", "newItem", returns="list")
def insert_before(run: Run, items: Values, position: Decimal, item: Value) -> Value:
    place = _place(items, position)
    return None if place is None else checked(run, [*items[:place], item, *items[place:]])


@function("remove", "list: list", "position: number", returns="list")
def remove(run: Run, items: Values, position: Decimal) -> Value:
    place = _place(items, position)
    return None if place is None else checked(run, items[:place] + items[place + 1 :])


@function("list replace", "list: list", "position: number", "newItem", returns="list")
def replace_at(run: Run, items: Values, position: Decimal, item: Value) -> Value:
    place = _place(items, position)
    return None if place is None else checked(run, [*items[:place], item, *items[place + 1 :]])


@function("list replace", "list: list", "match: function", "newItem", returns="list")
def replace_matching(run: Run, items: Values, match: Function, new: Value) -> Value:
    if len(match.parameters) != 2:
        return None
    answers = [match.call((item, new)) for item in items]
    if not all(isinstance(answer, bool) for answer in answers):
        return None
    return checked(run, [new if answer else item for item, answer in zip(items, answers, strict=True)])


@function("reverse", "list: list", returns="list")
def reverse(run: Run, items: Values) -> Value:
    return checked(run, items[::-1])


@function("index of", "list: list", "match", returns="list<number>")
def index_of(run: Run, items: Values, match: Value) -> Value:
    run.burn(len(items))
    return [Decimal(place) for place, item in enumerate(items, 1) if equal(item, match, run) is True]


@function("flatten", "list: list", returns="list")
def flatten(run: Run, items: Values) -> Value:
    flat: Values = []
    waiting: list[Value] = [items]
    while waiting:
        part = waiting.pop()
        run.burn(1)
        if isinstance(part, list):
            waiting.extend(reversed(part))
        else:
            flat.append(part)
    return checked(run, flat)


@function("sort", "list: list", "precedes?: function", returns="list")
def sort(run: Run, items: Values, precedes: Function | None = None) -> Value:
    """In the order `precedes` says, or by value; null when two elements have no order."""
    if precedes is not None and len(precedes.parameters) != 2:
        return None
    unordered = False

    def order(left: Value, right: Value) -> int:
        nonlocal unordered
        run.burn(1)
        before = precedes.call((left, right)) if precedes else less(left, right)
        unordered = unordered or not isinstance(before, bool)
        if before:
            return -1
        return 1 if (precedes.call((right, left)) if precedes else less(right, left)) else 0

    ordered = sorted(items, key=functools.cmp_to_key(order))
    return None if unordered else ordered


@function("partition", "list: list", "size: number", returns="list")
def partition(run: Run, items: Values, size: Decimal) -> Value:
    width = int(size)
    return checked(run, [items[n : n + width] for n in range(0, len(items), width)]) if width > 0 else None
