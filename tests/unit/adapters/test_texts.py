"""Values and times go into columns and come out the same."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.adapters.report_store.texts import dump, dump_or_note, safe, to_micros, to_time

pytestmark = pytest.mark.unit


@given(st.datetimes(timezones=st.just(UTC)))
def test_times_come_back_to_the_microsecond(at: datetime) -> None:
    assert to_time(to_micros(at)) == at


def test_a_time_of_another_zone_is_the_same_time() -> None:
    at = datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    assert to_time(to_micros(at)) == at


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        to_micros(datetime(2026, 3, 1, 12))  # noqa: DTZ001 - that is the point


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_decimal_keeps_every_digit(value: Decimal) -> None:
    shown = json.loads(dump(value))
    assert str(shown) == str(value)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text() | st.floats(), st.lists, max_leaves=20))
def test_what_is_dumped_is_ascii_json(value: object) -> None:
    text = dump(value)
    assert text.isascii()
    json.loads(text, parse_constant=pytest.fail)


def test_names_are_sorted() -> None:
    assert dump({"b": 1, "a": [2, {"d": 3, "c": 4}]}) == '{"a":[2,{"c":4,"d":3}],"b":1}'


@pytest.mark.parametrize(("note", "after"), [("", "unrecordable"), ("why", "why; unrecordable")])
def test_a_value_that_cannot_be_recorded_leaves_a_note(note: str, after: str) -> None:
    assert dump_or_note(object(), note) == (None, after)
    assert dump_or_note(object(), after) == (None, after)


def test_lone_surrogates_are_spelled_out() -> None:
    assert safe("a\ud800ü") == "a\\ud800ü"
