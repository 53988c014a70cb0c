"""What a sample says in words: of how many keys, and what rate of differing records it leaves possible."""

from dataclasses import replace

import pytest

from reconciler.core.gate_values import Sampled
from reconciler.core.model import Outcome, SampleDraw
from reconciler.core.sampled import sample_words, sampled_words
from tests.unit.gate_world import at, summary


def test_an_entity_that_no_sample_was_drawn_of_says_nothing() -> None:
    assert sample_words(summary()) == ""


def test_a_sample_says_what_it_was_drawn_of_and_what_it_proves() -> None:
    draw = SampleDraw(size=1000, even=1000, population=120_000)
    entity = summary(matched=1000, sample=draw)
    assert sample_words(entity) == "address: 1,000 of 120,000 keys drawn; true diff rate below 0.30 % at 95 %"
    whole = summary(matched=1, sample=SampleDraw(size=1, even=1, population=1))
    assert sample_words(whole) == "address: 1 of 1 key drawn; true diff rate below 0.00 % at 95 %"
    unread = replace(entity, outcomes={**entity.outcomes, Outcome.MATCHED: 0, Outcome.UNREADABLE: 1000})
    assert sample_words(unread) == "address: 1,000 of 120,000 keys drawn; true diff rate below 100.00 % at 95 %"


@pytest.mark.parametrize(
    ("runs", "rate", "told"),
    [
        (1, 0.003, "1 sampled run since: each entity's true diff rate below 0.30 % at 95 %, by run 31"),
        (12, 0.0, "12 sampled runs since: each entity's true diff rate below 0.00 % at 95 %, by run 31"),
        (2, None, "2 sampled runs since: nothing proven, by run 31"),
    ],
)
def test_the_samples_since_a_scan_are_told(runs: int, rate: float | None, told: str) -> None:
    assert sampled_words(Sampled(runs=runs, newest_run=31, at=at(1), diff_rate_below=rate)) == told
