"""Values survive storage as they are."""

from __future__ import annotations

import json
from datetime import UTC, date, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.expressions import ExpressionError, Range, Value, YearMonthDuration, from_json, to_json

ATOMS = st.one_of(
    st.none(),
    st.booleans(),
    st.text(max_size=20),
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=4),
    st.integers(-(10**18), 10**18).map(Decimal),
    st.dates(),
    st.times(),
    st.datetimes(timezones=st.sampled_from([UTC, ZoneInfo("Europe/Paris"), timezone(timedelta(hours=-3))])),
    st.timedeltas(min_value=timedelta(days=-9999), max_value=timedelta(days=9999)),
    st.integers(-9999, 9999).map(YearMonthDuration),
)
VALUES = st.recursive(
    ATOMS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5) | st.just("$"), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_every_value_comes_back_the_same(value: Value) -> None:
    back = from_json(json.loads(json.dumps(to_json(value))))

    assert back == value
    assert type(back) is type(value)


def test_an_interval_comes_back_the_same() -> None:
    interval = Range(date(2026, 1, 1), date(2026, 12, 31), True, False)

    assert from_json(to_json(interval)) == interval


def test_small_whole_numbers_are_plain_json() -> None:
    assert to_json(Decimal(82)) == 82
    assert to_json([Decimal(1), "a", None, {"b": True}]) == [1, "a", None, {"b": True}]
    assert to_json(Decimal("61.50")) == {"$": "number", "v": "61.50"}


@pytest.mark.parametrize(
    "data",
    [{"$": "date", "v": "demain"}, {"$": "pickle", "v": "x"}, {"$": 1}, {"$": "number", "v": "x"}, {"$": "range"}],
)
def test_what_was_not_written_by_the_language_is_refused(data: Any) -> None:
    with pytest.raises(ExpressionError):
        from_json(data)
