"""Numbers and rates as people read them: no rate is told smaller than it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.wording import TINY, counted, listed, per_cent


@pytest.mark.parametrize(
    ("rate", "told"),
    [
        (0.0, "0.00 %"), (1.0, "100.00 %"), (0.006, "0.60 %"), (0.0123456, "1.24 %"), (TINY, "0.01 %"),
        (TINY * 1.01, "0.02 %"), (TINY / 2, "0.00500 %"), (0.0000123456, "0.00124 %"), (0.9999, "99.99 %"),
        (0.00000001, "0.00001 %"),
    ],
)  # fmt: skip
def test_a_rate_is_rounded_upwards(rate: float, told: str) -> None:
    assert per_cent(rate) == told


@given(st.floats(0, 1))
def test_no_rate_is_told_smaller_than_it_is(rate: float) -> None:
    assert float(per_cent(rate).removesuffix(" %")) >= rate * 100 - 1e-7


@pytest.mark.parametrize(
    ("count", "told"), [(0, "0 diffs"), (1, "1 diff"), (2, "2 diffs"), (1_204_331, "1,204,331 diffs")]
)
def test_one_is_not_many(count: int, told: str) -> None:
    assert counted(count, "diff") == told


@pytest.mark.parametrize(
    ("names", "told"), [((), ""), (("a",), "a"), (("a", "b"), "a and b"), (("a", "b", "c"), "a, b and c")]
)
def test_names_are_listed(names: tuple[str, ...], told: str) -> None:
    assert listed(names) == told
