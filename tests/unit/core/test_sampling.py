"""A sample is the same for the same seed, no larger than asked, fair, and drawn from both sides."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.model import EntitySummary, Outcome, RecordKey, SampleDraw, Side
from reconciler.core.sampling import Drawn, KeySample, diff_rate_below, most_differing
from tests.unit.gate_world import summary

CHI_SQUARE_999_PER_MILLE = 148.2  # 99 degrees of freedom


def key(number: int) -> RecordKey:
    """A key like a legacy id."""
    return RecordKey(parts=(f"{number:024x}",), text=f"{number:024x}")


def drawn(numbers: range, *, size: int, seed: int, other: range = range(0)) -> list[RecordKey]:
    """What a sample draws of these source keys and these target keys."""
    return list(draw(numbers, size=size, seed=seed, other=other).keys)


def draw(numbers: Iterable[int], *, size: int, seed: int, other: Iterable[int] = ()) -> Drawn:
    """The same, with what is even of it."""
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
    assert len(sample.drawn().keys) == 20


def test_another_seed_draws_another_sample() -> None:
    assert drawn(range(1000), size=20, seed=1) != drawn(range(1000), size=20, seed=2)


def test_every_part_of_the_key_range_is_drawn_alike() -> None:
    buckets = Counter(int(one.text, 16) // 100 for one in drawn(range(10_000), size=4000, seed=7))
    expected = 4000 / 100
    assert sum((buckets[place] - expected) ** 2 / expected for place in range(100)) < CHI_SQUARE_999_PER_MILLE


def lowest(numbers: set[int], *, size: int, seed: int) -> set[str]:
    """The keys of the lowest places among all of these: an even draw, by definition."""
    return {key.text for key in draw(numbers, size=size, seed=seed).keys} if size else set()


@given(st.sets(st.integers(0, 60)), st.sets(st.integers(0, 60)), st.integers(1, 40), st.integers(0, 2**31))
def test_the_even_part_of_a_draw_is_the_lowest_places_of_both_sides_together(
    source: set[int], target: set[int], size: int, seed: int
) -> None:
    found = draw(source, size=size, seed=seed, other=target)
    assert lowest(source | target, size=found.even, seed=seed) <= {key.text for key in found.keys}
    assert found.even >= min(size // 2, len(source | target))
    assert len(found.keys) == min(size, len(source | target))


def test_a_draw_of_the_same_keys_is_even_as_a_whole() -> None:
    assert draw(range(1000), size=100, seed=7, other=range(1000)).even == 100


def test_a_draw_of_other_keys_on_either_side_is_even_by_half_at_least() -> None:
    assert draw(range(1000), size=101, seed=7, other=range(1000, 1100)).even == 50


def by_counting(*, population: int, sampled: int, found: int) -> int:
    """The same bound, by adding up every probability for every number of differing records."""
    plausible = [
        bad
        for bad in range(found, population - sampled + found + 1)
        if sum(
            Fraction(comb(bad, hits) * comb(population - bad, sampled - hits), comb(population, sampled))
            for hits in range(found + 1)
        )
        > Fraction(5, 100)
    ]
    return max(plausible)


numbers = st.integers(0, 40).flatmap(
    lambda population: st.integers(0, population).flatmap(
        lambda sampled: st.tuples(st.just(population), st.just(sampled), st.integers(0, sampled))
    )
)


@given(numbers)
def test_the_bound_is_the_one_that_counting_gives(drawing: tuple[int, int, int]) -> None:
    population, sampled, found = drawing
    expected = by_counting(population=population, sampled=sampled, found=found)
    assert most_differing(population=population, sampled=sampled, found=found) == expected


@given(numbers, st.integers(0, 40))
def test_a_smaller_population_at_the_same_rate_is_never_judged_better_than_it_is(
    drawing: tuple[int, int, int], more: int
) -> None:
    population, sampled, _ = drawing
    least = Fraction(most_differing(population=population + more, sampled=sampled, found=0) + 1, population + more or 1)
    bad = most_differing(population=population, sampled=sampled, found=0)
    assert Fraction(bad, population or 1) < least


@pytest.mark.parametrize(
    ("population", "sampled", "bound"),
    [(1_000_000, 300, 0.00993), (1_000_000, 3000, 0.000998), (10_000_000, 100_000, 0.0000299), (1200, 1000, 0.0016667)],
)
def test_a_clean_draw_leaves_about_three_by_its_size_or_less(population: int, sampled: int, bound: float) -> None:
    found = diff_rate_below(clean(size=sampled, even=sampled, population=population))
    assert found is not None
    assert found == pytest.approx(bound, rel=0.02)
    assert found <= 3 / sampled


def clean(*, size: int, even: int, population: int, **outcomes: int) -> EntitySummary:
    """The counts of a sample."""
    draw = SampleDraw(size=size, even=even, population=population)
    counts = {Outcome(name): count for name, count in outcomes.items()}
    return summary(matched=size - sum(outcomes.values()), outcomes=counts, sample=draw)


def test_without_a_draw_nothing_is_said() -> None:
    assert diff_rate_below(summary()) is None


def test_a_draw_of_everything_says_the_rate_itself() -> None:
    assert diff_rate_below(clean(size=50, even=50, population=50)) == 0
    assert diff_rate_below(clean(size=50, even=50, population=50, field_mismatch=1)) == 0.02
    assert diff_rate_below(clean(size=50, even=50, population=50, field_mismatch=1, out_of_scope=40)) == 0.1


def test_only_the_even_part_counts_and_everything_found_counts_in_it() -> None:
    whole = diff_rate_below(clean(size=100, even=100, population=10_000))
    half = diff_rate_below(clean(size=100, even=50, population=10_000))
    assert half is not None
    assert whole is not None
    assert half > 1.9 * whole
    assert diff_rate_below(clean(size=100, even=50, population=10_000, field_mismatch=60)) == 1


@pytest.mark.parametrize(
    "outcome", ["missing_in_target", "extra_in_target", "field_mismatch", "key_defect", "unreadable"]
)
def test_what_differs_or_cannot_be_read_raises_the_bound(outcome: str) -> None:
    none = diff_rate_below(clean(size=100, even=100, population=10_000))
    one = diff_rate_below(clean(size=100, even=100, population=10_000, **{outcome: 1}))
    assert one is not None
    assert none is not None
    assert one > 1.4 * none


def test_what_was_out_of_scope_or_not_looked_at_proves_nothing() -> None:
    assert diff_rate_below(clean(size=100, even=100, population=10_000, out_of_scope=100)) == 1
    some = diff_rate_below(clean(size=100, even=100, population=10_000, out_of_scope=50))
    assert some == diff_rate_below(clean(size=50, even=50, population=10_000))
    assert diff_rate_below(replace(clean(size=9, even=9, population=90), complete=False)) == 1


def test_numbers_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(ValueError, match="population"):
        most_differing(population=10, sampled=11, found=0)


@given(st.sets(st.integers(0, 199), max_size=60), st.sets(st.integers(200, 300), max_size=60), st.integers(0, 2**31))
def test_a_draw_of_two_sides_that_share_nothing_takes_half_of_each(left: set[int], right: set[int], seed: int) -> None:
    found = [int(key.text, 16) < 200 for key in draw(left, size=20, seed=seed, other=right).keys]
    assert found.count(True) >= min(10, len(left))
    assert found.count(False) >= min(10, len(right))
