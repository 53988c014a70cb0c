"""When a channel is told: on transitions, after thresholds, with reminders, and at night of what cannot wait."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.channels import (
    BAD,
    Channel,
    ChannelKind,
    Heard,
    QuietHours,
    Say,
    Standing,
    digest_due,
    due,
    wanting,
)
from reconciler.core.events import EventType
from reconciler.core.gate_values import GateVerdict

pytestmark = pytest.mark.unit

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LOOK = timedelta(seconds=10)
OPS = Channel(name="ops", kind=ChannelKind.SLACK)
NIGHT = QuietHours(begin=time(22), end=time(7))
VERDICTS = st.sampled_from(list(GateVerdict))


def standing(verdict: GateVerdict, *, since: datetime = NOON, flipped: bool = False) -> Standing:
    return Standing(verdict=verdict, since=since, flipped=flipped)


def heard(verdict: GateVerdict, at: datetime = NOON) -> Heard:
    return Heard(verdict=verdict, at=at)


def said(
    now: GateVerdict, before: GateVerdict | None, channel: Channel = OPS, *, after: timedelta = LOOK
) -> Say | None:
    known = heard(before) if before else None
    return due(standing(now), known, channel, now=NOON + after, look=LOOK)


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        (GateVerdict.SOAKING, GateVerdict.NO_GO, Say.CHANGE),
        (GateVerdict.HOLD, GateVerdict.NO_GO, Say.CHANGE),
        (GateVerdict.NO_GO, GateVerdict.SOAKING, Say.CHANGE),
        (GateVerdict.READY, GateVerdict.GO, Say.CHANGE),
        (GateVerdict.NO_GO, GateVerdict.NO_GO, None),
        (GateVerdict.GO, GateVerdict.GO, None),
        (None, GateVerdict.NO_GO, Say.CHANGE),
        (None, GateVerdict.HOLD, Say.CHANGE),
        (None, GateVerdict.GO, Say.NOTHING),
        (None, GateVerdict.NO_DATA, Say.NOTHING),
    ],
)
def test_a_transition_is_told_and_nothing_else(before: GateVerdict | None, now: GateVerdict, told: Say | None) -> None:
    assert said(now, before) is told


def test_what_fails_is_told_when_enough_looks_in_a_row_agree() -> None:
    slow = replace(OPS, failure_threshold=3, success_threshold=2)
    for after, told in ((0, None), (1, None), (2, Say.CHANGE)):
        assert said(GateVerdict.NO_GO, GateVerdict.GO, slow, after=after * LOOK) is told
    for after, told in ((0, None), (1, Say.CHANGE)):
        assert said(GateVerdict.GO, GateVerdict.HOLD, slow, after=after * LOOK) is told


def test_what_gets_worse_waits_for_nothing() -> None:
    slow = replace(OPS, failure_threshold=30)
    assert said(GateVerdict.NO_GO, GateVerdict.HOLD, slow, after=timedelta(0)) is Say.CHANGE


def test_recovery_can_be_left_out_and_counts_as_heard() -> None:
    curt = replace(OPS, send_resolved=False)
    assert said(GateVerdict.SOAKING, GateVerdict.NO_GO, curt) is Say.NOTHING
    assert said(GateVerdict.READY, GateVerdict.SOAKING, curt) is Say.CHANGE


def test_what_stays_bad_is_brought_to_mind_again() -> None:
    daily = replace(OPS, reminder_every=timedelta(days=1))
    for verdict, after, told in (
        (GateVerdict.NO_GO, timedelta(hours=23), None),
        (GateVerdict.NO_GO, timedelta(days=1), Say.REMINDER),
        (GateVerdict.GO, timedelta(days=9), None),
    ):
        assert said(verdict, verdict, daily, after=after) is told
    assert said(GateVerdict.NO_GO, GateVerdict.NO_GO, after=timedelta(days=99)) is None


def test_the_night_is_quiet_but_for_what_was_flipped() -> None:
    quiet, night = replace(OPS, quiet=NIGHT), NOON.replace(hour=23)
    for verdict, flipped, told in (
        (GateVerdict.NO_GO, False, None),
        (GateVerdict.HOLD, True, None),
        (GateVerdict.NO_GO, True, Say.CHANGE),
    ):
        state = standing(verdict, since=night, flipped=flipped)
        assert due(state, heard(GateVerdict.GO), quiet, now=night, look=LOOK) is told
    morning = NOON.replace(day=2, hour=7)
    assert due(standing(GateVerdict.NO_GO), heard(GateVerdict.GO), quiet, now=morning, look=LOOK) is Say.CHANGE
    assert due(standing(GateVerdict.GO), heard(GateVerdict.GO), quiet, now=morning, look=LOOK) is None


@given(st.lists(VERDICTS, min_size=1, max_size=30), st.integers(1, 4), st.integers(1, 4))
def test_whoever_listens_knows_what_is_bad_in_the_end(seen: list[GateVerdict], fail: int, succeed: int) -> None:
    """Whatever happens on the way: once a gate stays as it is, the channel has heard of it, and hears it once."""
    channel = replace(OPS, failure_threshold=fail, success_threshold=succeed)
    known: Heard | None = None
    since, bad, told = NOON, False, []
    for number, verdict in enumerate([*seen, *[seen[-1]] * 6]):
        now = NOON + number * LOOK
        if (verdict in BAD) != bad:
            since, bad = now, verdict in BAD
        say = due(standing(verdict, since=since), known, channel, now=now, look=LOOK)
        if say is not None:
            known = heard(verdict, now)
            told.append((say, verdict))
    assert known is not None
    assert known.verdict is seen[-1]
    changes = [verdict for say, verdict in told if say is Say.CHANGE]
    if Say.NOTHING not in dict(told):
        assert all(one is not other for one, other in pairwise(changes))
    if seen[-1] in BAD:
        assert told[-1] == (Say.CHANGE, seen[-1])


@given(st.datetimes(timezones=st.just(UTC), min_value=datetime(2001, 1, 1), max_value=datetime(2099, 1, 1)))  # noqa: DTZ001 - hypothesis adds the zone
def test_quiet_hours_end_within_a_day_and_are_over_then(at: datetime) -> None:
    for zone in (UTC, ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kathmandu")):
        quiet = replace(NIGHT, zone=zone)
        end = quiet.over(at)
        assert at <= end <= at + timedelta(hours=25)
        assert quiet.over(end) == end


def test_hours_that_begin_when_they_end_are_never_quiet() -> None:
    assert QuietHours(begin=time(8), end=time(8)).over(NOON) == NOON


def test_who_asked_for_it_and_follows_the_domain_is_told() -> None:
    some = replace(OPS, name="some", domains=frozenset({"address"}), events=frozenset({EventType.FLIP_OBSERVED}))
    assert wanting([OPS, some], EventType.FLIP_OBSERVED, "address") == (OPS, some)
    assert wanting([OPS, some], EventType.FLIP_OBSERVED, "order") == (OPS,)
    assert wanting([OPS, some], EventType.RUN_FINISHED, "order") == ()


def test_the_digest_of_a_day_is_due_from_its_time_on_and_not_much_later() -> None:
    morning = replace(OPS, digest=time(7))
    assert digest_due(OPS, now=NOON) is None
    assert digest_due(morning, now=NOON.replace(hour=6)) is None
    assert digest_due(morning, now=NOON) == NOON.replace(hour=7)
    assert digest_due(morning, now=NOON.replace(hour=14)) is None
