"""Sums that MongoDB answers with are whole numbers to the last digit."""

import pytest
from bson import Decimal128
from hypothesis import given
from hypothesis import strategies as st

from reconciler.adapters.mongo.checksums import whole_number

LARGEST = 10**34 - 1


@given(st.integers(min_value=-LARGEST, max_value=LARGEST))
def test_a_sum_is_the_number_it_is_printed_as(number: int) -> None:
    assert whole_number(Decimal128(str(number))) == number


@pytest.mark.parametrize("text", ["0", "-0", "1E+3", "1.0E+3", "-7E+30", "1E+40"])
def test_a_sum_with_an_exponent_is_told_as_well(text: str) -> None:
    assert whole_number(Decimal128(text)) == int(Decimal128(text).to_decimal())


@pytest.mark.parametrize("number", [0, -1, 2**62])
def test_a_sum_that_is_no_decimal_stays_what_it_is(number: int) -> None:
    assert whole_number(number) == number
