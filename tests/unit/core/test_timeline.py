"""A timeline has no gap, is clean only where a clean scan says so, and names what happened."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.history import DomainRun, FlagChange, Rehearsal
from reconciler.core.model import Mode, Outcome, RunStatus
from reconciler.core.summary import domain_verdict
from reconciler.core.timeline import BandState, MomentKind, Past, Timeline, timeline
from tests.unit.gate_world import a_decision, a_run, at, summary

pytestmark = pytest.mark.unit

DIRTY = (summary(outcomes={Outcome.MISSING_IN_TARGET: 1}),)
UNSURE = (summary(outcomes={Outcome.UNREADABLE: 1}),)
AGE = timedelta(hours=26)


def seen(*runs: DomainRun, hours: float = 96, **past: object) -> Timeline:
    """The first `hours` hours of the world."""
    given = replace(Past(runs=runs), **past)  # type: ignore[arg-type]
    return timeline(given, since=at(0), until=at(hours), max_scan_age=AGE, judge=domain_verdict)


def told(found: Timeline) -> list[tuple[str, float, float]]:
    """Each band's state with the hours it began and ended."""
    hour = timedelta(hours=1)
    return [(band.state.value, (band.start - at(0)) / hour, (band.end - at(0)) / hour) for band in found.bands]


def test_without_a_run_there_is_no_data() -> None:
    assert told(seen()) == [("no_data", 0, 96)]


def test_clean_scans_join_and_grow_too_old() -> None:
    found = seen(a_run(1, hours=10), a_run(2, hours=34))
    assert told(found) == [("no_data", 0, 10.5), ("clean", 10.5, 60), ("no_data", 60, 96)]
    assert [(band.run, band.runs) for band in found.bands] == [(None, 0), (1, 2), (None, 0)]


def test_a_missed_scan_is_a_hole() -> None:
    found = seen(a_run(1, hours=0), a_run(2, hours=48))
    assert told(found) == [
        ("no_data", 0, 0.5), ("clean", 0.5, 26), ("no_data", 26, 48.5), ("clean", 48.5, 74), ("no_data", 74, 96),
    ]  # fmt: skip


@pytest.mark.parametrize("mode", Mode)
def test_a_difference_lasts_until_the_next_clean_scan(mode: Mode) -> None:
    clean_sample = a_run(3, hours=40, mode=Mode.SAMPLE)
    found = seen(a_run(1, hours=10), a_run(2, hours=20, mode=mode, entities=DIRTY), clean_sample, a_run(4, hours=70))
    assert told(found)[1:] == [("clean", 10.5, 20.5), ("diffs", 20.5, 70.5), ("clean", 70.5, 96)]
    assert [(one.kind, one.at, one.run) for one in found.moments] == [(MomentKind.DIFFS, at(20.5), 2)]


def test_a_failed_sample_is_a_doubt_that_the_next_clean_one_ends() -> None:
    failed = a_run(2, hours=20, mode=Mode.SAMPLE, status=RunStatus.FAILED)
    found = seen(a_run(1, hours=10), failed, a_run(3, hours=24, mode=Mode.SAMPLE), hours=30)
    assert told(found)[1:] == [("clean", 10.5, 20.5), ("inconclusive", 20.5, 24.5), ("clean", 24.5, 30)]


def test_a_sample_makes_nothing_clean() -> None:
    assert told(seen(a_run(1, hours=10, mode=Mode.SAMPLE))) == [("no_data", 0, 96)]
    doubt = a_run(1, hours=10, entities=UNSURE)
    assert told(seen(doubt, a_run(2, hours=20, mode=Mode.SAMPLE)))[-1] == ("inconclusive", 10.5, 96)


def test_a_doubt_after_a_difference_does_not_cover_it() -> None:
    found = seen(a_run(1, hours=1, entities=DIRTY), a_run(2, hours=5, mode=Mode.SAMPLE, status=RunStatus.INTERRUPTED))
    assert told(found)[-1] == ("diffs", 1.5, 96)


def test_runs_before_the_time_asked_for_tell_how_it_begins() -> None:
    assert told(seen(a_run(1, hours=-10))) == [("clean", 0, 16), ("no_data", 16, 96)]
    assert told(seen(a_run(1, hours=-10, entities=DIRTY)))[0][0] == "diffs"


def test_a_run_under_way_or_later_says_nothing() -> None:
    running = a_run(1, hours=10, status=RunStatus.RUNNING, finished_at=None)
    assert told(seen(running, a_run(2, hours=95.9))) == [("no_data", 0, 96)]


def test_what_changed_between_runs_is_told_at_the_later_one() -> None:
    runs = (
        a_run(1, hours=1),
        a_run(2, hours=10, config_digest="sha256:other"),
        a_run(3, hours=20, config_digest="sha256:other", policy_digest="sha256:other"),
        a_run(4, hours=30, config_digest="sha256:other", policy_digest="sha256:other", code_version="2"),
    )
    kinds = [(one.kind, one.at, one.run) for one in seen(*runs).moments]
    assert kinds == [
        (MomentKind.RULES, at(10), 2), (MomentKind.POLICY, at(20), 3), (MomentKind.CODE, at(30), 4),
    ]  # fmt: skip


def test_what_people_did_is_told() -> None:
    found = seen(
        decisions=(
            a_decision(1, digest="d", hours=10),
            a_decision(2, action="reject", digest="d", hours=11),
            a_decision(3, action="revoke", digest="d", hours=12),
            a_decision(4, digest="d", hours=-1),
        ),
        rehearsals=(Rehearsal(domain="address", minutes=4, comment="x", actor="s.lee", at=at(5)),),
        flags=(
            FlagChange(domain="address", reads="mongo", had_go=False, origin="x", at=at(1)),
            FlagChange(domain="address", reads="postgres", had_go=True, origin="x", at=at(20)),
            FlagChange(domain="address", reads="mongo", had_go=False, origin="x", at=at(30)),
            FlagChange(domain="address", reads="postgres", had_go=False, origin="x", at=at(40)),
        ),
    )
    assert [(one.kind.value, one.told) for one in found.moments] == [
        ("rehearsal", "way back rehearsed by s.lee in 4 min"),
        ("approval", "approved by m.ortiz"),
        ("rejection", "rejected by m.ortiz"),
        ("revocation", "revoked by m.ortiz"),
        ("flip", "reads flipped to PostgreSQL after a go"),
        ("rollback", "reads turned back to MongoDB"),
        ("flip", "reads flipped to PostgreSQL without a go"),
    ]


some_runs = st.lists(
    st.builds(
        lambda hours, mode, status, entities: a_run(1, hours=hours, mode=mode, status=status, entities=entities),
        hours=st.floats(-40, 120),
        mode=st.sampled_from(Mode),
        status=st.sampled_from(RunStatus),
        entities=st.sampled_from([(summary(),), DIRTY, UNSURE]),
    ),
    max_size=12,
)


@given(some_runs)
def test_bands_cover_the_time_without_a_gap_and_neighbours_differ(runs: list[DomainRun]) -> None:
    found = seen(*(replace(run, run_id=number) for number, run in enumerate(runs, 1)))
    edges = [band.start for band in found.bands] + [found.bands[-1].end]
    assert [edges[0], edges[-1]] == [at(0), at(96)]
    assert all(band.end == later for band, later in zip(found.bands, edges[1:], strict=True))
    assert all(one.state is not other.state for one, other in pairwise(found.bands))


@given(some_runs)
def test_every_clean_moment_has_a_clean_scan_that_is_young_enough(runs: list[DomainRun]) -> None:
    numbered = [replace(run, run_id=number) for number, run in enumerate(runs, 1)]
    clean = [
        run
        for run in numbered
        if run.mode is Mode.SCAN and run.status is RunStatus.COMPLETED and run.entities == (summary(),)
    ]
    for band in seen(*numbered).bands:
        if band.state is BandState.CLEAN:
            middle = band.start + (band.end - band.start) / 2
            assert any(run.finished_at <= middle <= run.started_at + AGE for run in clean if run.finished_at)
