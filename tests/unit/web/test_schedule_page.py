"""The schedule's page: starts on lanes, what was missed, and what a pause takes off both."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.core.history import DomainHistory, DomainRun
from reconciler.core.model import Mode
from reconciler.core.pauses import Pause, held
from reconciler.scheduler import firings
from reconciler.web.services import ScheduledRun
from reconciler.web.views.schedule import Planned, SchedulePage, schedule_page
from tests.unit.gate_world import a_history, a_run

pytestmark = pytest.mark.unit

NOW = datetime(2026, 3, 20, 22, 0, 0, tzinfo=UTC)
NIGHT = "0 1 * * *"


def job(domain: str = "address", *, mode: Mode = Mode.SCAN, cron: str = NIGHT) -> ScheduledRun:
    return ScheduledRun(domain=domain, mode=mode, cron=cron, next_at=NOW + timedelta(hours=3))


def paused(*, until: datetime, at: datetime = NOW - timedelta(hours=1), mode: Mode = Mode.SCAN) -> Pause:
    return Pause(domain="address", mode=mode, reason="upgrade", actor="s.lee", at=at, until=until)


def ran(*ago: float, mode: Mode = Mode.SCAN) -> DomainHistory:
    def one(place: int, hours: float) -> DomainRun:
        began = NOW - timedelta(hours=hours)
        return replace(
            a_run(9 - place, hours=0, mode=mode), started_at=began, finished_at=began + timedelta(minutes=12)
        )

    return a_history(*(one(place, hours) for place, hours in enumerate(ago)))


def shown(*jobs: ScheduledRun, history: DomainHistory | None = None, pauses: tuple[Pause, ...] = ()) -> SchedulePage:
    histories = {one.domain: history or a_history() for one in jobs}
    planned = Planned(jobs=jobs, histories=histories, pauses=pauses, firings=firings, now=NOW)
    return schedule_page(planned, active=True)


def test_a_start_stands_on_its_lane_as_long_as_the_last_run_took() -> None:
    (lane,) = shown(job(), job("auth"), history=ran(21, 45)).lanes
    assert (lane.title, [(one.x, one.width) for one in lane.due]) == ("Scan of 2 domains", [(125.0, 8.3)])
    assert lane.text == "Scan of 2 domains: 1 start in the next 24 hours, the first at 21 Mar 01:00 UTC"


def test_jobs_of_one_expression_stand_together_scans_first() -> None:
    page = shown(job(mode=Mode.SAMPLE, cron="*/15 * * * *"), job("auth"), job())
    assert [(group.mode, [row.domain for row in group.rows]) for group in page.groups] == [
        (Mode.SCAN, ["address", "auth"]),
        (Mode.SAMPLE, ["address"]),
    ]
    assert len(page.lanes[1].due) == 96


@pytest.mark.parametrize(
    ("ago", "missed"),
    [((20.5, 45), (0, 1)), ((45,), (1, 1)), ((2, 45), (0, 1)), ((2,), (0, 0)), ((), (0, 0))],
    ids=["on time", "not at all", "late", "the first of its kind", "never"],
)
def test_a_start_is_missed_where_no_run_came_before_the_next(ago: tuple[float, ...], missed: tuple[int, int]) -> None:
    ((row,),) = [group.rows for group in shown(job(), history=ran(*ago)).groups]
    assert (row.missed, row.expected) == missed


def test_the_newest_start_has_an_hour_to_begin() -> None:
    due = job(cron="30 21 * * *")
    ((row,),) = [group.rows for group in shown(due, history=ran(24.4, 48)).groups]
    assert (row.missed, row.expected) == (0, 0)


def test_what_fell_into_a_pause_was_not_expected() -> None:
    asleep = paused(at=NOW - timedelta(hours=22), until=NOW - timedelta(hours=20))
    page = shown(job(), history=ran(45), pauses=(asleep,))
    assert (page.late, page.pauses) == ((), ())
    assert shown(job(), history=ran(45)).late[0].domain == "address"


def test_a_paused_job_starts_nothing_until_it_goes_on() -> None:
    page = shown(job(), pauses=(paused(until=NOW + timedelta(hours=6)),))
    (lane,) = page.lanes
    assert lane.due == ()
    assert lane.paused is not None
    assert (lane.paused.width, lane.paused.text) == (250.0, "paused for 6 h more")
    assert [one.reason for one in page.pauses] == ["upgrade"]
    assert shown(job(), job("auth"), pauses=(paused(until=NOW + timedelta(hours=6)),)).lanes[0].paused is None


def test_a_pause_holds_from_its_start_to_its_end_and_for_its_own_job_only() -> None:
    pause = paused(until=NOW + timedelta(hours=6))
    ended = replace(pause, ended_at=NOW, ended_by="anna")
    assert pause.holds(NOW)
    assert not pause.holds(pause.until)
    assert not pause.holds(pause.at - timedelta(seconds=1))
    assert not ended.holds(NOW)
    assert held([pause], domain="address", mode=Mode.SCAN, at=NOW) is pause
    assert held([pause], domain="address", mode=Mode.SAMPLE, at=NOW) is None
    assert held([pause], domain="auth", mode=Mode.SCAN, at=NOW) is None
