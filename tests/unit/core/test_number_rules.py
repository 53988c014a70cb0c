"""Numbers agree when they are the same number by the rule of their field, and only then."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.model import Opaque, Raw
from reconciler.core.normalize import source_rule
from reconciler.core.spec import FieldKind, NumberType
from reconciler.core.values import UnreadableValue
from tests.unit.core_world import diffs, field, longs

INTEGER, DOUBLE = field(FieldKind.INTEGER), field(FieldKind.DOUBLE)
MONEY, WEI = field(FieldKind.DECIMAL), field(FieldKind.DECIMAL, scale=18)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("10.005", "10.01"), ("-10.005", "-10.01"), ("2.675", "2.68"), ("0.005", "0.01"), ("-0.004", "0.00"),
        ("1E+3", "1000.00"),
        ("-0", "0"), ("1.10", "1.1"), (" 7 ", "7.00"), (".5", "0.50"), ("1e2", "100"), ("9" * 34, "9" * 34 + ".00"),
    ],
)  # fmt: skip
def test_money_is_rounded_half_away_from_zero_at_the_columns_scale(source: str, target: str) -> None:
    assert diffs(MONEY, Decimal(source.strip()), Decimal(target)) == []
    assert diffs(MONEY, source, Decimal(target)) == []


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (Decimal("10.005"), Decimal("10.00")), (Decimal("0.01"), Decimal("0.00")), (1.1, Decimal("1.11")),
        ("NaN", Decimal(0)),
        (Decimal("NaN"), Decimal("Infinity")), (Decimal("Infinity"), Decimal("-Infinity")),
        (10**34 + 1, Decimal(10**34)),
    ],
)  # fmt: skip
def test_other_money_differs(source: Raw, target: Raw) -> None:
    assert diffs(MONEY, source, target) == [("it", "value")]


def test_all_digits_of_a_column_count_whatever_the_decimal_context() -> None:
    """Python's own arithmetic rounds to 28 digits: two amounts that differ in the 38th would be one."""
    amount = Decimal("12345678901234567890.123456789012345678")
    assert diffs(WEI, str(amount), amount) == []
    assert diffs(WEI, str(amount), Decimal("12345678901234567890.123456789012345679")) == [("it", "value")]


@pytest.mark.parametrize("name", ["NaN", "Infinity", "-Infinity"])
def test_nan_and_infinities_are_equal_to_themselves_only(name: str) -> None:
    values = [Decimal(one) for one in ("NaN", "Infinity", "-Infinity", "0")]
    assert [diffs(MONEY, Decimal(name), one) == [] for one in values] == [str(one) == name for one in values]
    assert [diffs(MONEY, name, one) == [] for one in values] == [str(one) == name for one in values]
    assert [diffs(INTEGER, float(name), one) == [] for one in values] == [str(one) == name for one in values]
    assert [diffs(DOUBLE, float(name), float(one)) == [] for one in values] == [str(one) == name for one in values]


def test_a_double_counts_as_money_as_what_it_prints_shortest() -> None:
    assert diffs(WEI, 0.1, Decimal("0.100000000000000000")) == []
    assert diffs(WEI, 0.1, Decimal("0.100000000000000006")) == [("it", "value")]


@pytest.mark.parametrize("text", ["", "abc", "1,5", "0x10", "1_000", "+nan", "1e9999999", "1 2", "٣"])
def test_a_text_that_postgresql_would_not_read_as_a_number_is_unreadable(text: str) -> None:
    with pytest.raises(UnreadableValue):
        source_rule(MONEY)(text)


def test_a_number_with_more_digits_than_postgresql_holds_is_unreadable_and_no_crash() -> None:
    with pytest.raises(UnreadableValue, match="more digits"):
        source_rule(MONEY)("1e200000")
    assert diffs(MONEY, Decimal("1E+6111"), Decimal(0)) == [("it", "value")]


@pytest.mark.parametrize("value", [True, b"1", Opaque("regex"), [1], {"a": 1}])
def test_other_types_are_of_kind_type_even_where_they_print_the_same(value: Raw) -> None:
    assert diffs(MONEY, value, Decimal(1)) == [("it", "type")]
    assert diffs(INTEGER, value, 1) == [("it", "type")]
    assert diffs(DOUBLE, value, 1.0) == [("it", "type")]


def test_a_decimal128_is_no_integer_and_no_double() -> None:
    assert diffs(INTEGER, Decimal(7), 7) == [("it", "type")]
    assert diffs(DOUBLE, Decimal("1.5"), 1.5) == [("it", "type")]
    assert diffs(INTEGER, "7", 7) == [("it", "type")]


def test_money_takes_the_types_that_it_is_declared_to_accept() -> None:
    strict = field(FieldKind.DECIMAL, accepts=(NumberType.DECIMAL128,))
    assert diffs(strict, Decimal(1), Decimal(1)) == []
    assert [diffs(strict, one, Decimal(1)) for one in (1, 1.0, "1")] == [[("it", "type")]] * 3


@given(longs, st.integers(-3, 3))
def test_whole_numbers_agree_exactly(value: int, step: int) -> None:
    assert (diffs(INTEGER, value, value + step) == []) == (step == 0)
    assert diffs(INTEGER, value, Decimal(value)) == []


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_doubles_agree_with_themselves_and_with_integers_of_the_same_value(value: float) -> None:
    assert diffs(DOUBLE, value, value) == []
    assert (diffs(INTEGER, value, int(value)) == []) == value.is_integer()


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6), st.sampled_from([0, 2, 4]))
def test_rounding_is_never_more_than_half_a_unit(value: Decimal, scale: int) -> None:
    rounded = source_rule(field(FieldKind.DECIMAL, scale=scale))(value)
    assert isinstance(rounded, Decimal)
    assert abs(rounded - value) <= Decimal(5).scaleb(-scale - 1)
    assert abs(rounded) >= abs(value) or abs(rounded - value) < Decimal(5).scaleb(-scale - 1)
