"""A domain's calendar: whole weeks up to this one, each day as bad as the worst of its runs."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.core.history import DomainRun
from reconciler.core.model import Mode, Outcome, RunStatus
from reconciler.web.views.calendar import WEEKS, Calendar, CalendarDay, calendar, first_monday
from reconciler.web.views.days import Judgements
from reconciler.web.words import Family
from tests.unit.gate_world import a_run, summary

pytestmark = pytest.mark.unit

FRIDAY = datetime(2026, 3, 20, 22, 4, 11, tzinfo=UTC)


def run(
    number: int,
    *,
    days: int,
    differs: bool = False,
    mode: Mode = Mode.SCAN,
    status: RunStatus = RunStatus.COMPLETED,
) -> DomainRun:
    entity = summary(outcomes={Outcome.FIELD_MISMATCH: 1}) if differs else summary()
    made = a_run(number, hours=0, mode=mode, status=status, entities=(entity,))
    return replace(made, started_at=FRIDAY - timedelta(days=days))


def drawn(*runs: DomainRun) -> Calendar:
    return calendar(runs, now=FRIDAY, judgements=Judgements())


def day(of: Calendar, text: str) -> CalendarDay:
    return next(one for week in of.weeks for one in week if one.text.startswith(text))


def test_it_begins_on_a_monday_and_ends_with_this_week() -> None:
    shown = drawn()
    assert first_monday(FRIDAY) == datetime(2026, 2, 16, tzinfo=UTC)
    assert [len(week) for week in shown.weeks] == [7] * WEEKS
    assert [one.label for one in shown.weeks[1]] == ["23", "24", "25", "26", "27", "28", "1 Mar"]
    assert [one.to_come for one in shown.weeks[-1]] == [False] * 5 + [True] * 2
    assert day(shown, "22 Mar").text == "22 Mar: to come"


def test_a_day_is_as_bad_as_its_worst_run_and_says_how_many_looked() -> None:
    shown = drawn(run(1, days=1), run(2, days=1, differs=True), run(3, days=2, mode=Mode.SAMPLE))
    worst, sampled = day(shown, "19 Mar"), day(shown, "18 Mar")
    assert worst.word is not None
    assert (worst.word.family, worst.text) == (Family.DIFFS, "19 Mar: diffs, 2 runs, 2 scans")
    assert (sampled.scans, sampled.text) == (0, "18 Mar: clean, 1 run, 0 scans")


def test_a_day_without_a_run_that_ended_says_nothing() -> None:
    shown = drawn(run(1, days=0, status=RunStatus.RUNNING))
    assert (day(shown, "20 Mar").word, day(shown, "20 Mar").text) == (None, "20 Mar: no run")
