"""The drawing of a timeline: everything on the canvas, in the order of time, and the same in its table."""

from datetime import timedelta
from itertools import pairwise

import pytest

from reconciler.core.gate import decide
from reconciler.core.model import Mode, Outcome
from reconciler.core.summary import domain_verdict
from reconciler.core.timeline import BandState, MomentKind, Past, Timeline, timeline
from reconciler.web.views.timeline import MARGIN, NARROW, WIDE, timeline_view
from reconciler.web.words import BAND, MOMENT
from tests.unit.gate_world import NIGHTS, a_decision, a_run, at, some_facts, summary

pytestmark = pytest.mark.unit

DIRTY = (summary(outcomes={Outcome.MISSING_IN_TARGET: 1}),)


def some_timeline(days: int = 14) -> Timeline:
    found = a_run(9, hours=50, mode=Mode.SAMPLE, entities=DIRTY)
    decisions = tuple(a_decision(number, digest="d", hours=99 + number / 100) for number in range(1, 8))
    past = Past(runs=(*NIGHTS, found), decisions=decisions)
    until = at(100)
    return timeline(
        past,
        since=until - timedelta(days=days),
        until=until,
        max_scan_age=timedelta(hours=26),
        judge=domain_verdict,
    )


@pytest.mark.parametrize("days", [1, 14, 30, 92])
def test_everything_lies_on_both_canvases_in_the_order_of_time(days: int) -> None:
    view = timeline_view(some_timeline(days), decide(some_facts()).soak, days=days)
    for drawing, width in ((view.wide, WIDE), (view.narrow, NARROW)):
        xs = [bar.x for bar in drawing.bars]
        assert xs == sorted(xs)
        assert xs[0] == MARGIN
        assert all(bar.x + bar.width <= width - MARGIN + 2 for bar in drawing.bars)
        assert all(MARGIN <= flag.x <= width - MARGIN and flag.y < drawing.axis for flag in drawing.flags)
        labelled = [tick.x for tick in drawing.ticks if tick.label]
        assert all(later - one >= 57 for one, later in pairwise(labelled))


def test_moments_close_together_take_lanes_of_their_own() -> None:
    view = timeline_view(some_timeline(), None, days=14)
    close = [flag.y for flag in view.wide.flags if flag.x > WIDE - 60]
    assert len(set(close)) == 4


def test_the_table_has_every_band_and_moment() -> None:
    found = some_timeline()
    view = timeline_view(found, None, days=14)
    assert len(view.rows) == len(found.bands) + len(found.moments)
    assert view.text.startswith("Last 14 days: clean ")
    assert view.used == (MOMENT[MomentKind.DIFFS], MOMENT[MomentKind.APPROVAL])


def test_the_soak_is_drawn_from_where_it_counts() -> None:
    view = timeline_view(some_timeline(), decide(some_facts()).soak, days=14)
    assert view.wide.soak is not None
    assert (view.wide.soak.full, view.wide.soak.label) == (True, "soak 72 h full")
    assert MARGIN < view.wide.soak.start < view.wide.soak.end < WIDE - MARGIN


def test_every_state_and_moment_has_a_word() -> None:
    assert set(BAND) == set(BandState)
    assert set(MOMENT) == set(MomentKind)
