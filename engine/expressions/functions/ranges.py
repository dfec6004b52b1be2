"""Allen's relations between points and intervals: before, meets, overlaps, during and the others."""

from __future__ import annotations

from engine.expressions.comparison import equal, less, same, within
from engine.expressions.functions.registry import function
from engine.expressions.run import Run
from engine.expressions.values import Range, Value

_POINT = "number|string|date|time|date and time|days and time duration|years and months duration"
Answer = bool | None


def _and(*answers: Answer) -> Answer:
    if any(answer is False for answer in answers):
        return False
    return None if any(answer is None for answer in answers) else True


def _or(*answers: Answer) -> Answer:
    if any(answers):
        return True
    return None if any(answer is None for answer in answers) else False


def _strictly_before(left: Value, right: Value, touching: bool, run: Run) -> Answer:
    """`left` lies before `right`, or at it when they do not both hold that point."""
    return _or(less(left, right), _and(equal(left, right, run), not touching))


@function("is", "value1?", "value2", returns="boolean")
def identical(run: Run, left: Value = None, right: Value = None) -> Value:
    return same(left, right, run)


@function("before", f"point1: {_POINT}", f"point2: {_POINT}", returns="boolean")
def before_point(run: Run, left: Value, right: Value) -> Value:
    return less(left, right)


@function("before", f"point: {_POINT}", "range: range", returns="boolean")
def point_before_range(run: Run, point: Value, interval: Range) -> Value:
    return _strictly_before(point, interval.start, interval.start_included, run)


@function("before", "range: range", f"point: {_POINT}", returns="boolean")
def range_before_point(run: Run, interval: Range, point: Value) -> Value:
    return _strictly_before(interval.end, point, interval.end_included, run)


@function("before", "range1: range", "range2: range", returns="boolean")
def range_before_range(run: Run, left: Range, right: Range) -> Value:
    return _strictly_before(left.end, right.start, left.end_included and right.start_included, run)


@function("after", f"point1: {_POINT}", f"point2: {_POINT}", returns="boolean")
def after_point(run: Run, left: Value, right: Value) -> Value:
    return less(right, left)


@function("after", f"point: {_POINT}", "range: range", returns="boolean")
def point_after_range(run: Run, point: Value, interval: Range) -> Value:
    return range_before_point(run, interval, point)


@function("after", "range: range", f"point: {_POINT}", returns="boolean")
def range_after_point(run: Run, interval: Range, point: Value) -> Value:
    return point_before_range(run, point, interval)


@function("after", "range1: range", "range2: range", returns="boolean")
def range_after_range(run: Run, left: Range, right: Range) -> Value:
    return range_before_range(run, right, left)


@function("meets", "range1: range", "range2: range", returns="boolean")
def meets(run: Run, left: Range, right: Range) -> Value:
    return _and(left.end_included, right.start_included, equal(left.end, right.start, run))


@function("met by", "range1: range", "range2: range", returns="boolean")
def met_by(run: Run, left: Range, right: Range) -> Value:
    return meets(run, right, left)


@function("overlaps", "range1: range", "range2: range", returns="boolean")
def overlaps(run: Run, left: Range, right: Range) -> Value:
    apart = _or(range_before_range(run, left, right), range_before_range(run, right, left))  # type: ignore[arg-type]
    return None if apart is None else not apart


def _start_before(left: Range, right: Range, run: Run) -> Answer:
    """`left` begins before `right`, an open start being later than a closed one."""
    return _or(
        less(left.start, right.start),
        _and(equal(left.start, right.start, run), left.start_included and not right.start_included),
    )


def _end_before(left: Range, right: Range, run: Run) -> Answer:
    return _or(
        less(left.end, right.end), _and(equal(left.end, right.end, run), right.end_included and not left.end_included)
    )


@function("overlaps before", "range1: range", "range2: range", returns="boolean")
def overlaps_before(run: Run, left: Range, right: Range) -> Value:
    return _and(
        _start_before(left, right, run),
        _touches(left, right, run),
        _or(_end_before(left, right, run), _same_end(left, right, run)),
    )


@function("overlaps after", "range1: range", "range2: range", returns="boolean")
def overlaps_after(run: Run, left: Range, right: Range) -> Value:
    return _and(
        _end_before(right, left, run),
        _touches(right, left, run),
        _or(_start_before(right, left, run), _same_start(left, right, run)),
    )


def _touches(left: Range, right: Range, run: Run) -> Answer:
    """The end of `left` reaches into `right`."""
    apart = _strictly_before(left.end, right.start, left.end_included and right.start_included, run)
    return None if apart is None else not apart


def _same_start(left: Range, right: Range, run: Run) -> Answer:
    return _and(equal(left.start, right.start, run), left.start_included == right.start_included)


def _same_end(left: Range, right: Range, run: Run) -> Answer:
    return _and(equal(left.end, right.end, run), left.end_included == right.end_included)


@function("finishes", f"point: {_POINT}", "range: range", returns="boolean")
def point_finishes(run: Run, point: Value, interval: Range) -> Value:
    return _and(interval.end_included, equal(interval.end, point, run))


@function("finishes", "range1: range", "range2: range", returns="boolean")
def finishes(run: Run, left: Range, right: Range) -> Value:
    return _and(_same_end(left, right, run), _or(_start_before(right, left, run), _same_start(left, right, run)))


@function("finished by", "range: range", f"point: {_POINT}", returns="boolean")
def finished_by_point(run: Run, interval: Range, point: Value) -> Value:
    return point_finishes(run, point, interval)


@function("finished by", "range1: range", "range2: range", returns="boolean")
def finished_by(run: Run, left: Range, right: Range) -> Value:
    return finishes(run, right, left)


@function("includes", "range: range", f"point: {_POINT}", returns="boolean")
def includes_point(run: Run, interval: Range, point: Value) -> Value:
    return within(point, interval, run)


@function("includes", "range1: range", "range2: range", returns="boolean")
def includes(run: Run, left: Range, right: Range) -> Value:
    return _and(
        _or(_start_before(left, right, run), _same_start(left, right, run)),
        _or(_end_before(right, left, run), _same_end(left, right, run)),
    )


@function("during", f"point: {_POINT}", "range: range", returns="boolean")
def point_during(run: Run, point: Value, interval: Range) -> Value:
    return within(point, interval, run)


@function("during", "range1: range", "range2: range", returns="boolean")
def during(run: Run, left: Range, right: Range) -> Value:
    return includes(run, right, left)


@function("starts", f"point: {_POINT}", "range: range", returns="boolean")
def point_starts(run: Run, point: Value, interval: Range) -> Value:
    return _and(interval.start_included, equal(interval.start, point, run))


@function("starts", "range1: range", "range2: range", returns="boolean")
def starts(run: Run, left: Range, right: Range) -> Value:
    return _and(_same_start(left, right, run), _or(_end_before(left, right, run), _same_end(left, right, run)))


@function("started by", "range: range", f"point: {_POINT}", returns="boolean")
def started_by_point(run: Run, interval: Range, point: Value) -> Value:
    return point_starts(run, point, interval)


@function("started by", "range1: range", "range2: range", returns="boolean")
def started_by(run: Run, left: Range, right: Range) -> Value:
    return starts(run, right, left)


@function("coincides", f"point1: {_POINT}", f"point2: {_POINT}", returns="boolean")
def points_coincide(run: Run, left: Value, right: Value) -> Value:
    return equal(left, right, run)


@function("coincides", "range1: range", "range2: range", returns="boolean")
def ranges_coincide(run: Run, left: Range, right: Range) -> Value:
    return _and(_same_start(left, right, run), _same_end(left, right, run))
