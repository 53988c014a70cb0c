"""How raw values are named and spelled: as JavaScript prints them, for any year, and no content that nobody reads."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.model import (
    DanglingReason,
    DanglingReference,
    InfiniteInstant,
    Instant,
    JsonText,
    ObjectIdValue,
    Opaque,
    Raw,
    ResolvedReference,
)
from reconciler.core.values import UnreadableValue, iso_time, mistyped, spelled, type_name

ID = "0a" * 12


@pytest.mark.parametrize(
    ("value", "name", "text"),
    [
        (None, "null", "null"), (True, "bool", "true"), (False, "bool", "false"), (7, "int", "7"), ("x", "string", "x"),
        (7.0, "double", "7"), (-0.5, "double", "-0.5"), (1e20, "double", "100000000000000000000"),
        (1e21, "double", "1e+21"), (-1e21, "double", "-1e+21"), (float("nan"), "double", "nan"),
        (Decimal("1.50"), "decimal", "1.50"), (b"\x00\xff", "binData", "00ff"),
        (ObjectIdValue(ID), "objectId", ID), (ResolvedReference(ID), "uuid", ID),
        (DanglingReference(reason=DanglingReason.NO_ROW, shown="u1"), "DanglingReference", "u1"),
        (Instant(1_500_000), "date", "1970-01-01T00:00:01.500Z"),
        (InfiniteInstant("-infinity"), "infinity", "-infinity"),
        (JsonText("{}"), "json", "{}"), ({"a": [True, "\u00fc", Instant(0)]}, "object",
        '{"a": [true, "\u00fc", "1970-01-01T00:00:00.000Z"]}'), (Opaque(type_name="regex"), "regex", ""),
    ],
    ids=repr,
)  # fmt: skip
def test_a_value_is_named_and_spelled(value: Raw, name: str, text: str) -> None:
    assert (type_name(value), spelled(value)) == (name, text)
    found = mistyped(value)
    assert (found.type_name, found.shown) == (name, text)
    assert found != mistyped(value), "what no rule takes agrees with nothing"


def test_a_broken_value_is_unreadable_where_its_type_is_told() -> None:
    with pytest.raises(UnreadableValue) as caught:
        mistyped(Opaque(type_name="text that is not UTF-8", unreadable=True))
    assert (caught.value.type_name, caught.value.path) == ("text that is not UTF-8", "")


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.999Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"), (253_402_300_800_000, "+010000-01-01T00:00:00.000Z"),
        (-62_167_219_200_000, "0000-01-01T00:00:00.000Z"), (-62_167_219_200_001, "-000001-12-31T23:59:59.999Z"),
        (8_640_000_000_000_000, "+275760-09-13T00:00:00.000Z"), (-8_640_000_000_000_000, "-271821-04-20T00:00:00.000Z"),
    ],
)  # fmt: skip
def test_a_time_is_spelled_as_javascript_does(milliseconds: int, text: str) -> None:
    assert iso_time(milliseconds) == text


@given(st.datetimes(timezones=st.just(UTC)))
def test_times_of_the_years_that_python_knows_are_its_own(at: datetime) -> None:
    milliseconds = (at - datetime(1970, 1, 1, tzinfo=UTC)) // (datetime.resolution * 1000)
    assert iso_time(milliseconds) == at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
