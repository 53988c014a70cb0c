"""A sample is the same for the same seed, no larger than asked, fair, and drawn from both sides."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.model import RecordKey, Side
from reconciler.core.sampling import KeySample, upper_bound

CHI_SQUARE_999_PER_MILLE = 148.2  # 99 degrees of freedom


def key(number: int) -> RecordKey:
    """A key like a legacy id."""
    return RecordKey(parts=(f"{number:024x}",), text=f"{number:024x}")


def drawn(numbers: range, *, size: int, seed: int, other: range = range(0)) -> list[RecordKey]:
    """What a sample draws of these source keys and these target keys."""
    sample = KeySample(size=size, seed=seed)
    for number in numbers:
        sample.offer(Side.SOURCE, key(number))
    for number in other:
        sample.offer(Side.TARGET, key(number))
    return sample.drawn()


@given(st.integers(0, 2**31), st.integers(1, 30))
def test_a_sample_is_repeatable_bounded_sorted_and_blind_to_the_order_of_arrival(seed: int, size: int) -> None:
    one = drawn(range(100), size=size, seed=seed, other=range(50, 150))
    other = drawn(range(99, -1, -1), size=size, seed=seed, other=range(149, 49, -1))
    assert one == other == sorted(one, key=lambda found: found.parts)
    assert len(one) == size


def test_both_sides_choose_the_same_keys_where_they_hold_the_same() -> None:
    assert drawn(range(1000), size=100, seed=7, other=range(1000)) == drawn(range(1000), size=100, seed=7)


def test_half_of_the_sample_comes_from_either_side() -> None:
    found = [int(one.text, 16) < 1000 for one in drawn(range(1000), size=100, seed=7, other=range(1000, 2000))]
    assert (found.count(True), found.count(False)) == (50, 50)


def test_keys_of_either_side_alone_can_be_drawn() -> None:
    found = {int(one.text, 16) for one in drawn(range(10), size=100, seed=7, other=range(100, 110))}
    assert found == {*range(10), *range(100, 110)}


def test_a_doubled_key_takes_one_place() -> None:
    sample = KeySample(size=20, seed=7)
    for number in (number for number in range(40) for _ in range(2)):
        sample.offer(Side.TARGET, key(number))
    assert len(sample.drawn()) == 20


def test_another_seed_draws_another_sample() -> None:
    assert drawn(range(1000), size=20, seed=1) != drawn(range(1000), size=20, seed=2)


def test_every_part_of_the_key_range_is_drawn_alike() -> None:
    buckets = Counter(int(one.text, 16) // 100 for one in drawn(range(10_000), size=4000, seed=7))
    expected = 4000 / 100
    assert sum((buckets[place] - expected) ** 2 / expected for place in range(100)) < CHI_SQUARE_999_PER_MILLE


@pytest.mark.parametrize(("sampled", "bound"), [(0, 1.0), (1, 0.95), (300, 0.00993), (3000, 0.000998)])
def test_the_rate_that_clean_draws_leave_possible(sampled: int, bound: float) -> None:
    assert upper_bound(sampled=sampled) == pytest.approx(bound, rel=0.01)
