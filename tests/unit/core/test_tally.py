"""Sums over runs: what is merged adds up to the same as what was never taken apart."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.history import DomainRun
from reconciler.core.model import Mode, Outcome, RunStatus, Verdict
from reconciler.core.tally import BOUNDS, Lengths, Tally
from tests.unit.gate_world import a_run, at, summary

pytestmark = pytest.mark.unit


@st.composite
def parts(draw: st.DrawFn) -> DomainRun:
    domain = draw(st.sampled_from(["address", "order"]))
    entity = summary(
        domain,
        matched=draw(st.integers(0, 5)),
        outcomes={Outcome.MISSING_IN_TARGET: draw(st.integers(0, 3)), Outcome.FIELD_MISMATCH: draw(st.integers(0, 3))},
        cleared=draw(st.integers(0, 4)),
        complete=draw(st.booleans()),
    )
    return a_run(
        draw(st.integers(1, 99)),
        hours=draw(st.integers(0, 99)),
        domain=domain,
        entities=(entity,),
        mode=draw(st.sampled_from(Mode)),
        status=draw(st.sampled_from([RunStatus.COMPLETED, RunStatus.FAILED])),
    )


def tally_of(found: list[DomainRun]) -> Tally:
    tally = Tally()
    for part in found:
        tally.add(part)
        tally.took(part.mode, float(part.run_id))
    return tally


@given(st.lists(parts(), max_size=8), st.integers(0, 8))
def test_kept_as_json_and_merged_it_is_the_same(found: list[DomainRun], cut: int) -> None:
    merged = Tally()
    for some in (found[:cut], found[cut:]):
        merged.merge(json.loads(json.dumps(tally_of(some).dump())))
    whole = Tally()
    whole.merge(tally_of(found).dump())
    assert merged == whole


def test_a_part_is_counted_by_what_it_found() -> None:
    entity = summary(outcomes={Outcome.FIELD_MISMATCH: 2, Outcome.KEY_DEFECT: 1, Outcome.UNREADABLE: 1}, cleared=3)
    tally = tally_of([a_run(1, hours=1, entities=(entity, summary("other"))), a_run(2, hours=2)])
    assert tally.compared == {"address": 302}
    assert tally.cleared == {"address": 3}
    assert +tally.found == {
        ("address", Outcome.FIELD_MISMATCH): 2,
        ("address", Outcome.KEY_DEFECT): 1,
        ("address", Outcome.UNREADABLE): 1,
    }
    assert tally.results == {("address", Verdict.DIFFS): 1, ("address", Verdict.CLEAN): 1}
    assert tally.ended == {("address", Verdict.DIFFS): at(1.5), ("address", Verdict.CLEAN): at(2.5)}
    assert tally.domains == {"address"}


def test_only_a_scan_of_everything_is_a_whole_one() -> None:
    whole = a_run(1, hours=1)
    for part in (
        replace(whole, mode=Mode.SAMPLE),
        replace(whole, status=RunStatus.FAILED),
        replace(whole, error="stopped"),
        replace(whole, entities=()),
        replace(whole, entities=(summary(), summary("other", complete=False))),
    ):
        assert tally_of([part]).scanned == {}
    later = replace(whole, entities=(summary(outcomes={Outcome.FIELD_MISMATCH: 1}),), finished_at=at(9))
    assert tally_of([later, whole]).scanned == {"address": at(9)}


def test_lengths_fall_into_the_first_bound_that_holds_them() -> None:
    lengths = Lengths()
    for seconds in (0.0, 1.0, 1.1, 5.0, 1e9):
        lengths.add(seconds)
    assert lengths.counts == [2, 2, *[0] * (len(BOUNDS) - 2), 1]
    assert lengths.total == pytest.approx(1e9 + 7.1)
    with pytest.raises(ValueError, match="shorter"):
        lengths.merge([1], 1.0)
